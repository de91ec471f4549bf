"""Elements repeated, reversed, rotated, or kept on one side of a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import Layout, Order, along, channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.indexing import within
from converters.torch_to_tf.promotion import cast, is_number, normalized, shape_of

Size: TypeAlias = int | tf.Tensor


@lower("aten.repeat.default", layout=Layout(Order.any, per_axis=("repeats",)))
def repeat(x: tf.Tensor, repeats: Sequence[Size]) -> tf.Tensor:
    """The tensor laid side by side ``repeats`` times along every axis.

    More entries add axes in front.
    """
    return _tiled(x, repeats)


@lower("aten.tile.default")
def tile(x: tf.Tensor, dims: Sequence[Size]) -> tf.Tensor:
    """As repeat; missing entries in front count as 1."""
    return _tiled(x, [1] * (x.shape.rank - len(dims)) + list(dims))


def _tiled(x: tf.Tensor, repeats: Sequence[Size]) -> tf.Tensor:
    lead = len(repeats) - x.shape.rank
    if lead:
        x = tf.reshape(x, [1] * lead + shape_of(x))
    return tf.tile(x, list(repeats)) if len(repeats) else tf.identity(x)


@lower("aten.repeat_interleave.self_int", layout=along("dim", required=True))
def repeat_interleave(
    x: tf.Tensor, repeats: Size, dim: int | None = None, output_size: Size | None = None
) -> tf.Tensor:
    """Every slice along ``dim`` several times in a row; without ``dim`` on the flattened tensor."""
    if dim is None or x.shape.rank == 0:
        return tf.repeat(tf.reshape(x, [-1]), repeats)
    return tf.repeat(x, repeats, normalized(dim, x.shape.rank))


@lower(
    "aten.repeat_interleave.self_Tensor",
    layout=Layout(Order.any, dims=("dim",), plain=("repeats",), required=("dim",)),
)
def repeat_interleave_each(
    x: tf.Tensor, repeats: tf.Tensor, dim: int | None = None, output_size: Size | None = None
) -> tf.Tensor:
    """As repeat_interleave, with a count for every slice."""
    return repeat_interleave(x, _counts(repeats), dim, output_size)


@lower("aten.repeat_interleave.Tensor")
def repeat_interleave_places(repeats: tf.Tensor, output_size: Size | None = None) -> tf.Tensor:
    """The place of every count, as often as it says."""
    return tf.repeat(tf.range(tf.shape(repeats)[0], dtype=repeats.dtype), _counts(repeats))


def _counts(repeats: tf.Tensor) -> tf.Tensor:
    """The same counts, none of which may be negative: TensorFlow would take those for 0."""
    return repeats + within(tf.minimum(repeats, 0), 1)


@lower("aten.roll.default", layout=along("dims", required=True))
def roll(x: tf.Tensor, shifts: int | Sequence[Size], dims: int | Sequence[int] = ()) -> tf.Tensor:
    """Elements moved on along axes, those that fall off coming in again.

    Without axes on the flattened tensor.
    """
    steps = [shifts] if not isinstance(shifts, tuple | list) else list(shifts)
    axes = [dims] if isinstance(dims, int) else list(dims)
    if x.shape.rank == 0:
        return tf.identity(x)
    if not axes:
        return tf.reshape(tf.roll(tf.reshape(x, [-1]), steps[0], 0), shape_of(x))
    return tf.roll(x, steps, [normalized(axis, x.shape.rank) for axis in axes])


@lower("aten.flip.default", layout=along("dims"))
def flip(x: tf.Tensor, dims: Sequence[int]) -> tf.Tensor:
    """Reversed along the given axes."""
    axes = [normalized(axis, x.shape.rank) for axis in dims] if x.shape.rank else []
    return tf.reverse(x, axes) if axes else tf.identity(x)


@lower("aten.fliplr.default")
def fliplr(x: tf.Tensor) -> tf.Tensor:
    """Reversed along axis 1."""
    return tf.reverse(x, [1])


@lower("aten.flipud.default")
def flipud(x: tf.Tensor) -> tf.Tensor:
    """Reversed along axis 0."""
    return tf.reverse(x, [0])


def _distance(x: tf.Tensor) -> tf.Tensor:
    """Column less row of every element of the last two axes, in int32."""
    rows, columns = shape_of(x)[-2:]
    return tf.range(columns) - tf.expand_dims(tf.range(rows), 1)


def _side(diagonal: Size) -> tf.Tensor | int:
    """A bound that fits int32: beyond every matrix's corners it makes no difference."""
    if is_number(diagonal) and isinstance(diagonal, int):
        return max(min(diagonal, 2**31 - 1), -(2**31))
    return cast(diagonal, tf.int32)


