"""Views by strides. They read a contiguous tensor; the capture refuses any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of

Size: TypeAlias = int | tf.Tensor


def _places(size: Sequence[Size], stride: Sequence[Size], offset: Size | None) -> tf.Tensor:
    """The place of each element of the view in the flattened tensor. Shapes: -> size."""
    places = cast(0 if offset is None else offset, tf.int32)
    for length, step in zip(size, stride, strict=True):
        places = places[..., tf.newaxis] + tf.range(length) * step
    return places


@lower("aten.as_strided.default", "aten.as_strided_copy.default")
def as_strided(
    x: tf.Tensor,
    size: Sequence[Size],
    stride: Sequence[Size],
    storage_offset: Size | None = None,
) -> tf.Tensor:
    """The elements at ``offset + sum(index * stride)``. Shapes: x (...) -> size."""
    return tf.gather(tf.reshape(x, [-1]), _places(size, stride, storage_offset))


@lower("aten.as_strided_scatter.default")
def as_strided_scatter(
    x: tf.Tensor,
    src: tf.Tensor,
    size: Sequence[Size],
    stride: Sequence[Size],
    storage_offset: Size | None = None,
) -> tf.Tensor:
    """``x`` with :func:`as_strided` of it replaced by ``src``.

    Shapes: x (...), src size -> (...).
    Differs: the gradient of x. PyTorch 2.13's is that of the elements which were overwritten, and 0
    for those that were kept.
    """
    places = tf.reshape(_places(size, stride, storage_offset), [-1, 1])
    values = tf.reshape(cast(src, x.dtype), [-1])
    flat = tf.tensor_scatter_nd_update(tf.reshape(x, [-1]), places, values)
    return tf.reshape(flat, shape_of(x))
