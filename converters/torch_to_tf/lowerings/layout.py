"""The operators that the layout passes add to a graph."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of


@lower("layout.transpose")
def transpose(x: tf.Tensor, axes: tuple[int, ...], lead: int) -> tf.Tensor:
    """Add ``lead`` axes of size 1 in front, then permute.

    Where only axes of size 1 change their place, the numbers stay where they are and this is a
    reshape.

    Shapes: x (...) -> the permuted shape. Dtypes: all.
    """
    if tuple(axes) == tuple(range(len(axes))) and lead == 0:
        return tf.identity(x)  # a tensor of its own, for the same numbers mean other axes now
    shape = [1] * lead + shape_of(x)
    moving = [axis for axis in axes if not (isinstance(shape[axis], int) and shape[axis] == 1)]
    if moving == sorted(moving):
        return tf.reshape(x, [shape[axis] for axis in axes])
    return tf.transpose(tf.reshape(x, shape) if lead else x, axes)


@lower("layout.reshape")
def reshape(x: tf.Tensor, spatial: tuple[int, ...]) -> tf.Tensor:
    """Rearrange what lies between batch and channels of a channels-last tensor.

    Shapes: x (N, ..., C) -> (N, *spatial, C). Dtypes: all.
    """
    shape = shape_of(x)
    return tf.reshape(x, [shape[0], *spatial, shape[-1]])


@lower("layout.batch")
def batch(x: tf.Tensor) -> tf.Tensor:
    """Add a batch axis of size 1.

    Shapes: x (...) -> (1, ...). Dtypes: all.
    """
    return x[None]


@lower("layout.unbatch")
def unbatch(xs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Drop the batch axis that :func:`batch` added.

    Shapes: each of xs (1, ...) -> (...). Dtypes: all.
    """
    return [tf.squeeze(x, 0) for x in xs]
