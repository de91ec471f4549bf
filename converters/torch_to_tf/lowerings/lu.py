"""LU factorisation, and what is computed from its factors.

PyTorch keeps the row exchanges as LAPACK does: step i exchanged row i with row ``pivots[i]``,
counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.elimination import (
    eliminated,
    exchanged,
    first_true,
    require,
    smaller,
)
from converters.torch_to_tf.lowerings.triangular import solve_triangular, times_inverse_adjoint
from converters.torch_to_tf.promotion import shape_of

Factors = tuple[tf.Tensor, tf.Tensor]


@lower("aten.linalg_lu_factor_ex.default")
def linalg_lu_factor_ex(
    A: tf.Tensor, pivot: bool = True, check_errors: bool = False
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """L below and U on and above the diagonal, the row exchanges, and which pivot is 0.

    Shapes: A (..., m, n) -> (..., m, n), (..., k) and (...), k = min(m, n). Dtypes: float32,
    float64, complex; the exchanges and the place of the first pivot 0, counted from 1, are int32.
    Source: Golub and Van Loan, Matrix Computations, algorithm 3.4.1; gradient: :func:`_packed`.
    """
    _require_pivoting("linalg_lu_factor_ex", pivot=pivot)
    packed, pivots = _packed(A)
    info = first_true(tf.linalg.diag_part(packed) == 0)
    if check_errors:
        require(info == 0, "the matrix is singular: a pivot of its LU factorisation is 0")
    return packed, pivots, info


@lower("aten.linalg_lu_factor.default")
def linalg_lu_factor(A: tf.Tensor, pivot: bool = True) -> Factors:
    """:func:`linalg_lu_factor_ex` for matrices of full rank; others are an error at run time."""
    _require_pivoting("linalg_lu_factor", pivot=pivot)
    packed, pivots, _ = linalg_lu_factor_ex(A, check_errors=True)
    return packed, pivots


@lower("aten.linalg_lu.default")
def linalg_lu(A: tf.Tensor, pivot: bool = True) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """P, L and U with ``P L U = A``.

    Shapes: A (..., m, n) -> (..., m, m), (..., m, k) and (..., k, n), k = min(m, n). Dtypes:
    float32, float64, complex.
    """
    _require_pivoting("linalg_lu", pivot=pivot)
    packed, pivots = _packed(A)
    return lu_unpack(packed, pivots)


def _require_pivoting(op: str, *, pivot: bool) -> None:
    if not pivot:
        raise UnsupportedVariantError(
            f"{op} without pivoting, which PyTorch has on CUDA only: leave pivot at True."
        )


@lower("aten.lu_unpack.default")
def lu_unpack(
    LU_data: tf.Tensor,
    LU_pivots: tf.Tensor,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """P, L and U from what :func:`linalg_lu_factor_ex` gives; what isn't wanted is empty.

    Shapes: LU_data (..., m, n), LU_pivots (..., k) -> (..., m, m), (..., m, k) and (..., k, n).
    """
    none = tf.zeros([0], LU_data.dtype)
    lower_part, upper_part = unpacked(LU_data) if unpack_data else (none, none)
    if not unpack_pivots:
        return none, lower_part, upper_part
    rows = shape_of(LU_data)[-2]
    order = _order(LU_pivots, rows)
    turned = tf.one_hot(order, rows, dtype=LU_data.dtype)
    return tf.linalg.matrix_transpose(turned), lower_part, upper_part


@lower("aten.linalg_lu_solve.default")
def linalg_lu_solve(
    LU: tf.Tensor,
    pivots: tf.Tensor,
    B: tf.Tensor,
    left: bool = True,
    adjoint: bool = False,
) -> tf.Tensor:
    """X with ``A X = B`` from A's factors; with ``A^H`` if ``adjoint``, ``X A`` if not ``left``.

    Shapes: LU (..., n, n), pivots (..., n), B (..., n, k), or (..., k, n) when not ``left``;
    leading axes broadcast. Dtypes: float32, float64, complex.
    """
    if not left:
        turned = linalg_lu_solve(LU, pivots, tf.linalg.adjoint(B), adjoint=not adjoint)
        return tf.linalg.adjoint(turned)
    size = shape_of(LU)[-1]
    exchange = tf.one_hot(_order(pivots, size), size, dtype=LU.dtype)
    if adjoint:
        inner = solve_triangular(LU, B, upper=True, adjoint=True)
        inner = solve_triangular(LU, inner, upper=False, adjoint=True, unit=True)
        return tf.matmul(exchange, inner, transpose_a=True)
    inner = solve_triangular(LU, tf.matmul(exchange, B), upper=False, unit=True)
    return solve_triangular(LU, inner, upper=True)


def unpacked(packed: tf.Tensor) -> Factors:
    """L with a diagonal of ones, and U. Shapes: (..., m, n) -> (..., m, k) and (..., k, n)."""
    rows, columns = shape_of(packed)[-2:]
    k = smaller(rows, columns)
    below = tf.linalg.band_part(packed[..., :, :k], -1, 0)
    ones = tf.ones([*shape_of(below)[:-2], k], packed.dtype)
    return tf.linalg.set_diag(below, ones), tf.linalg.band_part(packed[..., :k, :], 0, -1)


def _order(pivots: tf.Tensor, rows: int | tf.Tensor) -> tf.Tensor:
    """Which row ends up where after the exchanges. Shapes: (..., k) -> (..., rows), int32."""
    pivots = tf.cast(pivots, tf.int32)
    batch = shape_of(pivots)[:-1]
    place = tf.range(rows)
    start = tf.broadcast_to(place, [*batch, rows])

    def exchange(step: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        other = pivots[..., step, tf.newaxis] - 1
        return step + 1, tf.gather(order, exchanged(place, step, other), batch_dims=len(batch))

    count = tf.shape(pivots)[-1]
    _, order = tf.while_loop(lambda step, _: step < count, exchange, (tf.constant(0), start))
    return tf.ensure_shape(order, start.shape)


@tf.custom_gradient
def _packed(a: tf.Tensor) -> tuple[Factors, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
    """The factors in one matrix, and the exchanges.

    Gradient: with ``P^T A = L U`` in the leading k rows and columns, ``M = L^-1 P^T dA U^-1`` is
    ``L^-1 dL`` below the diagonal and ``dU U^-1`` on and above it; the rows and columns beyond
    follow from ``dA = P (dL U + L dU)``.
    """
    packed, pivots = eliminated(a)

    def gradient(upstream: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        rows, columns = shape_of(packed)[-2:]
        k = smaller(rows, columns)
        low, up = unpacked(packed)
        square_low, square_up = low[..., :k, :], up[..., :, :k]
        in_low = tf.linalg.band_part(upstream, -1, 0)
        in_low = tf.linalg.set_diag(in_low, tf.zeros([*shape_of(in_low)[:-2], k], in_low.dtype))
        in_up = upstream - in_low
        under, beyond = in_low[..., k:, :k], in_up[..., :k, k:]
        below = tf.matmul(square_low, in_low[..., :k, :k], adjoint_a=True)
        below -= tf.matmul(beyond, up[..., :, k:], adjoint_b=True)
        above = tf.matmul(in_up[..., :k, :k], square_up, adjoint_b=True)
        above -= tf.matmul(low[..., k:, :], under, adjoint_a=True)
        above = tf.linalg.band_part(above, 0, -1)
        core = above + below - tf.linalg.band_part(below, 0, -1)
        first = solve_triangular(square_low, core, upper=False, adjoint=True, unit=True)
        corner = times_inverse_adjoint(tf.concat([first, under], -2), square_up)
        side = solve_triangular(square_low, beyond, upper=False, adjoint=True, unit=True)
        side = tf.pad(side, [[0, 0]] * (side.shape.rank - 2) + [[0, rows - k], [0, 0]])
        exchange = tf.one_hot(_order(pivots, rows), rows, dtype=a.dtype)
        return tf.matmul(exchange, tf.concat([corner, side], -1), transpose_a=True)

    return (packed, pivots), gradient
