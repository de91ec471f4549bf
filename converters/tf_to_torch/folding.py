"""What follows from constants and known sizes alone, computed while the graph is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.dtypes import DType
from converters.graph import map_argument
from converters.tf_to_torch.lowerings import SIZES
from converters.tf_to_torch.schema import PREFIX, is_listed, op_def, type_of
from converters.tf_to_torch.tf_replay import raw_operator

LARGEST = 4096
"""Results with more elements stay operators: a model's file needn't hold what is easily made."""


def folded(op: Any, args: Mapping[str, object]) -> list[np.ndarray] | None:
    """The results of an operation on constants; None if they are left to the model.

    Args:
        op: an operation of TensorFlow's graph.
        args: its inputs as arrays, or lists of them, and its attributes, by the names of its
            definition.
    """
    kind = f"{PREFIX}{op.type}"
    if op_def(kind).is_stateful or not op.outputs or not hasattr(tf.raw_ops, op.type):
        return None
    if not all(map(_is_small, op.outputs)):
        return None
    types = {argument.name for argument in op_def(kind).input_arg}

    def given(name: str, argument: object) -> object:
        if name.rstrip("_") not in types:
            return map_argument(_own_dtype, argument)
        if is_listed(kind, name):
            assert isinstance(argument, Sequence)
            return [tf.constant(item) for item in argument]
        return tf.constant(argument)

    try:
        found = raw_operator(kind)(**{name: given(name, item) for name, item in args.items()})
        results = [np.asarray(item.numpy()) for item in tf.nest.flatten(found)]
    except (tf.errors.OpError, TypeError, ValueError):  # no kernel for these types on this machine
        return None
    return results if all(item.size <= LARGEST for item in results) else None


def _is_small(tensor: Any) -> bool:
    known = isinstance(type_of(tensor.dtype), DType)
    return known and (tensor.shape.num_elements() or 0) <= LARGEST


def _own_dtype(leaf: object) -> object:
    return tf.as_dtype(leaf.value) if isinstance(leaf, DType) else leaf


class Open:
    """A size that isn't known, among ones that are. What is computed with it isn't known either."""

    def _open(self, *_: object) -> Open:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _open
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = _open


OPEN = Open()


def shape_array(tensor: Any) -> np.ndarray:
    """A tensor's shape as an array of numbers, with :data:`OPEN` for open sizes."""
    found = np.empty(tensor.shape.rank, dtype=object)
    found[:] = [OPEN if size is None else size for size in tensor.shape]
    return found


def sizes_of(op: Any, args: Mapping[str, object]) -> list[np.ndarray] | None:
    """The results of an operation on sizes; None if they aren't known.

    Args:
        op: an operation of TensorFlow's graph.
        args: its inputs as arrays of integers and :data:`OPEN`, or lists of them, and its
            attributes, by the names of its definition.
    """
    kind = f"{PREFIX}{op.type}"
    size = SIZES.get(kind)
    if size is None or not all(tensor.dtype.is_integer for tensor in op.outputs):
        return None
    try:
        found = size.function(**args)
    except (
        AssertionError,
        TypeError,
        ValueError,
        IndexError,
    ):  # a size is open
        return None
    if found is NotImplemented:
        return None
    results = found if isinstance(found, list) else [found]
    return [np.asarray(item, dtype=object) for item in results]


def is_known(array: np.ndarray) -> bool:
    """Whether none of an array's sizes is open."""
    return not any(isinstance(item, Open) for item in np.ravel(array))
