"""Tensors put together and taken apart, and parts cut out of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    cast,
    is_number,
    normalized,
    promote,
    shape_of,
)

Size: TypeAlias = int | tf.Tensor
_ALONG = along("dim")


@lower("aten.cat.default", "aten.concat.default", "aten.concatenate.default", layout=_ALONG)
def cat(tensors: Sequence[tf.Tensor], dim: int = 0) -> tf.Tensor:
    """Tensors one after the other along ``dim``, in their common type.

    Empty 1-D tensors are passed over.
    """
    parts = promote(*tensors)
    rank = max(part.shape.rank for part in parts)
    kept = [part for part in parts if part.shape.rank == rank]
    return tf.concat(kept, normalized(dim, rank)) if len(kept) > 1 else tf.identity(kept[0])


@lower("aten.stack.default")
def stack(tensors: Sequence[tf.Tensor], dim: int = 0) -> tf.Tensor:
    """Tensors of one shape along a new axis, in their common type."""
    parts = promote(*tensors)
    return tf.stack(parts, dim % (parts[0].shape.rank + 1))


@lower("aten.hstack.default")
def hstack(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """One after the other along axis 1, or axis 0 of 1-D tensors."""
    parts = [part if part.shape.rank else tf.reshape(part, [1]) for part in promote(*tensors)]
    return tf.concat(parts, 0 if parts[0].shape.rank == 1 else 1)


@lower("aten.vstack.default")
def vstack(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """One below the other."""
    parts = promote(*tensors)
    return tf.concat([p if p.shape.rank > 1 else tf.reshape(p, [1, -1]) for p in parts], 0)


@lower("aten.dstack.default")
def dstack(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """One behind the other along axis 2."""

    def solid(part: tf.Tensor) -> tf.Tensor:
        if part.shape.rank > 2:
            return part
        return tf.expand_dims(part, -1) if part.shape.rank == 2 else tf.reshape(part, [1, -1, 1])

    return tf.concat([solid(part) for part in promote(*tensors)], 2)


@lower("aten.split.Tensor", "aten.unsafe_split.Tensor", layout=_ALONG)
def split(x: tf.Tensor, split_size: int, dim: int = 0) -> list[tf.Tensor]:
    """Parts of ``split_size`` along ``dim``; the last may be smaller."""
    axis = normalized(dim, x.shape.rank)
    size = _static_size(x, axis, "split")
    if size == 0 or split_size == 0:
        return [tf.identity(x)]
    return _parts(x, [min(split_size, size - start) for start in range(0, size, split_size)], axis)


@lower("aten.split.sizes", layout=_ALONG)
def split_sizes(x: tf.Tensor, split_size: Sequence[Size], dim: int = 0) -> list[tf.Tensor]:
    """Parts of the given sizes along ``dim``."""
    return _parts(x, split_size, normalized(dim, x.shape.rank))


@lower(
    "aten.split_with_sizes.default",
    "aten.unsafe_split_with_sizes.default",
    "aten.split.default",
    layout=_ALONG,
)
def split_with_sizes(x: tf.Tensor, split_sizes: Sequence[Size], dim: int = 0) -> list[tf.Tensor]:
    """Parts of the given sizes along ``dim``."""
    return _parts(x, split_sizes, normalized(dim, x.shape.rank))


@lower("aten.chunk.default", "aten.unsafe_chunk.default", layout=_ALONG)
def chunk(x: tf.Tensor, chunks: int, dim: int = 0) -> list[tf.Tensor]:
    """At most ``chunks`` parts along ``dim``, all of one size but the last."""
    axis = normalized(dim, x.shape.rank)
    size = _static_size(x, axis, "chunk")
    if size == 0:
        return [tf.identity(x) for _ in range(chunks)]
    each = -(-size // chunks)
    return _parts(x, [min(each, size - start) for start in range(0, size, each)], axis)


@lower("aten.tensor_split.sections", layout=_ALONG)
def tensor_split(x: tf.Tensor, sections: int, dim: int = 0) -> list[tf.Tensor]:
    """Exactly ``sections`` parts along ``dim``, the first ones one larger."""
    axis = normalized(dim, x.shape.rank)
    each, more = divmod(_static_size(x, axis, "tensor_split"), sections)
    return _parts(x, [each + (place < more) for place in range(sections)], axis)


@lower("aten.tensor_split.indices", layout=_ALONG)
def tensor_split_indices(x: tf.Tensor, indices: Sequence[int], dim: int = 0) -> list[tf.Tensor]:
    """Parts between the given indices along ``dim``."""
    bounds = [None, *indices, None]
    return [slice_(x, dim, start, end) for start, end in itertools.pairwise(bounds)]


def _static_size(x: tf.Tensor, axis: int, op: str) -> int:
    size = x.shape[axis]
    if size is None:
        raise UnsupportedVariantError(
            f"{op} along an axis whose size is known at run time only: the number of parts must be "
            "known "
            "when the model is converted. Use split with a list of sizes, or a fixed size there."
        )
    return int(size)


def _parts(x: tf.Tensor, sizes: Sequence[Size], axis: int) -> list[tf.Tensor]:
    return list(tf.split(x, list(sizes), axis)) if len(sizes) > 1 else [tf.identity(x)]


@lower("aten.unbind.int", "aten.unbind_copy.int", layout=_ALONG)
def unbind(x: tf.Tensor, dim: int = 0) -> list[tf.Tensor]:
    """The slices along ``dim``, without it."""
    axis = normalized(dim, x.shape.rank)
    return list(tf.unstack(x, _static_size(x, axis, "unbind"), axis))


@lower("aten.slice.Tensor", layout=_ALONG)
def slice_(
    x: tf.Tensor, dim: int = 0, start: Size | None = None, end: Size | None = None, step: int = 1
) -> tf.Tensor:
    """``x[start:end:step]`` along ``dim``; negative and too large bounds as in Python."""
    axis = normalized(dim, x.shape.rank)
    start = None if isinstance(start, int) and start == 0 else start
    end = None if isinstance(end, int) and end >= _END else end
    if start is None and end is None and step == 1:
        return tf.identity(x)
    if isinstance(end, int):
        end = max(end, -(2**31) + 1)
    if start is not None and not is_number(start):
        start = cast(start, tf.int32)
    return x[(slice(None),) * axis + (slice(start, end, step),)]


_END = 2**31 - 1


@lower("aten.narrow.default", "aten.narrow_copy.default", layout=_ALONG)
def narrow(x: tf.Tensor, dim: int, start: Size, length: Size) -> tf.Tensor:
    """``length`` elements from ``start`` along ``dim``."""
    axis = normalized(dim, x.shape.rank)
    if not isinstance(start, int) or start < 0:
        size = shape_of(x)[axis]
        start = tf.where(cast(start, tf.int32) < 0, start + size, start)
    begin, sizes = [0] * x.shape.rank, [-1] * x.shape.rank
    begin[axis], sizes[axis] = start, length
    return tf.slice(x, begin, sizes)


@lower("aten.select.int", layout=_ALONG)
def select(x: tf.Tensor, dim: int, index: Size) -> tf.Tensor:
    """The slice at ``index`` along ``dim``, without that axis."""
    return x[(slice(None),) * normalized(dim, x.shape.rank) + (index,)]


def window(x: tf.Tensor, dim: int, start: Size | None, end: Size | None, step: int) -> tf.Tensor:
    """The places that ``slice`` would take along ``dim``. Shapes: -> (K,)."""
    places = tf.range(shape_of(x)[normalized(dim, x.shape.rank)])
    return slice_(places, 0, start, end, step)


@lower("aten.meshgrid.default")
def meshgrid(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Coordinates of a grid, the first tensor along axis 0."""
    return meshgrid_indexing(tensors, "ij")


@lower("aten.meshgrid.indexing")
def meshgrid_indexing(tensors: Sequence[tf.Tensor], indexing: str) -> list[tf.Tensor]:
    """Coordinates of a grid; the first tensor along axis 0 (``ij``) or axis 1 (``xy``)."""
    return list(tf.meshgrid(*[tf.reshape(tensor, [-1]) for tensor in tensors], indexing=indexing))


@lower("aten.broadcast_tensors.default")
def broadcast_tensors(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """All tensors in their common shape."""
    shape = tf.shape(tensors[0])
    static = tensors[0].shape
    for tensor in tensors[1:]:
        shape = tf.broadcast_dynamic_shape(shape, tf.shape(tensor))
        static = tf.broadcast_static_shape(static, tensor.shape)
    return [tf.ensure_shape(tf.broadcast_to(tensor, shape), static) for tensor in tensors]
