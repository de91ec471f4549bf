"""Segments of an axis, each reduced to one element."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, opmath, shape_of

_DEFAULT = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": float("-inf"), "min": float("inf")}


@lower("aten.segment_reduce.default")
def segment_reduce(
    data: tf.Tensor,
    reduce: str,
    lengths: tf.Tensor | None = None,
    indices: tf.Tensor | None = None,
    offsets: tf.Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Number | None = None,
) -> tf.Tensor:
    """Sum, mean, product, maximum or minimum of every segment, starting from ``initial``.

    Shapes: data (..., N, *rest), lengths (..., S) or offsets (..., S + 1) -> (..., S, *rest).
    Dtypes: floating. An empty segment's mean is NaN unless there is an ``initial``.
    Source: ATen native/SegmentReduce.cpp.
    """
    if offsets is None:
        if lengths is None:
            raise UnsupportedVariantError(
                "segment_reduce without lengths or offsets is not supported. Pass one of them."
            )
        offsets = tf.concat([tf.zeros_like(lengths[..., :1]), tf.cumsum(lengths, -1)], -1)
    outer, rest = shape_of(data)[: offsets.shape.rank - 1], shape_of(data)[offsets.shape.rank :]
    size, count = shape_of(data)[offsets.shape.rank - 1], shape_of(offsets)[-1] - 1
    values = cast(tf.reshape(data, [-1, *rest]), opmath(data.dtype))
    rows = tf.reshape(offsets, [-1, count + 1])
    places = tf.range(cast(size, rows.dtype))
    owner = tf.searchsorted(rows, tf.tile(places[None], [tf.shape(rows)[0], 1]), "right") - 1
    inside = (owner >= 0) & (owner < count)
    owner += tf.range(tf.shape(rows)[0])[:, None] * count
    owner = tf.reshape(tf.where(inside, owner, -1), [-1])  # negative places are dropped
    found = _reduced(values, owner, tf.shape(rows)[0] * count, reduce, initial)
    return cast(tf.reshape(found, [*outer, count, *rest]), data.dtype)


def _reduced(
    values: tf.Tensor, owner: tf.Tensor, count: tf.Tensor, reduce: str, initial: Number | None
) -> tf.Tensor:
    """Shapes: values (N, ...), owner (N) -> (count, ...)."""
    start = cast(_DEFAULT[reduce] if initial is None else initial, values.dtype)
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(owner), owner, count)
    sizes = tf.reshape(sizes, [-1, *[1] * (values.shape.rank - 1)])
    if reduce == "sum":
        return tf.math.unsorted_segment_sum(values, owner, count) + start
    if reduce == "prod":
        return tf.math.unsorted_segment_prod(values, owner, count) * start
    if reduce == "mean":
        total = tf.math.unsorted_segment_sum(values, owner, count) + start
        empty = start if initial is not None else cast(float("nan"), values.dtype)
        divided = total / cast(tf.maximum(sizes, 1), values.dtype)
        return tf.where(sizes == 0, empty, divided)
    of_all = tf.math.unsorted_segment_max if reduce == "max" else tf.math.unsorted_segment_min
    either = tf.maximum if reduce == "max" else tf.minimum
    bad = tf.math.is_nan(values)
    spoilt = tf.math.unsorted_segment_max(tf.cast(bad, tf.int32), owner, count) > 0
    found = of_all(tf.where(bad, start, values), owner, count)
    found = either(tf.where(sizes == 0, start, found), start)
    return tf.where(spoilt, cast(float("nan"), values.dtype), found)
