"""Eigenvalues and singular values, their vectors, and pseudoinverses.

Vectors are defined up to a sign, complex ones up to a phase; TensorFlow's and PyTorch's choices
differ. What doesn't depend on it is the same, gradients included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of

Three = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@lower("aten.linalg_eigvalsh.default")
def linalg_eigvalsh(x: tf.Tensor, UPLO: str = "L") -> tf.Tensor:
    """Eigenvalues of a Hermitian matrix in ascending order; one triangle is read.

    Shapes: x (..., n, n) -> (..., n), real. Dtypes: float32, float64, complex.
    """
    return _eigh(_lower(x, UPLO))[0]


@lower("aten._linalg_eigh.default")
def linalg_eigh(
    A: tf.Tensor, UPLO: str = "L", compute_v: bool = True
) -> tuple[tf.Tensor, tf.Tensor]:
    """As :func:`linalg_eigvalsh`, and the eigenvectors as columns, or none of them.

    Shapes: A (..., n, n) -> (..., n), real, and (..., n, n), or (0,) without ``compute_v``.
    Differs: the vectors' signs and phases.
    """
    values, vectors = _eigh(_lower(A, UPLO))
    return values, vectors if compute_v else tf.zeros([0], A.dtype)


def _lower(x: tf.Tensor, uplo: str) -> tf.Tensor:
    """A matrix whose lower triangle is the one to be read."""
    return tf.linalg.adjoint(x) if uplo.upper() == "U" else x


@tf.custom_gradient
def _eigh(
    x: tf.Tensor,
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    """Eigenvalues and eigenvectors.

    PyTorch's gradient is Hermitian, TensorFlow's lies in one triangle.
    Source: Giles 2008, An extended collection of matrix derivative results, section 3.1.
    """
    values, vectors = tf.linalg.eigh(x)
    real = tf.math.real(values)

    def gradient(of_values: tf.Tensor, of_vectors: tf.Tensor) -> tf.Tensor:
        turned = tf.matmul(vectors, of_vectors, adjoint_a=True)
        turned = (turned - tf.linalg.adjoint(turned)) / 2
        gaps = real[..., tf.newaxis, :] - real[..., tf.newaxis]
        off_diagonal = tf.linalg.set_diag(turned, tf.zeros_like(of_values, x.dtype))
        inner = tf.linalg.set_diag(_over(off_diagonal, gaps), tf.cast(of_values, x.dtype))
        return tf.matmul(vectors, tf.matmul(inner, vectors, adjoint_b=True))

    return (real, vectors), gradient


def _over(x: tf.Tensor, divisor: tf.Tensor) -> tf.Tensor:
    """``x / divisor``, but 0 wherever x is: what nothing depends on has no gradient."""
    other = x != 0
    return tf.where(other, x / tf.where(other, tf.cast(divisor, x.dtype), 1), 0)


@lower("aten.linalg_eig.default")
def linalg_eig(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Eigenvalues of any square matrix and eigenvectors of length 1 as columns; both are complex.

    Shapes: x (..., n, n) -> (..., n) and (..., n, n). Dtypes: float32, float64, complex.
    Differs: the vectors' phases; the order of the eigenvalues is each library's own.
    """
    return _eig(x)


@lower("aten.linalg_eigvals.default")
def linalg_eigvals(x: tf.Tensor) -> tf.Tensor:
    """The eigenvalues of :func:`linalg_eig`."""
    return _eig(x)[0]


