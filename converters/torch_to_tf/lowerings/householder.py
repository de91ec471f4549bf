"""QR factorisation and products of Householder reflections ``I - tau v v^H``.

Reflections are kept as LAPACK does: column i of a matrix holds ``v_i`` below the diagonal; above
it ``v_i`` is 0, and 1 on it.
"""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.elimination import smaller
from converters.torch_to_tf.lowerings.triangular import solve_triangular
from converters.torch_to_tf.promotion import shape_of


@lower("aten.linalg_qr.default")
def linalg_qr(A: tf.Tensor, mode: str = "reduced") -> tuple[tf.Tensor, tf.Tensor]:
    """Orthonormal Q and upper triangular R with ``Q R = A``, signs as by Householder.

    Shapes: A (..., m, n) -> (..., m, k) and (..., k, n), k = min(m, n), or m when ``complete``.
    Dtypes: float32, float64, complex.
    """
    q, r = tf.linalg.qr(A, full_matrices=mode == "complete")
    return (tf.zeros([0], A.dtype) if mode == "r" else q), r


@lower("aten.geqrf.default")
def geqrf(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """R on and above the diagonal with the reflections below it, and their factors tau.

    Shapes: x (..., m, n) -> (..., m, n) and (..., k), k = min(m, n). Dtypes: float32, float64,
    complex; PyTorch has no gradient.
    Source: Golub and Van Loan, Matrix Computations, algorithm 5.2.1, with LAPACK's larfg: the
    diagonal of R is real and its sign is opposite to that of what it replaces; a column that is
    done already is left alone.
    """
    rows, columns = shape_of(x)[-2:]
    k, batch = smaller(rows, columns), shape_of(x)[:-2]
    row, column = tf.range(rows), tf.range(columns)

    def step(i: tf.Tensor, a: tf.Tensor, taus: tf.Tensor) -> tuple[tf.Tensor, ...]:
        vector, beta, tau = _reflection(a[..., :, i], row, i)
        right = tf.where(column > i, a, 0)
        seen = tf.matmul(vector[..., tf.newaxis], right, adjoint_a=True)
        seen *= tf.math.conj(tau)[..., tf.newaxis, tf.newaxis]
        a -= vector[..., tf.newaxis] * seen
        done = tf.where(row == i, beta[..., tf.newaxis], vector)
        at = (row >= i)[:, tf.newaxis] & (column == i)
        a = tf.where(at, done[..., tf.newaxis], a)
        return i + 1, a, tf.where(tf.range(k) == i, tau[..., tf.newaxis], taus)

    start = (tf.constant(0), tf.stop_gradient(x), tf.zeros([*batch, k], x.dtype))
    _, result, taus = tf.while_loop(lambda i, *_: i < k, step, start)
    return result, taus


def _reflection(
    x: tf.Tensor, row: tf.Tensor, i: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """v, beta and tau with ``(I - conj(tau) v v^H) x = beta e_i``, for rows from i on."""
    alpha = x[..., i]
    under = tf.where(row > i, x, 0)
    norm = tf.norm(tf.abs(under), axis=-1)
    real, imaginary = tf.math.real(alpha), tf.math.imag(alpha)
    length = tf.norm(tf.stack([norm, real, imaginary], -1), axis=-1)
    moved = (norm != 0) | (imaginary != 0)
    beta = tf.cast(tf.where(moved, tf.where(real < 0, length, -length), real), x.dtype)
    tau = tf.where(moved, (beta - alpha) / tf.where(moved, beta, 1), 0)
    vector = under / tf.where(moved, alpha - beta, 1)[..., tf.newaxis]
    return tf.where(row != i, vector, 1), beta, tau


@lower("aten.linalg_householder_product.default")
def linalg_householder_product(input: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
    """The first columns of the product of reflections.

    Shapes: input (..., m, n), tau (..., k), k <= n <= m -> (..., m, n). Dtypes: float32, float64,
    complex.
    """
    rows, columns = shape_of(input)[-2:]
    start = tf.eye(rows, columns, batch_shape=shape_of(input)[:-2], dtype=input.dtype)
    return _reflected(input, tau, start, adjoint=False)


@lower("aten.ormqr.default")
def ormqr(
    x: tf.Tensor,
    input2: tf.Tensor,
    input3: tf.Tensor,
    left: bool = True,
    transpose: bool = False,
) -> tf.Tensor:
    """``Q input3`` with the product Q of reflections; ``input3 Q`` when not ``left``.

    Shapes: x (..., m, k) holds the reflections, input2 (..., k) is tau, input3 (..., m, n), or
    (..., n, m) when not ``left``. Dtypes: float32, float64, complex. ``transpose`` takes ``Q^H``.
    """
    if left:
        return _reflected(x, input2, input3, adjoint=transpose)
    turned = _reflected(x, input2, tf.linalg.adjoint(input3), adjoint=not transpose)
    return tf.linalg.adjoint(turned)


def _reflected(packed: tf.Tensor, tau: tf.Tensor, x: tf.Tensor, *, adjoint: bool) -> tf.Tensor:
    """``Q x``, or ``Q^H x``, for the product ``Q = I - V T V^H`` of all reflections.

    ``T^-1`` is ``diag(1 / tau)`` plus what ``V^H V`` holds above its diagonal; multiplied by tau,
    so that a tau may be 0.
    Source: Joffrain et al. 2006, Accumulating Householder transformations, revisited.
    """
    count = shape_of(tau)[-1]
    v = tf.linalg.band_part(packed[..., :, :count], -1, 0)
    v = tf.linalg.set_diag(v, tf.ones_like(tau))
    scale = tau[..., tf.newaxis]
    gram = scale * tf.matmul(v, v, adjoint_a=True)
    seen = tf.matmul(v, x, adjoint_a=True)
    if adjoint:
        inner = solve_triangular(gram, seen, upper=True, adjoint=True, unit=True)
        inner = tf.math.conj(scale) * inner
    else:
        inner = solve_triangular(gram, scale * seen, upper=True, unit=True)
    return x - tf.matmul(v, inner)
