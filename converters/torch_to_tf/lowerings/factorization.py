"""Determinants, inverses, equations and factorisations of matrices."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.linalg import matrix_product
from converters.torch_to_tf.promotion import normalized, promote, shape_of


@lower("aten.linalg_inv.default")
def linalg_inv(A: tf.Tensor) -> tf.Tensor:
    """Inverse; a singular matrix is an error when the model runs, as in PyTorch.

    Shapes: A (..., n, n) -> (..., n, n). Dtypes: float32, float64, complex.
    """
    return tf.linalg.inv(A)


@lower("aten.inverse.default")
def inverse(x: tf.Tensor) -> tf.Tensor:
    """:func:`linalg_inv` by its older name."""
    return tf.linalg.inv(x)


@lower("aten.linalg_det.default")
def linalg_det(A: tf.Tensor) -> tf.Tensor:
    """Determinant. Shapes: A (..., n, n) -> (...). Dtypes: float32, float64, complex.

    Differs: TensorFlow's gradient inverts the matrix, so that of a singular matrix is an error.
    """
    return tf.linalg.det(A)


@lower("aten.det.default")
def det(x: tf.Tensor) -> tf.Tensor:
    """:func:`linalg_det` by its older name."""
    return tf.linalg.det(x)


@lower("aten.linalg_slogdet.default")
def linalg_slogdet(A: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Sign and logarithm of the determinant's absolute value.

    Shapes: A (..., n, n) -> (...) twice.
    """
    sign, logarithm = tf.linalg.slogdet(A)
    return sign, tf.math.real(logarithm)


@lower("aten.slogdet.default")
def slogdet(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`linalg_slogdet` by its older name."""
    return linalg_slogdet(x)


@lower("aten.logdet.default")
def logdet(x: tf.Tensor) -> tf.Tensor:
    """Logarithm of the determinant, NaN where that is negative.

    Shapes: x (..., n, n) -> (...). Dtypes: float32, float64.
    """
    if x.dtype.is_complex:
        raise UnsupportedVariantError(
            "logdet of complex matrices: use torch.linalg.slogdet in the model."
        )
    sign, logarithm = tf.linalg.slogdet(x)
    return tf.where(sign < 0, tf.constant(float("nan"), x.dtype), logarithm)


@lower("aten.linalg_solve.default")
def linalg_solve(A: tf.Tensor, B: tf.Tensor, left: bool = True) -> tf.Tensor:
    """X with ``A X = B``, or ``X A = B`` when not ``left``.

    Shapes: A (..., n, n), B (..., n, k), or a vector (n,) or (..., n) of A's own leading axes;
    leading axes broadcast. Dtypes: float32, float64, complex.
    """
    vector = B.shape.rank == 1 or (B.shape.rank == A.shape.rank - 1 and B.shape[:] == A.shape[:-1])
    if vector:
        return tf.squeeze(linalg_solve(A, B[..., tf.newaxis]), -1)
    A, B = _same_batch(A, B)
    if left:
        return tf.linalg.solve(A, B)
    return tf.linalg.matrix_transpose(
        tf.linalg.solve(tf.linalg.matrix_transpose(A), tf.linalg.matrix_transpose(B))
    )


def _same_batch(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Both with the leading axes that they broadcast to."""
    if a.shape[:-2].is_fully_defined() and b.shape[:-2].is_fully_defined():
        batch: list[int] | tf.Tensor = tf.broadcast_static_shape(
            a.shape[:-2], b.shape[:-2]
        ).as_list()
        if a.shape[:-2] == b.shape[:-2]:
            return a, b
    else:
        batch = tf.broadcast_dynamic_shape(tf.shape(a)[:-2], tf.shape(b)[:-2])
    full = (tf.concat([batch, tf.shape(x)[-2:]], 0) for x in (a, b))
    return tuple(tf.broadcast_to(x, shape) for x, shape in zip((a, b), full, strict=True))  # type: ignore[return-value]


@lower("aten.linalg_qr.default")
def linalg_qr(A: tf.Tensor, mode: str = "reduced") -> tuple[tf.Tensor, tf.Tensor]:
    """Orthonormal Q and upper triangular R with ``Q R = A``, signs as by Householder.

    Shapes: A (..., m, n) -> (..., m, k) and (..., k, n), k = min(m, n), or m when ``complete``.
    Dtypes: float32, float64, complex.
    """
    q, r = tf.linalg.qr(A, full_matrices=mode == "complete")
    return (tf.zeros([0], A.dtype) if mode == "r" else q), r


@lower("aten.linalg_matrix_power.default", "aten.matrix_power.default")
def matrix_power(x: tf.Tensor, n: int) -> tf.Tensor:
    """The matrix multiplied ``n`` times, or its inverse ``-n`` times. Shapes: (..., k, k)."""
    if n == 0:
        size = shape_of(x)
        return tf.eye(size[-1], batch_shape=size[:-2], dtype=x.dtype)
    if n < 0:
        return matrix_power(tf.linalg.inv(x), -n)
    result, square = None, x
    while n:
        if n % 2:
            result = square if result is None else matrix_product(result, square)
        n //= 2
        square = matrix_product(square, square) if n else square
    return result


@lower("aten.linalg_matrix_exp.default", "aten.matrix_exp.default")
def matrix_exp(x: tf.Tensor) -> tf.Tensor:
    """Exponential of a matrix. Shapes: (..., n, n). Dtypes: float32, float64, complex."""
    return tf.linalg.expm(x)


@lower("aten.trace.default")
def trace(x: tf.Tensor) -> tf.Tensor:
    """Sum of the main diagonal; integers are summed as int64. Shapes: x (m, n) -> ()."""
    return tf.linalg.trace(tf.cast(x, tf.int64) if x.dtype.is_integer else x)


@lower("aten.linalg_cross.default")
def linalg_cross(x: tf.Tensor, other: tf.Tensor, dim: int = -1) -> tf.Tensor:
    """Vector product along an axis of size 3; the other axes broadcast. Dtypes: all but bool."""
    a, b = promote(x, other)
    axis = normalized(dim, a.shape.rank)
    left = tf.roll(a, -1, axis) * tf.roll(b, -2, axis)
    return left - tf.roll(a, -2, axis) * tf.roll(b, -1, axis)


@lower("aten.cross.default")
def cross(x: tf.Tensor, other: tf.Tensor, dim: int | None = None) -> tf.Tensor:
    """:func:`linalg_cross` along ``dim``, or along the first axis of size 3."""
    if dim is not None:
        return linalg_cross(x, other, dim)
    sizes = x.shape.as_list()
    if 3 not in sizes:
        raise UnsupportedVariantError(
            f"cross of shape {sizes} without dim: say which axis holds the three components."
        )
    return linalg_cross(x, other, sizes.index(3))
