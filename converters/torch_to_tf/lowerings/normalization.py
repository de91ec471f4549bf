"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower


@lower("aten.batch_norm.default", layout=channels_last(plain=("weight", "bias", "running_mean", "running_var")))
def batch_norm(
    input: tf.Tensor,
    weight: tf.Tensor | None,
    bias: tf.Tensor | None,
    running_mean: tf.Tensor | None,
    running_var: tf.Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> tf.Tensor:
    """Normalise each channel."""
    scale = weight * tf.math.rsqrt(running_var + eps)
    return input * scale + (bias - running_mean * scale)


@lower("aten.layer_norm.default")
def layer_norm(
    input: tf.Tensor,
    normalized_shape: Sequence[int],
    weight: tf.Tensor | None = None,
    bias: tf.Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> tf.Tensor:
    """Normalise over the last ``len(normalized_shape)`` axes."""
    axes = list(range(-len(normalized_shape), 0))
    mean = tf.reduce_mean(input, axes, keepdims=True)
    centred = input - mean
    variance = tf.reduce_mean(tf.square(centred), axes, keepdims=True)
    result = centred * tf.math.rsqrt(variance + eps)
    result = result if weight is None else result * weight
    return result if bias is None else result + bias
