"""Triangular equations, Cholesky factors, and what is computed from them."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.elimination import eliminated, first_true, require
from converters.torch_to_tf.promotion import shape_of


def solve_triangular(
    a: tf.Tensor, b: tf.Tensor, *, upper: bool, adjoint: bool = False, unit: bool = False
) -> tf.Tensor:
    """X with ``a X = b``, or ``a^H X = b``; only one triangle of ``a`` is read.

    Args:
        a: (..., n, n).
        b: (..., n, k); leading axes broadcast.
        upper: which triangle.
        adjoint: solve for the adjoint.
        unit: take the diagonal for ones.
    """
    if unit:
        a = tf.linalg.set_diag(a, tf.ones(shape_of(a)[:-1], a.dtype))
    return tf.linalg.triangular_solve(a, b, lower=not upper, adjoint=adjoint)


def times_inverse_adjoint(x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """``x u^-H`` for an upper triangular ``u``. Shapes: x (..., m, n), u (..., n, n)."""
    return tf.linalg.adjoint(solve_triangular(u, tf.linalg.adjoint(x), upper=True))


@lower("aten.linalg_solve_triangular.default")
def linalg_solve_triangular(
    x: tf.Tensor, B: tf.Tensor, upper: bool, left: bool = True, unitriangular: bool = False
) -> tf.Tensor:
    """X with ``x X = B``, or ``X x = B`` when not ``left``; only x's triangle is read.

    Shapes: x (..., n, n), B (..., n, k); leading axes broadcast. Dtypes: float32, float64, complex.
    """
    if left:
        return solve_triangular(x, B, upper=upper, unit=unitriangular)
    turned = tf.linalg.matrix_transpose(x), tf.linalg.matrix_transpose(B)
    solved = solve_triangular(*turned, upper=not upper, unit=unitriangular)
    return tf.linalg.matrix_transpose(solved)


@lower("aten.triangular_solve.default")
def triangular_solve(
    x: tf.Tensor,
    A: tf.Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """X with ``A X = x``, or ``A^T X = x`` when ``transpose``; and A itself.

    Shapes: x (..., n, k), A (..., n, n); leading axes broadcast in both results. Dtypes: float32,
    float64, complex.
    """
    matrix = tf.linalg.matrix_transpose(A) if transpose else A
    solution = solve_triangular(matrix, x, upper=upper != transpose, unit=unitriangular)
    return solution, tf.broadcast_to(A, [*shape_of(solution)[:-2], *shape_of(A)[-2:]])


@lower("aten.linalg_cholesky.default", "aten.cholesky.default")
def cholesky(x: tf.Tensor, upper: bool = False) -> tf.Tensor:
    """Triangular L with ``L L^H = x``, or its adjoint when ``upper``.

    Shapes: x (..., n, n), positive definite. Dtypes: float32, float64, complex.
    """
    return _cholesky(x, upper)


def _cholesky(x: tf.Tensor, upper: bool) -> tf.Tensor:
    """L, with PyTorch's gradient, which differs from TensorFlow's for complex matrices.

    PyTorch keeps the imaginary part of the diagonal's gradient.
    Source: Murray 2016, Differentiation of the Cholesky decomposition, arXiv:1602.07527.
    """

    @tf.custom_gradient
    def factor(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        low = tf.linalg.cholesky(tf.linalg.adjoint(x) if upper else x)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            upstream = tf.linalg.adjoint(upstream) if upper else upstream
            inner = tf.linalg.band_part(tf.matmul(low, upstream, adjoint_a=True), -1, 0)
            both = inner + tf.linalg.adjoint(inner)
            inner = tf.linalg.set_diag(both, tf.linalg.diag_part(inner)) / 2
            inner = solve_triangular(low, inner, upper=False, adjoint=True)
            outer = solve_triangular(low, tf.linalg.adjoint(inner), upper=False, adjoint=True)
            return tf.linalg.adjoint(outer)

        return tf.linalg.adjoint(low) if upper else low, gradient

    return factor(x)


@lower("aten.cholesky_solve.default")
def cholesky_solve(x: tf.Tensor, input2: tf.Tensor, upper: bool = False) -> tf.Tensor:
    """``A^-1 x`` for ``A = L L^H``, or ``A = L^H L`` when ``upper``.

    Shapes: x (..., n, k), input2 (..., n, n) is L; leading axes broadcast. Dtypes: float32,
    float64, complex. Only a triangle of L is read; its gradient is that of a full matrix, as
    PyTorch's is.
    """
    return _solved(input2, x, upper)


@lower("aten.cholesky_inverse.default")
def cholesky_inverse(x: tf.Tensor, upper: bool = False) -> tf.Tensor:
    """``A^-1`` for ``A = x x^H``, or ``A = x^H x`` when ``upper``; see :func:`cholesky_solve`.

    Shapes: x (..., n, n).
    """
    size = shape_of(x)
    return _solved(x, tf.eye(size[-1], batch_shape=size[:-2], dtype=x.dtype), upper)


def _solved(factor: tf.Tensor, b: tf.Tensor, upper: bool) -> tf.Tensor:
    """``A^-1 b``.

    Gradient: of ``X = A^-1 b`` along G, that of b is ``H = A^-1 G``, and that of A is ``-H X^H``,
    whose part ``-(H X^H + X H^H) L`` moves ``A = L L^H``.
    """

    @tf.custom_gradient
    def solved(
        factor: tf.Tensor, b: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        result = _twice(factor, b, upper=upper)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_b = _twice(factor, upstream, upper=upper)
            outer = tf.matmul(of_b, result, adjoint_b=True)
            outer += tf.linalg.adjoint(outer)
            of_factor = tf.matmul(factor, outer) if upper else tf.matmul(outer, factor)
            return summed_to(-of_factor, factor), summed_to(of_b, b)

        return result, gradient

    return solved(factor, b)


def _twice(factor: tf.Tensor, b: tf.Tensor, *, upper: bool) -> tf.Tensor:
    inner = solve_triangular(factor, b, upper=upper, adjoint=upper)
    return solve_triangular(factor, inner, upper=upper, adjoint=not upper)


def summed_to(gradient: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The gradient of ``x`` from that of ``x`` with its leading axes broadcast."""
    if gradient.shape.is_fully_defined() and gradient.shape == x.shape:
        return gradient
    missing = gradient.shape.rank - x.shape.rank
    gradient = tf.reduce_sum(gradient, list(range(missing)))
    stretched = tf.where((tf.shape(x) == 1) & (tf.shape(gradient) != 1))[:, 0]
    return tf.reshape(tf.reduce_sum(gradient, stretched, keepdims=True), tf.shape(x))


