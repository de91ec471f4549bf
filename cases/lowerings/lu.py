"""Rows of LU factors: square, tall and wide matrices, also of less than full rank."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.lowerings.factorization import Shape, equations, general, of_type, plain, row

_ANY = ((1, 1), (3, 3), (4, 3), (3, 5), (2, 5, 3), (2, 1, 3, 4), (0, 0), (0, 3), (3, 0), (0, 3, 3))


def _singular(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """With a pivot that is exactly 0."""
    array = plain(generator, shape)
    array[..., 1] = 0
    return array


def _pivots(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Exchanges of each of the first k rows with one that follows, counted from 1."""
    *batch, rows, columns = shape
    k = min(rows, columns)
    low = np.arange(1, k + 1)
    return generator.integers(low, rows + 1, (*batch, k)).astype(np.int32)


@st.composite
def _packed(draw: st.DrawFn, *, unpack_data: bool) -> Arguments:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from(_ANY))
    dtype = draw(st.sampled_from(("float32", "float64", "complex64")))
    return {
        "LU_data": of_type(plain(generator, shape), dtype),
        "LU_pivots": _pivots(generator, shape),
        "unpack_data": unpack_data,
        "unpack_pivots": draw(st.booleans()),
    }


@st.composite
def _equations(draw: st.DrawFn) -> Arguments:
    drawn = draw(equations(("LU", "B"), general, left=st.booleans(), adjoint=st.booleans()))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    packed = drawn["LU"]
    assert isinstance(packed, np.ndarray)
    return {**drawn, "pivots": _pivots(generator, packed.shape)}


CASES = (
    row("linalg_lu_factor_ex", "A", plain, shapes=_ANY),
    row(
        "linalg_lu_factor_ex",
        "A",
        _singular,
        label="singular",
        gradients=False,
        shapes=((2, 2), (3, 3), (4, 3), (2, 3, 5)),
    ),
    row("linalg_lu_factor", "A", plain, shapes=_ANY),
    row("linalg_lu", "A", plain, shapes=_ANY),
    row(
        "linalg_lu",
        "A",
        _singular,
        label="singular",
        gradients=False,
        shapes=((2, 2), (3, 3), (4, 3), (2, 3, 5)),
    ),
    LoweringCase("aten.lu_unpack.default", _packed(unpack_data=True)),
    LoweringCase(
        "aten.lu_unpack.default", _packed(unpack_data=False), gradients=False, label="pivots"
    ),
    LoweringCase("aten.linalg_lu_solve.default", _equations()),
)
