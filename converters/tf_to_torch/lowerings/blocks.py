"""Blocks of images moved between axes."""

from __future__ import annotations

import math

import torch.nn.functional as F

from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower
from converters.tf_to_torch.lowerings.windows import require_channels_last


@lower("tf.SpaceToBatchND")
def space_to_batch_nd(input: Tensor, block_shape: Sizes, paddings: Sizes) -> Tensor:
    """Every ``block_shape``-th element of each spatial axis goes to an image of its own.

    Shapes: input (N, *spatial, ...) -> (N * prod(block), *(padded / block), ...). Dtypes: all.
    """
    blocks, count = list(block_shape), len(block_shape)
    behind = input.ndim - 1 - count
    amounts = [0, 0] * behind + [size for pair in reversed(list(paddings)) for size in pair]
    x = F.pad(input, amounts) if any(_is_some(size) for size in amounts) else input
    batch, spatial, rest = x.shape[0], list(x.shape[1 : count + 1]), list(x.shape[count + 1 :])
    split = [s for size, b in zip(spatial, blocks, strict=True) for s in (size // b, b)]
    x = x.reshape([batch, *split, *rest])
    inner = [2 + 2 * place for place in range(count)]
    outer = [1 + 2 * place for place in range(count)]
    x = x.permute([*inner, 0, *outer, *range(1 + 2 * count, x.ndim)])
    small = [size // b for size, b in zip(spatial, blocks, strict=True)]
    return x.reshape([batch * math.prod(blocks), *small, *rest])


def _is_some(size: object) -> bool:
    return not isinstance(size, int) or size != 0


@lower("tf.BatchToSpaceND")
def batch_to_space_nd(input: Tensor, block_shape: Sizes, crops: Sizes) -> Tensor:
    """The reverse of :func:`space_to_batch_nd`, cropped.

    Shapes: input (N * prod(block), *spatial, ...) -> (N, *(spatial * block - crops), ...).
    """
    blocks, count = list(block_shape), len(block_shape)
    spatial, rest = list(input.shape[1 : count + 1]), list(input.shape[count + 1 :])
    batch = input.shape[0] // math.prod(blocks)
    x = input.reshape([*blocks, batch, *spatial, *rest])
    order = [count]
    for place in range(count):
        order += [count + 1 + place, place]
    x = x.permute([*order, *range(2 * count + 1, x.ndim)])
    x = x.reshape([batch, *[s * b for s, b in zip(spatial, blocks, strict=True)], *rest])
    for place, (before, after) in enumerate(crops):
        size = x.shape[1 + place]
        x = x.narrow(1 + place, before, size - before - after)
    return x


@lower("tf.DepthToSpace", layout=channels_first())
def depth_to_space(input: Tensor, block_size: int, data_format: str = "NHWC") -> Tensor:
    """Channels to blocks of pixels; TensorFlow counts the block before the channel.

    Shapes: input (N, b * b * C, H, W) -> (N, C, b * H, b * W). Dtypes: all.
    """
    require_channels_last(data_format)
    n, c, h, w = input.shape
    b = block_size
    x = input.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // (b * b), h * b, w * b)


@lower("tf.SpaceToDepth", layout=channels_first())
def space_to_depth(input: Tensor, block_size: int, data_format: str = "NHWC") -> Tensor:
    """The reverse of :func:`depth_to_space`.

    Shapes: input (N, C, b * H, b * W) -> (N, b * b * C, H, W). Dtypes: all.
    """
    require_channels_last(data_format)
    n, c, h, w = input.shape
    b = block_size
    x = input.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, b * b * c, h // b, w // b)
