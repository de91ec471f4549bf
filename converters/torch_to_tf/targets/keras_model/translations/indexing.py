"""Slices, gathers and scatters."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.sizes import (
    Dims,
    Size,
    broadcast,
    known,
    normal,
    product,
)
from converters.torch_to_tf.targets.keras_model.translate import (
    Call,
    as_sizes,
    axes_of,
    integers,
    translates,
)
from converters.torch_to_tf.targets.keras_model.translations.shapes import sizes_of
from converters.torch_to_tf.targets.keras_model.values import (
    Constant,
    Filled,
    Sizes,
    Tensor,
    Value,
)


@translates("StridedSlice")
def strided_slice(call: Call, x: Value, begin: Value, end: Value, strides: Value) -> Value:
    """Python's slices."""
    ends = [integers(value) for value in (begin, end, strides)]
    if any(array is None for array in ends):
        return _selected(call, x, begin)
    starts, stops, steps = ends
    assert starts is not None
    assert stops is not None
    assert steps is not None
    masks = {
        name: int(call.attribute(f"{name}_mask"))
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    rank, places = len(x.dims), len(starts)
    consumed = sum(
        not (masks["new_axis"] >> i & 1 or masks["ellipsis"] >> i & 1) for i in range(places)
    )
    keys: list[object] = []
    axis = 0
    for i in range(places):
        if masks["ellipsis"] >> i & 1:
            for _ in range(rank - consumed):
                keys.append((None, None, 1))
                axis += 1
        elif masks["new_axis"] >> i & 1:
            keys.append(None)
        elif masks["shrink_axis"] >> i & 1:
            keys.append(starts[i])
            axis += 1
        else:
            start = None if masks["begin"] >> i & 1 else starts[i]
            stop = None if masks["end"] >> i & 1 else stops[i]
            keys.append((start, stop, steps[i]))
            axis += 1
    return _indexed(call.builder, x, keys)


def _selected(call: Call, x: Value, begin: Value) -> Value:
    """One element at a computed place, the only computed slice that is known."""
    if int(call.attribute("shrink_axis_mask")) != 1 or len(begin.dims) != 1:
        raise UnsupportedVariantError("a slice whose ends depend on numbers")
    place = call.builder.call(ops.squeeze, begin, axis=0, dims=())
    return call.builder.call(ops.take, x, place, axis=0, dims=x.dims[1:])


def _indexed(builder: Builder, x: Value, keys: list[object]) -> Value:
    if isinstance(x, Sizes) and all(_plain(key) for key in keys):
        return as_sizes(np.asarray(x.array[tuple(map(_python, keys))], object), x.dtype)
    dims: list[Size] = []
    simple: list[object] = []
    taken: list[tuple[int, Size, Size, int]] = []
    axis = 0
    for key in keys:
        entry: Any = key
        if key is None:
            dims.append(1)
            simple.append(None)
            continue
        own = x.dims[axis]
        axis += 1
        if not isinstance(key, tuple):
            if not known(key):
                raise UnsupportedVariantError("an element at an open place")
            simple.append(int(entry))
            continue
        start, stop, step = entry
        first, length, key_out = _extent(own, start, stop, int(step))
        if key_out is None:
            taken.append((len(dims), first, length, int(step)))
            key_out = slice(None)
        simple.append(key_out)
        dims.append(length)
    dims.extend(x.dims[axis:])
    if isinstance(x, Filled):
        return Filled(x.value, tuple(dims))
    before = list(dims)
    own_axis = _axes_before(simple)
    for place, _, _, _ in taken:
        before[place] = x.dims[own_axis[place]]
    whole = all(isinstance(key, slice) and key == slice(None) for key in simple)
    tensor = builder.symbolic(x)
    if not whole:
        tensor = builder.call(ops.get_item, tensor, tuple(simple), dims=tuple(before))
    for place, first, length, step in taken:
        tensor = _taken(builder, tensor, place, first, length, step)
    return tensor


def _axes_before(simple: list[object]) -> dict[int, int]:
    """For each axis of the result the axis of the operand."""
    found, place, axis = {}, 0, 0
    for key in simple:
        if key is None:
            place += 1
        elif isinstance(key, slice):
            found[place] = axis
            place, axis = place + 1, axis + 1
        else:
            axis += 1
    return found


def _plain(key: object) -> bool:
    if key is None:
        return True
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or known(part) or isinstance(part, np.integer) for part in parts)


def _python(key: Any) -> Any:
    return slice(*key) if isinstance(key, tuple) else key


