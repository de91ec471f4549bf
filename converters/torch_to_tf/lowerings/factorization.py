"""Determinants, inverses, equations and factorisations of matrices."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.elimination import eliminated, first_true, require
from converters.torch_to_tf.lowerings.linalg import matrix_product
from converters.torch_to_tf.promotion import count_of, normalized, opmath, promote, shape_of


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


@lower("aten.linalg_inv_ex.default")
def linalg_inv_ex(A: tf.Tensor, check_errors: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
    """Inverse, and which pivot of the LU factorisation is 0, counted from 1, or 0 if none is.

    Shapes: A (..., n, n) -> (..., n, n) and (...), int32.
    Differs: of a singular matrix the result is NaN; PyTorch's is NaN and infinities.
    """
    singular, info = _singular(A)
    if check_errors:
        require(info == 0, "the matrix is singular")
    return _or_nan(tf.linalg.inv(_regular(A, singular)), singular), info


def _singular(a: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether each matrix is exactly singular, and the place of its first pivot that is 0."""
    sign, _ = tf.linalg.slogdet(tf.stop_gradient(a))
    singular = sign == 0

    def search() -> tf.Tensor:
        return first_true(tf.linalg.diag_part(eliminated(a)[0]) == 0)

    none = tf.zeros(shape_of(a)[:-2], tf.int32)
    return singular, tf.cond(tf.reduce_any(singular), search, lambda: none)


def _regular(a: tf.Tensor, singular: tf.Tensor) -> tf.Tensor:
    """``a``, with identities in the place of singular matrices, which TensorFlow refuses."""
    identity = tf.eye(shape_of(a)[-1], dtype=a.dtype)
    return tf.where(singular[..., tf.newaxis, tf.newaxis], identity, a)


def _or_nan(x: tf.Tensor, singular: tf.Tensor) -> tf.Tensor:
    nan = tf.cast(float("nan"), x.dtype)
    return tf.where(singular[..., tf.newaxis, tf.newaxis], nan, x)


@lower("aten.linalg_tensorinv.default")
def linalg_tensorinv(x: tf.Tensor, ind: int = 2) -> tf.Tensor:
    """Inverse of the matrix whose rows are the first ``ind`` axes and whose columns the others.

    Shapes: x (*rows, *columns) -> (*columns, *rows). Dtypes: float32, float64, complex.
    """
    sizes = shape_of(x)
    count = count_of(x, range(ind))
    inverse = tf.linalg.inv(tf.reshape(x, [count, count]))
    return tf.reshape(inverse, [*sizes[ind:], *sizes[:ind]])


@lower("aten.linalg_det.default")
def linalg_det(A: tf.Tensor) -> tf.Tensor:
    """Determinant; the gradient of a singular matrix counts as 0, as in PyTorch.

    Shapes: A (..., n, n) -> (...). Dtypes: float32, float64, complex.
    """
    return _determinant(A)


@lower("aten.det.default")
def det(x: tf.Tensor) -> tf.Tensor:
    """:func:`linalg_det` by its older name."""
    return _determinant(x)


@tf.custom_gradient
def _determinant(a: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    result = tf.linalg.det(a)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        inverse = tf.linalg.adjoint(tf.linalg.inv(_regular(a, result == 0)))
        return _scaled(inverse, upstream * tf.math.conj(result))

    return result, gradient


def _scaled(matrix: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    return matrix * factor[..., tf.newaxis, tf.newaxis]


@lower("aten.linalg_slogdet.default")
def linalg_slogdet(A: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Sign of the determinant, of absolute value 1, and logarithm of its absolute value.

    Shapes: A (..., n, n) -> (...) twice, the second real. Dtypes: float32, float64, complex.
    Differs: the gradient of a singular matrix is NaN, where PyTorch's holds infinities.
    """
    return _signed_logarithm(A)


@lower("aten.slogdet.default")
def slogdet(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`linalg_slogdet` by its older name."""
    return _signed_logarithm(x)


@tf.custom_gradient
def _signed_logarithm(
    a: tf.Tensor,
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    """Sign and logarithm; TensorFlow's gradient holds for real matrices.

    With ``c = tr(A^-1 dA)`` the logarithm moves by Re(c), and the sign by ``sign * i Im(c)``.
    """
    sign, logarithm = tf.linalg.slogdet(a)

    def gradient(of_sign: tf.Tensor, of_logarithm: tf.Tensor) -> tf.Tensor:
        singular = sign == 0
        inverse = _or_nan(tf.linalg.inv(_regular(a, singular)), singular)
        if a.dtype.is_complex:
            turn = tf.math.imag(tf.math.conj(of_sign) * sign)
            of_logarithm = tf.complex(of_logarithm, -turn)
        return _scaled(tf.linalg.adjoint(inverse), of_logarithm)

    return (sign, tf.math.real(logarithm)), gradient


@lower("aten.logdet.default")
def logdet(x: tf.Tensor) -> tf.Tensor:
    """Logarithm of the determinant, NaN where that is negative.

    Shapes: x (..., n, n) -> (...). Dtypes: float32, float64, complex.
    """
    sign, logarithm = _signed_logarithm(x)
    if x.dtype.is_complex:
        return tf.math.log(sign) + tf.cast(logarithm, x.dtype)
    return tf.where(sign < 0, tf.constant(float("nan"), x.dtype), logarithm)


@lower("aten.linalg_solve.default")
def linalg_solve(A: tf.Tensor, B: tf.Tensor, left: bool = True) -> tf.Tensor:
    """X with ``A X = B``, or ``X A = B`` when not ``left``.

    Shapes: A (..., n, n), B (..., n, k), or a vector (n,) or (..., n) of A's own leading axes;
    leading axes broadcast. Dtypes: float32, float64, complex.
    """
    if _is_vector(A, B):
        return tf.squeeze(linalg_solve(A, B[..., tf.newaxis]), -1)
    A, B = _same_batch(A, B)
    if left:
        return tf.linalg.solve(A, B)
    return tf.linalg.matrix_transpose(
        tf.linalg.solve(tf.linalg.matrix_transpose(A), tf.linalg.matrix_transpose(B))
    )


@lower("aten.linalg_solve_ex.default")
def linalg_solve_ex(
    A: tf.Tensor, B: tf.Tensor, left: bool = True, check_errors: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`linalg_solve`, and which pivot is 0: see :func:`linalg_inv_ex`."""
    singular, info = _singular(A)
    if check_errors:
        require(info == 0, "the matrix is singular")
    one = tf.ones(tf.shape(singular), A.dtype)
    marked = tf.where(singular, float("nan") * one, one)[..., tf.newaxis, tf.newaxis]
    solution = linalg_solve(_regular(A, singular), B, left)
    if _is_vector(A, B):
        marked = marked[..., 0]
    return solution * marked, info


def _is_vector(a: tf.Tensor, b: tf.Tensor) -> bool:
    """Whether the right-hand side is one vector for each matrix."""
    return b.shape.rank == 1 or (b.shape.rank == a.shape.rank - 1 and b.shape[:] == a.shape[:-1])


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
    """Exponential of a matrix. Shapes: (..., n, n). Dtypes: floating, complex."""
    return tf.cast(tf.linalg.expm(tf.cast(x, opmath(x.dtype))), x.dtype)


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
