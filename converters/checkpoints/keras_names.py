"""What the variables of a live model are called in the file that it writes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converters.checkpoints.formats import open_checkpoint
from converters.errors import CheckpointError

Save = Callable[[Path], object]
"""Writes a checkpoint into the folder that it is given."""


@dataclass(frozen=True, slots=True)
class FileNames:
    """What is in the file.

    Attributes:
        names: of the variables, in their order.
        others: of what else there is.
    """

    names: tuple[str, ...]
    others: tuple[str, ...]


def file_names(model: Any, variables: Sequence[Any], save: Save | None = None) -> FileNames:
    """What variables are called in the file: each is given other numbers and looked for.

    They hold their own numbers again afterwards.

    Args:
        model: a Keras model or a ``tf.Module``.
        variables: of it, or of what is saved with it.
        save: how it is saved; by default as ``.weights.h5`` or, a ``tf.Module``, as an object
            checkpoint.

    Raises:
        CheckpointError: one isn't in the file.
    """
    generator = np.random.default_rng(0)
    before = [np.asarray(v) for v in variables]
    marks = [_mark(array, generator) for array in before]
    try:
        for variable, mark in zip(variables, marks, strict=True):
            variable.assign(mark)
        with tempfile.TemporaryDirectory() as folder:
            (save or _saver(model))(Path(folder))
            with open_checkpoint(_written(Path(folder))) as found:
                read = {name: _numbers(found.read(name)) for name in found.tensors}
    finally:
        for variable, array in zip(variables, before, strict=True):
            variable.assign(array)
    wanted = [_numbers(mark) for mark in marks]
    held = {numbers: name for name, numbers in read.items() if numbers in wanted}
    missing = [v.name for v, mark in zip(variables, wanted, strict=True) if mark not in held]
    if missing:
        raise CheckpointError(f"{', '.join(missing)} are not in the file that the model writes.")
    names = tuple(held[mark] for mark in wanted)
    return FileNames(names, tuple(name for name in read if name not in names))


def _mark(array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if array.dtype.kind in "iu":
        return generator.integers(1, np.iinfo(array.dtype).max, array.shape, array.dtype)
    return np.asarray(generator.standard_normal(array.shape), array.dtype)


def _numbers(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.name, array.shape, array.tobytes()


def _saver(model: Any) -> Save:
    if hasattr(model, "save_weights"):
        return lambda folder: model.save_weights(folder / "model.weights.h5")
    return lambda folder: _written_by_tensorflow(model, folder)


def _written_by_tensorflow(model: Any, folder: Path) -> None:
    import tensorflow as tf

    tf.train.Checkpoint(model).write(str(folder / "model"))


def _written(folder: Path) -> Path:
    """The checkpoint in a folder: a file alone, or TensorFlow's index."""
    files = sorted(folder.iterdir())
    indexes = [path for path in files if path.suffix in (".index", ".json")]
    return (indexes or files)[0]