def _extent(own: Size, start: Any, stop: Any, step: int) -> tuple[Size, Size, slice | None]:
    """Where a slice starts, how long it is, and the slice itself if no open size is needed."""
    if known(own) and _plain((start, stop, step)):
        cut = slice(start, stop, step)
        first, last, _ = cut.indices(own)
        return first, len(range(first, last, step)), cut
    first = _bound(own, start, 0 if step > 0 else own - 1)
    last = _bound(own, stop, own if step > 0 else -1)
    length = normal(sympy.ceiling(sympy.sympify(last - first) / step))
    if isinstance(length, int):
        length = max(length, 0)
    if start is None and stop is None:
        return 0, length, slice(None, None, step)
    if _plain((start, stop)) and (start is None or normal(own - first).is_positive is not False):
        return first, length, slice(start, stop, step)
    if normal(last - own) == 0 and (start is None or _plain((start,))):
        return first, length, slice(start, None, step)
    return first, length, None


def _bound(own: Size, given: Any, default: Size) -> Size:
    """One end of a slice, counted from the front and within the tensor."""
    if given is None:
        return default
    given = normal(given)
    if known(given):
        if given < 0:
            return normal(own + given)
        if known(own):
            return min(given, own)
        if given >= 2**31 - 1:
            return own
        return given
    if given.is_negative:
        return normal(own + given)
    gap = normal(own - given)
    beyond = gap <= 0 if known(gap) else gap.is_negative
    return own if beyond else given  # what the capture couldn't bound is within the tensor


def _taken(
    builder: Builder, tensor: Tensor, axis: int, first: Size, length: Size, step: int
) -> Tensor:
    places = builder.iota(length)
    if step != 1:
        places = builder.call(ops.multiply, places, step, dims=(length,))
    if not (known(first) and first == 0):
        shift = first if known(first) else builder.count(first)
        places = builder.call(ops.add, places, shift, dims=(length,))
    dims = (*tensor.dims[:axis], length, *tensor.dims[axis + 1 :])
    return builder.call(ops.take, tensor, places, axis=axis, dims=dims)  # type: ignore[no-any-return]


@translates("Slice")
def slice_(call: Call, x: Value, begin: Value, size: Value) -> Value:
    """A block."""
    starts, lengths = sizes_of(begin), sizes_of(size)
    keys: list[object] = [
        (start, None if known(n) and n == -1 else normal(start + n), 1)
        for start, n in zip(starts, lengths, strict=True)
    ]
    return _indexed(call.builder, x, keys)


@translates("GatherV2", "ResourceGather")
def gather(call: Call, x: Value, indices: Value, axis: Value) -> Value:
    """Entries along an axis."""
    place = axes_of(axis, len(x.dims))[0]
    batch = int(call.attribute("batch_dims"))
    found = integers(indices)
    if isinstance(x, Sizes) and found is not None and batch == 0:
        return as_sizes(np.take(x.array, found.astype(int), place), x.dtype)
    builder = call.builder
    if batch:
        return _batch_gather(builder, x, indices, place, batch)
    dims = (*x.dims[:place], *indices.dims, *x.dims[place + 1 :])
    return builder.call(
        ops.take, builder.symbolic(x), builder.symbolic(indices), axis=place, dims=dims
    )


def _batch_gather(builder: Builder, x: Value, indices: Value, axis: int, batch: int) -> Value:
    """Batch axes become part of a flat number."""
    lead = x.dims[:batch]
    if axis != batch or len(indices.dims) < batch:
        raise UnsupportedVariantError("a gather with batch axes apart from its axis")
    own = x.dims[axis]
    numbers = builder.symbolic(indices)
    offset = _flat_numbers(builder, lead)
    shape = (*lead, *(1 for _ in indices.dims[batch:]))
    offset = builder.reshape(offset, shape)
    width: object = own if known(own) else builder.count(own)
    start = builder.call(ops.multiply, offset, width, dims=shape)
    if numbers.dtype != "int32":
        numbers = builder.call(ops.cast, numbers, "int32", dims=numbers.dims)
    flat = builder.call(ops.add, numbers, start, dims=indices.dims)
    table = builder.reshape(builder.symbolic(x), (product((*lead, own)), *x.dims[axis + 1 :]))
    dims = (*indices.dims, *x.dims[axis + 1 :])
    return builder.call(ops.take, table, flat, axis=0, dims=dims)


