"""Matrix products, decompositions and solvers."""

from __future__ import annotations

import numpy as np

from cases.inputs import FLOATS, REALS, Array, Shape, given
from cases.rows import CONDITIONED, EXACT, SUM, row


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
        "matmul",
        "torch.matmul(x, y)",
        "tf.linalg.matmul(x, y)",
        "keras.ops.matmul(x, y)",
        SUM,
        given(x=Array("mk"), y=Array("kn"), sizes=_LONG),
        FLOATS,
    ),
    row(
        "matmul_integers",
        "torch.matmul(x, y)",
        "tf.linalg.matmul(x, y)",
        "keras.ops.matmul(x, y)",
        EXACT,
        given(x=Array("mk"), y=Array("kn")),
        ("int32", "int64"),
        gradients=False,
    ),
    row(
        "matmul_transposed",
        "torch.matmul(x.mT, y.mT)",
        "tf.linalg.matmul(x, y, transpose_a=True, transpose_b=True)",
        "keras.ops.matmul(keras.ops.swapaxes(x, -1, -2), keras.ops.swapaxes(y, -1, -2))",
        SUM,
        given(x=Array("bkm"), y=Array("bnk")),
        REALS,
    ),
    row(
        "bmm",
        "torch.bmm(x, y)",
        "tf.linalg.matmul(x, y)",
        "keras.ops.matmul(x, y)",
        SUM,
        given(x=Array("bmk"), y=Array("bkn")),
        FLOATS,
    ),
    row(
        "matmul_broadcast",
        "torch.matmul(x, y)",
        "tf.linalg.matmul(x, y)",
        "keras.ops.matmul(x, y)",
        SUM,
        given(x=Array("b1mk"), y=Array("ckn")),
        REALS,
    ),
    row(
        "mv",
        "torch.mv(x, y)",
        "tf.linalg.matvec(x, y)",
        "keras.ops.matmul(x, y)",
        SUM,
        given(x=Array("mk"), y=Array("k"), sizes=_LONG),
        REALS,
    ),
    row(
        "dot",
        "torch.dot(x, y)",
        "tf.tensordot(x, y, 1)",
        "keras.ops.dot(x, y)",
        SUM,
        given(x=Array("k"), y=Array("k"), sizes={"k": (0, 5000)}),
        REALS,
    ),
    row(
        "vdot",
        "torch.vdot(x, y)",
        "tf.reduce_sum(x * y)",
        "keras.ops.vdot(x, y)",
        SUM,
        given(x=Array("k"), y=Array("k"), sizes=_LONG),
        REALS,
    ),
    row(
        "inner",
        "torch.inner(x, y)",
        "tf.experimental.numpy.inner(x, y)",
        "keras.ops.inner(x, y)",
        SUM,
        given(x=Array("mk"), y=Array("nk")),
        REALS,
    ),
    row(
        "outer",
        "torch.outer(x, y)",
        "tf.experimental.numpy.outer(x, y)",
        "keras.ops.outer(x, y)",
        SUM,
        given(x=Array("m"), y=Array("n")),
        REALS,
    ),
    row(
        "kron",
        "torch.kron(x, y)",
        "tf.experimental.numpy.kron(x, y)",
        "keras.ops.kron(x, y)",
        SUM,
        given(x=Array("mn"), y=Array("kl")),
        REALS,
    ),
    row(
        "tensordot",
        "torch.tensordot(x, y, ([1, 2], [0, 1]))",
        "tf.tensordot(x, y, ([1, 2], [0, 1]))",
        "keras.ops.tensordot(x, y, ([1, 2], [0, 1]))",
        SUM,
        given(x=Array("mkl"), y=Array("kln")),
        REALS,
    ),
    row(
        "einsum_contraction",
        "torch.einsum('bik,bkj->bij', x, y)",
        "tf.einsum('bik,bkj->bij', x, y)",
        "keras.ops.einsum('bik,bkj->bij', x, y)",
        SUM,
        given(x=Array("bmk"), y=Array("bkn")),
        REALS,
    ),
    row(
        "einsum_heads",
        "torch.einsum('bqhd,bkhd->bhqk', x, y)",
        "tf.einsum('bqhd,bkhd->bhqk', x, y)",
        "keras.ops.einsum('bqhd,bkhd->bhqk', x, y)",
        SUM,
        given(x=Array("bqhd"), y=Array("bkhd")),
        REALS,
    ),
    row(
        "einsum_diagonal",
        "torch.einsum('ii->i', x)",
        "tf.einsum('ii->i', x)",
        "keras.ops.einsum('ii->i', x)",
        EXACT,
        given(x=Array("nn")),
        REALS,
    ),
    row(
        "einsum_ellipsis",
        "torch.einsum('...ij,j->...i', x, y)",
        "tf.einsum('...ij,j->...i', x, y)",
        "keras.ops.einsum('...ij,j->...i', x, y)",
        SUM,
        given(x=Array("bcmk"), y=Array("k")),
        REALS,
    ),
    row(
        "addmm",
        "torch.addmm(z, x, y)",
        "z + tf.linalg.matmul(x, y)",
        "keras.ops.add(z, keras.ops.matmul(x, y))",
        SUM,
        given(x=Array("mk"), y=Array("kn"), z=Array("n")),
        REALS,
    ),
    row(
        "baddbmm",
        "torch.baddbmm(z, x, y, alpha=0.5)",
        "z + 0.5 * tf.linalg.matmul(x, y)",
        "",
        CONDITIONED,
        given(
            x=Array("bmk", specials=False),
            y=Array("bkn", specials=False),
            z=Array("bmn", specials=False),
        ),
        REALS,
    ),
    row(
        "linear",
        "F.linear(x, weight, bias)",
        "tf.nn.bias_add(tf.linalg.matmul(x, weight, transpose_b=True), bias)",
        "",
        SUM,
        given(x=Array("mk"), weight=Array("nk"), bias=Array("n"), sizes={"k": (1, 200)}),
        FLOATS,
    ),
    row(
        "bilinear",
        "F.bilinear(x, y, weight)",
        "tf.einsum('bi,oij,bj->bo', x, weight, y)",
        "keras.ops.einsum('bi,oij,bj->bo', x, weight, y)",
        SUM,
        given(x=Array("bi"), y=Array("bj"), weight=Array("oij")),
        REALS,
    ),
    row(
        "cross",
        "torch.linalg.cross(x, y)",
        "tf.linalg.cross(x, y)",
        "keras.ops.cross(x, y)",
        CONDITIONED,
        given(x=Array("m3"), y=Array("m3")),
        REALS,
    ),
    row(
        "multi_dot",
        "torch.linalg.multi_dot((x, y, z))",
        "tf.linalg.matmul(tf.linalg.matmul(x, y), z)",
        "",
        CONDITIONED,
        given(
            x=Array("mk", specials=False),
            y=Array("kn", specials=False),
            z=Array("np", specials=False),
        ),
        REALS,
    ),
    row(
        "matrix_power",
        "torch.linalg.matrix_power(x, 3)",
        "tf.linalg.matmul(x, tf.linalg.matmul(x, x))",
        "",
        CONDITIONED,
        given(x=Array("bnn", make=_tame)),
        REALS,
    ),
    row(
        "matrix_norm_fro",
        "torch.linalg.matrix_norm(x, 'fro')",
        "tf.norm(x, 'fro', axis=[-2, -1])",
        "keras.ops.norm(x, 'fro', axis=(-2, -1))",
        CONDITIONED,
        given(x=Array("bmn")),
        REALS,
    ),
    row(
        "matrix_norm_1",
        "torch.linalg.matrix_norm(x, 1)",
        "tf.norm(x, 1, axis=[-2, -1])",
        "keras.ops.norm(x, 1, axis=(-2, -1))",
        CONDITIONED,
        given(x=Array("bmn", specials=False)),
        REALS,
        gradients=False,
    ),
    row(
        "matrix_norm_2",
        "torch.linalg.matrix_norm(x, 2)",
        "tf.norm(x, 2, axis=[-2, -1])",
        "keras.ops.norm(x, 2, axis=(-2, -1))",
        CONDITIONED,
        _TALL,
        REALS,
        gradients=False,
        doc="tf.norm flattens unless it is told two axes.",
        no_xla="tf.norm looks for its axes while it runs",
    ),
    row(
        "tril",
        "torch.tril(x, 1)",
        "tf.linalg.band_part(x, -1, 1)",
        "keras.ops.tril(x, 1)",
        EXACT,
        given(x=Array("bmn")),
        REALS,
    ),
    row(
        "triu",
        "torch.triu(x, -1)",
        "tf.linalg.band_part(x, 1, -1)",
        "keras.ops.triu(x, -1)",
        EXACT,
        given(x=Array("bmn")),
        REALS,
    ),
    row(
        "diagonal",
        "torch.diagonal(x, 0, -2, -1)",
        "tf.linalg.diag_part(x)",
        "keras.ops.diagonal(x, axis1=-2, axis2=-1)",
        EXACT,
        given(x=Array("bmn")),
        REALS,
    ),
    row(
        "diag_embed",
        "torch.diag_embed(x)",
        "tf.linalg.diag(x)",
        "",
        EXACT,
        given(x=Array("bn")),
        REALS,
    ),
    row(
        "diag_embed_offset",
        "torch.diag_embed(x, 1)",
        "tf.linalg.diag(x, k=1)",
        "",
        EXACT,
        given(x=Array("bn")),
        REALS,
    ),
    row(
        "set_diag",
        "torch.diagonal_scatter(x, y, 0, -2, -1)",
        "tf.linalg.set_diag(x, y)",
        "",
        EXACT,
        given(x=Array("bnn"), y=Array("bn")),
        REALS,
    ),
    row(
        "matrix_transpose",
        "x.mT.contiguous()",
        "tf.linalg.matrix_transpose(x)",
        "keras.ops.swapaxes(x, -1, -2)",
        EXACT,
        given(x=Array("bmn")),
        REALS,
    ),
    row(
        "vander",
        "torch.vander(x, 4)",
        "tf.experimental.numpy.vander(x, 4)",
        "keras.ops.vander(x, 4)",
        CONDITIONED,
        given(x=Array("n", specials=False)),
        REALS,
        gradients=False,
    ),
    row(
        "cdist",
        "torch.cdist(x, y, compute_mode='donot_use_mm_for_euclid_dist')",
        "tf.norm(x[:, None] - y[None], axis=-1)",
        "keras.ops.cdist(x, y)",
        CONDITIONED,
        given(x=Array("mk", specials=False), y=Array("nk", specials=False)),
        REALS,
        gradients=False,
    ),
)
