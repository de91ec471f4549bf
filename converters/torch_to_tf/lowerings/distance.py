"""Distances and similarities between vectors."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import floating, shape_of

_SWITCH = 25
"""From more rows than this on, PyTorch's cdist computes Euclidean distances by a matrix product."""


@lower("aten.cdist.default")
def cdist(
    x1: tf.Tensor, x2: tf.Tensor, p: float = 2.0, compute_mode: int | None = None
) -> tf.Tensor:
    """The p-norm of every difference between a row of one and a row of the other.

    Euclidean distances of more than 25 rows come from ``|a|^2 + |b|^2 - 2ab`` as in PyTorch, which
    cancels for rows that nearly coincide; ``compute_mode`` 1 always does that, 2 never. Sizes that
    are open count as more than 25.

    Shapes: x1 (..., P, M), x2 (..., R, M), leading axes broadcast -> (..., P, R). Dtypes: floating
    point.
    Source: PyTorch, torch.cdist.
    """
    large = any(size is None or size > _SWITCH for size in (x1.shape[-2], x2.shape[-2]))
    if p == 2 and (compute_mode == 1 or (not compute_mode and large)):
        squares = (tf.reduce_sum(x * x, -1, keepdims=True) for x in (x1, x2))
        first, second = squares
        product = tf.matmul(x1, x2, transpose_b=True)
        return _root(first + tf.linalg.matrix_transpose(second) - 2 * product)
    return _norm(x1[..., :, tf.newaxis, :] - x2[..., tf.newaxis, :, :], p)


@lower("aten._cdist_forward.default")
def cdist_forward(x1: tf.Tensor, x2: tf.Tensor, p: float, compute_mode: int | None) -> tf.Tensor:
    """:func:`cdist` without defaults."""
    return cdist(x1, x2, p, compute_mode)


@lower("aten._pdist_forward.default")
def pdist_forward(x: tf.Tensor, p: float = 2.0) -> tf.Tensor:
    """The p-norm of the difference of every row and every row behind it.

    Shapes: x (N, M) -> (N (N - 1) / 2,). Dtypes: floating point.
    """
    numbers = tf.range(shape_of(x)[0])
    pairs = tf.where(numbers[:, tf.newaxis] < numbers)
    return _norm(tf.gather(x, pairs[:, 0]) - tf.gather(x, pairs[:, 1]), p)


def _root(squares: tf.Tensor) -> tf.Tensor:
    """Square root, 0 with gradient 0 where nothing is left."""
    positive = ~(squares <= 0)
    return tf.where(
        positive,
        tf.sqrt(tf.where(positive, squares, tf.ones_like(squares))),
        tf.zeros_like(squares),
    )


def _norm(x: tf.Tensor, p: float) -> tf.Tensor:
    """The p-norm over the last axis, with gradient 0 at 0."""
    if p == 0:
        return tf.reduce_sum(tf.cast(x != 0, x.dtype), -1)
    if p == 1:
        return tf.reduce_sum(tf.abs(x), -1)
    if p == 2:
        return _root(tf.reduce_sum(x * x, -1))
    if p == float("inf"):
        return tf.reduce_max(tf.abs(x), -1) if x.shape[-1] != 0 else tf.reduce_sum(x, -1)
    powers = tf.reduce_sum(tf.pow(_root(x * x), tf.constant(p, x.dtype)), -1)
    positive = ~(powers <= 0)
    safe = tf.where(positive, powers, tf.ones_like(powers))
    return tf.where(positive, tf.pow(safe, tf.constant(1 / p, x.dtype)), tf.zeros_like(powers))


@lower("aten.cosine_similarity.default")
def cosine_similarity(x1: tf.Tensor, x2: tf.Tensor, dim: int = 1, eps: float = 1e-08) -> tf.Tensor:
    """Cosine of the angle between vectors along an axis; norms are at least ``eps``.

    Shapes: x1 and x2 broadcast; the axis is reduced. Dtypes: floating point, promoted; 16-bit types
    in float32.
    Source: PyTorch, torch.nn.functional.cosine_similarity, which divides each side by its norm
    first.
    """
    a, b = floating(x1, x2)
    dtype = a.dtype
    wide = tf.float32 if dtype in (tf.float16, tf.bfloat16) else dtype
    a, b = _same_shape(tf.cast(a, wide), tf.cast(b, wide))
    if a.shape.rank == 0:
        a, b = a[tf.newaxis], b[tf.newaxis]
    bound = _at_least(eps)
    unit = [x / bound(_root(tf.reduce_sum(x * x, dim, keepdims=True))) for x in (a, b)]
    return tf.cast(tf.reduce_sum(unit[0] * unit[1], dim), dtype)


def _same_shape(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    if a.shape.is_fully_defined() and a.shape == b.shape:
        return a, b
    shape = tf.broadcast_dynamic_shape(tf.shape(a), tf.shape(b))
    return tf.broadcast_to(a, shape), tf.broadcast_to(b, shape)


def _at_least(bound: float) -> Callable[[tf.Tensor], tf.Tensor]:
    """A lower bound that PyTorch's autograd does not see: the gradient passes through."""

    @tf.custom_gradient
    def clamp(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.maximum(x, tf.constant(bound, x.dtype)), lambda upstream: upstream

    return clamp