@lower("aten.linalg_cholesky_ex.default")
def linalg_cholesky_ex(
    x: tf.Tensor, upper: bool = False, check_errors: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`cholesky`, and the order of the first leading minor that isn't positive, else 0.

    Shapes: x (..., n, n) -> (..., n, n) and (...), int32.
    Differs: of a matrix that isn't positive definite, L is NaN; PyTorch leaves it half done.
    """
    info = _first_minor(x, upper=upper)
    if check_errors:
        require(info == 0, "the matrix is not positive definite")
    return cholesky(x, upper), info


def _first_minor(x: tf.Tensor, *, upper: bool) -> tf.Tensor:
    """The order of the first leading minor that isn't positive; 0 if all are.

    The minors are products of the pivots of an elimination without exchanges.
    """
    low = tf.linalg.band_part(tf.linalg.adjoint(x) if upper else x, -1, 0)
    factor = tf.linalg.cholesky(low)
    diagonal = tf.math.real(tf.linalg.diag_part(low))

    def search() -> tf.Tensor:
        whole = tf.linalg.set_diag(low + tf.linalg.adjoint(low), tf.cast(diagonal, x.dtype))
        pivots = tf.linalg.diag_part(eliminated(whole, pivoting=False)[0])
        return first_true(~(tf.math.real(pivots) > 0))

    found = tf.reduce_all(tf.math.is_finite(tf.abs(factor)))
    return tf.cond(found, lambda: tf.zeros(shape_of(x)[:-2], tf.int32), search)
