"""Pooling, channels last."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower


@lower("aten.max_pool2d.default", layout=channels_last())
def max_pool2d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    ceil_mode: bool = False,
) -> tf.Tensor:
    """Maximum over windows."""
    paddings = [(0, 0), *((p, p) for p in padding), (0, 0)]
    return tf.nn.max_pool2d(x, list(kernel_size), list(stride), paddings)


@lower("aten.adaptive_avg_pool2d.default", layout=channels_last())
def adaptive_avg_pool2d(x: tf.Tensor, output_size: Sequence[int]) -> tf.Tensor:
    """Mean over windows that tile the input."""
    return tf.reduce_mean(x, [1, 2], keepdims=True)
