"""Sums, products, quotients, powers and extrema of two or more operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    computed,
    floating,
    is_number,
    kind_of,
    opmath,
    promote,
    result_type,
    same_shape,
)

Operand: TypeAlias = tf.Tensor | Number


@lower("aten.add.Tensor", "aten.add.Scalar", layout=ANY)
def add(x: Operand, other: Operand, alpha: Number = 1) -> tf.Tensor:
    """``x + alpha * other``, in PyTorch's common type.

    Shapes: x (...), other broadcastable. Dtypes: all; bools are joined by or.
    Source: ATen native_functions.yaml, add.
    """
    if result_type(x, other) == tf.bool:
        a, b = promote(x, other)
        return tf.logical_or(a, b) if alpha else tf.logical_or(a, tf.zeros_like(b))
    return computed(lambda a, b: a + (b if _is_one(alpha) else b * cast(alpha, b.dtype)), x, other)


@lower("aten.sub.Tensor", "aten.sub.Scalar", layout=ANY)
def sub(x: Operand, other: Operand, alpha: Number = 1) -> tf.Tensor:
    """``x - alpha * other``, in PyTorch's common type.

    Shapes: x (...), other broadcastable. Dtypes: all but bool.
    """
    return computed(lambda a, b: a - (b if _is_one(alpha) else b * cast(alpha, b.dtype)), x, other)


@lower("aten.rsub.Tensor", "aten.rsub.Scalar", layout=ANY)
def rsub(x: Operand, other: Operand, alpha: Number = 1) -> tf.Tensor:
    """``other - alpha * x``."""
    return sub(other, x, alpha)


def _is_one(alpha: object) -> bool:
    return not isinstance(alpha, tf.Tensor) and alpha == 1


@lower("aten.mul.Tensor", "aten.mul.Scalar", layout=ANY)
def mul(x: Operand, other: Operand) -> tf.Tensor:
    """``x * other``; bools are joined by and."""
    if result_type(x, other) == tf.bool:
        return tf.logical_and(*promote(x, other))
    return computed(tf.multiply, x, other)


@lower("aten.div.Tensor", "aten.div.Scalar", "aten.true_divide.Tensor", layout=ANY)
def div(x: Operand, other: Operand) -> tf.Tensor:
    """``x / other``; integers are divided in the default floating-point type."""
    return computed(tf.divide, x, other, floats=True)


@lower("aten.div.Tensor_mode", "aten.div.Scalar_mode", layout=ANY)
def div_mode(x: Operand, other: Operand, rounding_mode: str | None) -> tf.Tensor:
    """``x / other``, rounded to an integer.

    Down (``floor``), toward zero (``trunc``) or not at all.
    """
    if rounding_mode is None:
        return div(x, other)
    if rounding_mode == "floor":
        return floor_divide(x, other)
    if kind_of(result_type(x, other)) < 2:
        return computed(tf.truncatediv, x, other)
    return tf.stop_gradient(computed(lambda a, b: truncated(a / b), x, other))


@lower("aten.floor_divide.default", "aten.floor_divide.Scalar", layout=ANY)
def floor_divide(x: Operand, other: Operand) -> tf.Tensor:
    """The quotient rounded down, as Python's ``//``. It has no gradient.

    Source: ATen BinaryOps.h, div_floor_floating (the remainder is taken off before dividing).
    """
    if kind_of(result_type(x, other)) < 2:
        return computed(tf.math.floordiv, x, other)
    return tf.stop_gradient(computed(_floor_quotient, x, other))


def _floor_quotient(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    rest = tf.truncatemod(a, b)
    quotient = (a - rest) / b
    quotient = tf.where((rest != 0) & ((b < 0) != (rest < 0)), quotient - 1, quotient)
    down = tf.floor(quotient)
    down = tf.where(quotient - down > 0.5, down + 1, down)
    down = tf.where(quotient == 0, (a / b) * 0, down)
    return tf.where(b == 0, a / b, down)


def truncated(x: tf.Tensor) -> tf.Tensor:
    """Rounded toward zero; the sign of zero stays."""
    return tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))


@lower("aten.remainder.Tensor", "aten.remainder.Scalar", "aten.remainder.Scalar_Tensor", layout=ANY)
def remainder(x: Operand, other: Operand) -> tf.Tensor:
    """What division leaves, with the divisor's sign, as Python's ``%``."""
    return computed(tf.math.floormod, x, other)


@lower("aten.fmod.Tensor", "aten.fmod.Scalar", layout=ANY)
def fmod(x: Operand, other: Operand) -> tf.Tensor:
    """What division leaves, with the dividend's sign, as C's ``fmod``."""

    @tf.custom_gradient
    def rest(a: tf.Tensor, b: tf.Tensor) -> object:
        return tf.truncatemod(a, b), lambda dy: (dy, -dy * truncated(a / b))

    if kind_of(result_type(x, other)) < 2:
        return computed(_whole_rest, x, other)
    return computed(lambda a, b: rest(*same_shape(a, b)), x, other)


def _whole_rest(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """``tf.truncatemod`` has no kernel for the narrow integers."""
    wide = a.dtype if a.dtype in (tf.int32, tf.int64) else tf.int32
    return cast(tf.truncatemod(cast(a, wide), cast(b, wide)), a.dtype)


@lower("aten.pow.Tensor_Tensor", "aten.pow.Scalar", layout=ANY)
def pow(x: Operand, exponent: Operand) -> tf.Tensor:
    """``x ** exponent``.

    Differs: the gradient is PyTorch's, which is 0 (not NaN) for an exponent of 0 at 0, and NaN (not
    0) with respect to the exponent where the base is negative.
    """

    @tf.custom_gradient
    def power(a: tf.Tensor, b: tf.Tensor) -> object:
        y = tf.pow(a, b)

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            zero = tf.zeros_like(a)
            base = tf.where(b == 0, zero, dy * b * tf.pow(a, tf.where(b == 0, zero, b - 1)))
            flat = (a == 0) & (b >= 0)
            return base, tf.where(flat, zero, dy * y * tf.math.log(tf.where(flat, zero + 1, a)))

        return y, gradient

    dtype = result_type(x, exponent)
    if dtype.is_integer:
        return computed(lambda a, b: _integer_power(*same_shape(a, b)), x, exponent)
    if not dtype.is_floating:
        return computed(tf.pow, x, exponent)
    return computed(lambda a, b: power(*same_shape(a, b)), x, exponent)


def _integer_power(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """As PyTorch's: a negative exponent leaves 1 and -1, and makes 0 of everything else."""
    if b.dtype.is_unsigned:  # no kernel; what overflows wraps around alike
        wide = tf.int64 if b.dtype.size > 2 else tf.int32
        return tf.cast(tf.pow(tf.cast(a, wide), tf.cast(b, wide)), b.dtype)
    zero, one = tf.zeros_like(a), tf.ones_like(a)
    sign = tf.where(tf.math.floormod(b, 2) == 0, one, -one)
    inverse = tf.where(a == one, one, tf.where(a == -one, sign, zero))
    return tf.where(b < 0, inverse, tf.pow(a, tf.maximum(b, 0)))


