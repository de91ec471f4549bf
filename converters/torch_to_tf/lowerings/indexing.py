"""Elements chosen by index or by mask."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.logical import truth
from converters.torch_to_tf.promotion import (
    cast,
    normalized,
    runtime_number,
    same_shape,
    shape_of,
)

Indices = Sequence[tf.Tensor | None]


@lower("aten.embedding.default")
def embedding(
    weight: tf.Tensor,
    indices: tf.Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> tf.Tensor:
    """Rows of ``weight``. The row ``padding_idx`` gets no gradient.

    Shapes: weight (V, D), indices (...) -> (..., D).
    Raises: UnsupportedVariantError for ``scale_grad_by_freq``.
    """
    if scale_grad_by_freq:
        raise UnsupportedVariantError("embedding with scale_grad_by_freq=True; set it to False.")
    rows = tf.gather(weight, indices)
    if isinstance(padding_idx, int) and padding_idx < 0:
        return rows

    @tf.custom_gradient
    def kept(y: tf.Tensor) -> object:
        padding = tf.expand_dims(indices == cast(padding_idx, indices.dtype), -1)
        return tf.identity(y), lambda dy: tf.where(padding, tf.zeros_like(dy), dy)

    return kept(rows)


def take_along(x: tf.Tensor, index: tf.Tensor, axis: int) -> tf.Tensor:
    """``x[i, ..., index[i, ..., k], ...]`` with ``index`` along ``axis``.

    Shapes: x and index of one rank; outside ``axis`` index may be smaller than x. -> index's shape.
    """
    rank = x.shape.rank
    if rank == 0 or index.shape.rank == 0:
        return tf.gather(tf.reshape(x, [-1]), index)
    sizes, wanted = shape_of(x), shape_of(index)
    fits = [
        a is b or (isinstance(a, int) and isinstance(b, int) and a == b)
        for a, b in zip(sizes, wanted, strict=True)
    ]
    if not all(fit for place, fit in enumerate(fits) if place != axis):
        x = tf.slice(
            x, [0] * rank, [-1 if place == axis else wanted[place] for place in range(rank)]
        )
    if axis == rank - 1:
        return tf.gather(x, index, axis=axis, batch_dims=axis)
    order = [*(place for place in range(rank) if place != axis), axis]
    back = [order.index(place) for place in range(rank)]
    chosen = tf.gather(
        tf.transpose(x, order), tf.transpose(index, order), axis=rank - 1, batch_dims=rank - 1
    )
    return tf.transpose(chosen, back)


@lower("aten.gather.default", layout=along("dim"))
def gather(x: tf.Tensor, dim: int, index: tf.Tensor, sparse_grad: bool = False) -> tf.Tensor:
    """Elements of ``x`` at ``index`` along ``dim``.

    Shapes: x and index of one rank -> index's shape. Dtypes: all; index int32 or int64.
    """
    if index.shape.num_elements() == 0:
        return tf.zeros(shape_of(index), x.dtype)
    return take_along(x, index, normalized(dim, x.shape.rank))


@lower("aten.take_along_dim.default", layout=along("dim", required=True))
def take_along_dim(x: tf.Tensor, indices: tf.Tensor, dim: int | None = None) -> tf.Tensor:
    """As gather, with broadcasting; without ``dim`` on the flattened tensors.

    With ``dim``, PyTorch takes indices modulo the size, whatever they are.
    """
    if dim is None:
        flat = tf.reshape(x, [-1])
        return tf.gather(flat, wrapped(tf.reshape(indices, [-1]), shape_of(flat)[0]))
    rank = x.shape.rank
    axis = normalized(dim, rank)
    sizes, wanted = shape_of(x), shape_of(indices)
    indices = tf.math.floormod(indices, cast(sizes[axis], indices.dtype))
    outside = [_broadcast_size(sizes[place], wanted[place]) for place in range(rank)]
    x = tf.broadcast_to(
        x, [sizes[axis] if place == axis else outside[place] for place in range(rank)]
    )
    indices = tf.broadcast_to(
        indices, [wanted[axis] if place == axis else outside[place] for place in range(rank)]
    )
    return take_along(x, indices, axis)


def _broadcast_size(first: int | tf.Tensor, second: int | tf.Tensor) -> int | tf.Tensor:
    return second if isinstance(first, int) and first == 1 else first


def within(index: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """The same indices, none of which may be outside ``[0, size)``.

    TensorFlow on the CPU raises as PyTorch does. Compiled (XLA), or on a GPU, nothing raises.
    """
    if index.dtype not in (tf.int32, tf.int64):
        index = tf.cast(index, tf.int64)
    return tf.gather(tf.range(cast(size, index.dtype)), index)


def wrapped(index: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Negative indices counted from the end."""
    if index.dtype in (tf.int8, tf.int16, tf.uint8):
        index = tf.cast(index, tf.int64)
    return tf.where(index < 0, index + cast(size, index.dtype), index)


@lower("aten.index_select.default", layout=along("dim", plain=("index",)))
def index_select(x: tf.Tensor, dim: int, index: tf.Tensor) -> tf.Tensor:
    """Slices of ``x`` along ``dim``.

    Shapes: index (K,) or () -> x with size K along ``dim``.
    """
    if x.shape.rank == 0:
        return tf.reshape(tf.gather(tf.reshape(x, [1]), tf.reshape(index, [1])), [])
    return tf.gather(x, tf.reshape(index, [-1]), axis=normalized(dim, x.shape.rank))


