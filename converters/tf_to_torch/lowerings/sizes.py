"""Sizes: integers that are computed from shapes, outside tensors.

Each function takes and returns NumPy arrays of objects, which hold ``int`` and ``torch.SymInt``.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from converters.tf_to_torch.lowerings import size

Array = np.ndarray


def _binary(op: str, function: np.ufunc) -> None:
    def computed(x: Array, y: Array) -> Array:
        return np.asarray(function(x, y), dtype=object)

    size(op)(computed)


for _op, _function in {
    "tf.AddV2": np.add,
    "tf.Add": np.add,
    "tf.Sub": np.subtract,
    "tf.Mul": np.multiply,
    "tf.FloorDiv": np.floor_divide,
    "tf.FloorMod": np.mod,
}.items():
    _binary(_op, _function)


def _extreme(x: Array, y: Array, chosen: str) -> Array:
    import torch

    function = {"max": torch.sym_max, "min": torch.sym_min}[chosen]
    return np.asarray(np.frompyfunc(function, 2, 1)(x, y), dtype=object)


@size("tf.Maximum")
def maximum(x: Array, y: Array) -> Array:
    """The larger of each two."""
    return _extreme(x, y, "max")


@size("tf.Minimum")
def minimum(x: Array, y: Array) -> Array:
    """The smaller of each two."""
    return _extreme(x, y, "min")


@size("tf.Neg")
def neg(x: Array) -> Array:
    """The opposite."""
    return np.asarray(-x, dtype=object)


@size("tf.Identity")
def identity(input: Array) -> Array:
    """The same."""
    return input


@size("tf.Prod")
def prod(input: Array, reduction_indices: Array, keep_dims: bool = False) -> Array:
    """Products along axes."""
    return _reduced(np.multiply, input, reduction_indices, keep_dims=keep_dims)


@size("tf.Sum")
def sum(input: Array, reduction_indices: Array, keep_dims: bool = False) -> Array:
    """Sums along axes."""
    return _reduced(np.add, input, reduction_indices, keep_dims=keep_dims)


def _reduced(function: np.ufunc, x: Array, axes: Array, *, keep_dims: bool) -> Array:
    chosen = tuple(int(axis) for axis in np.ravel(axes))
    start = 1 if function is np.multiply else 0
    return np.asarray(
        function.reduce(x, axis=chosen, keepdims=keep_dims, initial=start), dtype=object
    )


@size("tf.Pack")
def pack(values: Sequence[Array], axis: int = 0) -> Array:
    """Stack along a new axis."""
    return np.stack(values, axis)


@size("tf.ConcatV2")
def concat_v2(values: Sequence[Array], axis: Array) -> Array:
    """Join along an axis."""
    return np.concatenate(values, int(axis))


@size("tf.SplitV")
def split_v(value: Array, size_splits: Array, split_dim: Array, num_split: int) -> list[Array]:
    """Parts along an axis; a size of -1 is what the others leave."""
    sizes, axis = [int(item) for item in size_splits], int(split_dim)
    if -1 in sizes:
        sizes[sizes.index(-1)] = value.shape[axis] - 1 - builtins.sum(sizes)
    return list(np.split(value, np.cumsum(sizes)[:-1], axis))


@size("tf.Split")
def split(split_dim: Array, value: Array, num_split: int) -> list[Array]:
    """Parts of one size along an axis."""
    return list(np.split(value, num_split, int(split_dim)))


@size("tf.Unpack")
def unpack(value: Array, num: int, axis: int = 0) -> list[Array]:
    """Slices along an axis, which they lose."""
    return [np.asarray(np.take(value, place, axis), dtype=object) for place in range(num)]


@size("tf.Tile")
def tile(input: Array, multiples: Array) -> Array:
    """Repeated along each axis, if it is known how often while the model is traced."""
    if not _known(multiples):
        return NotImplemented
    return np.tile(input, tuple(int(item) for item in multiples))


@size("tf.Fill")
def fill(dims: Array, value: Array) -> Array:
    """One integer everywhere, if it is known how often while the model is traced."""
    if not _known(dims, value):
        return NotImplemented
    return np.full(tuple(int(item) for item in dims), value.item(), dtype=object)


@size("tf.ExpandDims")
def expand_dims(input: Array, dim: Array) -> Array:
    """Add an axis of size 1."""
    return np.expand_dims(input, int(np.ravel(dim)[0]))


@size("tf.Squeeze")
def squeeze(input: Array, squeeze_dims: tuple[int, ...] = ()) -> Array:
    """Drop axes of size 1."""
    return np.squeeze(input, tuple(squeeze_dims) or None)


@size("tf.Reshape")
def reshape(tensor: Array, shape: Array) -> Array:
    """Arrange anew."""
    return np.reshape(tensor, tuple(int(entry) for entry in shape))


@size("tf.GatherV2")
def gather_v2(params: Array, indices: Array, axis: Array, batch_dims: int = 0) -> Array:
    """Pick along an axis."""
    return np.asarray(np.take(params, indices.astype(np.int64), int(axis)), dtype=object)


@size("tf.Slice")
def slice(input: Array, begin: Array, size: Array) -> Array:
    """Cut out."""
    places = tuple(
        np.s_[int(first) : None if count == -1 else int(first) + int(count)]
        for first, count in zip(begin, size, strict=True)
    )
    return input[places]


@size("tf.StridedSlice")
def strided_slice(
    input: Array,
    begin: Array,
    end: Array,
    strides: Array,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Array:
    """Cut out as Python's brackets do."""
    from converters.tf_to_torch.lowerings.indexing import brackets

    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return np.asarray(input[brackets(list(begin), list(end), list(strides), *masks)], dtype=object)


