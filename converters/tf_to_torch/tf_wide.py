"""TensorFlow's operators without a kernel for float64, as compositions that have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf


def fused_batch_norm_v3(
    x: tf.Tensor,
    scale: tf.Tensor,
    offset: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    epsilon: float,
    exponential_avg_factor: float,
    data_format: str,
    is_training: bool,
    U: object = None,  # noqa: ARG001, N803  # an argument of the operator's
) -> Sequence[tf.Tensor]:
    """Batch normalisation.

    Shapes: x (N, ..., C), the others (C) -> the same, then five of (C).
    """
    axis = 1 if data_format.startswith("NC") else x.shape.rank - 1
    shape = [1] * x.shape.rank
    shape[axis] = -1
    if is_training:
        axes = [place for place in range(x.shape.rank) if place != axis]
        center = tf.reduce_mean(x, axes)
        spread = tf.reduce_mean(tf.square(x - tf.reshape(center, shape)), axes)
        count = tf.cast(tf.size(x) // tf.size(center), x.dtype)
        unbiased = spread * count / tf.maximum(count - 1, 1)
        running = (
            [
                (1 - exponential_avg_factor) * old + exponential_avg_factor * new
                for old, new in ((mean, center), (variance, unbiased))
            ]
            if exponential_avg_factor != 1.0
            else [center, unbiased]
        )
    else:
        center, spread, running = mean, variance, [mean, variance]
    factor = scale / tf.sqrt(spread + tf.constant(epsilon, x.dtype))
    shifted = x - tf.reshape(center, shape)
    result = shifted * tf.reshape(factor, shape) + tf.reshape(offset, shape)
    return [result, *running, center, spread, tf.zeros([0], x.dtype)]


WIDE: Mapping[str, Callable[..., object]] = {
    "tf.FusedBatchNormV3": fused_batch_norm_v3,
    "tf.FusedBatchNormV2": lambda **given: fused_batch_norm_v3(**given)[:5],
}