@lower("aten.pow.Tensor_Scalar", layout=ANY)
def pow_scalar(x: tf.Tensor, exponent: Number) -> tf.Tensor:
    """``x ** exponent`` for one exponent.

    Source: ATen PowKernel.cpp for the exponents that are computed without ``pow``.
    """
    if isinstance(exponent, tf.Tensor):
        return pow(x, exponent)
    short = _POWERS.get(exponent) if result_type(x, exponent).is_floating else None
    if exponent == 0:
        return tf.ones_like(x, result_type(x, exponent))
    if exponent == 1:
        return cast(x, result_type(x, exponent))
    if short is not None:
        return computed(lambda a, _: short(a), x, exponent)
    return computed(tf.pow, x, exponent)


_POWERS: dict[Number, Callable[[tf.Tensor], tf.Tensor]] = {
    0.5: tf.sqrt,
    2: tf.square,
    3: lambda a: a * a * a,
    -0.5: tf.math.rsqrt,
    -1: tf.math.reciprocal,
    -2: lambda a: tf.math.reciprocal(tf.square(a)),
}


@lower(
    "aten.float_power.Tensor_Scalar",
    "aten.float_power.Tensor_Tensor",
    "aten.float_power.Scalar",
    layout=ANY,
)
def float_power(x: Operand, exponent: Operand) -> tf.Tensor:
    """``x ** exponent`` in double precision."""
    wide = tf.complex128 if kind_of(result_type(x, exponent)) == 3 else tf.float64
    base = x if is_number(x) else cast(x, wide)
    if is_number(exponent) and not is_number(base):
        return pow_scalar(base, exponent)  # type: ignore[arg-type]
    return pow(base, cast(exponent, wide))


