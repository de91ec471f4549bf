"""The same elements in another shape, order of axes, or type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY, Layout, Order, along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    cast,
    normalized,
    runtime_number,
    shape_of,
)

Size: TypeAlias = int | tf.Tensor
_ALONG = along("dim")


@lower("aten.view.default", "aten._unsafe_view.default", "aten.view_copy.default")
def view(x: tf.Tensor, size: Sequence[Size]) -> tf.Tensor:
    """The same elements in another shape; one size may be -1."""
    return _reshaped(x, size)


@lower("aten.reshape.default")
def reshape(x: tf.Tensor, shape: Sequence[Size]) -> tf.Tensor:
    """The same elements in another shape; one size may be -1."""
    return _reshaped(x, shape)


def _reshaped(x: tf.Tensor, size: Sequence[Size]) -> tf.Tensor:
    return tf.reshape(x, list(size) if len(size) else tf.zeros([0], tf.int32))


@lower("aten.view_as.default", "aten.reshape_as.default")
def view_as(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The same elements in the shape of ``other``."""
    return _reshaped(x, shape_of(other))


@lower("aten.flatten.using_ints")
def flatten(x: tf.Tensor, start_dim: int = 0, end_dim: int = -1) -> tf.Tensor:
    """Join the axes ``start_dim`` to ``end_dim``."""
    shape = shape_of(x)
    rank = len(shape)
    if rank == 0:
        return tf.reshape(x, [1])
    start, end = start_dim % rank, end_dim % rank
    return tf.reshape(x, [*shape[:start], _joined(shape[start : end + 1]), *shape[end + 1 :]])


def _joined(sizes: Sequence[Size]) -> Size:
    """The product of the sizes."""
    product: Size = 1
    for size in sizes:
        product = size * product
    return product


@lower("aten.ravel.default")
def ravel(x: tf.Tensor) -> tf.Tensor:
    """All elements in one dimension."""
    return tf.reshape(x, [-1])


@lower("aten.unflatten.int")
def unflatten(x: tf.Tensor, dim: int, sizes: Sequence[Size]) -> tf.Tensor:
    """Split one axis into several; one size may be -1."""
    shape = shape_of(x)
    axis = normalized(dim, len(shape))
    return tf.reshape(x, [*shape[:axis], *_resolved(sizes, shape[axis]), *shape[axis + 1 :]])


