"""Arithmetic on sizes: what a graph computes with Python numbers that are known at run time only.

Operators are named by the Python function that the graph calls. Arguments are numbers or scalars; a
result stays a plain number where all its arguments are.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, runtime_number

Scalar: TypeAlias = Number | tf.Tensor


def _both(name: str, plain: Callable[..., object], traced: Callable[..., tf.Tensor]) -> None:
    """Register a function of two numbers: Python's for plain ones, TensorFlow's otherwise."""

    def lowering(a: Scalar, b: Scalar) -> Scalar:
        if not _traced(a, b):
            return plain(a, b)  # type: ignore[return-value]
        return runtime_number(traced(*_alike(a, b)))

    lowering.__name__ = name.rsplit(".", 1)[1]
    lowering.__doc__ = f"Python's ``{name}`` of two numbers."
    lower(name)(lowering)


def _one(name: str, plain: Callable[..., object], traced: Callable[..., tf.Tensor]) -> None:
    """Register a function of one number."""

    def lowering(a: Scalar) -> Scalar:
        return runtime_number(traced(a)) if _traced(a) else plain(a)  # type: ignore[return-value]

    lowering.__name__ = name.rsplit(".", 1)[1]
    lowering.__doc__ = f"Python's ``{name}`` of a number."
    lower(name)(lowering)


def _traced(*numbers: Scalar) -> bool:
    return any(isinstance(number, tf.Tensor) for number in numbers)


def _alike(*numbers: Scalar) -> list[tf.Tensor]:
    """Scalars of one type.

    Float64 as soon as one is a float, int64 for large integers, else int32.
    """
    tensors = [number for number in numbers if isinstance(number, tf.Tensor)]
    plain = [number for number in numbers if not isinstance(number, tf.Tensor)]
    if any(t.dtype.is_floating for t in tensors) or any(isinstance(n, float) for n in plain):
        dtype = tf.float64
    elif all(t.dtype == tf.bool for t in tensors) and all(isinstance(n, bool) for n in plain):
        dtype = tf.bool
    else:
        large = any(t.dtype == tf.int64 for t in tensors) or any(abs(n) >= 2**31 for n in plain)
        dtype = tf.int64 if large else tf.int32
    return [cast(number, dtype) for number in numbers]


def _true_divide(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.cast(a, tf.float64) / tf.cast(b, tf.float64)


def _whole(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda a: tf.cast(function(a), tf.int32) if a.dtype.is_floating else a


def _truncated(a: tf.Tensor) -> tf.Tensor:
    return tf.where(a < 0, tf.math.ceil(a), tf.floor(a))


def _and(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.logical_and(a, b) if a.dtype == tf.bool else tf.bitwise.bitwise_and(a, b)


def _or(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.logical_or(a, b) if a.dtype == tf.bool else tf.bitwise.bitwise_or(a, b)


_BINARY: tuple[tuple[str, Callable[..., Any], Callable[..., Any]], ...] = (
    ("operator.add", operator.add, tf.add),
    ("operator.sub", operator.sub, tf.subtract),
    ("operator.mul", operator.mul, tf.multiply),
    ("operator.floordiv", operator.floordiv, tf.math.floordiv),
    ("operator.mod", operator.mod, tf.math.floormod),
    ("operator.truediv", operator.truediv, _true_divide),
    ("operator.pow", operator.pow, tf.pow),
    ("operator.eq", operator.eq, tf.equal),
    ("operator.ne", operator.ne, tf.not_equal),
    ("operator.lt", operator.lt, tf.less),
    ("operator.le", operator.le, tf.less_equal),
    ("operator.gt", operator.gt, tf.greater),
    ("operator.ge", operator.ge, tf.greater_equal),
    ("operator.and_", operator.and_, _and),
    ("operator.or_", operator.or_, _or),
    ("operator.lshift", operator.lshift, tf.bitwise.left_shift),
    ("operator.rshift", operator.rshift, tf.bitwise.right_shift),
    ("torch.sym_max", max, tf.maximum),
    ("torch.sym_min", min, tf.minimum),
)
for _name, _plain, _traced_function in _BINARY:
    _both(_name, _plain, _traced_function)

_UNARY: tuple[tuple[str, Callable[..., Any], Callable[..., Any]], ...] = (
    ("operator.neg", operator.neg, tf.negative),
    ("operator.pos", operator.pos, tf.identity),
    ("operator.abs", operator.abs, tf.abs),
    ("torch.sym_not", operator.not_, tf.logical_not),
    ("torch.sym_float", float, lambda a: tf.cast(a, tf.float64)),
    ("torch.sym_int", int, _whole(_truncated)),
    ("math.ceil", math.ceil, _whole(tf.math.ceil)),
    ("math.floor", math.floor, _whole(tf.floor)),
    ("math.trunc", math.trunc, _whole(_truncated)),
)
for _name, _plain, _traced_function in _UNARY:
    _one(_name, _plain, _traced_function)


@lower("builtins.round")
def round_number(a: Scalar, b: int | None = None) -> Scalar:
    """Python's ``round``, halves to even; to ``b`` digits where given."""
    if not isinstance(a, tf.Tensor):
        return round(a, b)  # type: ignore[arg-type,return-value]
    if not a.dtype.is_floating:
        return a
    if b is None:
        return runtime_number(tf.cast(tf.round(a), tf.int32))
    return runtime_number(tf.round(a * 10.0**b) / 10.0**b)


@lower("torch.sym_ite")
def sym_ite(a: Scalar, b: Scalar, c: Scalar) -> Scalar:
    """``b`` if ``a`` else ``c``."""
    if not isinstance(a, tf.Tensor):
        return b if a else c
    first, second = _alike(b, c) if _traced(b, c) else (cast(b, tf.int32), cast(c, tf.int32))
    return runtime_number(tf.where(a, first, second))


@lower("torch.sym_sum")
def sym_sum(a: Sequence[Scalar]) -> Scalar:
    """The sum of several sizes."""
    total: Scalar = 0
    for number in a:
        total = number + total
    return runtime_number(total) if isinstance(total, tf.Tensor) else total
