"""Special functions, and floating-point numbers taken apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.arithmetic import pow as power
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    computed,
    floating,
    promote,
    same_shape,
)


def _in_float64(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """A function computed in float64 and rounded once.

    In float32 TensorFlow's ``zeta``, which its polygamma functions are made of, is off by any
    factor at many negative numbers (2.21: polygamma(1, -8.478) is -1.2e11, not 1.23).
    """
    dtype = floating(x)[0].dtype
    return cast(function(cast(x, tf.float64)), dtype)


@lower("aten.digamma.default", layout=ANY)
def digamma(x: tf.Tensor) -> tf.Tensor:
    """The derivative of ``lgamma``; infinite at 0. Integers are computed as floats.

    Differs: PyTorch 2.13's gradient, :func:`polygamma` of order 1, is off by up to 1.5e-9 in
    float64 (against mpmath, from 0.05 to 20).
    """

    def finite(a: tf.Tensor) -> tf.Tensor:
        pole = a == 0
        # Dividing keeps the sign of zero.
        return tf.where(pole, -1 / a, tf.math.digamma(tf.where(pole, tf.ones_like(a), a)))

    return _in_float64(finite, x)


@lower("aten.polygamma.default", layout=ANY)
def polygamma(n: int, x: tf.Tensor) -> tf.Tensor:
    """The n-th derivative of digamma. Integers are computed as floats.

    Differs: for ``n = 1`` PyTorch 2.13's float64 is off by up to 1.5e-9 (against mpmath, from
    0.05 to 20), and about 1e32 at the poles, which are infinite.
    """
    if n == 0:
        return digamma(x)

    @tf.custom_gradient
    def derivative(a: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return _polygamma(n, a), lambda upstream: upstream * _polygamma(n + 1, a)

    return _in_float64(derivative, x)


def _polygamma(n: int, x: tf.Tensor) -> tf.Tensor:
    """With the infinities that PyTorch has at 0, -1, -2..., where TensorFlow's may be NaN."""
    pole = (x <= 0) & (x == tf.floor(x))
    other = tf.where(pole, tf.ones_like(x), x)
    infinite = tf.constant(math.inf if n % 2 else -math.inf, x.dtype)
    return tf.where(
        pole, infinite, tf.math.polygamma(tf.fill(tf.shape(x), cast(n, x.dtype)), other)
    )


