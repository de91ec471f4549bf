"""Order: sorting, the largest elements, and places in a sorted sequence."""

from __future__ import annotations

import tensorflow as tf

from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.indexing import take_along
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    normalized,
    opmath,
    result_type,
    shape_of,
)

_ALONG = along("dim")
Pair = tuple[tf.Tensor, tf.Tensor]


def _key(x: tf.Tensor, *, descending: bool) -> tf.Tensor:
    """Integers whose descending order is the wanted order of ``x``, NaN being the largest number.

    The bits of a float, read as an integer, are ordered once the negative ones are reversed. Both
    zeros get one key, and all NaNs.
    """
    if x.dtype.is_floating:
        x = cast(tf.stop_gradient(x), opmath(x.dtype))
        x = tf.where(x == 0, tf.zeros_like(x), x)
        x = tf.where(tf.math.is_nan(x), cast(float("nan"), x.dtype), x)
        bits = tf.bitcast(x, tf.int64 if x.dtype == tf.float64 else tf.int32)
        key = tf.where(bits < 0, tf.bitwise.bitwise_xor(bits, bits.dtype.max), bits)
    else:
        key = x if x.dtype == tf.int64 else tf.cast(x, tf.int32)
    return key if descending else tf.bitwise.invert(key)


def leading(x: tf.Tensor, count: int | tf.Tensor, axis: int, *, descending: bool) -> tf.Tensor:
    """Indices of the first ``count`` elements in order along ``axis``.

    Of equal ones the first comes first.
    """
    rank = x.shape.rank
    order = [*(place for place in range(rank) if place != axis), axis]
    last = x if axis == rank - 1 else tf.transpose(x, order)
    index = tf.cast(tf.math.top_k(_key(last, descending=descending), count).indices, tf.int64)
    return index if axis == rank - 1 else tf.transpose(index, [order.index(p) for p in range(rank)])


def _ordered(x: tf.Tensor, count: int | tf.Tensor | None, dim: int, *, descending: bool) -> Pair:
    if x.shape.rank == 0:
        return tf.identity(x), tf.zeros([], tf.int64)
    axis = normalized(dim, x.shape.rank)
    count = shape_of(x)[axis] if count is None else count
    index = leading(x, count, axis, descending=descending)
    return take_along(x, index, axis), index


@lower("aten.sort.default", layout=_ALONG)
def sort(x: tf.Tensor, dim: int = -1, descending: bool = False) -> Pair:
    """Elements in order along ``dim``, and where they came from. NaN counts as the largest number.

    Differs: PyTorch's order among equal elements is undefined here; this one is stable.
    """
    return _ordered(x, None, dim, descending=descending)


@lower("aten.sort.stable", layout=_ALONG)
def sort_stable(x: tf.Tensor, stable: bool | None, dim: int = -1, descending: bool = False) -> Pair:
    """As sort; equal elements keep their order."""
    return _ordered(x, None, dim, descending=descending)


@lower("aten.argsort.default", layout=_ALONG)
def argsort(x: tf.Tensor, dim: int = -1, descending: bool = False) -> tf.Tensor:
    """Where the elements in order along ``dim`` come from."""
    return _ordered(x, None, dim, descending=descending)[1]


@lower("aten.argsort.stable", layout=_ALONG)
def argsort_stable(
    x: tf.Tensor, stable: bool, dim: int = -1, descending: bool = False
) -> tf.Tensor:
    """As argsort; equal elements keep their order."""
    return argsort(x, dim, descending)


@lower("aten.msort.default")
def msort(x: tf.Tensor) -> tf.Tensor:
    """Elements in order along axis 0."""
    return _ordered(x, None, 0, descending=False)[0]