@tf.custom_gradient
def _eig(
    x: tf.Tensor,
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    """Eigenvalues and eigenvectors.

    Gradient: that of PyTorch, where a vector keeps its length and moves within its phase freely.
    Source: Giles 2008, An extended collection of matrix derivative results, section 3.1.
    """
    values, vectors = tf.linalg.eig(x)

    def gradient(of_values: tf.Tensor, of_vectors: tf.Tensor) -> tf.Tensor:
        turned = tf.matmul(vectors, of_vectors, adjoint_a=True)
        lengths = tf.cast(tf.math.real(tf.linalg.diag_part(turned)), turned.dtype)
        turned -= tf.matmul(vectors, vectors, adjoint_a=True) * lengths[..., tf.newaxis, :]
        gaps = tf.math.conj(values[..., tf.newaxis, :] - values[..., tf.newaxis])
        off_diagonal = tf.linalg.set_diag(turned, tf.zeros_like(values))
        inner = tf.linalg.set_diag(_over(off_diagonal, gaps), of_values)
        found = tf.linalg.solve(vectors, tf.matmul(inner, vectors, adjoint_b=True), adjoint=True)
        return found if x.dtype.is_complex else tf.math.real(found)

    return (values, vectors), gradient


@lower("aten._linalg_svd.default")
def linalg_svd(
    A: tf.Tensor,
    full_matrices: bool = False,
    compute_uv: bool = True,
    driver: str | None = None,
) -> Three:
    """Singular values in descending order with the vectors around them: ``U diag(S) Vh = A``.

    Shapes: A (..., m, n) -> (..., m, k), (..., k), real, and (..., k, n), k = min(m, n), where U
    and Vh are square if ``full_matrices`` and empty without ``compute_uv``. Dtypes: float32,
    float64, complex. ``driver`` chooses among CUDA's algorithms.
    Differs: the vectors' signs and phases, and the bases of null spaces.
    """
    if not compute_uv:
        none = tf.zeros([0], A.dtype)
        return none, linalg_svdvals(A), none
    return _svd_full(A) if full_matrices else _svd(A)


@lower("aten.linalg_svdvals.default")
def linalg_svdvals(A: tf.Tensor, driver: str | None = None) -> tf.Tensor:
    """Singular values in descending order. Shapes: A (..., m, n) -> (..., min(m, n)), real."""
    return _svd(A)[1]


@tf.custom_gradient
def _svd(a: tf.Tensor) -> tuple[Three, Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]]:
    values, left, right = _factors(a, full=False)

    def gradient(of_u: tf.Tensor, of_s: tf.Tensor, of_vh: tf.Tensor) -> tf.Tensor:
        return _svd_gradient(left, values, right, of_u, of_s, of_vh)

    return (left, values, right), gradient


@tf.custom_gradient
def _svd_full(a: tf.Tensor) -> tuple[Three, Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]]:
    """With square U and Vh, whose rows and columns beyond k have no gradient."""
    values, left, right = _factors(a, full=True)
    k = shape_of(values)[-1]

    def gradient(of_u: tf.Tensor, of_s: tf.Tensor, of_vh: tf.Tensor) -> tf.Tensor:
        thin = left[..., :k], values, right[..., :k, :]
        return _svd_gradient(*thin, of_u[..., :k], of_s, of_vh[..., :k, :])

    return (left, values, right), gradient


def _factors(a: tf.Tensor, *, full: bool) -> Three:
    """The singular values, U and Vh."""
    values, left, right = tf.linalg.svd(a, full_matrices=full)
    return values, left, tf.linalg.adjoint(right)


def _svd_gradient(
    u: tf.Tensor,
    s: tf.Tensor,
    vh: tf.Tensor,
    of_u: tf.Tensor,
    of_s: tf.Tensor,
    of_vh: tf.Tensor,
) -> tf.Tensor:
    """The gradient of A from those of its thin factors.

    Source: Townsend 2016, Differentiating the singular value decomposition; for complex matrices
    Wan and Zhang 2019, arXiv:1909.02659.
    """
    complex_s = tf.cast(s, u.dtype)
    columns, rows = complex_s[..., tf.newaxis, :], complex_s[..., tf.newaxis]
    turned_u = tf.matmul(u, of_u, adjoint_a=True)
    turned_u -= tf.linalg.adjoint(turned_u)
    turned_v = tf.matmul(vh, of_vh, adjoint_b=True)
    turned_v -= tf.linalg.adjoint(turned_v)
    here, there = s[..., tf.newaxis, :], s[..., tf.newaxis]
    gaps = (here - there) * (here + there)
    inner = _over(
        tf.linalg.set_diag(turned_u * columns + rows * turned_v, tf.zeros_like(complex_s)), gaps
    )
    diagonal = tf.cast(of_s, u.dtype)
    if u.dtype.is_complex:
        diagonal += _over(tf.linalg.diag_part(turned_u), 2 * s)
    inner = tf.linalg.set_diag(inner, diagonal)
    around = tf.matmul(u, tf.matmul(inner, vh))
    beyond_u = _over(of_u - tf.matmul(u, tf.matmul(u, of_u, adjoint_a=True)), here)
    beyond_v = _over(of_vh - tf.matmul(tf.matmul(of_vh, vh, adjoint_b=True), vh), there)
    m, n = u.shape[-2], vh.shape[-1]
    if m is None or n is None or m > n:
        around += tf.matmul(beyond_u, vh)
    if m is None or n is None or n > m:
        around += tf.matmul(u, beyond_v)
    return around


