"""Rows of triangular equations and Cholesky factors."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.lowerings.factorization import Shape, definite, equations, general, row

_EITHER = {"upper": st.booleans()}


def _factor(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Full matrices whose triangles are far from singular; only one triangle counts."""
    return general(generator, shape)


def _cholesky_factor(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """As :func:`_factor`, with a real diagonal, which the factor of a Hermitian matrix has."""
    matrix = np.array(_factor(generator, shape))
    places = np.arange(min(shape[-2:], default=0))
    matrix[..., places, places] = matrix[..., places, places].real
    return matrix


CASES = (
    LoweringCase(
        "aten.linalg_solve_triangular.default",
        equations(
            ("x", "B"),
            _factor,
            upper=st.booleans(),
            left=st.booleans(),
            unitriangular=st.booleans(),
        ),
    ),
    LoweringCase(
        "aten.triangular_solve.default",
        equations(
            ("A", "x"),
            _factor,
            upper=st.booleans(),
            transpose=st.booleans(),
            unitriangular=st.booleans(),
        ),
    ),
    row("linalg_cholesky", "x", definite, **_EITHER),
    row("cholesky", "x", definite, **_EITHER),
    row("linalg_cholesky_ex", "x", definite, check_errors=st.booleans(), **_EITHER),
    row("cholesky_inverse", "x", _cholesky_factor, **_EITHER),
    LoweringCase(
        "aten.cholesky_solve.default", equations(("input2", "x"), _cholesky_factor, **_EITHER)
    ),
)
