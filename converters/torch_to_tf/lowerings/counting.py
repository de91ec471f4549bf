"""How often values occur."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, opmath


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
