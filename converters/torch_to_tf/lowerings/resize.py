"""Resizing of one to three spatial axes, channels last.

Where an output's element lies in the input is computed by PyTorch's rule: in float32, or in float64
for float64 input, from the scale factor where one was given and from the sizes where not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of
from converters.torch_to_tf.windows import Size, weighted

Sizes = Sequence[Size]
Scales = Sequence[float | None] | None
Taps = list[tuple[tf.Tensor, tf.Tensor]]
_SPATIAL = channels_last()
_CUBIC = -0.75


@lower(
    "aten.upsample_nearest1d.vec",
    "aten.upsample_nearest2d.vec",
    "aten.upsample_nearest3d.vec",
    layout=_SPATIAL,
)
def upsample_nearest(
    input: tf.Tensor, output_size: Sizes | None, scale_factors: Scales
) -> tf.Tensor:
    """The element whose number is the output's over the scale, rounded down.

    Shapes: input (N, *spatial, C) -> (N, *spatial', C). Dtypes: all.
    """
    return _nearest(input, output_size, scale_factors, exact=False)


@lower(
    "aten._upsample_nearest_exact1d.vec",
    "aten._upsample_nearest_exact2d.vec",
    "aten._upsample_nearest_exact3d.vec",
    layout=_SPATIAL,
)
def upsample_nearest_exact(
    input: tf.Tensor, output_size: Sizes | None, scale_factors: Scales
) -> tf.Tensor:
    """The element in which the centre of the output's lies.

    Shapes: input (N, *spatial, C) -> (N, *spatial', C). Dtypes: all.
    """
    return _nearest(input, output_size, scale_factors, exact=True)


@lower("aten.upsample_nearest1d.default", layout=_SPATIAL)
def upsample_nearest1d(x: tf.Tensor, output_size: Sizes, scales: float | None = None) -> tf.Tensor:
    """:func:`upsample_nearest` along one axis.

    Shapes: x (N, L, C) -> (N, L', C). Dtypes: all.
    """
    return _nearest(x, output_size, (scales,), exact=False)


@lower("aten.upsample_nearest2d.default", layout=_SPATIAL)
def upsample_nearest2d(
    x: tf.Tensor, output_size: Sizes, scales_h: float | None = None, scales_w: float | None = None
) -> tf.Tensor:
    """:func:`upsample_nearest` along two axes.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: all.
    """
    return _nearest(x, output_size, (scales_h, scales_w), exact=False)


@lower("aten.upsample_nearest3d.default", layout=_SPATIAL)
def upsample_nearest3d(
    x: tf.Tensor,
    output_size: Sizes,
    scales_d: float | None = None,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """:func:`upsample_nearest` along three axes.

    Shapes: x (N, D, H, W, C) -> (N, D', H', W', C). Dtypes: all.
    """
    return _nearest(x, output_size, (scales_d, scales_h, scales_w), exact=False)


@lower("aten._upsample_nearest_exact2d.default", layout=_SPATIAL)
def upsample_nearest_exact2d(
    x: tf.Tensor, output_size: Sizes, scales_h: float | None = None, scales_w: float | None = None
) -> tf.Tensor:
    """:func:`upsample_nearest_exact` along two axes.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: all.
    """
    return _nearest(x, output_size, (scales_h, scales_w), exact=True)


@lower(
    "aten.upsample_linear1d.vec",
    "aten.upsample_bilinear2d.vec",
    "aten.upsample_trilinear3d.vec",
    layout=_SPATIAL,
)
def upsample_linear(
    input: tf.Tensor, output_size: Sizes | None, align_corners: bool, scale_factors: Scales
) -> tf.Tensor:
    """Linear interpolation along each spatial axis.

    Shapes: input (N, *spatial, C) -> (N, *spatial', C). Dtypes: floating.
    """
    return _linear(input, output_size, align_corners, scale_factors)


@lower("aten.upsample_linear1d.default", layout=_SPATIAL)
def upsample_linear1d(
    x: tf.Tensor, output_size: Sizes, align_corners: bool, scales: float | None = None
) -> tf.Tensor:
    """:func:`upsample_linear` along one axis.

    Shapes: x (N, L, C) -> (N, L', C). Dtypes: floating.
    """
    return _linear(x, output_size, align_corners, (scales,))


@lower("aten.upsample_bilinear2d.default", layout=_SPATIAL)
def upsample_bilinear2d(
    x: tf.Tensor,
    output_size: Sizes,
    align_corners: bool,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """:func:`upsample_linear` along two axes.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating.
    """
    return _linear(x, output_size, align_corners, (scales_h, scales_w))


@lower("aten.upsample_trilinear3d.default", layout=_SPATIAL)
def upsample_trilinear3d(
    x: tf.Tensor,
    output_size: Sizes,
    align_corners: bool,
    scales_d: float | None = None,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """:func:`upsample_linear` along three axes.

    Shapes: x (N, D, H, W, C) -> (N, D', H', W', C). Dtypes: floating.
    """
    return _linear(x, output_size, align_corners, (scales_d, scales_h, scales_w))


@lower("aten.upsample_bicubic2d.vec", layout=_SPATIAL)
def upsample_bicubic2d(
    input: tf.Tensor, output_size: Sizes | None, align_corners: bool, scale_factors: Scales
) -> tf.Tensor:
    """Cubic convolution with a = -0.75 along two axes; the border's elements are repeated outwards.

    Shapes: input (N, H, W, C) -> (N, H', W', C). Dtypes: floating.
    """
    return _resampled(input, output_size, scale_factors, align_corners, _cubic_taps)


@lower("aten.upsample_bicubic2d.default", layout=_SPATIAL)
def upsample_bicubic2d_to(
    x: tf.Tensor,
    output_size: Sizes,
    align_corners: bool,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> tf.Tensor:
    """:func:`upsample_bicubic2d` to a given size.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating.
    """
    return _resampled(x, output_size, (scales_h, scales_w), align_corners, _cubic_taps)


def _sizes(
    x: tf.Tensor, output_size: Sizes | None, scales: Scales
) -> list[tuple[int, Size, Size, float | None]]:
    """For each spatial axis its place, its size, the size wanted, and the scale if one counts."""
    sizes = shape_of(x)[1:-1]
    factors = list(scales) if scales else [None] * len(sizes)
    if output_size is None:
        wanted = [_scaled(size, factor) for size, factor in zip(sizes, factors, strict=True)]
    else:
        wanted = list(output_size)
    return list(zip(range(1, len(sizes) + 1), sizes, wanted, factors, strict=True))


def _scaled(size: Size, factor: float | None) -> Size:
    assert factor is not None
    if isinstance(size, int):
        return math.floor(size * factor)
    if float(factor).is_integer():
        return size * int(factor)
    return tf.cast(tf.floor(tf.cast(size, tf.float64) * factor), tf.int32)


def _coordinate_type(dtype: tf.DType) -> tf.DType:
    return tf.float64 if dtype == tf.float64 else tf.float32


def _ratio(size: Size, wanted: Size, factor: float | None, dtype: tf.DType) -> tf.Tensor:
    """Input elements for each output element.

    Source: ATen native/UpSample.h, compute_scales_value.
    """
    if factor is not None and factor > 0:
        return tf.constant(1.0 / factor, dtype)
    return tf.cast(size, dtype) / tf.cast(wanted, dtype)


def _nearest(x: tf.Tensor, output_size: Sizes | None, scales: Scales, *, exact: bool) -> tf.Tensor:
    axes = _sizes(x, output_size, scales)
    if (
        len(axes) == 2
        and not exact
        and all(_by_sizes(axis) for axis in axes)
        and x.dtype in _KERNEL_TYPES
    ):
        return tf.raw_ops.ResizeNearestNeighbor(images=x, size=tf.stack([axis[2] for axis in axes]))
    coordinates = _coordinate_type(x.dtype) if exact else tf.float32
    for axis, size, wanted, factor in axes:
        if isinstance(size, int) and isinstance(wanted, int) and size == wanted:
            continue
        places = tf.range(tf.cast(wanted, coordinates), dtype=coordinates)
        places = (places + 0.5 if exact else places) * _ratio(size, wanted, factor, coordinates)
        last = tf.cast(size, tf.int32) - 1
        x = tf.gather(x, tf.minimum(tf.cast(tf.floor(places), tf.int32), last), axis=axis)
    return x


_KERNEL_TYPES = (
    tf.float16,
    tf.bfloat16,
    tf.float32,
    tf.float64,
    tf.uint8,
    tf.int8,
    tf.int32,
    tf.int64,
)


def _by_sizes(axis: tuple[int, Size, Size, float | None]) -> bool:
    """Whether the ratio of the sizes is the scale, so a kernel that knows only sizes will do."""
    _, size, wanted, factor = axis
    if factor is None or float(factor).is_integer():
        return True
    return isinstance(size, int) and isinstance(wanted, int) and size * factor == wanted


def _linear(
    x: tf.Tensor, output_size: Sizes | None, align_corners: bool, scales: Scales
) -> tf.Tensor:
    axes = _sizes(x, output_size, scales)
    if len(axes) == 2 and x.dtype != tf.float64 and (align_corners or all(map(_by_sizes, axes))):
        _require_floating(x)
        size = tf.stack([axis[2] for axis in axes])
        return cast(
            tf.raw_ops.ResizeBilinear(
                images=cast(x, tf.float32),
                size=size,
                align_corners=align_corners,
                half_pixel_centers=not align_corners,
            ),
            x.dtype,
        )
    return _resampled(x, output_size, scales, align_corners, _linear_taps)


def _require_floating(x: tf.Tensor) -> None:
    if not x.dtype.is_floating:
        raise UnsupportedVariantError(
            f"interpolation of {x.dtype.name} is not supported: PyTorch rounds it by a rule of its "
            "own. "
            "Cast the input to a floating-point type."
        )


def _resampled(
    x: tf.Tensor,
    output_size: Sizes | None,
    scales: Scales,
    align_corners: bool,
    taps: Callable[[tf.Tensor, Size], Taps],
) -> tf.Tensor:
    """Interpolate along one axis after the other; 16-bit types in float32."""
    _require_floating(x)
    dtype = _coordinate_type(x.dtype)
    y = cast(x, dtype)
    for axis, size, wanted, factor in reversed(_sizes(x, output_size, scales)):
        if (
            isinstance(size, int)
            and isinstance(wanted, int)
            and size == wanted
            and factor in (None, 1.0)
        ):
            continue
        places = _places(size, wanted, factor, dtype, align_corners=align_corners)
        y = weighted(y, taps(places, size), axis)
    return cast(y, x.dtype)


def _places(
    size: Size, wanted: Size, factor: float | None, dtype: tf.DType, *, align_corners: bool
) -> tf.Tensor:
    """Where each output element lies in the input.

    Source: ATen native/UpSample.h, area_pixel_compute_source_index.
    """
    numbers = tf.range(tf.cast(wanted, dtype), dtype=dtype)
    if align_corners:
        steps = tf.cast(wanted, dtype) - 1
        return numbers * tf.math.divide_no_nan(tf.cast(size, dtype) - 1, steps)
    return _ratio(size, wanted, factor, dtype) * (numbers + 0.5) - 0.5


def _linear_taps(places: tf.Tensor, size: Size) -> Taps:
    places = tf.maximum(places, 0)
    last = tf.cast(size, tf.int32) - 1
    low = tf.minimum(tf.cast(tf.floor(places), tf.int32), last)
    share = tf.clip_by_value(places - tf.cast(low, places.dtype), 0, 1)
    return [(low, 1 - share), (tf.minimum(low + 1, last), share)]


def _cubic_taps(places: tf.Tensor, size: Size) -> Taps:
    """Source: Keys, Cubic convolution interpolation for digital image processing, 1981."""
    base = tf.floor(places)
    share = places - base
    last = tf.cast(size, tf.int32) - 1
    first = tf.cast(base, tf.int32) - 1
    weights = cubic_weights(share)
    return [(tf.clip_by_value(first + tap, 0, last), weight) for tap, weight in enumerate(weights)]


def cubic_weights(share: tf.Tensor) -> list[tf.Tensor]:
    """The weights of the four elements around a place that lies ``share`` behind the second.

    Shapes: share (...) -> four times (...). Dtypes: floating.
    Source: ATen native/UpSample.h, get_cubic_upsample_coefficients.
    """

    def near(x: tf.Tensor) -> tf.Tensor:
        return ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1

    def far(x: tf.Tensor) -> tf.Tensor:
        return ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC

    back = 1 - share
    return [far(share + 1), near(share), near(back), far(back + 1)]
