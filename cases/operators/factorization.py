"""Decompositions, inverses and solvers."""

from __future__ import annotations

import numpy as np

from cases.inputs import REALS, Array, Shape, given
from cases.rows import CONDITIONED, EXACT, row
from parity.suite import Conditioned, Factorisation


def _invertible(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Far from singular: a random matrix plus a multiple of the identity."""
    return generator.standard_normal(shape) + (2 + shape[-1]) * np.eye(shape[-1])


def _positive(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    root = generator.standard_normal(shape)
    return root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])


def _symmetric(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    half = generator.standard_normal(shape)
    return half + np.swapaxes(half, -1, -2)


def _lower(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    return np.tril(generator.standard_normal(shape) + (2 + shape[-1]) * np.eye(shape[-1]))


def _tame(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    return generator.standard_normal(shape)


_INVERTIBLE = Array("bnn", make=_invertible)
_POSITIVE = Array("bnn", make=_positive)
_SYMMETRIC = Array("bnn", make=_symmetric)
_LOWER = Array("bnn", make=_lower)
_LONG = {"k": (0, 300)}
_TALL = given(x=Array("bmn", make=_tame), sizes={"m": (5, 8), "n": (1, 5)})
_WIDE = given(x=Array("bmn", make=_tame), sizes={"m": (1, 5), "n": (5, 8)})

CASES = (
    row(
        "matrix_exp",
        "torch.linalg.matrix_exp(x)",
        "tf.linalg.expm(x)",
        "",
        CONDITIONED,
        given(x=Array("bnn", make=_tame)),
        REALS,
        gradients=False,
    ),
    row(
        "det",
        "torch.linalg.det(x)",
        "tf.linalg.det(x)",
        "keras.ops.det(x)",
        CONDITIONED,
        given(x=_INVERTIBLE),
        REALS,
        no_xla="XLA has no kernel for MatrixDeterminant",
    ),
    row(
        "slogdet",
        "tuple(torch.linalg.slogdet(x))",
        "tuple(tf.linalg.slogdet(x))",
        "tuple(keras.ops.slogdet(x))",
        CONDITIONED,
        given(x=_INVERTIBLE),
        REALS,
        no_xla="XLA has no kernel for LogMatrixDeterminant",
    ),
    row(
        "logdet",
        "torch.logdet(x)",
        "tf.linalg.logdet(x)",
        "keras.ops.logdet(x)",
        CONDITIONED,
        given(x=_POSITIVE),
        REALS,
    ),
    row(
        "inverse",
        "torch.linalg.inv(x)",
        "tf.linalg.inv(x)",
        "keras.ops.inv(x)",
        CONDITIONED,
        given(x=_INVERTIBLE),
        REALS,
    ),
    row(
        "pinv",
        "torch.linalg.pinv(x)",
        "tf.linalg.pinv(x)",
        "keras.ops.pinv(x)",
        Conditioned(matrices=True),
        _TALL,
        REALS,
        gradients=False,
        doc="A singular value decomposition is accurate norm-wise (Golub and Van Loan, 5.5).",
    ),
    row(
        "solve",
        "torch.linalg.solve(x, y)",
        "tf.linalg.solve(x, y)",
        "keras.ops.solve(x, y)",
        CONDITIONED,
        given(x=_INVERTIBLE, y=Array("bnk", make=_tame)),
        REALS,
    ),
    row(
        "solve_triangular",
        "torch.linalg.solve_triangular(x, y, upper=False)",
        "tf.linalg.triangular_solve(x, y)",
        "keras.ops.solve_triangular(x, y, lower=True)",
        CONDITIONED,
        given(x=_LOWER, y=Array("bnk", make=_tame)),
        REALS,
    ),
    row(
        "solve_triangular_upper",
        "torch.linalg.solve_triangular(x.mT, y, upper=True)",
        "tf.linalg.triangular_solve(x, y, adjoint=True)",
        "",
        CONDITIONED,
        given(x=_LOWER, y=Array("bnk", make=_tame)),
        REALS,
    ),
    row(
        "cholesky",
        "torch.linalg.cholesky(x)",
        "tf.linalg.cholesky(x)",
        "keras.ops.cholesky(x)",
        CONDITIONED,
        given(x=_POSITIVE),
        REALS,
        gradients=False,
    ),
    row(
        "cholesky_upper",
        "torch.linalg.cholesky(x, upper=True)",
        "tf.linalg.matrix_transpose(tf.linalg.cholesky(x))",
        "keras.ops.cholesky(x, upper=True)",
        CONDITIONED,
        given(x=_POSITIVE),
        REALS,
        gradients=False,
    ),
    row(
        "cholesky_solve",
        "torch.cholesky_solve(y, x)",
        "tf.linalg.cholesky_solve(x, y)",
        "",
        CONDITIONED,
        given(x=_LOWER, y=Array("bnk", make=_tame)),
        REALS,
    ),
    row(
        "cholesky_inverse",
        "torch.cholesky_inverse(x)",
        "tf.linalg.cholesky_solve(x, tf.eye(x.shape[-1], batch_shape=x.shape[:-2], dtype=x.dtype))",
        "keras.ops.cholesky_inverse(x)",
        CONDITIONED,
        given(x=_LOWER),
        REALS,
        gradients=False,
    ),
    row(
        "lstsq",
        "torch.linalg.lstsq(x, y).solution",
        "tf.linalg.lstsq(x, y, fast=False)",
        "",
        CONDITIONED,
        given(
            x=Array("bmn", make=_tame), y=Array("bmk", make=_tame), sizes={"m": (6, 9), "n": (1, 4)}
        ),
        REALS,
        gradients=False,
        no_xla="XLA has no kernel for MatrixSolveLs",
    ),
    row(
        "qr",
        "tuple(torch.linalg.qr(x))",
        "tuple(tf.linalg.qr(x))",
        "tuple(keras.ops.qr(x))",
        Factorisation("y[0] @ y[1]", "x", "y[0]"),
        _TALL,
        REALS,
        gradients=False,
    ),
    row(
        "qr_complete",
        "tuple(torch.linalg.qr(x, mode='complete'))",
        "tuple(tf.linalg.qr(x, full_matrices=True))",
        "tuple(keras.ops.qr(x, mode='complete'))",
        Factorisation("y[0] @ y[1]", "x", "y[0]"),
        _TALL,
        REALS,
        gradients=False,
    ),
    row(
        "svd",
        "tuple(torch.linalg.svd(x, full_matrices=False))",
        "s, u, v = tf.linalg.svd(x)\nreturn u, s, tf.linalg.adjoint(v)",
        "tuple(keras.ops.svd(x, full_matrices=False))",
        Factorisation(
            "(y[0] * y[1][..., None, :]) @ y[2]", "x", "y[0]; np.swapaxes(y[2], -1, -2)", (1,)
        ),
        _TALL,
        REALS,
        gradients=False,
        doc="TensorFlow gives the singular values first, and V where PyTorch gives its adjoint.",
    ),
    row(
        "svdvals",
        "torch.linalg.svdvals(x)",
        "tf.linalg.svd(x, compute_uv=False)",
        "keras.ops.svd(x, compute_uv=False)",
        CONDITIONED,
        _WIDE,
        REALS,
        gradients=False,
    ),
    row(
        "eigh",
        "tuple(torch.linalg.eigh(x))",
        "tuple(tf.linalg.eigh(x))",
        "tuple(keras.ops.eigh(x))",
        Factorisation("(y[1] * y[0][..., None, :]) @ np.swapaxes(y[1], -1, -2)", "x", "y[1]", (0,)),
        given(x=_SYMMETRIC),
        REALS,
        gradients=False,
    ),
    row(
        "eigvalsh",
        "torch.linalg.eigvalsh(x)",
        "tf.linalg.eigvalsh(x)",
        "",
        CONDITIONED,
        given(x=_SYMMETRIC),
        REALS,
        gradients=False,
    ),
    row(
        "eig",
        "tuple(torch.linalg.eig(x))",
        "tuple(tf.linalg.eig(x))",
        "tuple(keras.ops.eig(x))",
        Factorisation("y[1] @ (y[0][..., None] * np.linalg.inv(y[1]))", "x"),
        given(x=Array("bnn", make=_invertible)),
        REALS,
        gradients=False,
        no_xla="XLA has no kernel for Eig",
    ),
    row(
        "lu",
        "tuple(torch.linalg.lu(x))",
        "lu, p = tf.linalg.lu(x)\n"
        "n = x.shape[-1]\n"
        "lower = tf.linalg.set_diag(tf.linalg.band_part(lu, -1, 0), tf.ones_like(lu[..., 0]))\n"
        "permuted = tf.one_hot(tf.map_fn(tf.math.invert_permutation, p), n, dtype=x.dtype)\n"
        "return permuted, lower, tf.linalg.band_part(lu, 0, -1)",
        "",
        Factorisation("y[0] @ y[1] @ y[2]", "x", "y[0]"),
        given(x=_INVERTIBLE),
        REALS,
        gradients=False,
        no_xla="XLA has no kernel for Lu",
    ),
    row(
        "lu_solve",
        "torch.linalg.lu_solve(*torch.linalg.lu_factor(x), y)",
        "tf.linalg.lu_solve(*tf.linalg.lu(x), y)",
        "",
        CONDITIONED,
        given(x=_INVERTIBLE, y=Array("bnk", make=_tame)),
        REALS,
        gradients=False,
        no_xla="XLA has no kernel for Lu",
    ),
    row(
        "matrix_rank",
        "torch.linalg.matrix_rank(x)",
        "tf.cast(tf.linalg.matrix_rank(x), tf.int64)",
        "keras.ops.cast(keras.ops.matrix_rank(x), 'int64')",
        EXACT,
        _TALL,
        REALS,
        gradients=False,
    ),
    row(
        "solve_tridiagonal",
        "torch.linalg.solve(torch.diag_embed(d) + torch.diag_embed(u, 1)"
        " + torch.diag_embed(w, -1), y)",
        "tf.linalg.tridiagonal_solve((tf.pad(u, [[0, 0], [0, 1]]), d, "
        "tf.pad(w, [[0, 0], [1, 0]])), y, diagonals_format='sequence')",
        "",
        CONDITIONED,
        given(
            d=Array("b4", low=4, high=8, specials=False),
            u=Array("b3", low=-1, high=1, specials=False),
            w=Array("b3", low=-1, high=1, specials=False),
            y=Array("b4k", specials=False),
        ),
        REALS,
        gradients=False,
        no_xla="XLA's TridiagonalSolve doesn't pivot",
    ),
)
