"""Pooling over windows that tile the input, channels last.

An output size of None keeps the input's.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.pooling import by_planes
from converters.torch_to_tf.promotion import cast, shape_of
from converters.torch_to_tf.windows import Size, gathered, tile_bounds

OutputSize = Sequence[Size | None]


@lower("aten.adaptive_avg_pool1d.default", layout=channels_last(spatial=1))
def adaptive_avg_pool1d(x: tf.Tensor, output_size: OutputSize) -> tf.Tensor:
    """Mean over windows that tile the axis.

    Shapes: x (N, L, C) -> (N, L', C). Dtypes: floating.
    """
    return _adaptive_mean(x, output_size)


@lower(
    "aten.adaptive_avg_pool2d.default",
    "aten._adaptive_avg_pool2d.default",
    layout=channels_last(spatial=2),
)
def adaptive_avg_pool2d(x: tf.Tensor, output_size: OutputSize) -> tf.Tensor:
    """Mean over windows that tile the plane.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating.
    """
    return _adaptive_mean(x, output_size)


@lower(
    "aten.adaptive_avg_pool3d.default",
    "aten._adaptive_avg_pool3d.default",
    layout=channels_last(spatial=3),
)
def adaptive_avg_pool3d(x: tf.Tensor, output_size: OutputSize) -> tf.Tensor:
    """Mean over windows that tile the volume.

    Shapes: x (N, D, H, W, C) -> (N, D', H', W', C). Dtypes: floating.
    """
    return _adaptive_mean(x, output_size)


@lower("aten.adaptive_max_pool1d.default", layout=channels_last(spatial=1))
def adaptive_max_pool1d(x: tf.Tensor, output_size: OutputSize) -> tuple[tf.Tensor, tf.Tensor]:
    """Maximum over windows that tile the axis, and where each stands.

    Shapes: x (N, L, C) -> twice (N, L', C). Dtypes: floating and integers; indices are int64.
    """
    return _adaptive_max(x, output_size)


@lower("aten.adaptive_max_pool2d.default", layout=channels_last(spatial=2))
def adaptive_max_pool2d(x: tf.Tensor, output_size: OutputSize) -> tuple[tf.Tensor, tf.Tensor]:
    """Maximum over windows that tile the plane, and where each stands in the flattened plane.

    Shapes: x (N, H, W, C) -> twice (N, H', W', C). Dtypes: floating and integers; indices are
    int64.
    """
    return _adaptive_max(x, output_size)


@lower("aten.adaptive_max_pool3d.default", layout=channels_last(spatial=3))
def adaptive_max_pool3d(x: tf.Tensor, output_size: OutputSize) -> tuple[tf.Tensor, tf.Tensor]:
    """Maximum over windows that tile the volume, and where each stands in the flattened volume.

    Shapes: x (N, D, H, W, C) -> twice (N, D', H', W', C). Dtypes: floating and integers; indices
    are int64.
    """
    return _adaptive_max(x, output_size)


def _counts(x: tf.Tensor, output_size: OutputSize) -> list[tuple[Size, Size]]:
    """The size of each spatial axis, and the number of windows along it."""
    sizes = shape_of(x)[1:-1]
    wanted = list(output_size) * (len(sizes) if len(output_size) == 1 else 1)
    return [
        (size, size if want is None else want) for size, want in zip(sizes, wanted, strict=True)
    ]


def _adaptive_mean(x: tf.Tensor, output_size: OutputSize) -> tf.Tensor:
    if not x.dtype.is_floating:
        raise UnsupportedVariantError(
            f"average pooling of {x.dtype.name} is not supported. Cast the input to a "
            "floating-point type."
        )
    counts = _counts(x, output_size)
    y = cast(x, tf.float32) if x.dtype.size == 2 else x
    if all(isinstance(count, int) and count == 1 for _, count in counts):
        y = tf.reduce_mean(y, list(range(1, x.shape.rank - 1)), keepdims=True)
    elif all(_divides(count, size) for size, count in counts):
        kernel = [size // count for size, count in counts]  # type: ignore[operator]
        y = by_planes(tf.nn.avg_pool2d, y, kernel, kernel)
    else:
        for axis, (size, count) in enumerate(counts, 1):
            starts, ends = tile_bounds(size, count)
            windows, mask = gathered(y, starts, ends, axis)
            total = tf.reduce_sum(tf.where(mask, windows, cast(0, y.dtype)), axis + 1)
            lengths = tf.reshape(
                cast(ends - starts, y.dtype), [-1, *[1] * (x.shape.rank - axis - 1)]
            )
            y = total / lengths
    return cast(y, x.dtype)


def _divides(count: Size, size: Size) -> bool:
    return (
        isinstance(count, int)
        and isinstance(size, int)
        and count > 0
        and size > 0
        and size % count == 0
    )


def _adaptive_max(x: tf.Tensor, output_size: OutputSize) -> tuple[tf.Tensor, tf.Tensor]:
    """The last axis first, so that among equal maxima the first in row-major order is taken."""
    counts = _counts(x, output_size)
    y = x
    flat = tf.zeros(tf.shape(x), tf.int64)
    stride: Size | tf.Tensor = 1
    for axis in reversed(range(1, x.shape.rank - 1)):
        size, count = counts[axis - 1]
        starts, ends = tile_bounds(size, count)
        windows, mask = gathered(y, starts, ends, axis)
        offset = _first_maximum(windows, mask, axis + 1)
        chosen = tf.range(shape_of(windows)[axis + 1])
        chosen = tf.reshape(chosen, [-1, *[1] * (x.shape.rank - axis - 1)])
        chosen = chosen == tf.expand_dims(offset, axis + 1)
        y = tf.reduce_sum(tf.where(chosen, windows, cast(0, x.dtype)), axis + 1)
        inner, _ = gathered(flat, starts, ends, axis)
        inner = tf.reduce_sum(tf.where(chosen, inner, 0), axis + 1)
        place = tf.reshape(starts, [-1, *[1] * (x.shape.rank - axis - 1)]) + offset
        flat = inner + cast(place, tf.int64) * cast(stride, tf.int64)
        stride = stride * size
    return y, flat


def _first_maximum(windows: tf.Tensor, mask: tf.Tensor, axis: int) -> tf.Tensor:
    """Where the maximum stands; the last NaN if there is one."""
    lowest = float("-inf") if windows.dtype.is_floating else windows.dtype.min
    offset = tf.argmax(
        tf.where(mask, windows, cast(lowest, windows.dtype)), axis, output_type=tf.int32
    )
    if not windows.dtype.is_floating:
        return offset
    missing = tf.math.is_nan(windows) & mask
    places = tf.reshape(
        tf.range(shape_of(windows)[axis]), [-1, *[1] * (windows.shape.rank - axis - 1)]
    )
    last = tf.reduce_max(tf.where(missing, places, -1), axis)
    return tf.where(last >= 0, last, offset)
