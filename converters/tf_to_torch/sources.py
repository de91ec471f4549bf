"""Whatever a user passes as a source of TensorFlow's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from converters.errors import CaptureError
from converters.graph import Value
from converters.structure import leaves
from converters.tf_to_torch.composites import split
from converters.tf_to_torch.functions import function_source, module_source
from converters.tf_to_torch.keras_source import keras_source
from converters.tf_to_torch.model_file import ModelFile, require_keras
from converters.tf_to_torch.source import TensorFlowSource

_BATCH, _EXTENT = 2, 64
"""Sizes that stand for open ones where no example says any."""


def open_source(
    source: Any,
    example_inputs: Any,
    *,
    signature: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    training: bool = False,
) -> TensorFlowSource:
    """Open a source.

    Args:
        source: as for :func:`converters.tf_to_torch`.
        example_inputs: as there.
        signature: as there.
        custom_objects: as there.
        training: as there.

    Raises:
        CaptureError: it is none, or can't be opened.
    """
    import keras

    examples = _by_key(example_inputs)
    if isinstance(source, str | Path):
        source = ModelFile(source, signature, custom_objects)
    if isinstance(source, ModelFile):
        return source.opened(examples, training=training)
    if isinstance(source, keras.Layer):
        return keras_source(source, examples, training=training)
    require_keras(training=training)
    if hasattr(source, "structured_input_signature") or hasattr(source, "get_concrete_function"):
        return function_source(source, examples)
    if isinstance(source, tf.Module) or callable(source):
        return module_source(source, examples)
    raise CaptureError(
        f"{type(source).__name__} is no source: pass a Keras model, a .keras or .h5 file, a "
        "SavedModel folder, a frozen .pb file, a tf.function, a ConcreteFunction or a tf.Module."
    )


def _by_key(examples: Any) -> dict[str, Any] | None:
    """Examples by position (``"0"``, ``"1"``, ...) or name."""
    if examples is None:
        return None
    if isinstance(examples, Mapping):
        return {str(key): item for key, item in examples.items()}
    if (
        isinstance(examples, tuple)
        and len(examples) == 2
        and isinstance(examples[0], tuple)
        and isinstance(examples[1], dict)
    ):
        return {**{str(i): item for i, item in enumerate(examples[0])}, **examples[1]}
    if isinstance(examples, tuple | list):
        return {str(i): item for i, item in enumerate(examples)}
    return {"0": examples}


def hints_of(source: TensorFlowSource, examples: Any) -> dict[str, Sequence[int]]:
    """For each input a shape, of which the open sizes are taken. A batch is more than one."""
    given = _by_key(examples) or {}
    arguments = list(given.values())
    found: dict[str, Any] = {}
    for place, (key, structure) in enumerate(source.signature.items()):
        argument = given.get(key, arguments[place] if place < len(arguments) else None)
        if isinstance(structure, Value) or isinstance(split(argument), Mapping | list | tuple):
            found.update(leaves(structure, split(argument)))
    hints: dict[str, Sequence[int]] = {}
    for name, spec in source.specs.items():
        example: Any = found.get(name)
        nested = example is None or isinstance(example, Mapping | list | tuple)
        shape = () if nested else np.shape(example)
        hints[name] = [
            _hint(axis, shape) if size is None else size for axis, size in enumerate(spec.shape)
        ]
    return hints


def _hint(axis: int, shape: Sequence[int]) -> int:
    usual = _BATCH if axis == 0 else _EXTENT
    return max(shape[axis], _BATCH) if axis < len(shape) else usual
