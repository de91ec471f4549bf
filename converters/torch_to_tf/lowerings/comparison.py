"""Comparisons, choices by a condition, and tests for special values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    default_dtype,
    promote,
    result_type,
    same_shape,
)

Operand: TypeAlias = tf.Tensor | Number


def _comparison(names: tuple[str, ...], function: Callable[..., tf.Tensor], summary: str) -> None:
    """Register both overloads of a comparison under all its names."""

    def lowering(x: tf.Tensor, other: Operand) -> tf.Tensor:
        a, b = promote(x, other)
        if a.dtype == tf.bool and function not in (tf.equal, tf.not_equal):
            a, b = tf.cast(a, tf.uint8), tf.cast(b, tf.uint8)
        return function(a, b)

    lowering.__name__ = names[0]
    lowering.__doc__ = f"{summary} Operands are compared in their common type; the result is bool."
    for name in names:
        lower(f"aten.{name}.Tensor", f"aten.{name}.Scalar", layout=ANY)(lowering)


for _names, _function, _summary in (
    (("eq",), tf.equal, "``x == other``."),
    (("ne", "not_equal"), tf.not_equal, "``x != other``."),
    (("lt", "less"), tf.less, "``x < other``."),
    (("le", "less_equal"), tf.less_equal, "``x <= other``."),
    (("gt", "greater"), tf.greater, "``x > other``."),
    (("ge", "greater_equal"), tf.greater_equal, "``x >= other``."),
):
    _comparison(_names, _function, _summary)


@lower("aten.isnan.default", layout=ANY)
def isnan(x: tf.Tensor) -> tf.Tensor:
    """Where x is NaN."""
    return tf.math.is_nan(x) if x.dtype.is_floating else tf.zeros_like(x, tf.bool)


@lower("aten.isinf.default", layout=ANY)
def isinf(x: tf.Tensor) -> tf.Tensor:
    """Where x is infinite."""
    return tf.math.is_inf(x) if x.dtype.is_floating else tf.zeros_like(x, tf.bool)


@lower("aten.isfinite.default", layout=ANY)
def isfinite(x: tf.Tensor) -> tf.Tensor:
    """Where x is neither infinite nor NaN."""
    return tf.math.is_finite(x) if x.dtype.is_floating else tf.ones_like(x, tf.bool)


@lower("aten.isposinf.default", layout=ANY)
def isposinf(x: tf.Tensor) -> tf.Tensor:
    """Where x is positive infinity."""
    return isinf(x) & (x > 0) if x.dtype.is_floating else tf.zeros_like(x, tf.bool)


@lower("aten.isneginf.default", layout=ANY)
def isneginf(x: tf.Tensor) -> tf.Tensor:
    """Where x is negative infinity."""
    return isinf(x) & (x < 0) if x.dtype.is_floating else tf.zeros_like(x, tf.bool)


@lower("aten.isclose.default", layout=ANY)
def isclose(
    x: tf.Tensor,
    other: tf.Tensor,
    rtol: float = 1.0000000000000001e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> tf.Tensor:
    """Where ``abs(x - other) <= atol + rtol * abs(other)``, or both are equal."""
    close = tf.equal(x, other)
    if x.dtype.is_floating and equal_nan:
        close = close | (tf.math.is_nan(x) & tf.math.is_nan(other))
    if rtol == 0 and atol == 0:
        return close
    wide = x.dtype if x.dtype.is_floating else default_dtype()
    a, b = cast(x, wide), cast(other, wide)
    gap = tf.abs(a - b)
    return close | (tf.math.is_finite(gap) & (gap <= atol + tf.abs(rtol * b)))


@lower(
    "aten.where.self",
    "aten.where.ScalarOther",
    "aten.where.ScalarSelf",
    "aten.where.Scalar",
    layout=ANY,
)
def where(condition: tf.Tensor, x: Operand, other: Operand) -> tf.Tensor:
    """``x`` where the condition holds, ``other`` elsewhere, in their common type; all broadcast."""
    a, b = promote(x, other)
    return tf.where(cast(condition, tf.bool), a, b)


@lower("aten.masked_fill.Scalar", "aten.masked_fill.Tensor", layout=ANY)
def masked_fill(x: tf.Tensor, mask: tf.Tensor, value: Operand) -> tf.Tensor:
    """``value``, in the type of ``x``, where the mask holds; ``x`` elsewhere."""
    return tf.where(cast(mask, tf.bool), cast(value, x.dtype), x)


@lower("aten.isin.Tensor_Tensor")
def isin(
    elements: Operand, test_elements: Operand, assume_unique: bool = False, invert: bool = False
) -> tf.Tensor:
    """Which elements are among the test elements.

    Shapes: elements (...), test_elements any -> (...). Dtypes: all; the result is bool.
    """
    dtype = result_type(elements, test_elements)
    members = tf.reshape(cast(test_elements, dtype), [-1])
    found = tf.reduce_any(tf.expand_dims(cast(elements, dtype), -1) == members, -1)
    return tf.logical_not(found) if invert else found


@lower("aten.isin.Tensor_Scalar")
def isin_number(
    elements: tf.Tensor, test_element: Number, assume_unique: bool = False, invert: bool = False
) -> tf.Tensor:
    """Which elements equal a number."""
    return isin(elements, test_element, assume_unique, invert)


@lower("aten.isin.Scalar_Tensor")
def number_isin(
    element: Number, test_elements: tf.Tensor, assume_unique: bool = False, invert: bool = False
) -> tf.Tensor:
    """Whether a number is among the test elements."""
    return isin(element, test_elements, assume_unique, invert)


@lower("aten.heaviside.default", layout=ANY)
def heaviside(x: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """0 below zero and for NaN, 1 above, ``values`` at zero. It has no gradient."""
    x, values = same_shape(*promote(x, values))
    zero = tf.zeros_like(x)
    return tf.where(x == zero, values, x if x.dtype.is_bool else cast(x > zero, x.dtype))
