"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import Axes, Layout, identity_axes
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, promote, shape_of

Size: TypeAlias = int | tf.Tensor

_NARROW = frozenset({tf.int8, tf.uint8, tf.int16, tf.uint16, tf.uint32})


def kernel_axes(rank: int) -> Axes:
    """(out, in) to (in, out), which TensorFlow multiplies fastest; a vector stays.

    >>> kernel_axes(2), kernel_axes(1)
    ((1, 0), (0,))
    """
    return (1, 0) if rank == 2 else identity_axes(rank)


def matrix_product(a: tf.Tensor, b: tf.Tensor, *, transpose_b: bool = False) -> tf.Tensor:
    """``a @ b`` over the last two axes, leading axes broadcast.

    Integers that TensorFlow can't multiply are multiplied as int32 and wrap around as PyTorch's do.

    Shapes: a (..., m, k), b (..., k, n), or (..., n, k) with ``transpose_b`` -> (..., m, n).
    """
    if a.dtype in _NARROW:
        wide = tf.int64 if a.dtype == tf.uint32 else tf.int32
        product = tf.matmul(tf.cast(a, wide), tf.cast(b, wide), transpose_b=transpose_b)
        return tf.cast(product, a.dtype)
    if a.shape.rank > 2 and b.shape.rank == 2:
        rows, shape = as_rows(a)
        return from_rows(tf.matmul(rows, b, transpose_b=transpose_b), shape)
    return tf.matmul(a, b, transpose_b=transpose_b)


def as_rows(x: tf.Tensor) -> tuple[tf.Tensor, list[Size]]:
    """All axes but the last joined, and the sizes that :func:`from_rows` restores.

    Shapes: x (..., k) -> (rows, k).
    """
    shape = shape_of(x)
    if len(shape) == 2:
        return x, shape[:-1]
    return tf.reshape(x, [_joined(shape[:-1], shape[-1]), shape[-1]]), shape[:-1]


def from_rows(rows: tf.Tensor, leading: Sequence[Size]) -> tf.Tensor:
    """The inverse of :func:`as_rows`, for a last axis of any size."""
    if len(leading) == 1:
        return rows
    last = shape_of(rows)[-1]
    open_sizes = [place for place, size in enumerate(leading) if not isinstance(size, int)]
    sizes = list(leading)
    known = [size for size in (*leading, last) if isinstance(size, int)]
    if len(open_sizes) == 1 and isinstance(last, int) and all(known):
        sizes[open_sizes[0]] = -1  # no need to compute it
    return tf.reshape(rows, [*sizes, last])


def _joined(sizes: Sequence[Size], rest: Size) -> Size:
    """The product of sizes; -1 where a reshape can find it out itself."""
    if all(isinstance(size, int) for size in sizes):
        return math.prod(sizes)  # type: ignore[arg-type]
    if isinstance(rest, int) and rest > 0:
        return -1
    return tf.reduce_prod(tf.stack(list(sizes)))


@lower("aten.linear.default", layout=Layout(weights={"weight": kernel_axes}))
def linear(input: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | None = None) -> tf.Tensor:
    """``input @ weight + bias``, with the weight stored as (in, out).

    Shapes: input (..., in), weight (in, out) or (in,), bias (out,) or () -> (..., out), or (...).
    Dtypes: floating point, complex and integers; all alike. float16 and bfloat16 accumulate in
    float32.
    Source: ATen native_functions.yaml, linear.
    """
    if weight.shape.rank == 1:
        product = matmul(input, weight)
        return product if bias is None else product + bias
    if input.shape.rank == 1:
        return tf.reshape(linear(input[tf.newaxis], weight, bias), [shape_of(weight)[1]])
    if bias is None or bias.dtype in _NARROW or not _is_row(bias, weight):
        product = matrix_product(input, weight)
        return product if bias is None else product + bias
    rows, leading = as_rows(input)
    return from_rows(tf.nn.bias_add(tf.matmul(rows, weight), bias), leading)


def _is_row(bias: tf.Tensor, weight: tf.Tensor) -> bool:
    return bias.shape.rank == 1 and bias.shape[0] is not None and bias.shape[0] == weight.shape[1]


