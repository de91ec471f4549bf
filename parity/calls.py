"""Calling a conversion with the inputs of a check."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from converters import Conversion, Graph, Value
from parity.sides import Arrays, as_torch, leaves_of
from parity.targets import Place


def target_inputs(laid: Graph, inputs: Arrays) -> dict[str, Any]:
    """TensorFlow tensors for a graph's inputs, in its types and axis orders."""
    import tensorflow as tf

    return {
        item.name: tf.constant(
            Place("", item.spec.axes).physical(inputs[item.name].astype(item.spec.dtype.numpy))
        )
        for item in laid.inputs
    }


def target_call(
    conversion: Conversion, inputs: Mapping[str, Any], draws: Arrays
) -> Callable[[], dict[str, Any]]:
    """What calls a conversion's model and returns its results by name.

    Args:
        conversion: its variables are used, and changed as a call changes them.
        inputs: tensors by name.
        draws: the random numbers that it is given, by name.
    """
    import tensorflow as tf

    laid = conversion.graph
    arguments = [_filled(structure, inputs) for structure in laid.signature.values()]
    arguments = [argument for argument in arguments if argument is not None]
    given = {name: tf.constant(array) for name, array in draws.items()}

    def call() -> dict[str, Any]:
        model = conversion.model
        result = conversion.given(given, *arguments) if given else model(*arguments)
        return dict(leaves_of(laid.result, result))

    return call


def torch_inputs_of(laid: Graph, inputs: Arrays) -> dict[str, Any]:
    """PyTorch tensors for a graph's inputs, in its types and axis orders."""
    return {
        item.name: as_torch(
            Place("", item.spec.axes).physical(inputs[item.name].astype(item.spec.dtype.numpy))
        )
        for item in laid.inputs
    }


def torch_call(conversion: Conversion, inputs: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
    """What calls the model of a conversion to PyTorch and returns its results by name."""
    laid = conversion.graph
    arguments = arguments_of(laid, inputs)
    return lambda: dict(leaves_of(laid.result, conversion.model(*arguments)))


def arguments_of(laid: Graph, inputs: Mapping[str, Any]) -> list[Any]:
    """The positional arguments of a call, of tensors by the inputs' names."""
    return [_filled(structure, inputs) for structure in laid.signature.values()]


@contextlib.contextmanager
def preserved(model: Any) -> Iterator[None]:
    """While active, calls may change a model's variables; afterwards they are as before."""
    before = [(variable, variable.numpy()) for variable in model.variables]
    try:
        yield
    finally:
        for variable, array in before:
            variable.assign(array)


def _filled(structure: object, tensors: Mapping[str, Any]) -> Any:
    """The structure with tensors for values, without constants; None where nothing is left."""
    if isinstance(structure, Value):
        return tensors[structure.producer]
    if isinstance(structure, Mapping):
        kept = {key: _filled(item, tensors) for key, item in structure.items()}
        return {key: inner for key, inner in kept.items() if inner is not None} or None
    if isinstance(structure, tuple | list):
        items = [_filled(item, tensors) for item in structure]
        return tuple(inner for inner in items if inner is not None) or None
    return None