def _flat_numbers(builder: Builder, dims: Dims) -> Tensor:
    return builder.iota(product(dims))


@translates("GatherNd")
def gather_nd(call: Call, x: Value, indices: Value) -> Value:
    """Blocks at places of several axes: their flat number is gathered."""
    builder, depth = call.builder, indices.dims[-1]
    flat = _ravelled(builder, builder.symbolic(indices), x.dims[:depth])
    rest = tuple(x.dims[depth:])
    table = builder.reshape(builder.symbolic(x), (product(x.dims[:depth]), *rest))
    return builder.call(ops.take, table, flat, axis=0, dims=(*indices.dims[:-1], *rest))


def _ravelled(builder: Builder, indices: Tensor, dims: Dims) -> Tensor:
    total: Tensor | None = None
    lead = indices.dims[:-1]
    for place in range(len(dims)):
        number = builder.call(ops.take, indices, place, axis=-1, dims=lead)
        step = product(dims[place + 1 :])
        factor: object = (
            step
            if known(step)
            else builder.call(ops.cast, builder.count(step), indices.dtype, dims=())
        )
        scaled = builder.call(ops.multiply, number, factor, dims=lead)
        total = scaled if total is None else builder.call(ops.add, total, scaled, dims=lead)
    assert total is not None
    return total


@translates("OneHot")
def one_hot(call: Call, indices: Value, depth: Value, on: Value, off: Value) -> Value:
    """A mark at one place of a new axis."""
    builder, (classes,) = call.builder, sizes_of(depth)
    axis = int(call.attribute("axis")) % (len(indices.dims) + 1)
    dims = (*indices.dims[:axis], classes, *indices.dims[axis:])
    numbers = builder.call(
        ops.expand_dims,
        indices,
        axis=axis,
        dims=(*indices.dims[:axis], 1, *indices.dims[axis:]),
    )
    line = tuple(classes if place == axis else 1 for place in range(len(dims)))
    places = builder.reshape(builder.iota(classes), line)
    if numbers.dtype != "int32":
        places = builder.call(ops.cast, places, numbers.dtype, dims=line)
    marks = builder.call(ops.equal, numbers, places, dims=dims)
    on = builder.symbolic(on)
    return builder.call(ops.where, marks, on, off, dims=dims, dtype=call.dtype)


@translates("TensorScatterUpdate")
def scatter_update(call: Call, x: Value, indices: Value, updates: Value) -> Value:
    """The tensor with blocks replaced."""
    return call.builder.call(
        ops.scatter_update,
        call.builder.symbolic(x),
        call.builder.symbolic(indices),
        call.builder.symbolic(updates),
        dims=x.dims,
    )


@translates("ScatterNd")
def scatter_nd(call: Call, indices: Value, updates: Value, sizes: Value) -> Value:
    """Blocks added into zeros."""
    dims = tuple(normal(size) for size in sizes_of(sizes))
    if not all(map(known, dims)):
        raise UnsupportedVariantError("a scatter into a tensor whose sizes stay open")
    builder = call.builder
    return builder.call(
        ops.scatter, builder.symbolic(indices), builder.symbolic(updates), dims, dims=dims
    )


@translates("MatrixBandPart")
def band(call: Call, x: Value, lower: Value, upper: Value) -> Value:
    """The diagonals between two; what lies outside is 0."""
    if not isinstance(lower, Constant) or not isinstance(upper, Constant):
        raise UnsupportedVariantError("a band whose ends are computed")
    low, high = int(lower.array), int(upper.array)
    builder, (rows, columns) = call.builder, x.dims[-2:]
    row = builder.reshape(builder.iota(rows), (rows, 1))
    column = builder.reshape(builder.iota(columns), (1, columns))
    gap = builder.call(ops.subtract, column, row, dims=(rows, columns))
    kept: Tensor | None = None
    for function, bound in ((ops.greater_equal, -low), (ops.less_equal, high)):
        if (low if function is ops.greater_equal else high) < 0:
            continue
        side = builder.call(function, gap, bound, dims=gap.dims)
        kept = side if kept is None else builder.call(ops.logical_and, kept, side, dims=gap.dims)
    if kept is None:
        return x
    zero = Filled(Constant(np.zeros((), _number(x.dtype)), x.dtype), tuple(x.dims))
    dims = broadcast(x.dims, gap.dims)
    return builder.call(ops.where, kept, x, zero.value, dims=dims, dtype=x.dtype)


def _number(dtype: str) -> Any:
    return np.float64 if "float" in dtype else dtype
