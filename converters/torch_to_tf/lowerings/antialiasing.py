"""Resizing of two spatial axes with a filter as wide as the step, channels last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of
from converters.torch_to_tf.windows import Size

_SPATIAL = channels_last()
_CUBIC = -0.5
Filter = Callable[[tf.Tensor], tf.Tensor]


@lower("aten._upsample_bilinear2d_aa.default", layout=_SPATIAL)
def upsample_bilinear2d_aa(
    x: tf.Tensor,
    output_size: Sequence[Size],
    align_corners: bool,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """Weighted means under a triangle, which spans two output elements when shrinking.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating point.
    Raises: UnsupportedVariantError for integers.
    Source: ATen native/cpu/UpSampleKernel.cpp, _compute_indices_weights_aa.
    Differs: PyTorch 2.13 repeats the first row of a result that is one column wide (a contiguous
    one of several rows, at another height than the input's); here every row is its own.
    """
    return _resized(x, output_size, align_corners, (scales_h, scales_w), _triangle, 1)


@lower("aten._upsample_bicubic2d_aa.default", layout=_SPATIAL)
def upsample_bicubic2d_aa(
    x: tf.Tensor,
    output_size: Sequence[Size],
    align_corners: bool,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """As :func:`upsample_bilinear2d_aa`, under the cubic convolution kernel with a = -0.5."""
    return _resized(x, output_size, align_corners, (scales_h, scales_w), _cubic, 2)


def _resized(
    x: tf.Tensor,
    output_size: Sequence[Size],
    align_corners: bool,
    scales: Sequence[float | None],
    kernel: Filter,
    reach: int,
) -> tf.Tensor:
    if not x.dtype.is_floating:
        raise UnsupportedVariantError(
            f"antialiased interpolation of {x.dtype.name} is not supported: PyTorch computes it in "
            "integers. Cast the input to a floating-point type."
        )
    wide = tf.float64 if x.dtype == tf.float64 else tf.float32
    size = shape_of(x)
    rows, columns = (
        _weights(
            size[axis + 1], output_size[axis], scales[axis], align_corners, kernel, reach, wide
        )
        for axis in (0, 1)
    )
    y = tf.einsum("nhwc,ow->nhoc", cast(x, wide), columns)
    return cast(tf.einsum("nhwc,oh->nowc", y, rows), x.dtype)


def _weights(
    size: Size,
    wanted: Size,
    factor: float | None,
    align_corners: bool,
    kernel: Filter,
    reach: int,
    dtype: tf.DType,
) -> tf.Tensor:
    """What each input element counts for each output element. Shapes: -> (wanted, size)."""
    own, other = tf.cast(size, dtype), tf.cast(wanted, dtype)
    if align_corners:
        step = tf.math.divide_no_nan(own - 1, other - 1)
    else:
        step = tf.constant(1 / factor, dtype) if factor else own / other
    width = tf.maximum(step, 1)
    centre = (step * (tf.range(other, dtype=dtype) + 0.5))[:, tf.newaxis]
    # Casting to integers rounds towards zero, as PyTorch does.
    first = tf.maximum(tf.cast(centre - reach * width + 0.5, tf.int32), 0)
    last = tf.minimum(tf.cast(centre + reach * width + 0.5, tf.int32), tf.cast(size, tf.int32))
    place = tf.range(tf.cast(size, tf.int32))
    weight = kernel((tf.cast(place, dtype) - centre + 0.5) / width)
    weight = tf.where((place >= first) & (place < last), weight, tf.zeros_like(weight))
    return weight / tf.reduce_sum(weight, 1, keepdims=True)


def _triangle(x: tf.Tensor) -> tf.Tensor:
    return tf.maximum(1 - tf.abs(x), 0)


def _cubic(x: tf.Tensor) -> tf.Tensor:
    """Source: Keys, Cubic convolution interpolation for digital image processing, 1981."""
    x = tf.abs(x)
    near = ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * _CUBIC
    return tf.where(x < 1, near, tf.where(x < 2, far, tf.zeros_like(x)))
