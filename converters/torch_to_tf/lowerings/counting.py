"""How often values occur."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.indexing import within
from converters.torch_to_tf.promotion import cast, normalized, opmath, shape_of


@lower("aten.histc.default")
def histc(x: tf.Tensor, bins: int = 100, min: float = 0, max: float = 0) -> tf.Tensor:
    """How many elements fall into each of ``bins`` equal parts of [min, max]; others are left out.

    Shapes: x (...) -> (bins,). Dtypes: the result keeps x's.
    Differs: ``tf.histogram_fixed_width`` puts what is outside into the outermost parts.
    Where ``min`` equals ``max`` the range is that of the values, or one to both sides of it if they
    are all equal.
    """
    wide = opmath(x.dtype) if x.dtype.is_floating else tf.float64
    values = cast(tf.reshape(x, [-1]), wide)
    low, high = cast(min, wide), cast(max, wide)
    if min > max:
        raise UnsupportedVariantError(f"histc(min={min}, max={max}) has no range. Pass min <= max.")
    if min == max:
        if 0 not in x.shape:
            low, high = tf.reduce_min(values), tf.reduce_max(values)
        single = cast(low == high, wide)
        low, high = low - single, high + single
    inside = (values >= low) & (values <= high)
    place = tf.cast((tf.where(inside, values, low) - low) * bins / (high - low), tf.int32)
    place = tf.where(inside, tf.minimum(place, bins - 1), -1)  # negative places are dropped
    return cast(tf.math.unsorted_segment_sum(tf.ones_like(values), place, bins), x.dtype)


@lower("aten.bincount.default")
def bincount(x: tf.Tensor, weights: tf.Tensor | None = None, minlength: int = 0) -> tf.Tensor:
    """How often every integer from 0 on occurs, or the sum of its weights.

    Shapes: x (N,) -> (max(x) + 1,), at least ``minlength``; the size is known at run time only.
    """
    top = tf.reduce_max(tf.concat([tf.cast(x, tf.int64), tf.constant([-1], tf.int64)], 0)) + 1
    size = tf.maximum(top, cast(minlength, tf.int64))
    x = within(x, size)
    if weights is None:
        return tf.math.unsorted_segment_sum(tf.ones_like(x, tf.int64), x, size)
    terms = weights if weights.dtype == tf.float32 else cast(weights, tf.float64)
    return tf.math.unsorted_segment_sum(terms, x, size)


@lower("aten.histogram.bin_ct")
def histogram(
    x: tf.Tensor,
    bins: int = 100,
    range: Sequence[float] | None = None,
    weight: tf.Tensor | None = None,
    density: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """How many elements fall into each of ``bins`` equal parts of a range, and the parts' edges.

    Without a range it is that of the values, or half of one to both sides if they are all equal.

    Shapes: x (...) -> (bins,) and (bins + 1,). Dtypes: float32, float64.
    Differs: PyTorch's edges may be one rounding apart, which decides where a value on an edge
    falls.
    """
    edges = _edges(x, bins, range)
    return histogram_of(x, edges, weight, density)


def _edges(x: tf.Tensor, bins: int, bounds: Sequence[float] | None) -> tf.Tensor:
    """``bins + 1`` numbers at equal distances from the least value to the largest."""
    if bounds is not None:
        low, high = cast(bounds[0], x.dtype), cast(bounds[1], x.dtype)
    elif 0 in x.shape:
        low, high = tf.zeros([], x.dtype), tf.ones([], x.dtype)
    else:
        low, high = tf.reduce_min(x), tf.reduce_max(x)
    half = cast(low == high, x.dtype) / 2
    low, high = low - half, high + half
    # As PyTorch's linspace: from both ends to the middle.
    step = (high - low) / bins
    numbers = tf.range(bins + 1)
    up = _fused(low, step, tf.cast(numbers, x.dtype))
    down = _fused(high, -step, tf.cast(bins - numbers, x.dtype))
    return tf.where(numbers < (bins + 1) // 2, up, down)


def _fused(start: tf.Tensor, step: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """``start + step * count`` without rounding the product, as PyTorch's processor computes it.

    ``count`` holds small integers. Source: Dekker, A floating-point technique for extending the
    available precision, 1971.
    """
    product = step * count
    spread = step * (2.0**27 + 1 if step.dtype == tf.float64 else 2.0**12 + 1)
    high = spread - (spread - step)
    rest = (high * count - product) + (step - high) * count
    return (start + product) + rest


@lower("aten.histogram.bins_tensor")
def histogram_of(
    x: tf.Tensor, bins: tf.Tensor, weight: tf.Tensor | None = None, density: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """How many elements, or how much weight, fall between every two neighbours of ``bins``.

    An edge belongs to the part at its right, the last one to the last part. With ``density`` the
    counts are divided by their sum and by the widths of the parts.

    Shapes: x (...), bins (B + 1,), weight like x -> (B,) and (B + 1,). Dtypes: float32, float64.
    """
    found, (edges,) = histogramdd_of(tf.reshape(x, [-1, 1]), [bins], None, weight, density)
    return found, edges


@lower("aten.histogramdd.default")
def histogramdd(
    x: tf.Tensor,
    bins: Sequence[int],
    range: Sequence[float] | None = None,
    weight: tf.Tensor | None = None,
    density: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """As histogram for points: each coordinate has its own number of parts and its own range.

    Shapes: x (..., D) -> (*bins) and D times (bins + 1,). Dtypes: float32, float64.
    """
    columns = tf.unstack(tf.reshape(x, [-1, len(bins)]), axis=1)
    pairs = zip(range[::2], range[1::2], strict=True) if range else [None] * len(bins)
    edges = [_edges(*each) for each in zip(columns, bins, pairs, strict=True)]
    return histogramdd_of(x, edges, None, weight, density)


@lower("aten.histogramdd.int_bins")
def histogramdd_int_bins(
    x: tf.Tensor,
    bins: int,
    range: Sequence[float] | None = None,
    weight: tf.Tensor | None = None,
    density: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """As histogramdd, with as many parts for each coordinate."""
    return histogramdd(x, [bins] * x.shape[-1], range, weight, density)


@lower("aten.histogramdd.TensorList_bins")
def histogramdd_of(
    x: tf.Tensor,
    bins: Sequence[tf.Tensor],
    range: Sequence[float] | None = None,
    weight: tf.Tensor | None = None,
    density: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """How many points, or how much weight, fall into each box between neighbouring edges.

    An edge belongs to the part at its right, the last one to the last part. With ``density`` the
    counts are divided by their sum and by the volumes of the boxes.

    Shapes: x (..., D), bins D times (B + 1,), weight as x without its last axis -> (*B) and bins.
    Dtypes: float32, float64.
    """
    counts = [shape_of(edges)[0] - 1 for edges in bins]
    box: tf.Tensor = tf.zeros([], tf.int32)
    inside: tf.Tensor = tf.ones([], tf.bool)
    for values, edges, count in zip(
        tf.unstack(tf.reshape(x, [-1, len(bins)]), axis=1), bins, counts, strict=True
    ):
        place = tf.searchsorted(edges, values, "right") - 1
        box = box * count + tf.where(values == edges[-1], count - 1, place)
        inside &= (values >= edges[0]) & (values <= edges[-1])
    box = tf.where(inside, box, -1)  # negative places are dropped
    amounts = tf.ones(tf.shape(box), x.dtype) if weight is None else tf.reshape(weight, [-1])
    total: int | tf.Tensor = 1
    for count in counts:
        total = total * count
    found = tf.reshape(tf.math.unsorted_segment_sum(amounts, box, total), counts)
    if density:
        found = found / tf.reduce_sum(found)
        for axis, edges in enumerate(bins):
            ones = [-1 if place == axis else 1 for place, _ in enumerate(bins)]
            found = found / tf.reshape(edges[1:] - edges[:-1], ones)
    return found, [tf.identity(edges) for edges in bins]


@lower("aten.hash_tensor.default", layout=along("dim"))
def hash_tensor(
    x: tf.Tensor, dim: Sequence[int] = (), keepdim: bool = False, mode: int = 0
) -> tf.Tensor:
    """The exclusive or of the bits of all elements along ``dim``, floats as float64.

    Dtypes: all but complex; the result is uint64.
    """
    wide = tf.float64 if x.dtype.is_floating else tf.int64
    rank = x.shape.rank
    axes = [normalized(axis, rank) for axis in dim if rank] or list(range(rank))
    bits = tf.bitcast(cast(x, wide), tf.int64)[..., None]
    places = tf.range(64, dtype=tf.int64)
    single = tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, places), tf.ones([], tf.int64))
    odd = tf.reduce_sum(single, axes, keepdims=keepdim) % 2
    return tf.bitcast(tf.reduce_sum(tf.bitwise.left_shift(odd, places), -1), tf.uint64)
