"""Elements written to, or added at, indexed places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import Layout, Order, along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.indexing import expanded, within, wrapped
from converters.torch_to_tf.lowerings.joining import window
from converters.torch_to_tf.lowerings.movement import diagonal
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    normalized,
    opmath,
    same_shape,
    shape_of,
)

Size: TypeAlias = int | tf.Tensor
_ALONG = along("dim")
_BY_SLICE = along("dim", plain=("index",))


def _flat_places(x: tf.Tensor, index: tf.Tensor, axis: int) -> tf.Tensor:
    """For every element of ``index`` its place in the flattened ``x``, ``axis`` replaced."""
    sizes, wanted = shape_of(x), shape_of(index)
    places: tf.Tensor = tf.zeros([], tf.int64)
    for place in range(len(sizes)):
        if place == axis:
            here = within(tf.cast(index, tf.int64), sizes[axis])
        else:
            here = tf.reshape(
                tf.range(cast(wanted[place], tf.int64)),
                [-1 if other == place else 1 for other in range(len(sizes))],
            )
        places = places * cast(sizes[place], tf.int64) + here
    return tf.reshape(places, [-1])


def _begin(x: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """The leading part of ``x`` that ``index`` has elements for."""
    if x.shape.is_fully_defined() and x.shape == index.shape:
        return x
    return tf.slice(x, [0] * index.shape.rank, shape_of(index))


def _scattered(
    x: tf.Tensor,
    dim: int,
    index: tf.Tensor,
    src: tf.Tensor | Number,
    reduce: str,
    include_self: bool = True,
) -> tf.Tensor:
    if x.shape.rank == 0:
        x, index = tf.reshape(x, [1]), tf.reshape(index, [1])
        src = tf.reshape(src, [1]) if isinstance(src, tf.Tensor) else src
        return tf.reshape(_scattered(x, 0, index, src, reduce, include_self), [])
    if index.shape.num_elements() == 0:
        return tf.identity(x)
    if x.dtype.is_bool and reduce != "set":
        counts, updates = tf.cast(x, tf.int32), cast(cast(src, tf.bool), tf.int32)
        return tf.cast(_scattered(counts, dim, index, updates, reduce, include_self), tf.bool)
    axis = normalized(dim, x.shape.rank)
    places = _flat_places(x, index, axis)
    if isinstance(src, tf.Tensor) and src.shape.rank == x.shape.rank:
        updates = tf.reshape(_begin(cast(src, x.dtype), index), [-1])
    else:
        updates = tf.fill(tf.shape(places), cast(src, x.dtype))
    flat = tf.reshape(x, [-1])
    return tf.reshape(_reduced(flat, places, updates, reduce, include_self), shape_of(x))


def _reduced(
    flat: tf.Tensor, places: tf.Tensor, updates: tf.Tensor, reduce: str, include_self: bool
) -> tf.Tensor:
    at = tf.expand_dims(places, -1)
    if reduce == "set":
        return tf.tensor_scatter_nd_update(flat, at, updates)
    if reduce not in _NEUTRAL:
        raise UnsupportedVariantError(f"scatter with reduce={reduce!r} is not known.")
    own = flat
    if not include_self:
        neutral = tf.fill(tf.shape(places), cast(_NEUTRAL[reduce](flat.dtype), flat.dtype))
        flat = tf.tensor_scatter_nd_update(flat, at, neutral)
    if reduce in ("sum", "add"):
        return tf.tensor_scatter_nd_add(flat, at, updates)
    if reduce == "amax":
        segments, choose = tf.math.unsorted_segment_max, tf.maximum
        return _extreme(own, flat, places, updates, segments, choose)
    if reduce == "amin":
        segments, choose = tf.math.unsorted_segment_min, tf.minimum
        return _extreme(own, flat, places, updates, segments, choose)
    size = tf.shape(flat)[0]
    if reduce in ("prod", "multiply"):
        return flat * tf.math.unsorted_segment_prod(updates, places, size)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(updates), places, size)
    counts = tf.maximum(counts + cast(include_self, counts.dtype), 1)
    sums = tf.tensor_scatter_nd_add(flat, at, updates)
    return sums / counts if flat.dtype.is_floating else tf.math.floordiv(sums, counts)


def _extreme(
    own: tf.Tensor,
    flat: tf.Tensor,
    places: tf.Tensor,
    updates: tf.Tensor,
    segments: Callable[..., tf.Tensor],
    choose: Callable[..., tf.Tensor],
) -> tf.Tensor:
    """Extremum of each place and what is written there, the gradient shared by all equal ones.

    ``own`` is the tensor itself, ``flat`` the same with what does not take part made neutral. As in
    PyTorch an element of ``own`` counts among the equal ones even then.
    """
    size = tf.shape(flat)[0]
    best = segments(updates, places, size)
    if flat.dtype.is_floating:
        bad = tf.cast(tf.math.is_nan(updates), tf.int32)
        lost = tf.math.unsorted_segment_max(bad, places, size) > 0
        best = tf.where(lost, cast(float("nan"), best.dtype), best)
    value = tf.stop_gradient(choose(flat, best))
    taken = tf.equal(own, flat)

    @tf.custom_gradient
    def chosen(own: tf.Tensor, written: tf.Tensor) -> object:
        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            kept = tf.cast(own == value, dy.dtype)
            hits = tf.cast(written == tf.gather(value, places), dy.dtype)
            ties = kept + tf.math.unsorted_segment_sum(hits, places, size)
            share = tf.math.divide_no_nan(dy, ties)
            kept = tf.where(taken, kept, tf.zeros_like(kept))
            return share * kept, tf.gather(share, places) * hits

        return tf.identity(value), gradient

    return chosen(own, updates) if flat.dtype.is_floating else value


_NEUTRAL: dict[str, Callable[[tf.DType], Number]] = {
    "sum": lambda dtype: 0,
    "add": lambda dtype: 0,
    "mean": lambda dtype: 0,
    "prod": lambda dtype: 1,
    "multiply": lambda dtype: 1,
    "amax": lambda dtype: float("-inf") if dtype.is_floating else dtype.min,
    "amin": lambda dtype: float("inf") if dtype.is_floating else dtype.max,
}


@lower("aten.scatter.src", layout=_ALONG)
def scatter(x: tf.Tensor, dim: int, index: tf.Tensor, src: tf.Tensor) -> tf.Tensor:
    """``x`` with ``x[index[i, j], j] = src[i, j]`` (for dim 0). Of equal indices the last wins."""
    return _scattered(x, dim, index, src, "set")


@lower("aten.scatter.value", layout=_ALONG)
def scatter_value(x: tf.Tensor, dim: int, index: tf.Tensor, value: Number) -> tf.Tensor:
    """``x`` with one value written at the indexed places."""
    return _scattered(x, dim, index, value, "set")


@lower("aten.scatter.reduce", layout=_ALONG)
def scatter_with(
    x: tf.Tensor, dim: int, index: tf.Tensor, src: tf.Tensor, reduce: str
) -> tf.Tensor:
    """``x`` with ``src`` added to (``add``) or multiplied with (``multiply``) indexed places."""
    return _scattered(x, dim, index, src, reduce)


@lower("aten.scatter.value_reduce", layout=_ALONG)
def scatter_value_with(
    x: tf.Tensor, dim: int, index: tf.Tensor, value: Number, reduce: str
) -> tf.Tensor:
    """``x`` with a number added to or multiplied with the indexed places."""
    return _scattered(x, dim, index, value, reduce)


@lower("aten.scatter_add.default", layout=_ALONG)
def scatter_add(x: tf.Tensor, dim: int, index: tf.Tensor, src: tf.Tensor) -> tf.Tensor:
    """``x`` with ``src`` added at the indexed places."""
    return _scattered(x, dim, index, src, "sum")


@lower("aten.scatter_reduce.two", layout=_ALONG)
def scatter_reduce(
    x: tf.Tensor, dim: int, index: tf.Tensor, src: tf.Tensor, reduce: str, include_self: bool = True
) -> tf.Tensor:
    """The indexed places reduced by ``sum``, ``prod``, ``mean``, ``amax`` or ``amin``."""
    return _scattered(x, dim, index, src, reduce, include_self)


def _by_slice(
    x: tf.Tensor,
    dim: int,
    index: tf.Tensor,
    source: tf.Tensor,
    write: object,
    *,
    signed: bool = True,
) -> tf.Tensor:
    """Write whole slices along ``dim``: the axis is moved to the front, and back.

    ``signed``: whether negative indices count from the end.
    """
    if 0 in x.shape:  # TensorFlow refuses indices into nothing
        return x
    if x.shape.rank == 0:
        return tf.reshape(
            _by_slice(tf.reshape(x, [1]), 0, index, tf.reshape(source, [-1]), write, signed=signed),
            [],
        )
    axis = normalized(dim, x.shape.rank)
    order = [axis, *(place for place in range(x.shape.rank) if place != axis)]
    back = [order.index(place) for place in range(x.shape.rank)]
    size = shape_of(x)[axis]
    places = tf.reshape(wrapped(index, size) if signed else within(index, size), [-1, 1])
    if source.shape.rank < x.shape.rank:
        source = tf.expand_dims(source, axis)
    result = write(  # type: ignore[operator]
        x if axis == 0 else tf.transpose(x, order),
        places,
        source if axis == 0 else tf.transpose(source, order),
    )
    return result if axis == 0 else tf.transpose(result, back)


@lower("aten.index_reduce.default", layout=_BY_SLICE)
def index_reduce(
    x: tf.Tensor,
    dim: int,
    index: tf.Tensor,
    source: tf.Tensor,
    reduce: str,
    include_self: bool = True,
) -> tf.Tensor:
    """The slices named by ``index`` reduced by ``prod``, ``mean``, ``amax`` or ``amin``."""
    if x.shape.rank == 0:
        flat, places, values = (tf.reshape(tensor, [-1]) for tensor in (x, index, source))
        return tf.reshape(index_reduce(flat, 0, places, values, reduce, include_self), [])
    axis = normalized(dim, x.shape.rank)
    line = [-1 if place == axis else 1 for place in range(x.shape.rank)]
    places = tf.broadcast_to(tf.reshape(index, line), tf.shape(source))
    return _scattered(x, axis, places, source, reduce, include_self)


@lower("aten.index_add.default", layout=_BY_SLICE)
def index_add(
    x: tf.Tensor, dim: int, index: tf.Tensor, source: tf.Tensor, alpha: Number = 1
) -> tf.Tensor:
    """``x`` with ``alpha * source`` added to the slices named by ``index``."""
    if isinstance(alpha, tf.Tensor) or alpha != 1:
        source = source * cast(alpha, source.dtype)
    if x.dtype == tf.bool:
        total = index_add(tf.cast(x, tf.int32), dim, index, tf.cast(source, tf.int32))
        return total > 0
    return _by_slice(x, dim, index, source, tf.tensor_scatter_nd_add, signed=False)


@lower("aten.index_copy.default", layout=_BY_SLICE)
def index_copy(x: tf.Tensor, dim: int, index: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """``x`` with the slices named by ``index`` replaced by ``source``."""
    return _by_slice(x, dim, index, source, tf.tensor_scatter_nd_update, signed=False)


@lower(
    "aten.index_fill.int_Scalar",
    "aten.index_fill.int_Tensor",
    layout=Layout(Order.any, dims=("dim",), plain=("index",)),
)
def index_fill(x: tf.Tensor, dim: int, index: tf.Tensor, value: Number | tf.Tensor) -> tf.Tensor:
    """``x`` with one value in the slices named by ``index``."""
    if x.shape.rank == 0:
        return cast(value, x.dtype) if index.shape.num_elements() else tf.identity(x)
    axis = normalized(dim, x.shape.rank)
    size = shape_of(x)[axis]
    places = tf.reshape(within(wrapped(index, size), size), [-1, 1])
    named = places == tf.range(cast(size, places.dtype))
    chosen = tf.reshape(
        tf.reduce_any(named, 0), [-1 if place == axis else 1 for place in range(x.shape.rank)]
    )
    return tf.where(chosen, cast(value, x.dtype), x)


@lower("aten.index_put.default", "aten._unsafe_index_put.default")
def index_put(
    x: tf.Tensor,
    indices: Sequence[tf.Tensor | None],
    values: tf.Tensor,
    accumulate: bool = False,
) -> tf.Tensor:
    """``x`` with ``x[indices] = values``, or ``+=`` with ``accumulate``; the values broadcast."""
    values = cast(values, x.dtype)
    if accumulate and x.dtype.is_bool:
        first, added = (tf.cast(part, tf.int32) for part in (x, values))
        return tf.cast(index_put(first, indices, added, accumulate=True), tf.bool)
    given = [entry for entry in indices if entry is not None]
    if len(given) == 1 and given[0].dtype == tf.bool and values.shape.num_elements() == 1:
        lead = list(indices).index(given[0]) if indices[0] is None else 0
        shape = [1] * lead + shape_of(given[0])
        mask = tf.reshape(given[0], shape + [1] * (x.shape.rank - len(shape)))
        value = tf.reshape(values, [])
        return tf.where(mask, x + value if accumulate else value, x)
    entries = expanded(x, indices)
    axes = [axis for axis, entry in enumerate(entries) if entry is not None]
    rest = [axis for axis in range(x.shape.rank) if axis not in axes]
    chosen = same_shape(*[tf.cast(entry, tf.int64) for entry in entries if entry is not None])
    order = axes + rest
    first = tf.transpose(x, order)
    places = tf.stack(chosen, -1)
    block, outside = shape_of(chosen[0]), shape_of(first)[len(axes) :]
    adjacent = axes == list(range(axes[0], axes[0] + len(axes)))
    lead = axes[0] if adjacent else 0
    wanted = [*outside[:lead], *block, *outside[lead:]]
    updates = tf.broadcast_to(values, wanted)
    places_of_block = list(range(lead, lead + len(block)))
    others = [place for place in range(len(wanted)) if place not in places_of_block]
    updates = tf.transpose(updates, places_of_block + others)
    if not block:
        places, updates = tf.expand_dims(places, 0), tf.expand_dims(updates, 0)
    write = tf.tensor_scatter_nd_add if accumulate else tf.tensor_scatter_nd_update
    result = write(first, places, updates)
    return tf.transpose(result, [order.index(axis) for axis in range(x.shape.rank)])


@lower("aten.masked_scatter.default")
def masked_scatter(x: tf.Tensor, mask: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """``x`` with the elements under the mask replaced, in order, by those of ``source``."""
    x, mask = same_shape(x, mask)
    flat = tf.reshape(mask, [-1])
    turn = tf.cumsum(tf.cast(flat, tf.int64)) - 1
    queue = tf.reshape(source, [-1])
    last = tf.cast(tf.size(queue), tf.int64) - 1
    if queue.shape.num_elements() == 0:
        return tf.identity(x)
    taken = tf.gather(queue, tf.minimum(tf.maximum(turn, 0), last))
    return tf.where(mask, tf.reshape(taken, shape_of(x)), x)


@lower("aten.slice_scatter.default", layout=_ALONG)
def slice_scatter(
    x: tf.Tensor,
    src: tf.Tensor,
    dim: int = 0,
    start: Size | None = None,
    end: Size | None = None,
    step: int = 1,
) -> tf.Tensor:
    """``x`` with ``x[start:end:step]`` along ``dim`` replaced by ``src``."""
    places = window(x, dim, start, end, step)
    return _by_slice(x, dim, places, cast(src, x.dtype), tf.tensor_scatter_nd_update)


@lower("aten.select_scatter.default")
def select_scatter(x: tf.Tensor, src: tf.Tensor, dim: int, index: Size) -> tf.Tensor:
    """``x`` with the slice at ``index`` along ``dim`` replaced by ``src``."""
    axis = normalized(dim, x.shape.rank)
    place = tf.reshape(cast(index, tf.int64), [1])
    written = tf.expand_dims(cast(src, x.dtype), axis)
    return _by_slice(x, axis, place, written, tf.tensor_scatter_nd_update)


@lower("aten.diagonal_scatter.default")
def diagonal_scatter(
    x: tf.Tensor, src: tf.Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> tf.Tensor:
    """``x`` with a diagonal of two axes replaced by ``src``, whose last axis runs along it."""
    rank = x.shape.rank
    first, second = normalized(dim1, rank), normalized(dim2, rank)
    places = diagonal(
        tf.reshape(tf.range(tf.size(x, tf.int64)), tf.shape(x)), offset, first, second
    )
    updates = tf.reshape(cast(src, x.dtype), [-1])
    flat = tf.tensor_scatter_nd_update(tf.reshape(x, [-1]), tf.reshape(places, [-1, 1]), updates)
    return tf.reshape(flat, shape_of(x))


@lower("aten.put.default")
def put(x: tf.Tensor, index: tf.Tensor, source: tf.Tensor, accumulate: bool = False) -> tf.Tensor:
    """The flattened ``x`` with ``source`` written to, or added at, the places ``index``."""
    if accumulate and x.dtype.is_bool:
        first, added = (tf.cast(part, tf.int32) for part in (x, source))
        return tf.cast(put(first, index, added, accumulate=True), tf.bool)
    flat = tf.reshape(x, [-1])
    places = tf.reshape(wrapped(index, shape_of(flat)[0]), [-1, 1])
    write = tf.tensor_scatter_nd_add if accumulate else tf.tensor_scatter_nd_update
    return tf.reshape(write(flat, places, tf.reshape(source, [-1])), shape_of(x))


@lower("aten.copy.default")
def copy(x: tf.Tensor, src: tf.Tensor) -> tf.Tensor:
    """``src`` in the shape and type of ``x``."""
    return tf.broadcast_to(cast(src, x.dtype), tf.shape(x))


@lower("aten.embedding_renorm.default")
def embedding_renorm(
    x: tf.Tensor, indices: tf.Tensor, max_norm: float, norm_type: float
) -> tf.Tensor:
    """``x`` with the indexed rows shortened to a norm of ``max_norm``, where it is greater.

    Shapes: x (V, D), indices (...) -> (V, D). Dtypes: floating point.
    Source: ATen native/Embedding.cpp, which adds 1e-7 to the norm it divides by.
    """
    places = tf.reshape(indices, [-1])
    rows = cast(tf.gather(x, places), opmath(x.dtype))
    norm = cast(tf.norm(rows, norm_type, axis=1, keepdims=True), tf.float64)
    factor = cast(tf.where(norm > max_norm, max_norm / (norm + 1e-7), 1.0), rows.dtype)
    return tf.tensor_scatter_nd_update(x, places[:, tf.newaxis], cast(rows * factor, x.dtype))
