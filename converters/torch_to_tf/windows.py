"""Sizes and sums of windows that slide or tile along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.torch_to_tf.promotion import cast, shape_of

Size: TypeAlias = int | tf.Tensor


def pooled_size(
    size: Size, kernel: int, stride: int, pad: int, dilation: int, *, ceil_mode: bool
) -> Size:
    """Number of windows along one axis.

    In ceil mode the last window may hang over the padding, but must begin inside the input or in
    front of it.

    Source: ATen Pool.h, pooling_output_shape.

    >>> pooled_size(4, 3, 2, 0, 1, ceil_mode=False), pooled_size(4, 3, 2, 0, 1, ceil_mode=True)
    (1, 2)
    """
    room = size + 2 * pad - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    count = (room + stride - 1) // stride + 1
    begins_outside = (count - 1) * stride >= size + pad
    if isinstance(begins_outside, bool):
        return count - 1 if begins_outside else count
    return count - tf.cast(begins_outside, tf.int32)


def overhang(size: Size, count: Size, kernel: int, stride: int, pad: int, dilation: int) -> Size:
    """How far the last window reaches behind the padding; never less than 0."""
    reach = (count - 1) * stride + dilation * (kernel - 1) + 1 - (size + 2 * pad)
    return max(reach, 0) if isinstance(reach, int) else tf.maximum(reach, 0)


def tile_bounds(size: Size, count: Size) -> tuple[tf.Tensor, tf.Tensor]:
    """Where ``count`` windows that tile (and may share border elements of) an axis begin and end.

    Source: ATen AdaptivePooling.h, start_index and end_index.
    """
    places = tf.range(cast_size(count))
    starts = places * size // count
    ends = ((places + 1) * size + count - 1) // count
    return starts, ends


def cast_size(size: Size) -> Size:
    """A size as an int32."""
    return size if isinstance(size, int) else tf.cast(size, tf.int32)


def gathered(
    x: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor, axis: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Windows along one axis, each filled up to the longest.

    Shapes: x (..., L, ...), starts and ends (W) -> (..., W, M, ...) and a mask (W, M) with ones of
    the following axes behind it, so that it broadcasts.
    """
    longest = tf.reduce_max(ends - starts)
    places = starts[:, None] + tf.range(longest)[None]
    inside = places < ends[:, None]
    places = tf.minimum(places, shape_of(x)[axis] - 1)
    trailing = x.shape.rank - axis - 1
    mask = tf.reshape(inside, [*shape_of(inside), *[1] * trailing])
    return tf.gather(x, places, axis=axis), mask


def weighted(x: tf.Tensor, taps: Sequence[tuple[tf.Tensor, tf.Tensor]], axis: int) -> tf.Tensor:
    """The sum over taps, along one axis, of elements at the tap's places times its weights.

    Shapes: x (..., L, ...), places and weights (W) each -> (..., W, ...).
    """
    trailing = x.shape.rank - axis - 1
    total = None
    for places, weights in taps:
        weights = tf.reshape(cast(weights, x.dtype), [-1, *[1] * trailing])
        part = tf.gather(x, places, axis=axis) * weights
        total = part if total is None else total + part
    assert total is not None
    return total
