"""Rows of factors of symmetric and Hermitian matrices that are not definite."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.lowerings.factorization import Shape, of_type, plain, row

_SHAPES = ((1, 1), (2, 2), (5, 5), (2, 6, 6), (2, 1, 3, 3), (0, 0), (0, 3, 3))


def _bare(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """With a small diagonal, so that most pivots are blocks."""
    array = plain(generator, shape)
    places = np.arange(shape[-1])
    array[..., places, places] *= 0.1
    return array


def _singular(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """With a column of zeros, whose pivot is exactly 0."""
    array = plain(generator, shape)
    array[..., 1, :] = array[..., :, 1] = 0
    return array


@st.composite
def _equations(draw: st.DrawFn) -> Arguments:
    """Factors with some blocks of two, and a right-hand side; of a batch, one that it shares."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, right = draw(
        st.sampled_from(
            (((5, 5), (5, 2)), ((4, 5, 5), (4, 5, 1)), ((4, 5, 5), (5, 3)), ((0, 0), (0, 2)))
        )
    )
    hermitian = draw(st.booleans())
    packed = plain(generator, matrix) + 3 * np.eye(matrix[-1])
    places = np.arange(matrix[-1])
    if hermitian:
        packed[..., places, places] = packed[..., places, places].real
    pivots = np.broadcast_to(places + 1, matrix[:-1]).astype(np.int32)
    if matrix[-1]:
        pivots[..., :] = draw(st.sampled_from(_PIVOTS))
        packed[..., places[1:], places[:-1]] *= 3
    dtype = draw(st.sampled_from(("float32", "float64", "complex64")))
    return {
        "LD": of_type(packed, dtype),
        "pivots": pivots,
        "B": of_type(plain(generator, right), dtype),
        "hermitian": hermitian,
    }


_PIVOTS = (
    (1, 2, 3, 4, 5),
    (3, 5, 4, 4, 5),
    (-4, -4, 3, 5, 5),
    (2, -5, -5, 4, 5),
    (-2, -2, -5, -5, 5),
)

_OPTIONS = {"hermitian": st.booleans()}

CASES = (
    row("linalg_ldl_factor", "x", plain, gradients=False, shapes=_SHAPES, **_OPTIONS),
    row("linalg_ldl_factor_ex", "x", plain, gradients=False, shapes=_SHAPES, **_OPTIONS),
    row(
        "linalg_ldl_factor_ex",
        "x",
        _bare,
        gradients=False,
        label="blocks",
        shapes=_SHAPES,
        **_OPTIONS,
    ),
    row(
        "linalg_ldl_factor_ex",
        "x",
        _singular,
        gradients=False,
        label="singular",
        shapes=((2, 2), (3, 3), (2, 4, 4)),
        **_OPTIONS,
    ),
    LoweringCase("aten.linalg_ldl_solve.default", _equations(), gradients=False),
)
