"""Slices, gathers and embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from converters.layout import along
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower


def brackets(
    begin: Sequence[Any],
    end: Sequence[Any],
    strides: Sequence[Any],
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> tuple[Any, ...]:
    """What stands between Python's brackets for a strided slice.

    >>> brackets([0, 1], [0, 3], [1, 2], 1, 1, 0, 0, 2)
    (slice(None, None, 1), 1)
    """
    items: list[Any] = []
    for place, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            items.append(...)
        elif new_axis_mask & bit:
            items.append(None)
        elif shrink_axis_mask & bit:
            items.append(first)
        else:
            items.append(
                slice(None if begin_mask & bit else first, None if end_mask & bit else last, step)
            )
    return tuple(items)


@lower("tf.StridedSlice")
def strided_slice(
    input: Tensor,
    begin: Sizes,
    end: Sizes,
    strides: Sizes,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Tensor:
    """Cut out as Python's brackets do.

    Shapes: input (...) -> by the masks. Dtypes: all.
    """
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    items = brackets(begin, end, strides, *masks)
    used = len([item for item in items if item is not None and item is not ...])
    axis = 0
    for item in items:
        if item is ...:
            axis += input.ndim - axis - (used - _before(items))
        elif item is None:
            input = input.unsqueeze(axis)
            axis += 1
        elif isinstance(item, slice):
            input = _sliced(input, axis, item)
            axis += 1
        else:
            input = input.select(axis, item)
    return input


def _before(items: Sequence[Any]) -> int:
    """How many axes of the tensor stand before the ellipsis."""
    return len([item for item in items[: items.index(...)] if item is not None])


def _sliced(x: Tensor, axis: int, item: slice) -> Tensor:
    if item.step < 0:
        size = x.shape[axis]
        places = range(size)[item] if isinstance(size, int) else None
        if places is None:
            x = x.flip(axis)
            first = None if item.start is None else -1 - item.start
            last = None if item.stop is None else -1 - item.stop
            return _sliced(x, axis, slice(first, last, -item.step))
        if len(places) == size and item.step == -1:
            return x.flip(axis)
        return x.index_select(axis, torch.tensor(list(places), device=x.device))
    if item.start is None and item.stop is None and item.step == 1:
        return x
    index: list[Any] = [slice(None)] * axis + [item]
    return x[tuple(index)]


@lower("tf.Slice")
def slice_(input: Tensor, begin: Sizes, size: Sizes) -> Tensor:
    """Cut out ``size`` elements from ``begin`` on; a size of -1 is all that follow.

    Shapes: input (...) -> size. Dtypes: all.
    """
    for axis, (first, count) in enumerate(zip(begin, size, strict=True)):
        if isinstance(count, int) and count == -1:
            input = input.narrow(axis, first, input.shape[axis] - first) if first else input
        else:
            input = input.narrow(axis, first, count)
    return input


@lower("tf.GatherV2", layout=along("axis", plain=("indices",)))
def gather_v2(params: Tensor, indices: Tensor, axis: Sizes, batch_dims: int = 0) -> Tensor:
    """Pick along an axis.

    Shapes: params (A, n, B), indices (I) -> (A, I, B). Dtypes: all.
    """
    assert isinstance(axis, int)
    axis = axis % params.ndim
    if batch_dims:
        return _batched(params, indices, axis, batch_dims % max(indices.ndim, 1))
    if axis == 0 and params.ndim == 2 and params.is_floating_point():
        return F.embedding(indices, params)
    if indices.ndim == 0:
        return params.index_select(axis, indices.reshape(1)).squeeze(axis)
    picked = params.index_select(axis, indices.reshape(-1))
    return picked.reshape(*params.shape[:axis], *indices.shape, *params.shape[axis + 1 :])


def _batched(params: Tensor, indices: Tensor, axis: int, batch: int) -> Tensor:
    """The first ``batch`` axes of both go together."""
    lead = list(params.shape[:batch])
    middle, behind = list(params.shape[batch:axis]), list(params.shape[axis + 1 :])
    own = list(indices.shape[batch:])
    count = math.prod(own)
    place = indices.reshape([*lead, *[1] * len(middle), count, *[1] * len(behind)])
    place = place.expand([*lead, *middle, count, *behind])
    picked = torch.gather(params, axis, place.long())
    return picked.reshape([*lead, *middle, *own, *behind])


@lower("tf.ResourceGather")
def resource_gather(
    resource: Tensor,
    indices: Tensor,
    batch_dims: int,
    validate_indices: bool,
    dtype: torch.dtype,
) -> Tensor:
    """Rows of a variable.

    Shapes: resource (n, ...), indices (I) -> (I, ...). Dtypes: all.
    """
    return gather_v2(resource, indices, 0, batch_dims)


@lower("tf.GatherNd")
def gather_nd(params: Tensor, indices: Tensor, bad_indices_policy: str = "") -> Tensor:
    """Elements or slices by their coordinates.

    Shapes: params (P), indices (I, k) -> (I, P[k:]). Dtypes: all.
    """
    return params[tuple(indices.long().unbind(-1))]


@lower("tf.OneHot")
def one_hot(
    indices: Tensor, depth: Sizes, on_value: Tensor, off_value: Tensor, axis: int = -1
) -> Tensor:
    """One of ``depth`` is on; none for an index outside.

    Shapes: indices (I) -> (I) with ``depth`` put in at ``axis``. Dtypes: on_value's.
    """
    places = torch.arange(depth, device=indices.device)
    hot = indices.unsqueeze(-1) == places.to(indices.dtype)
    result = torch.where(hot, on_value, off_value)
    return result if axis == -1 else result.movedim(-1, axis)
