"""Products of groups of rows, each with a matrix of its own: mixtures of experts."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of


@lower("aten._grouped_mm.default")
def grouped_mm(
    x: tf.Tensor,
    mat2: tf.Tensor,
    offs: tf.Tensor | None = None,
    bias: tf.Tensor | None = None,
    out_dtype: tf.DType | None = None,
) -> tf.Tensor:
    """Rows up to each offset times that group's matrix.

    Shapes: x (n, k), sorted by group, mat2 (g, k, m), offs (g,), where each group ends -> (n, m).
    """
    if x.shape.rank != 2 or mat2.shape.rank != 3 or offs is None or bias is not None:
        raise UnsupportedVariantError(
            "_grouped_mm is supported for rows (n, k) with matrices (g, k, m) and offsets, without "
            "bias."
        )
    result = grouped_mm_fallback(x, mat2, offs)
    return result if out_dtype is None else tf.cast(result, out_dtype)


@lower("transformers.grouped_mm_fallback.default")
def grouped_mm_fallback(input: tf.Tensor, weight: tf.Tensor, offs: tf.Tensor) -> tf.Tensor:
    """As :func:`grouped_mm`; rows behind the last offset are 0.

    The number of groups has to be known. Source: transformers, integrations/moe.py.
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