@lower("aten.matmul.default")
def matmul(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Matrix product; a vector on the left counts as a row, on the right as a column.

    Shapes: x (k,), (m, k) or (..., m, k); other (k,), (k, n) or (..., k, n); leading axes
    broadcast.
    Dtypes: all but bool; both alike.
    Source: PyTorch, torch.matmul.
    Differs: TensorFlow's product takes no vectors and no narrow integers.
    """
    if x.shape.rank == 1 and other.shape.rank == 1:
        return tf.reshape(matrix_product(x[tf.newaxis], other[:, tf.newaxis]), [])
    if x.shape.rank == 1:
        return tf.squeeze(matrix_product(x[tf.newaxis], other), -2)
    if other.shape.rank == 1:
        return tf.squeeze(matrix_product(x, other[:, tf.newaxis]), -1)
    return matrix_product(x, other)


@lower("aten.mm.default", "aten.bmm.default")
def mm(x: tf.Tensor, mat2: tf.Tensor) -> tf.Tensor:
    """``x @ mat2`` for matrices or batches of them, without broadcasting.

    Shapes: x (m, k), mat2 (k, n) -> (m, n); or each with one leading batch axis. Dtypes: all but
    bool.
    """
    return matrix_product(x, mat2)


@lower("aten.mv.default")
def mv(x: tf.Tensor, vec: tf.Tensor) -> tf.Tensor:
    """Matrix times vector. Shapes: x (m, k), vec (k,) -> (m,). Dtypes: all but bool."""
    return matmul(x, vec)


@lower("aten.dot.default")
def dot(x: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """Sum of products, without conjugation.

    Shapes: x (k,), tensor (k,) -> (). Dtypes: all but bool.
    """
    return matmul(x, tensor)


@lower("aten.vdot.default")
def vdot(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Sum of products with ``x`` conjugated.

    Shapes: x (k,), other (k,) -> (). Dtypes: all but bool.
    """
    return matmul(tf.math.conj(x) if x.dtype.is_complex else x, other)


@lower("aten.inner.default")
def inner(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Sum of products over the last axis of both.

    Shapes: x (..., k), other (***, k) -> (..., ***); a scalar scales. Dtypes: all but bool.
    """
    if x.shape.rank == 0 or other.shape.rank == 0:
        return x * other
    leading = [*shape_of(x)[:-1], *shape_of(other)[:-1]]
    (a, _), (b, _) = as_rows(_at_least_matrix(x)), as_rows(_at_least_matrix(other))
    return tf.reshape(matrix_product(a, b, transpose_b=True), leading)


def _at_least_matrix(x: tf.Tensor) -> tf.Tensor:
    return x[tf.newaxis] if x.shape.rank == 1 else x


@lower("aten.outer.default", "aten.ger.default")
def outer(x: tf.Tensor, vec2: tf.Tensor) -> tf.Tensor:
    """Every product of two vectors' elements. Shapes: x (m,), vec2 (n,) -> (m, n). Dtypes: all."""
    a, b = promote(x, vec2)
    if a.dtype == tf.bool:
        return tf.logical_and(a[:, tf.newaxis], b[tf.newaxis])
    return a[:, tf.newaxis] * b[tf.newaxis]


def _combined(x: tf.Tensor, product: tf.Tensor, beta: Number, alpha: Number) -> tf.Tensor:
    """``beta * x + alpha * product``; with ``beta`` 0, ``x`` doesn't matter, NaN included.

    16-bit types are combined in float32.
    """
    dtype = product.dtype
    wide = tf.float32 if dtype in (tf.float16, tf.bfloat16) else dtype
    result = tf.cast(product, wide)
    if alpha != 1:
        result *= cast(alpha, wide)
    if beta == 0:
        return tf.cast(result, dtype)
    x = tf.cast(x, wide)
    return tf.cast((x if beta == 1 else x * cast(beta, wide)) + result, dtype)


@lower("aten.addmm.default")
def addmm(
    x: tf.Tensor, mat1: tf.Tensor, mat2: tf.Tensor, beta: Number = 1, alpha: Number = 1
) -> tf.Tensor:
    """``beta * x + alpha * (mat1 @ mat2)``.

    Shapes: x broadcastable to (m, n), mat1 (m, k), mat2 (k, n) -> (m, n). Dtypes: all but bool; all
    alike.
    Source: ATen native_functions.yaml, addmm.
    """
    if beta == 1 and alpha == 1 and mat1.dtype not in _NARROW and _is_row(x, mat2):
        return tf.nn.bias_add(tf.matmul(mat1, mat2), x)
    return _combined(x, matrix_product(mat1, mat2), beta, alpha)


@lower("aten.baddbmm.default")
def baddbmm(
    x: tf.Tensor, batch1: tf.Tensor, batch2: tf.Tensor, beta: Number = 1, alpha: Number = 1
) -> tf.Tensor:
    """``beta * x + alpha * (batch1 @ batch2)`` for each matrix of a batch.

    Shapes: x broadcastable to (b, m, n), batch1 (b, m, k), batch2 (b, k, n). Dtypes: all but bool.
    """
    return _combined(x, matrix_product(batch1, batch2), beta, alpha)


@lower("aten.addbmm.default")
def addbmm(
    x: tf.Tensor, batch1: tf.Tensor, batch2: tf.Tensor, beta: Number = 1, alpha: Number = 1
) -> tf.Tensor:
    """``beta * x + alpha * sum_b (batch1[b] @ batch2[b])``, one product over batch and inner axis.

    Shapes: x broadcastable to (m, n), batch1 (b, m, k), batch2 (b, k, n) -> (m, n). Dtypes: all but
    bool.
    """
    b, m, k = shape_of(batch1)
    left = tf.reshape(tf.transpose(batch1, [1, 0, 2]), [m, b * k])
    right = tf.reshape(batch2, [b * k, shape_of(batch2)[2]])
    return _combined(x, matrix_product(left, right), beta, alpha)


@lower("aten.addmv.default")
def addmv(
    x: tf.Tensor, mat: tf.Tensor, vec: tf.Tensor, beta: Number = 1, alpha: Number = 1
) -> tf.Tensor:
    """``beta * x + alpha * (mat @ vec)``.

    Shapes: x broadcastable to (m,), mat (m, k), vec (k,) -> (m,). Dtypes: all but bool.
    """
    return _combined(x, matmul(mat, vec), beta, alpha)


@lower("aten.addr.default")
def addr(
    x: tf.Tensor, vec1: tf.Tensor, vec2: tf.Tensor, beta: Number = 1, alpha: Number = 1
) -> tf.Tensor:
    """``beta * x + alpha * outer(vec1, vec2)``; bools are joined by and, then or.

    Shapes: x broadcastable to (m, n), vec1 (m,), vec2 (n,) -> (m, n). Dtypes: all, promoted.
    """
    x, vec1, vec2 = promote(x, vec1, vec2)
    product = outer(vec1, vec2)
    if x.dtype != tf.bool:
        return _combined(x, product, beta, alpha)
    kept = product if alpha else tf.zeros_like(product)
    return tf.logical_or(x, kept) if beta else kept
