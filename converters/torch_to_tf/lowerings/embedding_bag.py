"""Sums, means and maxima of embeddings in bags."""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import opmath, shape_of

_SUM, _MEAN, _MAX = 0, 1, 2


@lower("aten.embedding_bag.padding_idx")
def embedding_bag_padding_idx(
    weight: tf.Tensor,
    indices: tf.Tensor,
    offsets: tf.Tensor,
    scale_grad_by_freq: bool,
    mode: int,
    sparse: bool,
    per_sample_weights: tf.Tensor | None,
    include_last_offset: bool,
    padding_idx: int | None,
) -> tuple[tf.Tensor, ...]:
    """Rows of a table gathered and joined bag by bag; an empty bag gives 0.

    ``mode`` is 0 for the sum (each row times its weight, if given), 1 for the mean, 2 for the
    maximum. Rows at ``padding_idx`` don't count.

    Shapes: weight (V, D), indices (n,), offsets (B,), each a bag's start, or (B + 1,) with
    ``include_last_offset``, per_sample_weights (n,) -> (B, D), and what PyTorch keeps for its
    gradient: the bag of each index (n,), or nothing for a plain sum below float64; the rows of each
    bag (B,), for a sum zeros, as many as offsets; for the maximum the index that won in each place
    (B, D), else the rows of each bag again.
    Dtypes: floating point; float16 and bfloat16 are joined in float32.
    Source: PyTorch, torch.nn.functional.embedding_bag.
    """
    starts = offsets[:-1] if include_last_offset else offsets
    count, bags = shape_of(indices)[0], shape_of(starts)[0]
    segments = tf.searchsorted(tf.cast(starts, tf.int32), tf.range(count), side="right") - 1
    unrecorded = mode == _SUM and padding_idx is None and weight.dtype != tf.float64
    bag_of = tf.zeros([0], indices.dtype) if unrecorded else tf.cast(segments, indices.dtype)
    if padding_idx is not None:
        wrapped = padding_idx if padding_idx >= 0 else padding_idx + shape_of(weight)[0]
        padding = tf.cast(wrapped, indices.dtype)
        segments = tf.where(indices == padding, -1, segments)  # -1 is dropped
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(indices), segments, bags)
    rows = tf.cast(tf.gather(weight, indices), opmath(weight.dtype))
    if mode == _MAX:
        result, winners = _largest(rows, indices, segments, bags)
        return tf.cast(result, weight.dtype), bag_of, sizes, winners
    if per_sample_weights is not None:
        rows *= tf.cast(per_sample_weights, rows.dtype)[:, tf.newaxis]
    result = tf.math.unsorted_segment_sum(rows, segments, bags)
    if mode == _MEAN:
        result /= tf.cast(tf.maximum(sizes, 1), rows.dtype)[:, tf.newaxis]
    else:
        sizes = tf.zeros_like(offsets)
    return tf.cast(result, weight.dtype), bag_of, sizes, sizes


@lower("aten._embedding_bag.default")
def embedding_bag_forward(
    weight: tf.Tensor,
    indices: tf.Tensor,
    offsets: tf.Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = _SUM,
    sparse: bool = False,
    per_sample_weights: tf.Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int = -1,
) -> tuple[tf.Tensor, ...]:
    """As :func:`embedding_bag_padding_idx`; a negative ``padding_idx`` means none."""
    padding = None if padding_idx < 0 else padding_idx
    return embedding_bag_padding_idx(
        weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights,
        include_last_offset, padding,
    )  # fmt: skip


def _largest(
    rows: tf.Tensor, indices: tf.Tensor, segments: tf.Tensor, bags: int | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The largest entry of each column in each bag and its index.

    The first of several equal ones gets the gradient.
    """
    count = shape_of(rows)[0]
    fixed = tf.stop_gradient(rows)
    largest = tf.math.unsorted_segment_max(fixed, segments, bags)
    own = tf.gather(largest, tf.maximum(segments, 0))
    places = tf.where(fixed == own, tf.range(count)[:, tf.newaxis], count)
    first = tf.minimum(tf.math.unsorted_segment_min(places, segments, bags), count)
    # One more row, of zeros, stands for the empty bag.
    extended = tf.pad(rows, [[0, 1], [0, 0]])
    chosen = tf.gather(tf.transpose(extended), tf.transpose(first), batch_dims=1)
    return tf.transpose(chosen), tf.gather(tf.pad(indices, [[0, 1]]), first)