@lower("aten.linalg_pinv.atol_rtol_tensor")
def linalg_pinv(
    x: tf.Tensor,
    atol: tf.Tensor | None = None,
    rtol: tf.Tensor | None = None,
    hermitian: bool = False,
) -> tf.Tensor:
    """Pseudoinverse; singular values up to ``max(atol, rtol * largest)`` count as 0.

    Shapes: x (..., m, n) -> (..., n, m); atol and rtol broadcast to the leading axes. Dtypes:
    float32, float64, complex. Of a ``hermitian`` matrix one triangle is read.
    """
    return _pseudoinverse(x, _cutoff(x, atol, rtol), hermitian=hermitian)


def _cutoff(
    x: tf.Tensor, atol: tf.Tensor | None, rtol: tf.Tensor | None
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The limit that follows from the singular values: 0 and rounding unless given."""
    real = x.dtype.real_dtype
    largest_size = tf.cast(tf.reduce_max(tf.shape(x)[-2:]), real)
    own = largest_size * np.finfo(real.as_numpy_dtype).eps
    least = tf.zeros([], real) if atol is None else tf.cast(atol, real)
    factor = tf.where(least <= 0, own, 0) if rtol is None else tf.cast(rtol, real)

    def limit(values: tf.Tensor) -> tf.Tensor:
        largest = tf.reduce_max(values, -1, keepdims=True)
        return tf.maximum(least[..., tf.newaxis], factor[..., tf.newaxis] * largest)

    return limit


def _pseudoinverse(
    x: tf.Tensor, limit: Callable[[tf.Tensor], tf.Tensor], *, hermitian: bool
) -> tf.Tensor:
    """The pseudoinverse, with a gradient that holds as long as the rank does.

    Source: Golub and Pereyra 1973, The differentiation of pseudo-inverses and nonlinear least
    squares problems whose variables separate, equation 4.12.
    """

    @tf.custom_gradient
    def pseudoinverse(a: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        if hermitian:
            values, left = tf.linalg.eigh(a)
            values, right = tf.math.real(values), tf.linalg.adjoint(left)
        else:
            values, left, right = _factors(a, full=False)
        kept = tf.abs(values) > limit(tf.abs(values))
        inverse = tf.where(kept, 1 / tf.where(kept, values, 1), 0)
        scaled = tf.linalg.adjoint(right) * tf.cast(inverse, a.dtype)[..., tf.newaxis, :]
        p = tf.matmul(scaled, left, adjoint_b=True)

        def gradient(g: tf.Tensor) -> tf.Tensor:
            first = tf.matmul(tf.matmul(p, g, adjoint_a=True), p, adjoint_b=True)
            second = tf.matmul(tf.matmul(g, p, adjoint_a=True), p, adjoint_b=True)
            second -= tf.matmul(a, tf.matmul(p, second))
            third = tf.matmul(p, tf.matmul(p, g, adjoint_b=True), adjoint_a=True)
            third -= tf.matmul(tf.matmul(third, p), a)
            return second + third - first

        return p, gradient

    return pseudoinverse(x)
