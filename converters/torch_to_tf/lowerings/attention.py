"""Scaled dot-product attention."""

from __future__ import annotations

import math

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import opmath, shape_of


@lower("aten.scaled_dot_product_attention.default")
def scaled_dot_product_attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    attn_mask: tf.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tf.Tensor:
    """``softmax(query @ key^T * scale + mask) @ value``.

    A boolean mask keeps where it is True, a floating-point mask is added. A row that a mask leaves
    nothing of gives 0. With ``enable_gqa`` each head of ``key`` and ``value`` serves a group of
    query heads.

    Shapes: query (..., L, E), key (..., S, E), value (..., S, Ev), attn_mask broadcastable to (...,
    L, S) -> (..., L, Ev). Dtypes: floating point; float16 and bfloat16 are computed in float32.
    Raises: UnsupportedVariantError with dropout.
    Source: PyTorch, torch.nn.functional.scaled_dot_product_attention.
    """
    _require_no_dropout(dropout_p)
    wide = opmath(query.dtype)
    scores, kept = _scores(
        tf.cast(query, wide), tf.cast(key, wide), attn_mask, is_causal, scale, grouped=enable_gqa
    )
    result = _weighted(tf.nn.softmax(scores), kept, tf.cast(value, wide), grouped=enable_gqa)
    return tf.cast(result, query.dtype)


@lower("aten._scaled_dot_product_flash_attention_for_cpu.default")
def scaled_dot_product_flash_attention_for_cpu(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    attn_mask: tf.Tensor | None = None,
    scale: float | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Attention as in :func:`scaled_dot_product_attention`, and the logarithm of its normaliser.

    Shapes: query (B, H, L, E), key and value (B, H, S, E) -> (B, H, L, E) and (B, H, L).
    Dtypes: floating point; the normaliser of 16-bit types is float32.
    Raises: UnsupportedVariantError with dropout.
    """
    _require_no_dropout(dropout_p)
    wide = opmath(query.dtype)
    scores, kept = _scores(
        tf.cast(query, wide), tf.cast(key, wide), attn_mask, is_causal, scale, grouped=False
    )
    result = _weighted(tf.nn.softmax(scores), kept, tf.cast(value, wide), grouped=False)
    return tf.cast(result, query.dtype), tf.reduce_logsumexp(scores, -1)


def _require_no_dropout(dropout_p: float) -> None:
    if dropout_p:
        raise UnsupportedVariantError(
            f"scaled_dot_product_attention(dropout_p={dropout_p}): dropout inside attention "
            "can't be converted. Convert the model with training=False, or set its attention "
            "dropout to 0."
        )


def _scores(
    query: tf.Tensor,
    key: tf.Tensor,
    mask: tf.Tensor | None,
    is_causal: bool,
    scale: float | None,
    *,
    grouped: bool,
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Scaled and masked scores, finite where a row is masked as a whole, and which rows are not.

    Shapes: query (..., L, E), key (..., S, E) -> (..., L, S), and None or broadcastable to (..., L,
    1).
    """
    length, features = shape_of(query)[-2:]
    scores = _per_group(
        query * _factor(scale, features, query.dtype), key, grouped=grouped, transpose_b=True
    )
    if is_causal:
        causal = tf.range(length)[:, tf.newaxis] >= tf.range(shape_of(key)[-2])
        mask = causal if mask is None else _both(mask, causal)
    if mask is None:
        return scores, None
    nothing = tf.constant(-math.inf, scores.dtype)
    if mask.dtype == tf.bool:
        kept = tf.reduce_any(mask, -1, keepdims=True)
        mask = tf.where(mask | ~kept, tf.zeros((), scores.dtype), nothing)
    else:
        mask = tf.cast(mask, scores.dtype)
        kept = tf.reduce_max(tf.stop_gradient(mask), -1, keepdims=True) != nothing
        mask = tf.where(kept, mask, tf.zeros((), scores.dtype))
    return scores + mask, kept


def _factor(scale: float | None, features: int | tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    if scale is not None:
        return tf.constant(scale, dtype)
    if isinstance(features, int):
        return tf.constant(1 / math.sqrt(features) if features else math.inf, dtype)
    return 1 / tf.sqrt(tf.cast(features, dtype))


def _both(mask: tf.Tensor, causal: tf.Tensor) -> tf.Tensor:
    if mask.dtype == tf.bool:
        return mask & causal
    return tf.where(causal, mask, tf.constant(-math.inf, mask.dtype))


def _weighted(
    weights: tf.Tensor, kept: tf.Tensor | None, value: tf.Tensor, *, grouped: bool
) -> tf.Tensor:
    """``weights @ value``, 0 in rows that are not kept."""
    result = _per_group(weights, value, grouped=grouped, transpose_b=False)
    return result if kept is None else tf.where(kept, result, tf.zeros((), result.dtype))


def _per_group(a: tf.Tensor, b: tf.Tensor, *, grouped: bool, transpose_b: bool) -> tf.Tensor:
    """``a @ b``; when ``grouped``, each head (axis -3) of ``b`` serves a group of ``a``'s.

    Nothing is copied: the heads of a group are rows of one product.
    """
    if not grouped:
        return tf.matmul(a, b, transpose_b=transpose_b)
    *leading, heads, rows, features = shape_of(a)
    groups = shape_of(b)[-3]
    stacked = tf.reshape(a, [*leading, groups, heads // groups * rows, features])
    product = tf.matmul(stacked, b, transpose_b=transpose_b)
    return tf.reshape(product, [*leading, heads, rows, shape_of(product)[-1]])
