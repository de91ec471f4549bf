"""Arithmetic, comparison, logic and elementary functions, element by element."""

from __future__ import annotations

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, promote, result_type

Operand = tf.Tensor | Number


@lower("aten.add.Tensor", "aten.add.Scalar", layout=ANY)
def add(x: Operand, other: Operand, alpha: Number = 1) -> tf.Tensor:
    """``x + alpha * other``, in PyTorch's common type.

    Shapes: x (...), other broadcastable. Dtypes: all; bools are joined by or.
    Source: ATen native_functions.yaml, add.
    """
    a, b = promote(x, other)
    if a.dtype == tf.bool:
        return tf.logical_or(a, b) if alpha else a
    return a + (b if alpha == 1 else b * cast(alpha, b.dtype))


@lower("aten.mul.Tensor", "aten.mul.Scalar", layout=ANY)
def mul(x: Operand, other: Operand) -> tf.Tensor:
    """``x * other``; bools are joined by and."""
    a, b = promote(x, other)
    return tf.logical_and(a, b) if a.dtype == tf.bool else a * b


_ = result_type
