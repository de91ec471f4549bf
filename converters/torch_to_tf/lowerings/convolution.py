"""Convolutions, channels last."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.layout import channels_last, conv_kernel_axes
from converters.torch_to_tf.lowerings import lower

_CONV = channels_last({"weight": conv_kernel_axes})


@lower("aten.conv2d.default", layout=_CONV)
def conv2d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> tf.Tensor:
    """2-D cross-correlation."""
    paddings = [(0, 0), *((p, p) for p in padding), (0, 0)]
    channels = input.shape[-1]
    if groups == channels and groups > 1:
        raise NotImplementedError
    result = tf.nn.conv2d(input, weight, list(stride), paddings, dilations=list(dilation))
    return result if bias is None else result + bias
