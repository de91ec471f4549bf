"""Shapes, and what only moves elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.sizes import (
    Dims,
    broadcast,
    known,
    normal,
    product,
    quotient,
)
from converters.torch_to_tf.targets.keras_model.translate import (
    Call,
    as_sizes,
    axes_of,
    inlined,
    integers,
    symbolic_numbers,
    translates,
)
from converters.torch_to_tf.targets.keras_model.values import (
    Constant,
    Filled,
    Sizes,
    Tensor,
    Value,
)


def sizes_of(value: Value) -> tuple[Any, ...]:
    """The entries of a vector of sizes.

    Raises:
        UnsupportedVariantError: they depend on numbers, not on shapes only.
    """
    found = integers(value)
    if found is None:
        raise UnsupportedVariantError("a shape that is computed from numbers, not from shapes")
    return tuple(found.reshape(-1))


def _array(sizes: Dims) -> np.ndarray:
    held = np.empty(len(sizes), dtype=object)
    held[:] = list(sizes)
    return held


@translates("Identity", "EnsureShape", "Snapshot", "PreventGradient", "CheckNumerics")
def identity(call: Call, x: Value) -> Value:
    """The same tensor."""
    return x


@translates("IdentityN")
def identity_n(call: Call, *xs: Value) -> list[Value]:
    """The same tensors; where a lowering gave them a gradient of its own, Keras derives one."""
    return list(xs)


@translates("PartitionedCall", "StatefulPartitionedCall")
def partitioned_call(call: Call, *inputs: Value) -> list[Value]:
    """A function of the graph, in place."""
    return inlined(call, call.operation.get_attr("f").name, inputs)


@translates("StatelessIf", "If")
def either(call: Call, condition: Value, *inputs: Value) -> list[Value]:
    """Both branches, and a choice between their results."""
    names = [call.operation.get_attr(f"{kind}_branch").name for kind in ("then", "else")]
    if isinstance(condition, Constant):
        return inlined(call, names[0 if condition.array.any() else 1], inputs)
    then, other = (inlined(call, name, inputs) for name in names)
    return [
        call.builder.call(ops.where, condition, x, y, dims=broadcast(x.dims, y.dims))
        for x, y in zip(then, other, strict=True)
    ]


@translates("Shape")
def shape(call: Call, x: Value) -> Value:
    """The sizes, as numbers where they are known."""
    if None in x.dims:
        raise UnsupportedVariantError("the shape of a tensor whose sizes depend on numbers")
    return as_sizes(_array(x.dims), call.dtype)


@translates("ShapeN")
def shape_n(call: Call, *xs: Value) -> list[Value]:
    """The sizes of several tensors."""
    return [shape(call, x) for x in xs]


@translates("Size")
def size(call: Call, x: Value) -> Value:
    """The number of elements."""
    return as_sizes(_array((product(x.dims),)).reshape(()), call.dtype)


@translates("Rank")
def rank(call: Call, x: Value) -> Value:
    """The number of axes."""
    return Constant(np.asarray(len(x.dims), np.int32), "int32")


@translates("BroadcastArgs")
def broadcast_args(call: Call, x: Value, y: Value) -> Value:
    """The shape of two operands together."""
    return as_sizes(_array(broadcast(sizes_of(x), sizes_of(y))), call.dtype)


@translates("Reshape")
def reshape(call: Call, x: Value, sizes: Value) -> Value:
    """Other sizes."""
    wanted = list(sizes_of(sizes))
    open_places = [i for i, size in enumerate(wanted) if known(size) and size == -1]
    if open_places:
        rest = product([size for i, size in enumerate(wanted) if i != open_places[0]])
        found = quotient(product(x.dims), rest)
        if found is None:
            found = normal(sympy.floor(sympy.sympify(product(x.dims)) / rest))
        wanted[open_places[0]] = found
    dims = tuple(normal(size) for size in wanted)
    if isinstance(x, Filled):
        return Filled(x.value, dims)
    if isinstance(x, Constant | Sizes):
        if all(map(known, dims)):
            array = x.array.reshape(dims)
            return Constant(array, x.dtype) if isinstance(x, Constant) else Sizes(array, x.dtype)
        x = call.builder.symbolic(x)
    return call.builder.reshape(call.builder.symbolic(x), dims)


@translates("ExpandDims")
def expand_dims(call: Call, x: Value, axis: Value) -> Value:
    """A new axis of size 1."""
    place = axes_of(axis, len(x.dims) + 1)[0]
    dims = (*x.dims[:place], 1, *x.dims[place:])
    if isinstance(x, Sizes):
        return Sizes(np.expand_dims(x.array, place), x.dtype)
    if isinstance(x, Filled):
        return Filled(x.value, dims)
    return call.builder.call(ops.expand_dims, x, axis=place, dims=dims)


@translates("Squeeze")
def squeeze(call: Call, x: Value) -> Value:
    """Without axes of size 1."""
    rank = len(x.dims)
    gone = [axis % rank for axis in call.attribute("squeeze_dims")] or [
        axis for axis, size in enumerate(x.dims) if known(size) and size == 1
    ]
    dims = tuple(size for axis, size in enumerate(x.dims) if axis not in gone)
    if isinstance(x, Sizes):
        return as_sizes(x.array.squeeze(tuple(gone)), x.dtype)
    if isinstance(x, Filled):
        return Filled(x.value, dims)
    if not gone:
        return x
    return call.builder.call(ops.squeeze, x, axis=tuple(gone), dims=dims)


@translates("Transpose")
def transpose(call: Call, x: Value, order: Value) -> Value:
    """Another order of the axes."""
    axes = axes_of(order, len(x.dims))
    dims = tuple(x.dims[axis] for axis in axes)
    if isinstance(x, Filled):
        return Filled(x.value, dims)
    if axes == tuple(range(len(axes))):
        return x
    return call.builder.call(ops.transpose, x, axes, dims=dims)


@translates("Pack")
def pack(call: Call, *xs: Value) -> Value:
    """Stack along a new axis."""
    axis = int(call.attribute("axis")) % (len(xs[0].dims) + 1)
    arrays = [integers(x) for x in xs]
    if any(isinstance(x, Sizes) for x in xs) and all(array is not None for array in arrays):
        return as_sizes(np.stack(arrays, axis), call.dtype)  # type: ignore[arg-type]
    dims = broadcast(*(x.dims for x in xs))
    parts = [call.builder.symbolic(x) for x in xs]
    return call.builder.call(
        ops.stack, parts, axis=axis, dims=(*dims[:axis], len(xs), *dims[axis:])
    )


@translates("Unpack")
def unpack(call: Call, x: Value) -> list[Value]:
    """Take an axis apart."""
    axis = int(call.attribute("axis")) % len(x.dims)
    count = int(call.operation.get_attr("num"))
    if isinstance(x, Sizes):
        return [as_sizes(np.take(x.array, i, axis), x.dtype) for i in range(count)]
    dims = (*x.dims[:axis], *x.dims[axis + 1 :])
    return list(call.builder.call(ops.unstack, x, num=count, axis=axis, dims=[dims] * count))


@translates("ConcatV2")
def concat(call: Call, *parts: Value) -> Value:
    """Join along an axis."""
    *xs, where = parts
    axis = axes_of(where, len(xs[0].dims))[0]
    arrays = [integers(x) for x in xs]
    if any(isinstance(x, Sizes) for x in xs) and all(array is not None for array in arrays):
        return as_sizes(np.concatenate(arrays, axis), call.dtype)  # type: ignore[arg-type]
    total = normal(sum(x.dims[axis] for x in xs))
    dims = list(broadcast(*(x.dims for x in xs)))
    dims[axis] = total
    tensors = [call.builder.symbolic(x) for x in xs]
    return call.builder.call(ops.concatenate, tensors, axis=axis, dims=dims)


@translates("Split")
def split(call: Call, where: Value, x: Value) -> list[Value]:
    """Equal parts."""
    axis, count = axes_of(where, len(x.dims))[0], int(call.attribute("num_split"))
    if isinstance(x, Sizes):
        return [as_sizes(part, x.dtype) for part in np.split(x.array, count, axis)]
    part = quotient(x.dims[axis], count)
    dims = (*x.dims[:axis], part, *x.dims[axis + 1 :])
    return list(call.builder.call(ops.split, x, count, axis=axis, dims=[dims] * count))


@translates("SplitV")
def split_v(call: Call, x: Value, parts: Value, where: Value) -> list[Value]:
    """Parts of given sizes."""
    axis, sizes = axes_of(where, len(x.dims))[0], list(sizes_of(parts))
    if -1 in sizes:
        rest = sum(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = normal(x.dims[axis] - rest)
    if not all(map(known, sizes)):
        raise UnsupportedVariantError("parts of sizes that stay open")
    every = [(*x.dims[:axis], size, *x.dims[axis + 1 :]) for size in sizes]
    ends = [int(end) for end in np.cumsum(sizes)[:-1]]
    if isinstance(x, Sizes):
        return [as_sizes(part, x.dtype) for part in np.split(x.array, ends, axis)]
    if len(sizes) == 1:
        return [x]
    return list(call.builder.call(ops.split, x, ends, axis=axis, dims=every))


@translates("BroadcastTo")
def broadcast_to(call: Call, x: Value, sizes: Value) -> Value:
    """Repeat axes of size 1."""
    dims = tuple(normal(size) for size in sizes_of(sizes))
    if isinstance(x, Filled):
        return Filled(x.value, dims)
    if isinstance(x, Constant) and x.array.size == 1:
        return Filled(Constant(x.array.reshape(()), x.dtype), dims)
    if tuple(x.dims) == dims:
        return x
    return call.builder.spread(x, dims)


@translates("Fill")
def fill(call: Call, sizes: Value, value: Value) -> Value:
    """One number everywhere."""
    dims = tuple(normal(size) for size in sizes_of(sizes))
    if isinstance(value, Constant):
        return Filled(value, dims)
    return call.builder.spread(call.builder.symbolic(value), dims)


@translates("Tile")
def tile(call: Call, x: Value, repeats: Value) -> Value:
    """Repeat whole axes."""
    counts = sizes_of(repeats)
    if isinstance(x, Filled):
        return Filled(x.value, tuple(normal(a * b) for a, b in zip(x.dims, counts, strict=True)))
    builder, tensor = call.builder, call.builder.symbolic(x)
    if all(map(known, counts)):
        dims = tuple(normal(a * b) for a, b in zip(x.dims, counts, strict=True))
        return builder.call(ops.tile, tensor, counts, dims=dims)
    for axis, count in enumerate(counts):
        if known(count) and count == 1:
            continue
        before, after = tensor.dims[:axis], tensor.dims[axis + 1 :]
        own = tensor.dims[axis]
        wide = builder.spread(
            builder.reshape(tensor, (*before, 1, own, *after)), (*before, count, own, *after)
        )
        tensor = builder.reshape(wide, (*before, normal(own * count), *after))
    return tensor


@translates("Range")
def arange(call: Call, start: Value, limit: Value, delta: Value) -> Value:
    """Counting."""
    builder = call.builder
    ends = [symbolic_numbers(value) for value in (start, limit, delta)]
    if any(end is None for end in ends):
        raise UnsupportedVariantError("a range whose ends depend on numbers")
    first, last, step = (normal(end.item()) for end in ends if end is not None)
    if not known(step):
        raise UnsupportedVariantError("a range whose step stays open")
    length = quotient(normal(last - first), step)
    if length is None:
        length = normal(sympy.ceiling(sympy.sympify(last - first) / step))
    counted: Tensor = builder.iota(length)
    if step != 1:
        counted = builder.call(ops.multiply, counted, step, dims=(length,))
    if not (known(first) and first == 0):
        shift = first if known(first) else builder.count(first)
        counted = builder.call(ops.add, counted, shift, dims=(length,))
    if counted.dtype == call.dtype:
        return counted
    return builder.call(ops.cast, counted, call.dtype, dims=(length,))


@translates("ReverseV2")
def reverse(call: Call, x: Value, axes: Value) -> Value:
    """Backwards along some axes."""
    return call.builder.call(ops.flip, x, axis=axes_of(axes, len(x.dims)), dims=x.dims)


@translates("Roll")
def roll(call: Call, x: Value, shift: Value, axes: Value) -> Value:
    """Shift round."""
    if not isinstance(shift, Constant):
        raise UnsupportedVariantError("a shift that stays open")
    by = tuple(int(entry) for entry in shift.array.reshape(-1))
    return call.builder.call(ops.roll, x, by, axis=axes_of(axes, len(x.dims)), dims=x.dims)


_PADS = {"REFLECT": "reflect", "SYMMETRIC": "symmetric"}


@translates("Pad", "PadV2", "MirrorPad")
def pad(call: Call, x: Value, paddings: Value, value: Value | None = None) -> Value:
    """More elements at the ends."""
    entries = sizes_of(paddings)
    if not all(map(known, entries)):
        raise UnsupportedVariantError("a padding that stays open")
    pads = tuple((int(a), int(b)) for a, b in zip(entries[::2], entries[1::2], strict=True))
    dims = tuple(normal(d + a + b) for d, (a, b) in zip(x.dims, pads, strict=True))
    if call.operation.type == "MirrorPad":
        mode = _PADS[str(call.attribute("mode"))]
        return call.builder.call(ops.pad, x, pads, mode=mode, dims=dims)
    if value is None:
        return call.builder.call(ops.pad, x, pads, dims=dims)
    if not isinstance(value, Constant):
        raise UnsupportedVariantError("padding with a computed number")
    return call.builder.call(
        ops.pad, x, pads, constant_values=value.array.reshape(()).item(), dims=dims
    )
