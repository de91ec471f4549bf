"""Complex numbers, put together and taken apart."""

from __future__ import annotations

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, default_dtype, promote


@lower("aten.view_as_complex.default")
def view_as_complex(x: tf.Tensor) -> tf.Tensor:
    """The last axis, of size 2, as real and imaginary part."""
    return tf.complex(x[..., 0], x[..., 1])


@lower("aten.view_as_real.default")
def view_as_real(x: tf.Tensor) -> tf.Tensor:
    """Real and imaginary part along a new last axis."""
    return tf.stack([tf.math.real(x), tf.math.imag(x)], -1)


@lower("aten.complex.default", layout=ANY)
def complex_(real: tf.Tensor, imag: tf.Tensor) -> tf.Tensor:
    """``real + i imag``."""
    return tf.complex(*promote(real, imag))


@lower("aten.polar.default", layout=ANY)
def polar(abs: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """The number of the given length and angle."""
    return tf.complex(abs * tf.cos(angle), abs * tf.sin(angle))


@lower("aten.real.default", layout=ANY)
def real(x: tf.Tensor) -> tf.Tensor:
    """The real part."""
    return tf.math.real(x) if x.dtype.is_complex else tf.identity(x)


@lower("aten.imag.default", layout=ANY)
def imag(x: tf.Tensor) -> tf.Tensor:
    """The imaginary part."""
    return tf.math.imag(x)


@lower(
    "aten.conj.default",
    "aten._conj.default",
    "aten.conj_physical.default",
    "aten._conj_physical.default",
    layout=ANY,
)
def conj(x: tf.Tensor) -> tf.Tensor:
    """The complex conjugate."""
    return tf.math.conj(x) if x.dtype.is_complex else tf.identity(x)


@lower("aten.angle.default", layout=ANY)
def angle(x: tf.Tensor) -> tf.Tensor:
    """The angle in the complex plane: 0 or pi for real numbers; NaN stays NaN."""
    if x.dtype.is_complex:
        return tf.math.angle(x)
    x = x if x.dtype.is_floating else cast(x, default_dtype())
    turned = tf.where(x < 0, cast(3.141592653589793, x.dtype), cast(0, x.dtype))
    return tf.where(tf.math.is_nan(x), x, turned)
