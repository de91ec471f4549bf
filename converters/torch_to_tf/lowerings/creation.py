"""New tensors: constants, ranges, identity matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    default_dtype,
    number_kind,
    opmath,
    shape_of,
)

Size: TypeAlias = int | tf.Tensor
Scalar: TypeAlias = Number | tf.Tensor

INT64 = 4
"""PyTorch's number for int64, which is how some schemas write the default of ``dtype``."""


def int64_or(dtype: tf.DType | int | None) -> tf.DType:
    """The type asked for; int64 where none is, or where the schema's default stands."""
    return dtype if isinstance(dtype, tf.DType) else tf.int64


def _filled(size: Sequence[Size], value: Scalar, dtype: tf.DType) -> tf.Tensor:
    static = all(isinstance(entry, int) for entry in size)
    shape = list(size) if static else [cast(entry, tf.int32) for entry in size]
    return tf.fill(shape, cast(value, dtype))


@lower("aten.zeros.default")
def zeros(size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros; the default floating-point type where none is given."""
    return _filled(size, 0, dtype or default_dtype())


@lower("aten.ones.default")
def ones(size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Ones; the default floating-point type where none is given."""
    return _filled(size, 1, dtype or default_dtype())


@lower("aten.empty.memory_format")
def empty(size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros: what PyTorch leaves undefined."""
    return zeros(size, dtype)


@lower("aten.empty_permuted.default")
def empty_permuted(
    size: Sequence[Size], physical_layout: Sequence[int], dtype: tf.DType | None = None
) -> tf.Tensor:
    """Zeros: what PyTorch leaves undefined."""
    return zeros(size, dtype)


@lower("aten.empty_strided.default")
def empty_strided(
    size: Sequence[Size], stride: Sequence[Size], dtype: tf.DType | None = None
) -> tf.Tensor:
    """Zeros: what PyTorch leaves undefined."""
    return zeros(size, dtype)


@lower("aten.full.default")
def full(size: Sequence[Size], fill_value: Scalar, dtype: tf.DType | None = None) -> tf.Tensor:
    """One value everywhere; its own kind's default type where none is given."""
    return _filled(size, fill_value, dtype or default_dtype(number_kind(fill_value)))


@lower("aten.zeros_like.default", layout=ANY)
def zeros_like(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros in the shape of ``x``."""
    return tf.zeros_like(x, dtype)


@lower("aten.ones_like.default", layout=ANY)
def ones_like(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Ones in the shape of ``x``."""
    return tf.ones_like(x, dtype)


@lower("aten.empty_like.default", layout=ANY)
def empty_like(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros in the shape of ``x``: what PyTorch leaves undefined."""
    return tf.zeros_like(x, dtype)


@lower("aten.full_like.default", layout=ANY)
def full_like(x: tf.Tensor, fill_value: Scalar, dtype: tf.DType | None = None) -> tf.Tensor:
    """One value in the shape of ``x``."""
    return _filled(shape_of(x), fill_value, dtype or x.dtype)


@lower("aten.new_empty_strided.default")
def new_empty_strided(
    x: tf.Tensor, size: Sequence[Size], stride: Sequence[Size], dtype: tf.DType | None = None
) -> tf.Tensor:
    """Zeros in the type of ``x``: what PyTorch leaves undefined."""
    return _filled(size, 0, dtype or x.dtype)


@lower("aten.resize.default")
def resize(x: tf.Tensor, size: Sequence[Size]) -> tf.Tensor:
    """The elements of ``x`` in another shape; further ones, which PyTorch leaves undefined, are 0.

    Shapes: x (...) -> size.
    """
    count: Size = 1
    for entry in size:
        count = count * entry
    flat = tf.reshape(x, [-1])
    missing = tf.maximum(count - tf.size(flat), 0)
    return tf.reshape(tf.pad(flat, [[0, missing]])[:count], list(size))


@lower("aten.resize_as.default")
def resize_as(x: tf.Tensor, the_template: tf.Tensor) -> tf.Tensor:
    """As resize, to the shape of another tensor."""
    return resize(x, shape_of(the_template))


@lower("aten.fill.Scalar", layout=ANY)
def fill(x: tf.Tensor, value: Scalar) -> tf.Tensor:
    """One value in the shape and type of ``x``."""
    return _filled(shape_of(x), value, x.dtype)


@lower("aten.new_zeros.default")
def new_zeros(x: tf.Tensor, size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros in the type of ``x``."""
    return _filled(size, 0, dtype or x.dtype)


@lower("aten.new_ones.default")
def new_ones(x: tf.Tensor, size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Ones in the type of ``x``."""
    return _filled(size, 1, dtype or x.dtype)


@lower("aten.new_empty.default")
def new_empty(x: tf.Tensor, size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Zeros in the type of ``x``: what PyTorch leaves undefined."""
    return new_zeros(x, size, dtype)


@lower("aten.new_full.default")
def new_full(
    x: tf.Tensor, size: Sequence[Size], fill_value: Scalar, dtype: tf.DType | None = None
) -> tf.Tensor:
    """One value in the type of ``x``."""
    return _filled(size, fill_value, dtype or x.dtype)


@lower("aten.scalar_tensor.default")
def scalar_tensor(s: Scalar, dtype: tf.DType | None = None) -> tf.Tensor:
    """A number as a zero-dimensional tensor."""
    return tf.identity(cast(s, dtype or default_dtype()))


@lower("aten.arange.default")
def arange(end: Scalar, dtype: tf.DType | None = None) -> tf.Tensor:
    """0, 1, ... below ``end``; int64 where ``end`` is an integer and no type is given."""
    return arange_step(0, end, 1, dtype)


@lower("aten.arange.start")
def arange_start(start: Scalar, end: Scalar, dtype: tf.DType | None = None) -> tf.Tensor:
    """``start``, ``start + 1``, ... below ``end``."""
    return arange_step(start, end, 1, dtype)


@lower("aten.arange.start_step")
def arange_step(
    start: Scalar, end: Scalar, step: Scalar = 1, dtype: tf.DType | None = None
) -> tf.Tensor:
    """``start + i * step`` up to ``end``, without it.

    Source: ATen RangeFactories.cpp: the length is computed in double, for integers exactly.
    Differs: ``tf.range`` computes the length in the result's type.
    """
    bounds = (start, end, step)
    whole = all(number_kind(bound) < 2 for bound in bounds)
    dtype = dtype or (tf.int64 if whole else default_dtype())
    if dtype.is_integer or whole:
        steps = tf.range(*[cast(_toward_zero(bound), tf.int64) for bound in bounds])
        return cast(steps, dtype)
    if all(isinstance(bound, int | float) for bound in bounds):
        count: Size = max(math.ceil((end - start) / step), 0)  # type: ignore[arg-type]
    else:
        first, last, width = (cast(bound, tf.float64) for bound in bounds)
        count = tf.cast(tf.maximum(tf.math.ceil((last - first) / width), 0), tf.int64)
    places = tf.cast(tf.range(count), tf.float64)
    return cast(cast(start, tf.float64) + places * cast(step, tf.float64), dtype)


def _toward_zero(bound: Scalar) -> Scalar:
    return int(bound) if isinstance(bound, float) else bound


@lower("aten.eye.default")
def eye(n: Size, dtype: tf.DType | None = None) -> tf.Tensor:
    """The identity matrix."""
    return eye_m(n, n, dtype)


@lower("aten.eye.m")
def eye_m(n: Size, m: Size, dtype: tf.DType | None = None) -> tf.Tensor:
    """Ones on the diagonal of an (n, m) matrix."""
    return cast(tf.expand_dims(tf.range(n), 1) == tf.range(m), dtype or default_dtype())


@lower(
    "aten.linspace.default",
    "aten.linspace.Tensor_Tensor",
    "aten.linspace.Tensor_Scalar",
    "aten.linspace.Scalar_Tensor",
)
def linspace(start: Scalar, end: Scalar, steps: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """``steps`` numbers from ``start`` to ``end``, both taken in.

    Source: ATen RangeFactories.cpp: the first half is counted from the start, the second from the
    end.
    """
    dtype = dtype or default_dtype()
    wide = tf.float64 if not dtype.is_floating else opmath(dtype)
    first, last = cast(start, wide), cast(end, wide)
    if isinstance(steps, int) and steps == 1:
        return cast(tf.reshape(first, [1]), dtype)
    width = (last - first) / cast(steps - 1, wide)
    places = tf.range(steps)
    up = first + width * tf.cast(places, wide)
    down = last - width * tf.cast(steps - 1 - places, wide)
    return cast(tf.where(places < steps // 2, up, down), dtype)


@lower("aten.tril_indices.default")
def tril_indices(
    row: int, col: int, offset: int = 0, dtype: tf.DType | int | None = INT64
) -> tf.Tensor:
    """Rows and columns of the elements on and below a diagonal."""
    return _triangle(row, col, lambda distance: distance <= offset, dtype)


@lower("aten.triu_indices.default")
def triu_indices(
    row: int, col: int, offset: int = 0, dtype: tf.DType | int | None = INT64
) -> tf.Tensor:
    """Rows and columns of the elements on and above a diagonal."""
    return _triangle(row, col, lambda distance: distance >= offset, dtype)


def _triangle(
    rows: int, columns: int, inside: Callable[[tf.Tensor], tf.Tensor], dtype: tf.DType | int | None
) -> tf.Tensor:
    distance = tf.range(columns) - tf.expand_dims(tf.range(rows), 1)
    return cast(tf.transpose(tf.where(inside(distance))), int64_or(dtype))
