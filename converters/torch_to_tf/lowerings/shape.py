"""Operators that move or describe elements without computing."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of

Size = int | tf.Tensor


@lower("aten.view.default")
def view(x: tf.Tensor, size: Sequence[Size]) -> tf.Tensor:
    """The same elements in another shape; one size may be -1."""
    return tf.reshape(x, list(size))


@lower("aten.flatten.using_ints")
def flatten(x: tf.Tensor, start_dim: int = 0, end_dim: int = -1) -> tf.Tensor:
    """Join the axes ``start_dim`` to ``end_dim``."""
    shape = shape_of(x)
    rank = len(shape)
    if rank == 0:
        return tf.reshape(x, [1])
    start, end = start_dim % rank, end_dim % rank
    return tf.reshape(x, [*shape[:start], -1, *shape[end + 1 :]])


@lower("aten.transpose.int")
def transpose(x: tf.Tensor, dim0: int, dim1: int) -> tf.Tensor:
    """Swap two axes."""
    order = list(range(x.shape.rank))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return tf.transpose(x, order)


@lower("aten.permute.default")
def permute(x: tf.Tensor, dims: Sequence[int]) -> tf.Tensor:
    """Reorder the axes."""
    return tf.transpose(x, [d % x.shape.rank for d in dims]) if len(dims) else x


@lower("aten.sym_size.int", layout=along("dim"))
def sym_size(x: tf.Tensor, dim: int) -> Size:
    """One size: a number where it is static, an int32 scalar where not."""
    return shape_of(x)[dim]
