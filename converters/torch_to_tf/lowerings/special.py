"""Special functions, and floating-point numbers taken apart."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.arithmetic import pow as power
from converters.torch_to_tf.promotion import cast, computed, promote, same_shape


@lower("aten.i0.default", layout=ANY)
def i0(x: tf.Tensor) -> tf.Tensor:
    """Modified Bessel function of the first kind, order 0. Integers are computed as floats."""
    return computed(tf.math.bessel_i0, x, floats=True)


@lower("aten.polygamma.default", layout=ANY)
def polygamma(n: int, x: tf.Tensor) -> tf.Tensor:
    """The n-th derivative of digamma. Integers are computed as floats."""
    if n == 0:
        return computed(tf.math.digamma, x, floats=True)
    return computed(
        lambda a: tf.math.polygamma(tf.fill(tf.shape(a), cast(n, a.dtype)), a), x, floats=True
    )


@lower("aten.igamma.default", "aten.special_gammainc.default", layout=ANY)
def igamma(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Lower regularized incomplete gamma function of order ``x`` at ``other``."""
    return computed(lambda a, b: tf.math.igamma(*same_shape(a, b)), x, other)


@lower("aten.igammac.default", "aten.special_gammaincc.default", layout=ANY)
def igammac(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Upper regularized incomplete gamma function of order ``x`` at ``other``."""
    return computed(lambda a, b: tf.math.igammac(*same_shape(a, b)), x, other)


@lower("aten.nextafter.default", layout=ANY)
def nextafter(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The next number after ``x`` in the direction of ``other``. Dtypes: float32, float64."""
    left, right = promote(x, other)
    if left.dtype not in (tf.float32, tf.float64):
        raise UnsupportedVariantError(
            f"nextafter has no kernel for {left.dtype.name}; use float32 or float64."
        )
    return tf.math.nextafter(left, right)


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
