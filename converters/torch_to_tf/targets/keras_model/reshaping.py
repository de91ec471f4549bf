"""Reshapes with any number of open sizes.

``keras.ops.reshape`` leaves one size open and ``keras.layers.Reshape`` another one, the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
from keras import ops

from converters.torch_to_tf.targets.keras_model.sizes import (
    Dims,
    Size,
    aligned,
    known,
    normal,
    product,
)
from converters.torch_to_tf.targets.keras_model.values import Constant, Tensor

if TYPE_CHECKING:
    from converters.torch_to_tf.targets.keras_model.builder import Builder


def reshaped(builder: Builder, tensor: Tensor, dims: Dims) -> Tensor:
    """The tensor with other sizes, by the cheapest way there is."""
    if len(dims) == len(tensor.dims) and all(map(_same, dims, tensor.dims)):
        return tensor
    if sum(not known(size) for size in dims) <= 1:
        return builder.call(ops.reshape, tensor, _named(dims), dims=dims)
    squeezed = _ones(builder, tensor, dims)
    if squeezed is not None:
        return squeezed
    if dims and tensor.dims and _same(dims[0], tensor.dims[0]) and _open(dims[1:]) <= 1:
        return _behind_first(builder, tensor, dims)
    carried = _carried(builder, tensor, dims)
    return carried if carried is not None else _gathered(builder, tensor, dims)


def _same(one: Size, other: Size) -> bool:
    return bool(normal(one - other) == 0)


def _open(dims: Sequence[Size]) -> int:
    return sum(not known(size) for size in dims)


def _named(dims: Sequence[Size]) -> tuple[int, ...]:
    return tuple(size if known(size) else -1 for size in dims)


def _ones(builder: Builder, tensor: Tensor, dims: Dims) -> Tensor | None:
    """Axes of size 1 that come and go."""
    before = [size for size in tensor.dims if not _is_one(size)]
    after = [size for size in dims if not _is_one(size)]
    if len(before) != len(after) or not all(map(_same, before, after)):
        return None
    gone = tuple(axis for axis, size in enumerate(tensor.dims) if _is_one(size))
    come = tuple(axis for axis, size in enumerate(dims) if _is_one(size))
    if gone:
        tensor = builder.call(ops.squeeze, tensor, axis=gone, dims=tuple(before))
    return builder.call(ops.expand_dims, tensor, axis=come, dims=dims) if come else tensor


def _is_one(size: Size) -> bool:
    return bool(known(size) and size == 1)


def _behind_first(builder: Builder, tensor: Tensor, dims: Dims) -> Tensor:
    key = ("reshape", builder.scope, dims, id(tensor.keras))
    return builder.layer(
        key,
        lambda name: keras.layers.Reshape(_named(dims[1:]), name=name, dtype=_policy(tensor)),
        f"{builder.scope}.reshape",
        tensor,
        dims=dims,
    )


def _policy(tensor: Tensor) -> str:
    return tensor.dtype if tensor.dtype.startswith(("float", "bfloat")) else "float32"


def _carried(builder: Builder, tensor: Tensor, dims: Dims) -> Tensor | None:
    """Carry an open axis that stays as it is to the front, reshape behind it, carry it back."""
    before, after = 0, 0
    for one, other in aligned(tensor.dims, dims):
        kept = len(one) == len(other) == 1 and not known(one[0])
        rest = dims[:after] + dims[after + 1 :]
        if kept and _open(rest) <= 1 and product(one) != 0:
            there = (before, *(a for a in range(len(tensor.dims)) if a != before))
            moved = builder.call(
                ops.transpose, tensor, there, dims=tuple(tensor.dims[a] for a in there)
            )
            shaped = _behind_first(builder, moved, (dims[after], *rest))
            back = (*range(1, after + 1), 0, *range(after + 1, len(dims)))
            return builder.call(ops.transpose, shaped, back, dims=dims)
        before, after = before + len(one), after + len(other)
    return None


def _gathered(builder: Builder, tensor: Tensor, dims: Dims) -> Tensor:
    """Number the places of the result and take each from the flattened tensor."""
    flat = builder.call(ops.reshape, tensor, (-1,), dims=(product(dims),))
    index: Tensor | None = None
    for axis, size in enumerate(dims):
        line = builder.iota(size)
        inner = product(dims[axis + 1 :])
        step: object = inner if known(inner) else builder.count(inner)
        shape = tuple(size if place == axis else 1 for place in range(len(dims)))
        steps = builder.call(ops.multiply, line, step, dims=(size,))
        steps = builder.call(ops.reshape, steps, _named(shape), dims=shape)
        if index is None:
            index = steps
        else:
            so_far = (*dims[: axis + 1], *(1 for _ in dims[axis + 1 :]))
            index = builder.call(ops.add, index, steps, dims=so_far)
    assert index is not None
    return builder.call(ops.take, flat, index, axis=0, dims=dims)


def constant_reshape(value: Constant, dims: Dims) -> Constant:
    """A constant with other sizes, all known."""
    return Constant(value.array.reshape(dims), value.dtype)
