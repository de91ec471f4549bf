"""Products of groups of rows, each with a matrix of its own: mixtures of experts."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of


@lower("transformers.grouped_mm_fallback.default")
def grouped_mm_fallback(input: tf.Tensor, weight: tf.Tensor, offs: tf.Tensor) -> tf.Tensor:
    """Rows up to each offset times that group's matrix; rows behind the last offset are 0.

    Shapes: input (n, k), sorted by group, weight (g, k, m), offs (g,), where each group ends ->
    (n, m). The number of groups has to be known.
    Source: transformers, integrations/moe.py.
    """
    groups = weight.shape[0]
    if groups is None:
        raise UnsupportedVariantError("grouped_mm_fallback needs a known number of groups.")
    ends = tf.unstack(tf.cast(offs, tf.int32), groups)
    starts = [tf.zeros([], tf.int32), *ends[:-1]]
    parts = [
        tf.matmul(input[start:end], weight[group])
        for group, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    rest = tf.zeros([shape_of(input)[0] - ends[-1], shape_of(weight)[2]], input.dtype)
    return tf.ensure_shape(tf.concat([*parts, rest], 0), [input.shape[0], weight.shape[2]])