@lower("aten.take.default")
def take(x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Elements of the flattened ``x``; negative indices count from the end."""
    flat = tf.reshape(x, [-1])
    return tf.gather(flat, wrapped(index, shape_of(flat)[0]))


def expanded(x: tf.Tensor, indices: Indices) -> list[tf.Tensor | None]:
    """One entry for each axis of ``x``: integer indices from 0, or None.

    Masks become their places.
    """
    entries: list[tf.Tensor | None] = []
    sizes = shape_of(x)
    for index in indices:
        if index is None:
            entries.append(None)
        elif index.dtype in (tf.bool, tf.uint8):
            places = tf.where(cast(index, tf.bool))
            entries.extend(tf.unstack(places, index.shape.rank, axis=1) if index.shape.rank else [])
        else:
            entries.append(wrapped(index, sizes[len(entries)]))
    return entries + [None] * (x.shape.rank - len(entries))


@lower("aten.index.Tensor", "aten._unsafe_index.Tensor")
def index(x: tf.Tensor, indices: Indices) -> tf.Tensor:
    """``x[indices]`` as NumPy has it: index tensors broadcast, None takes the whole axis.

    Shapes: where the indexed axes are neighbours the broadcast shape stands in their place,
    otherwise in front.
    Dtypes: all; indices int32, int64, bool (masks; the result's size is then known at run time
    only).
    """
    if x.shape.rank and any(
        i is not None and i.dtype == tf.bool and i.shape.rank == 0 for i in indices
    ):
        raise UnsupportedVariantError("indexing with a zero-dimensional mask; use torch.where.")
    entries = expanded(x, indices)
    axes = [axis for axis, entry in enumerate(entries) if entry is not None]
    chosen = [entry for entry in entries if entry is not None]
    if not axes:
        return tf.identity(x)
    if len(axes) == 1:
        return tf.gather(x, chosen[0], axis=axes[0])
    chosen = same_shape(*_one_type(chosen))
    rest = [axis for axis in range(len(entries)) if entries[axis] is None]
    order = axes + rest
    first = x if order == sorted(order) else tf.transpose(x, order)
    sizes = shape_of(first)
    flat = chosen[0]
    for place in range(1, len(axes)):
        flat = flat * cast(sizes[place], flat.dtype) + chosen[place]
    joined = tf.reshape(first, [-1, *sizes[len(axes) :]])
    result = tf.gather(joined, flat)
    if axes != list(range(axes[0], axes[0] + len(axes))) or axes[0] == 0:
        return result
    block = chosen[0].shape.rank
    front = list(range(block, block + axes[0]))
    return tf.transpose(result, [*front, *range(block), *range(block + axes[0], result.shape.rank)])


def _one_type(indices: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    same = all(entry.dtype == indices[0].dtype for entry in indices)
    return list(indices) if same else [tf.cast(entry, tf.int64) for entry in indices]


@lower("aten.masked_select.default")
def masked_select(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The elements where the mask holds, in one dimension.

    Both broadcast. The size is known at run time only.
    """
    if x.shape.rank == 0 and mask.shape.rank == 0:
        x = tf.reshape(x, [1])
    shape = tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(mask))
    flat = tf.reshape(tf.broadcast_to(x, shape), [-1])
    return tf.boolean_mask(flat, tf.reshape(tf.broadcast_to(cast(mask, tf.bool), shape), [-1]))


@lower("aten.nonzero.default", "aten.argwhere.default")
def nonzero(x: tf.Tensor) -> tf.Tensor:
    """The places of elements that are not 0, a row each.

    The number of rows is known at run time only.
    """
    if x.shape.rank == 0:
        return tf.zeros([tf.cast(truth(x), tf.int32), 0], tf.int64)
    return tf.where(truth(x))


@lower("aten.nonzero_static.default")
def nonzero_static(x: tf.Tensor, size: int, fill_value: int = -1) -> tf.Tensor:
    """The first ``size`` rows of :func:`nonzero`, filled up with ``fill_value``."""
    found = nonzero(x)[:size]
    missing = [[0, size - tf.shape(found)[0]], [0, 0]]
    filled = tf.pad(found, missing, constant_values=tf.constant(fill_value, tf.int64))
    return tf.ensure_shape(filled, [size, x.shape.rank])


@lower("aten.nonzero_numpy.default")
def nonzero_columns(x: tf.Tensor) -> list[tf.Tensor]:
    """The places of elements that are not 0, a tensor for each axis."""
    if x.shape.rank == 0:
        x = tf.reshape(x, [1])
    return tf.unstack(nonzero(x), x.shape.rank, axis=1)


@lower("aten.where.default")
def places(condition: tf.Tensor) -> list[tf.Tensor]:
    """The places where the condition holds, a tensor for each axis."""
    return nonzero_columns(condition)


@lower("aten.one_hot.default")
def one_hot(x: tf.Tensor, num_classes: int = -1) -> tf.Tensor:
    """1 at the place that ``x`` names along a new last axis, 0 elsewhere, in int64."""
    classes = num_classes
    if isinstance(classes, int) and classes < 0:
        classes = tf.cast(tf.reduce_max(x) + 1, tf.int32)
    return tf.one_hot(within(x, classes), classes, dtype=tf.int64)


@lower("aten.item.default", "aten._local_scalar_dense.default")
def item(x: tf.Tensor) -> tf.Tensor:
    """The only element, as a number that is known at run time."""
    return runtime_number(tf.reshape(x, []))