@lower("aten.maximum.default", "aten.max.other", layout=ANY)
def maximum(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The larger operand; NaN wins. Of equal operands each gets half of the gradient."""
    return _extremum(tf.maximum, tf.less, x, other)


@lower("aten.minimum.default", "aten.min.other", layout=ANY)
def minimum(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The smaller operand; NaN wins. Of equal operands each gets half of the gradient."""
    return _extremum(tf.minimum, tf.greater, x, other)


def _extremum(choose: object, loses: object, x: Operand, other: Operand) -> tf.Tensor:
    @tf.custom_gradient
    def chosen(a: tf.Tensor, b: tf.Tensor) -> object:
        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            dy = tf.where(a == b, dy / 2, dy)
            zero = tf.zeros_like(dy)
            return tf.where(loses(a, b), zero, dy), tf.where(loses(b, a), zero, dy)  # type: ignore[operator]

        return choose(a, b), gradient  # type: ignore[operator]

    a, b = promote(x, other)
    if a.dtype == tf.bool:
        return tf.logical_or(a, b) if choose is tf.maximum else tf.logical_and(a, b)
    return chosen(*same_shape(a, b)) if a.dtype.is_floating else choose(a, b)  # type: ignore[operator]


@lower("aten.fmax.default", layout=ANY)
def fmax(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The larger operand; NaN only where both are. A tie gives the gradient to ``x``."""
    a, b = promote(x, other)
    if a.dtype == tf.bool or not a.dtype.is_floating:
        return maximum(a, b)
    return tf.where((a >= b) | tf.math.is_nan(b), a, b)


@lower("aten.fmin.default", layout=ANY)
def fmin(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The smaller operand; NaN only where both are. A tie gives the gradient to ``x``."""
    a, b = promote(x, other)
    if a.dtype == tf.bool or not a.dtype.is_floating:
        return minimum(a, b)
    return tf.where((a <= b) | tf.math.is_nan(b), a, b)


@lower(
    "aten.clamp.default", "aten.clamp.Tensor", "aten.clip.default", "aten.clip.Tensor", layout=ANY
)
def clamp(x: tf.Tensor, min: Operand | None = None, max: Operand | None = None) -> tf.Tensor:
    """Bring every element into ``[min, max]``; where they cross, ``max`` wins. NaN stays NaN."""
    given = [bound for bound in (min, max) if bound is not None]
    if not given:
        raise UnsupportedVariantError("clamp needs min or max; both are None.")
    dtype = result_type(x, *given)
    if dtype.is_bool:
        above = x if min is None else x | min
        return above if max is None else above & max
    result = cast(x, dtype)
    # Written with where: the vector kernels of tf.maximum and tf.minimum change the sign of zeros.
    if min is not None:
        low = cast(min, dtype)
        if isinstance(min, tf.Tensor) and max is not None:  # equal bounds give min no gradient
            low = tf.where(low < cast(max, dtype), low, tf.stop_gradient(low))
        result = tf.where(result < low, low, result)
    if max is None:
        return result
    high = cast(max, dtype)
    return tf.where(result > high, high, result)


@lower("aten.clamp_min.default", "aten.clamp_min.Tensor", layout=ANY)
def clamp_min(x: tf.Tensor, min: Operand) -> tf.Tensor:
    """At least ``min``."""
    return clamp(x, min)


@lower("aten.clamp_max.default", "aten.clamp_max.Tensor", layout=ANY)
def clamp_max(x: tf.Tensor, max: Operand) -> tf.Tensor:
    """At most ``max``."""
    return clamp(x, max=max)


@lower("aten.lerp.Scalar", "aten.lerp.Tensor", layout=ANY)
def lerp(x: tf.Tensor, end: tf.Tensor, weight: Operand) -> tf.Tensor:
    """``x + weight * (end - x)``, taken from the nearer end.

    Source: ATen Lerp.h.
    """

    def mixed(a: tf.Tensor, b: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))

    dtype = result_type(x, end)
    wide = opmath(dtype)
    return cast(mixed(cast(x, wide), cast(end, wide), cast(weight, wide)), dtype)


@lower("aten.addcmul.default", layout=ANY)
def addcmul(x: tf.Tensor, tensor1: tf.Tensor, tensor2: tf.Tensor, value: Number = 1) -> tf.Tensor:
    """``x + value * tensor1 * tensor2``."""
    return computed(
        lambda a, b, c: a + (b if _is_one(value) else cast(value, b.dtype) * b) * c,
        x,
        tensor1,
        tensor2,
    )


@lower("aten.addcdiv.default", layout=ANY)
def addcdiv(x: tf.Tensor, tensor1: tf.Tensor, tensor2: tf.Tensor, value: Number = 1) -> tf.Tensor:
    """``x + value * tensor1 / tensor2``."""
    return computed(
        lambda a, b, c: a + (b if _is_one(value) else cast(value, b.dtype) * b) / c,
        x,
        tensor1,
        tensor2,
    )


@lower("aten.xlogy.Tensor", "aten.xlogy.Scalar_Other", "aten.xlogy.Scalar_Self", layout=ANY)
def xlogy(x: Operand, other: Operand) -> tf.Tensor:
    """``x * log(other)``, 0 where x is 0 and other is not NaN.

    Differs: the gradient is PyTorch's: log(other) with respect to x, unless x is 0 and other at
    most 0.
    """

    @tf.custom_gradient
    def product(a: tf.Tensor, b: tf.Tensor) -> object:
        zero = tf.zeros_like(a)
        y = tf.where((a == 0) & ~tf.math.is_nan(b), zero, a * tf.math.log(b))

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return tf.where((a == 0) & (b <= 0), zero, dy * tf.math.log(b)), dy * a / b

        return y, gradient

    return computed(lambda a, b: product(*same_shape(a, b)), x, other, floats=True)


@lower("aten.atan2.default", layout=ANY)
def atan2(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The angle of the point (other, x). Its gradient at the origin is 0."""

    @tf.custom_gradient
    def angle(a: tf.Tensor, b: tf.Tensor) -> object:
        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            scaled = tf.math.divide_no_nan(dy, a * a + b * b)
            return scaled * b, -scaled * a

        return tf.math.atan2(a, b), gradient

    return computed(lambda a, b: angle(*same_shape(a, b)), x, other, floats=True)


@lower("aten.logaddexp.default", layout=ANY)
def logaddexp(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """``log(exp(x) + exp(other))`` without overflow."""
    return computed(lambda a, b: _log_sum(a, b, 1.0), x, other)


@lower("aten.logaddexp2.default", layout=ANY)
def logaddexp2(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """``log2(2**x + 2**other)`` without overflow."""
    return computed(lambda a, b: _log_sum(a, b, 0.6931471805599453), x, other)


def _complex_log_sum(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    a, b = same_shape(a, b)
    larger = tf.math.real(a) >= tf.math.real(b)
    most, least = tf.where(larger, a, b), tf.where(larger, b, a)
    return most + tf.math.log1p(tf.exp(least - most))


def _log_sum(a: tf.Tensor, b: tf.Tensor, log_base: float) -> tf.Tensor:
    if a.dtype.is_complex:
        return _complex_log_sum(a, b)

    @tf.custom_gradient
    def total(a: tf.Tensor, b: tf.Tensor) -> object:
        same = tf.math.is_inf(a) & (a == b)
        gap = tf.where(same, tf.zeros_like(a), a - b)
        y = tf.maximum(a, b) + tf.math.log1p(tf.exp(-tf.abs(gap) * log_base)) / log_base
        share = tf.sigmoid(gap * log_base)
        return tf.where(same, a, y), lambda dy: (dy * share, dy * tf.sigmoid(-gap * log_base))

    return total(*same_shape(a, b))


@lower("aten.copysign.Tensor", "aten.copysign.Scalar", layout=ANY)
def copysign(x: Operand, other: Operand) -> tf.Tensor:
    """The magnitude of ``x`` with the sign of ``other``; -0 counts as negative."""

    def signed(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        a = tf.where(a == 0, tf.stop_gradient(a), a)
        return tf.where(sign_bit(a) == sign_bit(b), a, -a)

    dtype = result_type(x, other)
    a, b = floating(x, other) if kind_of(dtype) < 2 else promote(x, other)
    return signed(a, b)


def sign_bit(x: tf.Tensor) -> tf.Tensor:
    """Whether the sign bit is set, also of -0 and NaN. Dtypes: floating point."""
    x = cast(x, opmath(x.dtype))
    return tf.bitcast(x, tf.int64 if x.dtype == tf.float64 else tf.int32) < 0


@lower("aten.hypot.default", layout=ANY)
def hypot(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """``sqrt(x**2 + other**2)`` without overflow.

    Differs: nothing known; at the origin the gradient is NaN, as in PyTorch.
    """

    @tf.custom_gradient
    def length(a: tf.Tensor, b: tf.Tensor) -> object:
        y = tf.abs(tf.complex(a, b))
        return y, lambda dy: (dy * (a / y), dy * (b / y))

    return computed(lambda a, b: length(*same_shape(a, b)), x, other)