@lower("aten.topk.default", layout=_ALONG)
def topk(x: tf.Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Pair:
    """The ``k`` largest or smallest elements along ``dim``, in order, and where they came from.

    Differs: of equal elements PyTorch takes any; this takes the first.
    """
    return _ordered(x, k, dim, descending=largest)


@lower("aten.kthvalue.default", layout=_ALONG)
def kthvalue(x: tf.Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Pair:
    """The ``k``-th smallest element along ``dim``, counted from 1, and where it came from."""
    if x.shape.rank == 0:
        return _ordered(x, None, dim, descending=False)
    axis = normalized(dim, x.shape.rank)
    values, index = _ordered(x, k, dim, descending=False)
    last = (slice(None),) * axis + ((slice(k - 1, k),) if keepdim else (k - 1,))
    return values[last], index[last]


@lower("aten.median.dim", layout=_ALONG)
def median_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> Pair:
    """The median along ``dim``, of an even count the lower one.

    NaN if there is one, and its place.
    """
    if x.shape.rank == 0:
        return _ordered(x, None, dim, descending=False)
    axis = normalized(dim, x.shape.rank)
    size = shape_of(x)[axis]
    values, index = _ordered(x, None, dim, descending=False)
    middle = (size - 1) // 2
    if x.dtype.is_floating:
        bad = tf.reduce_sum(tf.cast(tf.math.is_nan(x), tf.int64), axis, keepdims=True)
        place = tf.where(bad > 0, cast(size, tf.int64) - bad, cast(middle, tf.int64))
    else:
        place = tf.fill(tf.shape(tf.reduce_sum(index, axis, keepdims=True)), cast(middle, tf.int64))
    chosen, where = take_along(values, place, axis), take_along(index, place, axis)
    return (chosen, where) if keepdim else (tf.squeeze(chosen, axis), tf.squeeze(where, axis))


@lower("aten.median.default")
def median(x: tf.Tensor) -> tf.Tensor:
    """The median of all elements, of an even count the lower one; NaN if there is one."""
    return median_dim(tf.reshape(x, [-1]), 0)[0]


@lower("aten.nanmedian.dim", layout=_ALONG)
def nanmedian_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> Pair:
    """The median along ``dim`` of what is not NaN, of an even count the lower one."""
    if not x.dtype.is_floating or x.shape.rank == 0:
        return median_dim(x, dim, keepdim)
    axis = normalized(dim, x.shape.rank)
    values, index = _ordered(x, None, dim, descending=False)
    good = tf.logical_not(tf.math.is_nan(x))
    count = tf.reduce_sum(tf.cast(good, tf.int64), axis, keepdims=True)
    place = tf.maximum(count - 1, 0) // 2
    chosen, where = take_along(values, place, axis), take_along(index, place, axis)
    return (chosen, where) if keepdim else (tf.squeeze(chosen, axis), tf.squeeze(where, axis))


@lower("aten.nanmedian.default")
def nanmedian(x: tf.Tensor) -> tf.Tensor:
    """The median of all elements that are not NaN, of an even count the lower one."""
    return nanmedian_dim(tf.reshape(x, [-1]), 0)[0]


@lower("aten.mode.default", layout=_ALONG)
def mode(x: tf.Tensor, dim: int = -1, keepdim: bool = False) -> Pair:
    """The most frequent element along ``dim`` and its last place; of several the smallest.

    Every NaN is an element of its own. Source: ATen native/cpu/SortingKernel.cpp, mode_kernel.
    """
    if x.shape.rank == 0:
        return _ordered(x, None, dim, descending=False)
    axis = normalized(dim, x.shape.rank)
    rank = x.shape.rank
    order = [*(place for place in range(rank) if place != axis), axis]
    values, index = _ordered(tf.transpose(x, order), None, -1, descending=False)
    shape = shape_of(values)
    keys = tf.reshape(_key(values, descending=True), [-1, shape[-1]])
    end = tf.searchsorted(keys, keys, "right")
    count = tf.reshape(end - tf.searchsorted(keys, keys, "left"), shape)
    if x.dtype.is_floating:
        count = tf.where(tf.math.is_nan(values), tf.ones_like(count), count)
    first = tf.argmax(count, -1)[..., None]
    last = tf.gather(tf.reshape(end, shape), first, batch_dims=rank - 1) - 1
    if x.dtype.is_floating:
        here = tf.gather(values, first, batch_dims=rank - 1)
        last = tf.where(tf.math.is_nan(here), tf.cast(first, last.dtype), last)
    found = tf.gather(index, last, batch_dims=rank - 1)
    found = tf.transpose(found, [order.index(place) for place in range(rank)])
    chosen = take_along(x, found, axis)
    return (chosen, found) if keepdim else (tf.squeeze(chosen, axis), tf.squeeze(found, axis))


def _places(
    sequence: tf.Tensor, values: tf.Tensor | Number, *, right: bool, out_int32: bool
) -> tf.Tensor:
    """Where the values would be put into sorted sequences; NaN behind everything.

    Shapes: sequence (..., N), values (..., M), or any shape where the sequence has one dimension.
    """
    dtype = result_type(sequence, values)
    dtype = tf.float32 if dtype in (tf.float16, tf.bfloat16) else dtype
    dtype = tf.int32 if dtype in (tf.int8, tf.int16, tf.uint8, tf.bool) else dtype
    sequence, values = cast(sequence, dtype), cast(values, dtype)
    shape = shape_of(values)
    if sequence.shape.rank == 1:
        flat = tf.reshape(values, [-1])
    else:
        flat = tf.reshape(values, [-1, shape[-1]])
    sorted_ = (
        tf.reshape(sequence, [-1, shape_of(sequence)[-1]]) if sequence.shape.rank > 1 else sequence
    )
    size = shape_of(sequence)[-1]
    if isinstance(size, int) and size == 0:
        found = tf.zeros_like(flat, tf.int64)
    else:
        found = tf.searchsorted(sorted_, flat, "right" if right else "left", tf.int64)
    if dtype.is_floating:
        found = tf.where(tf.math.is_nan(flat), cast(size, tf.int64), found)
    return cast(tf.reshape(found, shape), tf.int32 if out_int32 else tf.int64)


@lower("aten.bucketize.Tensor", "aten.bucketize.Scalar")
def bucketize(
    x: tf.Tensor | Number, boundaries: tf.Tensor, out_int32: bool = False, right: bool = False
) -> tf.Tensor:
    """The bucket of every element: how many boundaries are below it (at most it, if ``right``)."""
    return _places(boundaries, x, right=right, out_int32=out_int32)


@lower("aten.searchsorted.Tensor", "aten.searchsorted.Scalar")
def searchsorted(
    sorted_sequence: tf.Tensor,
    x: tf.Tensor | Number,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: tf.Tensor | None = None,
) -> tf.Tensor:
    """Where elements go in sorted sequences, before or (``right``) behind equal ones."""
    if sorter is not None:
        sorted_sequence = take_along(sorted_sequence, sorter, sorter.shape.rank - 1)
    return _places(sorted_sequence, x, right=right or side == "right", out_int32=out_int32)
