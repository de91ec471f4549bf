"""How often values occur."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, opmath, shape_of


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
    if range is not None:
        low, high = cast(range[0], x.dtype), cast(range[1], x.dtype)
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
    return histogram_of(x, tf.where(numbers < (bins + 1) // 2, up, down), weight, density)


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
    count = shape_of(bins)[0] - 1
    values = tf.reshape(x, [-1])
    place = tf.searchsorted(bins, values, "right") - 1
    place = tf.where(values == bins[-1], count - 1, place)
    inside = (values >= bins[0]) & (values <= bins[-1])
    place = tf.where(inside, place, -1)  # negative places are dropped
    amounts = tf.ones_like(values) if weight is None else tf.reshape(weight, [-1])
    found = tf.math.unsorted_segment_sum(amounts, place, count)
    if density:
        found = found / tf.reduce_sum(found) / (bins[1:] - bins[:-1])
    return found, tf.identity(bins)