@lower("aten.tril.default")
def tril(x: tf.Tensor, diagonal: Size = 0) -> tf.Tensor:
    """The last two axes on and below a diagonal; 0 above it, also where NaN stood."""
    return tf.where(_distance(x) <= _side(diagonal), x, tf.zeros_like(x))


@lower("aten.triu.default")
def triu(x: tf.Tensor, diagonal: Size = 0) -> tf.Tensor:
    """The last two axes on and above a diagonal; 0 below it, also where NaN stood."""
    return tf.where(_distance(x) >= _side(diagonal), x, tf.zeros_like(x))


@lower("aten.diagonal.default")
def diagonal(x: tf.Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> tf.Tensor:
    """The elements on a diagonal of two axes, as a new last axis."""
    rank = x.shape.rank
    first, second = normalized(dim1, rank), normalized(dim2, rank)
    matrix = tf.transpose(x, [a for a in range(rank) if a not in (first, second)] + [first, second])
    *_, rows, columns = shape_of(matrix)
    length = tf.minimum(rows + min(offset, 0), columns - max(offset, 0))
    places = tf.range(tf.maximum(length, 0))
    flat = tf.reshape(matrix, [*shape_of(matrix)[:-2], rows * columns])
    return tf.gather(flat, (places - min(offset, 0)) * columns + places + max(offset, 0), axis=-1)


@lower("aten.diag_embed.default")
def diag_embed(x: tf.Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> tf.Tensor:
    """The last axis on a diagonal of two new axes, 0 elsewhere."""
    rank = x.shape.rank + 1
    matrix = (
        tf.linalg.diag(x, k=offset)
        if x.dtype != tf.bool
        else cast(tf.linalg.diag(tf.cast(x, tf.int32), k=offset), tf.bool)
    )
    first, second = dim1 % rank, dim2 % rank
    order = list(range(rank - 2))
    for place, axis in sorted(((first, rank - 2), (second, rank - 1))):
        order.insert(place, axis)
    return tf.transpose(matrix, order)


@lower("aten.pixel_shuffle.default", layout=channels_last())
def pixel_shuffle(x: tf.Tensor, upscale_factor: int) -> tf.Tensor:
    """Blocks of channels become blocks of pixels.

    Shapes: (..., C r r, H, W) -> (..., C, H r, W r).
    Differs: ``tf.nn.depth_to_space`` takes the channels in another order.
    """
    moved, order = _images(x)
    *lead, height, width, channels = shape_of(moved)
    r = upscale_factor
    blocks = tf.reshape(moved, [-1, height, width, channels // (r * r), r, r])
    blocks = tf.transpose(blocks, [0, 1, 4, 2, 5, 3])
    result = tf.reshape(blocks, [*lead, height * r, width * r, channels // (r * r)])
    return result if order is None else tf.transpose(result, order)


@lower("aten.pixel_unshuffle.default", layout=channels_last())
def pixel_unshuffle(x: tf.Tensor, downscale_factor: int) -> tf.Tensor:
    """Blocks of pixels become blocks of channels.

    Shapes: (..., C, H r, W r) -> (..., C r r, H, W).
    """
    moved, order = _images(x)
    *lead, height, width, channels = shape_of(moved)
    r = downscale_factor
    blocks = tf.reshape(moved, [-1, height // r, r, width // r, r, channels])
    blocks = tf.transpose(blocks, [0, 1, 3, 5, 2, 4])
    result = tf.reshape(blocks, [*lead, height // r, width // r, channels * r * r])
    return result if order is None else tf.transpose(result, order)


def _images(x: tf.Tensor) -> tuple[tf.Tensor, list[int] | None]:
    """The tensor as (..., H, W, C), and the order of axes back to where ``x`` has them.

    ``x`` has its axis 1 last if its rank is 3 to 5, which puts the channels last only for rank 4.
    """
    rank = x.shape.rank
    if rank == 4:
        return x, None
    logical = [0, rank - 1, *range(1, rank - 1)] if rank in (3, 5) else list(range(rank))
    lead, (channels, height, width) = logical[:-3], logical[-3:]
    order = [*lead, height, width, channels]
    return tf.transpose(x, order), [order.index(axis) for axis in range(rank)]


@lower("aten.channel_shuffle.default", layout=channels_last())
def channel_shuffle(x: tf.Tensor, groups: int) -> tf.Tensor:
    """Channels dealt out of ``groups`` equal groups in turn. Shapes: x (N, C, ...) -> the same."""
    shape = shape_of(x)
    axis = len(shape) - 1 if 3 <= len(shape) <= 5 else 1
    order = list(range(len(shape) + 1))
    order[axis], order[axis + 1] = axis + 1, axis
    parts = tf.reshape(x, [*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]])
    return tf.reshape(tf.transpose(parts, order), shape)
