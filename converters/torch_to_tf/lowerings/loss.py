"""Losses, for models that compute one in their forward pass."""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.activation import exact_softplus, log_softmax
from converters.torch_to_tf.lowerings.arithmetic import xlogy
from converters.torch_to_tf.lowerings.elementwise import abs as absolute
from converters.torch_to_tf.promotion import cast, computed, opmath, shape_of

NONE, MEAN, SUM = 0, 1, 2
"""PyTorch's numbers for the reductions of a loss."""


def _reduced(loss: tf.Tensor, reduction: int) -> tf.Tensor:
    wide = cast(loss, opmath(loss.dtype))
    if reduction == MEAN:
        return cast(tf.reduce_mean(wide), loss.dtype)
    return cast(tf.reduce_sum(wide), loss.dtype) if reduction == SUM else loss


@lower("aten.mse_loss.default")
def mse_loss(x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN) -> tf.Tensor:
    """Squared difference."""
    return _reduced(computed(lambda a, b: tf.square(a - b), x, target), reduction)


@lower("aten.l1_loss.default")
def l1_loss(x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN) -> tf.Tensor:
    """Absolute difference; of complex numbers a real one."""
    return _reduced(absolute(computed(tf.subtract, x, target)), reduction)


@lower("aten.smooth_l1_loss.default")
def smooth_l1_loss(
    x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN, beta: float = 1.0
) -> tf.Tensor:
    """Quadratic below ``beta``, linear above."""

    def smooth(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        gap = tf.abs(a - b)
        return tf.where(gap < beta, 0.5 * gap * gap / beta, gap - 0.5 * beta) if beta else gap

    return _reduced(computed(smooth, x, target), reduction)


@lower("aten.huber_loss.default")
def huber_loss(
    x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN, delta: float = 1.0
) -> tf.Tensor:
    """Quadratic up to ``delta``, linear above."""

    def huber(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        gap = tf.abs(a - b)
        return tf.where(gap <= delta, 0.5 * gap * gap, delta * (gap - 0.5 * delta))

    return _reduced(computed(huber, x, target), reduction)


@lower("aten.kl_div.default")
def kl_div(
    x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN, log_target: bool = False
) -> tf.Tensor:
    """Kullback-Leibler divergence of log-probabilities ``x`` from ``target``."""
    if log_target:
        loss = computed(lambda a, b: tf.exp(b) * (b - a), x, target)
    else:
        loss = xlogy(target, target) - target * x
    return _reduced(loss, reduction)


@lower("aten.binary_cross_entropy.default")
def binary_cross_entropy(
    x: tf.Tensor, target: tf.Tensor, weight: tf.Tensor | None = None, reduction: int = MEAN
) -> tf.Tensor:
    """Cross entropy of probabilities; logarithms are at least -100.

    Source: ATen Loss.cpp: the gradient divides by ``x * (1 - x)``, at least 1e-12.
    """

    @tf.custom_gradient
    def entropy(p: tf.Tensor, t: tf.Tensor) -> object:
        low = cast(-100, p.dtype)
        yes, no = tf.maximum(tf.math.log(p), low), tf.maximum(tf.math.log1p(-p), low)

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            slope = (p - t) / tf.maximum((1 - p) * p, cast(1e-12, p.dtype))
            return dy * slope, dy * (tf.math.log1p(-p) - tf.math.log(p))

        return (t - 1) * no - t * yes, gradient

    loss = computed(entropy, x, target)
    return _reduced(loss if weight is None else loss * weight, reduction)


@lower("aten.binary_cross_entropy_with_logits.default")
def binary_cross_entropy_with_logits(
    x: tf.Tensor,
    target: tf.Tensor,
    weight: tf.Tensor | None = None,
    pos_weight: tf.Tensor | None = None,
    reduction: int = MEAN,
) -> tf.Tensor:
    """Cross entropy of logits, written with ``log(sigmoid(x))``."""

    def entropy(a: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        log_sigmoid = -exact_softplus(-a)
        scale = 1 if pos_weight is None else (cast(pos_weight, a.dtype) - 1) * t + 1
        return (1 - t) * a - scale * log_sigmoid

    loss = computed(entropy, x, target)
    return _reduced(loss if weight is None else loss * weight, reduction)


@lower("aten.soft_margin_loss.default")
def soft_margin_loss(x: tf.Tensor, target: tf.Tensor, reduction: int = MEAN) -> tf.Tensor:
    """``log(1 + exp(-target * x))``."""
    return _reduced(computed(lambda a, t: exact_softplus(-t * a), x, target), reduction)


@lower("aten.nll_loss_nd.default", "aten.nll_loss.default", "aten.nll_loss2d.default")
def nll_loss(
    x: tf.Tensor,
    target: tf.Tensor,
    weight: tf.Tensor | None = None,
    reduction: int = MEAN,
    ignore_index: int = -100,
) -> tf.Tensor:
    """Negative log-likelihood of classes.

    Shapes: x (N, C, ...) or (C,), target (N, ...) or (). The mean is weighted; NaN if every target
    is ignored.
    """
    axis = 0 if x.shape.rank == 1 else 1
    log_probability = x if axis == x.shape.rank - 1 else _channel_last(x)
    ignored = target == cast(ignore_index, target.dtype)
    safe = tf.where(ignored, tf.zeros_like(target), target)
    picked = tf.gather(log_probability, safe, batch_dims=safe.shape.rank)
    factor = cast(tf.logical_not(ignored), x.dtype)
    if weight is not None:
        factor = factor * tf.gather(weight, safe)
    loss = tf.where(ignored, tf.zeros_like(picked), -picked * factor)
    return _weighted(loss, factor, reduction)


def _channel_last(x: tf.Tensor) -> tf.Tensor:
    return tf.transpose(x, [0, *range(2, x.shape.rank), 1])


def _weighted(loss: tf.Tensor, factor: tf.Tensor, reduction: int) -> tf.Tensor:
    if reduction != MEAN:
        return _reduced(loss, reduction)
    wide = opmath(loss.dtype)
    return cast(tf.reduce_sum(cast(loss, wide)) / tf.reduce_sum(cast(factor, wide)), loss.dtype)


@lower("aten.cross_entropy_loss.default")
def cross_entropy_loss(
    x: tf.Tensor,
    target: tf.Tensor,
    weight: tf.Tensor | None = None,
    reduction: int = MEAN,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> tf.Tensor:
    """Cross entropy of logits with classes, or with probabilities of every class.

    Shapes: x (N, C, ...) or (C,); target (N, ...) or () of integers, or of the shape of x.
    Source: ATen LossNLL.cpp.
    """
    axis = 0 if x.shape.rank == 1 else 1
    log_probability = log_softmax(x, axis)
    classes = shape_of(x)[axis]
    spread = None
    if weight is not None:
        spread = tf.reshape(weight, [-1 if a == axis else 1 for a in range(x.shape.rank)])
    if target.dtype.is_floating:
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / cast(classes, target.dtype)
        loss = log_probability * target if spread is None else log_probability * target * spread
        return _reduced(-tf.reduce_sum(loss, axis), reduction)
    hard = nll_loss(log_probability, target, weight, reduction, ignore_index)
    if not label_smoothing:
        return hard
    ignored = target == cast(ignore_index, target.dtype)
    every = log_probability if spread is None else log_probability * spread
    soft = tf.where(ignored, cast(0, x.dtype), -tf.reduce_sum(every, axis))
    factor = cast(tf.logical_not(ignored), x.dtype)
    if weight is not None:
        factor = factor * tf.gather(weight, tf.where(ignored, tf.zeros_like(target), target))
    smooth = _weighted(soft, factor, reduction)
    return hard * (1 - label_smoothing) + smooth * (label_smoothing / cast(classes, x.dtype))