@lower("aten.igamma.default", "aten.special_gammainc.default", layout=ANY)
def igamma(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Lower regularized incomplete gamma function of order ``x`` at ``other``."""
    return computed(lambda a, b: tf.math.igamma(*same_shape(a, b)), x, other)


@lower("aten.igammac.default", "aten.special_gammaincc.default", layout=ANY)
def igammac(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Upper regularized incomplete gamma function of order ``x`` at ``other``."""
    return computed(lambda a, b: tf.math.igammac(*same_shape(a, b)), x, other)


@lower("aten.special_ndtri.default", layout=ANY)
def ndtri(x: tf.Tensor) -> tf.Tensor:
    """The inverse of the normal distribution function. Integers are computed as floats."""
    return computed(tf.math.ndtri, x, floats=True)


@lower(
    "aten.special_zeta.default",
    "aten.special_zeta.self_scalar",
    "aten.special_zeta.other_scalar",
    layout=ANY,
)
def zeta(x: tf.Tensor | Number, other: tf.Tensor | Number) -> tf.Tensor:
    """Hurwitz' zeta function, the sum of ``(k + other) ** -x`` over k >= 0.

    Differs: at the poles, 0 and the negative integers, TensorFlow's is NaN for most ``x``.
    """

    def finite(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        a, b = same_shape(a, b)
        pole = (a > 1) & (b <= 0) & (b == tf.floor(b))
        value = tf.math.zeta(a, tf.where(pole, tf.ones_like(b), b))
        return tf.where(pole, cast(math.inf, a.dtype), value)

    return computed(finite, x, other, floats=True)


@lower("aten.special_erfcx.default", layout=ANY)
def erfcx(x: tf.Tensor) -> tf.Tensor:
    """``exp(x ** 2) erfc(x)``. Integers are computed as floats.

    Source: S. L. Moshier, Cephes, ndtr.c, whose fractions for ``erfc`` hold without the
    exponential. The gradient is PyTorch's, ``2 x erfcx(x) - 2 / sqrt(pi)``.
    """
    return computed(_erfcx, x, floats=True)


@tf.custom_gradient
def _erfcx(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    size = tf.abs(x)
    middle, large = tf.clip_by_value(size, 1, 8), tf.maximum(size, 8)
    # Far out the fraction is that of 1 / x: its powers don't overflow.
    inverse = 1 / large
    right = tf.where(
        size < 8,
        tf.math.polyval(_constants(_MIDDLE[0], x), middle)
        / tf.math.polyval(_constants(_MIDDLE[1], x), middle),
        inverse
        * tf.math.polyval(_constants(_FAR[0][::-1], x), inverse)
        / tf.math.polyval(_constants(_FAR[1][::-1], x), inverse),
    )
    power = _exp_of_square(size)
    small = tf.where(size < 1, size, tf.zeros_like(x))
    near = power * tf.math.erfc(tf.where(x < 0, -small, small))
    y = tf.where(size < 1, near, tf.where(x < 0, 2 * power - right, right))
    y = tf.where(tf.math.is_nan(x), x, y)

    def gradient(dy: tf.Tensor) -> tf.Tensor:
        return dy * (2 * x * y - 2 / math.sqrt(math.pi))

    return y, gradient


def _exp_of_square(x: tf.Tensor) -> tf.Tensor:
    """``exp(x ** 2)``; the square is taken in two parts, for its rounding would be magnified."""
    whole = tf.round(x * 128) / 128
    rest = x - whole
    result = tf.exp(whole * whole) * tf.exp((whole + x) * rest)
    return tf.where(x > 30, cast(math.inf, x.dtype), result)


def _constants(values: Sequence[float], x: tf.Tensor) -> list[tf.Tensor]:
    return [tf.constant(value, x.dtype) for value in values]


_MIDDLE = (
    (
        2.46196981473530512524e-10,
        5.64189564831068821977e-1,
        7.46321056442269912687,
        4.86371970985681366614e1,
        1.96520832956077098242e2,
        5.26445194995477358631e2,
        9.34528527171957607540e2,
        1.02755188689515710272e3,
        5.57535335369399327526e2,
    ),
    (
        1.0,
        1.32281951154744992508e1,
        8.67072140885989742329e1,
        3.54937778887819891062e2,
        9.75708501743205489753e2,
        1.82390916687909736289e3,
        2.24633760818710981792e3,
        1.65666309194161350182e3,
        5.57535340817727675546e2,
    ),
)
"""From 1 to 8, highest power first."""
_FAR = (
    (
        5.64189583547755073984e-1,
        1.27536670759978104416,
        5.01905042251180477414,
        6.16021097993053585195,
        7.40974269950448939160,
        2.97886665372100240670,
    ),
    (
        1.0,
        2.26052863220117276590,
        9.39603524938001434673,
        1.20489539808096656605e1,
        1.70814450747565897222e1,
        9.60896809063285878198,
        3.36907645100081516050,
    ),
)
"""Beyond 8, highest power first."""


@lower("aten.special_log_ndtr.default", layout=ANY)
def log_ndtr(x: tf.Tensor) -> tf.Tensor:
    """Logarithm of the normal distribution function. Integers are computed as floats."""
    return computed(_log_ndtr, x, floats=True)


@tf.custom_gradient
def _log_ndtr(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    scaled = x * math.sqrt(0.5)
    left = tf.minimum(scaled, 1)
    tail = _erfcx(-left)
    y = tf.where(
        x < 1,
        tf.math.log(tail / 2) - left * left,
        tf.math.log1p(-tf.math.erfc(scaled) / 2),
    )

    def gradient(dy: tf.Tensor) -> tf.Tensor:
        return dy / _erfcx(-scaled) * math.sqrt(2 / math.pi)

    return y, gradient


@lower("aten.nextafter.default", layout=ANY)
def nextafter(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The next number after ``x`` in the direction of ``other``. Dtypes: floating.

    TensorFlow's kernel knows float32 and float64. The bits of a 16-bit number and its sign, read as
    integers, are in the order of the numbers, and so the next number is the next integer.
    """
    return _next(*same_shape(*promote(x, other)))


@tf.custom_gradient
def _next(x: tf.Tensor, other: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
    """With PyTorch's gradient, which is 0 where both are equal."""
    known = x.dtype in (tf.float32, tf.float64)
    result = tf.math.nextafter(x, other) if known else _next_of_16_bits(x, other)
    zero = tf.zeros([], x.dtype)
    return result, lambda dy: (tf.where(x == other, zero, dy), tf.zeros_like(dy))


def _next_of_16_bits(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    start, end = _ordinal(x), _ordinal(other)
    place = start + tf.sign(end - start)
    size = tf.cast(tf.abs(place), tf.int16)
    negative = (place < 0) | ((place == 0) & (start < 0))
    moved = tf.bitcast(tf.where(negative, size | tf.int16.min, size), x.dtype)
    nan = tf.math.is_nan(x) | tf.math.is_nan(other)
    return tf.where(nan, x + other, tf.where(start == end, other, moved))


def _ordinal(x: tf.Tensor) -> tf.Tensor:
    """The place of a 16-bit number among all of its type, counted from zero."""
    bits = tf.cast(tf.bitcast(x, tf.int16), tf.int32)
    return tf.where(bits < 0, -(bits & 0x7FFF), bits)


@lower("aten.ldexp.Tensor", layout=ANY)
def ldexp(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """``x * 2 ** other``. Source: ATen BinaryOps.cpp, which computes the power as a float.

    Differs: PyTorch 2.13's gradient takes integer powers, which makes it 0 for a negative integer.
    """
    left, right = promote(x, power(2.0, other))
    return left * right


@lower("aten.frexp.Tensor", layout=ANY)
def frexp(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mantissa in [0.5, 1) and exponent with ``x = mantissa * 2 ** exponent``.

    Shapes: x (...) -> twice (...); the exponent is int32. Dtypes: floating point. Zeros, infinities
    and NaN are their own mantissas, with the exponent 0.
    Differs: TensorFlow reads subnormal float32 numbers as 0.
    """
    wide = tf.cast(x, tf.float64)
    # A subnormal number is scaled up first; no 16- or 32-bit number is subnormal in float64.
    small = tf.abs(wide) < 2.0**-1022
    scaled = tf.where(small, wide * 2.0**54, wide)
    bits = tf.bitcast(tf.stop_gradient(scaled), tf.int64)
    stored = tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, 52), 0x7FF)
    exponent = tf.cast(stored, tf.int32) - 1022 - tf.where(small, 54, 0)
    plain = tf.math.is_finite(wide) & (wide != 0)
    exponent = tf.where(plain, exponent, 0)
    # Two factors: 2 ** -exponent alone may be out of range.
    half = exponent // 2
    mantissa = wide * _power_of_two(-half) * _power_of_two(half - exponent)
    return tf.cast(mantissa, x.dtype), exponent


def _power_of_two(exponent: tf.Tensor) -> tf.Tensor:
    """Exact. Shapes: exponent (...), int32 within -1022..1023 -> (...), float64."""
    stored = tf.bitwise.left_shift(tf.cast(exponent, tf.int64) + 1023, 52)
    return tf.bitcast(stored, tf.float64)