def _resolved(sizes: Sequence[Size], total: Size) -> list[Size]:
    """The sizes with -1 worked out, so that empty tensors reshape too."""
    known: Size = 1
    for size in sizes:
        if not (isinstance(size, int) and size == -1):
            known = size * known
    if isinstance(known, int) and known == 0:
        return list(sizes)
    return [total // known if isinstance(size, int) and size == -1 else size for size in sizes]


@lower("aten.squeeze.default")
def squeeze(x: tf.Tensor) -> tf.Tensor:
    """Drop every axis of size 1 (a size known at run time only counts as another)."""
    return _without(x, [axis for axis, size in enumerate(x.shape) if size == 1])


@lower("aten.squeeze.dim", "aten.squeeze.dims", layout=_ALONG)
def squeeze_dim(x: tf.Tensor, dim: int | Sequence[int]) -> tf.Tensor:
    """Drop the given axes where they have size 1."""
    rank = x.shape.rank
    axes = (
        {normalized(d, rank) for d in ([dim] if isinstance(dim, int) else dim)} if rank else set()
    )
    return _without(x, [axis for axis in axes if x.shape[axis] == 1])


def _without(x: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
    return tf.squeeze(x, sorted(axes)) if axes else tf.identity(x)


@lower("aten.unsqueeze.default")
def unsqueeze(x: tf.Tensor, dim: int) -> tf.Tensor:
    """A new axis of size 1."""
    return tf.expand_dims(x, dim % (x.shape.rank + 1))


@lower("aten.expand.default", layout=Layout(Order.any, per_axis=("size",)))
def expand(x: tf.Tensor, size: Sequence[Size], implicit: bool = False) -> tf.Tensor:
    """Repeat axes of size 1 and add axes in front; a size of -1 stays."""
    lead = len(size) - x.shape.rank
    have = [1] * lead + shape_of(x)
    wanted = [
        have[place] if isinstance(entry, int) and entry == -1 else entry
        for place, entry in enumerate(size)
    ]
    same = [
        a is b or (isinstance(a, int) and isinstance(b, int) and a == b)
        for a, b in zip(have, wanted, strict=True)
    ]
    if all(same) and not lead:
        return tf.identity(x)
    return tf.broadcast_to(x, wanted)


@lower("aten.broadcast_to.default")
def broadcast_to(x: tf.Tensor, size: Sequence[Size]) -> tf.Tensor:
    """Repeat axes of size 1 and add axes in front; a size of -1 stays."""
    return expand(x, size)


@lower("aten.expand_as.default")
def expand_as(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Broadcast to the shape of ``other``."""
    return expand(x, shape_of(other))


@lower("aten.permute.default", "aten.permute_copy.default")
def permute(x: tf.Tensor, dims: Sequence[int]) -> tf.Tensor:
    """Reorder the axes."""
    return tf.transpose(x, [d % x.shape.rank for d in dims]) if len(dims) else x


@lower("aten.transpose.int", "aten.swapdims.default")
def transpose(x: tf.Tensor, dim0: int, dim1: int) -> tf.Tensor:
    """Swap two axes."""
    return _swapped(x, dim0, dim1)


@lower("aten.swapaxes.default")
def swapaxes(x: tf.Tensor, axis0: int, axis1: int) -> tf.Tensor:
    """Swap two axes."""
    return _swapped(x, axis0, axis1)


def _swapped(x: tf.Tensor, first: int, second: int) -> tf.Tensor:
    if x.shape.rank == 0:
        return tf.identity(x)
    order = list(range(x.shape.rank))
    order[first], order[second] = order[second], order[first]
    return tf.transpose(x, order)


@lower("aten.t.default", "aten.numpy_T.default")
def t(x: tf.Tensor) -> tf.Tensor:
    """All axes in reverse order."""
    return tf.transpose(x)


@lower("aten.mT.default")
def mT(x: tf.Tensor) -> tf.Tensor:
    """The last two axes swapped."""
    return tf.linalg.matrix_transpose(x)


@lower("aten.movedim.int", "aten.movedim.intlist", "aten.moveaxis.int", "aten.moveaxis.intlist")
def movedim(
    x: tf.Tensor, source: int | Sequence[int], destination: int | Sequence[int]
) -> tf.Tensor:
    """Move axes to other places, the rest keeping their order."""
    rank = x.shape.rank
    if rank == 0:
        return tf.identity(x)
    sources = [d % rank for d in ([source] if isinstance(source, int) else source)]
    places = [d % rank for d in ([destination] if isinstance(destination, int) else destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tf.transpose(x, order)


@lower(
    "aten.contiguous.default",
    "aten.clone.default",
    "aten.alias.default",
    "aten.lift_fresh_copy.default",
    "aten.lift_fresh.default",
    "aten.positive.default",
    "aten.resolve_conj.default",
    "aten.resolve_neg.default",
    layout=ANY,
)
def same(x: tf.Tensor) -> tf.Tensor:
    """The tensor itself: these say how it is stored, which a graph doesn't."""
    return tf.identity(x)


@lower("aten.detach.default", layout=ANY)
def detach(x: tf.Tensor) -> tf.Tensor:
    """The tensor without its gradient."""
    return tf.stop_gradient(x)


@lower("aten.to.dtype", "aten.to.device", layout=ANY)
def to(x: tf.Tensor, dtype: tf.DType, copy: bool = False) -> tf.Tensor:
    """The tensor in another type."""
    return cast(x, dtype)


@lower("aten.to.dtype_layout", layout=ANY)
def to_layout(x: tf.Tensor, dtype: tf.DType | None = None, copy: bool = False) -> tf.Tensor:
    """The tensor in another type; None keeps it."""
    return cast(x, dtype or x.dtype)


@lower("aten._to_copy.default", layout=ANY)
def to_copy(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """The tensor in another type; None keeps it."""
    return cast(x, dtype or x.dtype)


@lower("prims.convert_element_type.default", layout=ANY)
def convert_element_type(a: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """The tensor in another type."""
    return cast(a, dtype)


@lower("aten.to.other", layout=Layout(Order.any, plain=("other",)))
def to_other(x: tf.Tensor, other: tf.Tensor, copy: bool = False) -> tf.Tensor:
    """The tensor in the type of ``other``."""
    return cast(x, other.dtype)


@lower("aten.type_as.default", layout=Layout(Order.any, plain=("other",)))
def type_as(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The tensor in the type of ``other``."""
    return cast(x, other.dtype)


@lower("aten.sym_size.int", layout=_ALONG)
def sym_size(x: tf.Tensor, dim: int) -> Size:
    """One size: a number where it is static, an int32 scalar where not."""
    return shape_of(x)[dim]


@lower("aten.sym_numel.default", layout=ANY)
def sym_numel(x: tf.Tensor) -> Size:
    """How many elements: a number where it is static, an int32 scalar where not."""
    count = _joined(shape_of(x))
    return count if isinstance(count, int) else runtime_number(count)


@lower("aten.atleast_1d.default")
def atleast_1d(x: tf.Tensor) -> tf.Tensor:
    """A zero-dimensional tensor gets an axis."""
    return tf.identity(x) if x.shape.rank else tf.reshape(x, [1])


@lower("aten.unfold.default")
def unfold(x: tf.Tensor, dimension: int, size: int, step: int) -> tf.Tensor:
    """Windows of ``size`` along an axis, ``step`` apart, as a new last axis.

    Shapes: x (..., L, ...) -> (..., (L - size) // step + 1, ..., size).
    """
    if x.shape.rank == 0:
        return tf.reshape(x, [1])[:size]
    axis = normalized(dimension, x.shape.rank)
    count = (shape_of(x)[axis] - size) // step + 1
    places = tf.expand_dims(tf.range(count) * step, 1) + tf.range(size)
    windows = tf.gather(x, places, axis=axis)
    rank = x.shape.rank + 1
    return tf.transpose(windows, [a for a in range(rank) if a != axis + 1] + [axis + 1])
