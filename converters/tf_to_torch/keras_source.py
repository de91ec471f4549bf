"""Keras models as sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from converters.errors import CaptureError, InputsNeededError
from converters.graph import Value
from converters.structure import map_structure
from converters.tf_to_torch.composites import composed, split
from converters.tf_to_torch.functions import named_structure, open_spec
from converters.tf_to_torch.names import BUFFERS, attribute_name, torch_names
from converters.tf_to_torch.source import TensorFlowSource, Variable


def keras_source(
    model: keras.Layer, examples: Mapping[str, Any] | None, *, training: bool = False
) -> TensorFlowSource:
    """Open a Keras model or layer.

    Args:
        model: functional, sequential, subclassed, or a single layer.
        examples: what it is called with, by position (``"0"``, ``"1"``, ...) or name; needed where
            it doesn't say so itself.
        training: whether it is called as it trains.

    Raises:
        CaptureError: Keras runs on another backend, or it isn't known what the model takes.
    """
    if keras.backend.backend() != "tensorflow":
        raise CaptureError(
            f"Keras runs on {keras.backend.backend()}. Set KERAS_BACKEND=tensorflow before it is "
            "imported: the model is captured as TensorFlow traces it."
        )
    structure = _inputs(model)
    if structure is None:
        return _called(model, examples, training=training)
    specs: dict[str, tf.TensorSpec] = {}
    signature: dict[str, object] = {}
    arguments: list[tf.TypeSpec] = []

    def named(item: Any) -> object:
        if isinstance(item, Mapping | list | tuple):
            return map_structure(named, item)
        if getattr(item, "ragged", False):
            raise CaptureError(
                f"{item.name} of {model.name} is a ragged tensor, which PyTorch's graphs have not. "
                "Build the model with a dense input, and its lengths or mask."
            )
        own = "x" if item.name.startswith("keras_tensor") else item.name
        name = _unique(own, signature)
        if getattr(item, "sparse", False):
            arguments.append(tf.SparseTensorSpec(item.shape, item.dtype))
        else:
            arguments.append(tf.TensorSpec(item.shape, item.dtype, name=name))
        signature[name] = named_structure(arguments[-1], name, specs)
        return Value(name)

    nested = named(structure)

    def call(*tensors: Any) -> Any:
        given = dict(zip(signature, map(composed, arguments, tensors), strict=True))

        def fill(leaf: object) -> Any:
            if isinstance(leaf, Value):
                return given[leaf.producer]
            return map_structure(fill, leaf)

        return model(fill(nested), training=training)

    return TensorFlowSource(
        f"{model.name} (Keras)", call, signature, specs, variables_by_id(model), model
    )


def _inputs(model: Any) -> Any:
    """The symbolic inputs of a model that has some."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0] if model.built and model.inputs else None
    functional = isinstance(model, keras.Model) and getattr(model, "_functional", None) is not None
    if functional or type(model).__name__ == "Functional":
        return getattr(model, "_inputs_struct", None)
    return None


def _called(model: Any, examples: Mapping[str, Any] | None, *, training: bool) -> TensorFlowSource:
    """A model that is known by a call only."""
    if not examples:
        raise InputsNeededError(
            f"{model.name} doesn't say what it takes. Pass example_inputs: a tuple of arrays, as "
            "the model is called with."
        )
    positional = [key for key in examples if key.isdigit()]
    signature: dict[str, object] = {}
    specs: dict[str, tf.TensorSpec] = {}
    wanted = [open_spec(item) for item in examples.values()]

    for key, spec in zip(examples, wanted, strict=True):
        name = f"x{key}" if key.isdigit() else attribute_name(key)
        signature[name] = named_structure(spec, name, specs)

    def call(*arguments: Any) -> Any:
        given = dict(zip(examples, map(composed, wanted, arguments), strict=True))
        return model(
            *[given[key] for key in positional],
            **{key: value for key, value in given.items() if key not in positional},
            **({"training": training} if model._call_has_training_arg else {}),
        )

    call(*map(split, examples.values()))  # builds the layers that it has
    return TensorFlowSource(
        f"{model.name} (Keras)", call, signature, specs, variables_by_id(model), model
    )


def _unique(name: str, taken: Mapping[str, object]) -> str:
    found, number = attribute_name(name), 0
    while found in taken:
        number += 1
        found = f"{attribute_name(name)}_{number}"
    return found


def all_variables(model: Any) -> list[Any]:
    """The variables of a model; Keras leaves out what stateful recurrent layers keep."""
    found = list(model.variables)
    for layer in model._flatten_layers():
        kept = keras.tree.flatten(getattr(layer, "states", None))
        found += [state for state in kept if isinstance(state, keras.Variable)]
    return list({id(variable): variable for variable in found}.values())


def variables_by_id(model: Any) -> dict[int, Variable]:
    """By the identity of their handles, what the variables of a model are called."""
    held = all_variables(model)
    trained = {
        id(variable) for layer in model._flatten_layers() for variable in layer._trainable_variables
    }
    names = torch_names([variable.path for variable in held], model.name)
    return {
        id(variable.value.handle): Variable(
            name,
            bool(variable.trainable),
            "buffer"
            if id(variable) not in trained or name.split(".")[-1] in BUFFERS
            else "parameter",
        )
        for variable, name in zip(held, names, strict=True)
    }