@size("tf.Cast")
def cast(x: Array, DstT: object, Truncate: bool = False) -> Array:
    """Another type of integers."""
    return x


def _known(*arrays: Array) -> bool:
    return all(type(item) in (int, bool) for array in arrays for item in np.ravel(array))


@size("tf.Range")
def range_(start: Array, limit: Array, delta: Array) -> Array:
    """Numbers from ``start`` to before ``limit``, if they are known while the model is traced."""
    if not _known(start, limit, delta):
        return NotImplemented
    return np.arange(int(start), int(limit), int(delta)).astype(object)


def _compare(op: str, function: Callable[..., Any]) -> None:
    def compared(x: Array, y: Array) -> Array:
        return np.asarray(function(x, y), dtype=object) if _known(x, y) else NotImplemented

    size(op)(compared)


for _op, _comparison in {
    "tf.Less": np.less,
    "tf.LessEqual": np.less_equal,
    "tf.Greater": np.greater,
    "tf.GreaterEqual": np.greater_equal,
    "tf.LogicalAnd": np.logical_and,
    "tf.LogicalOr": np.logical_or,
}.items():
    _compare(_op, _comparison)


@size("tf.LogicalNot")
def logical_not(x: Array) -> Array:
    """True where x is false, if that is known while the model is traced."""
    return np.asarray(np.logical_not(x), dtype=object) if _known(x) else NotImplemented


@size("tf.Max")
def max_(input: Array, reduction_indices: Array, keep_dims: bool = False) -> Array:
    """The largest along axes, if they are known while the model is traced."""
    return _extreme_along(np.max, input, reduction_indices, keep_dims=keep_dims)


@size("tf.Min")
def min_(input: Array, reduction_indices: Array, keep_dims: bool = False) -> Array:
    """The smallest along axes, if they are known while the model is traced."""
    return _extreme_along(np.min, input, reduction_indices, keep_dims=keep_dims)


def _extreme_along(
    function: Callable[..., Any], x: Array, axes: Array, *, keep_dims: bool
) -> Array:
    chosen = tuple(int(axis) for axis in np.ravel(axes))
    if not chosen:
        return x
    if not _known(x):
        return NotImplemented
    return np.asarray(function(x, axis=chosen, keepdims=keep_dims), dtype=object)
