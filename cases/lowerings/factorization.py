"""Rows of determinants, inverses, equations and powers of matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import lettered

_FLOATS = ("float32", "float64")
_NUMBERS = (*_FLOATS, "complex64")
_SQUARE = ((1, 1), (3, 3), (2, 4, 4), (2, 1, 3, 3), (0, 0), (0, 3, 3))

Shape = tuple[int, ...]
Make = Callable[[np.random.Generator, Shape], np.ndarray]


def plain(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Complex numbers, of which real rows take the real part."""
    return generator.standard_normal(shape) + 1j * generator.standard_normal(shape)


def general(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Far from singular."""
    return plain(generator, shape) + 4 * np.eye(shape[-1])


def definite(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Hermitian and positive definite, with eigenvalues apart; so is its real part."""
    half = plain(generator, shape)
    return half @ half.conj().swapaxes(-1, -2) + np.diag(1.0 + np.arange(shape[-1]))


def of_type(array: np.ndarray, dtype: str) -> np.ndarray:
    """Complex numbers as they are, or their real parts."""
    return array.astype(dtype) if dtype.startswith("complex") else array.real.astype(dtype)


@st.composite
def matrices(
    draw: st.DrawFn,
    name: str,
    make: Make,
    shapes: tuple[Shape, ...] = _SQUARE,
    dtypes: tuple[str, ...] = _NUMBERS,
    **attributes: SearchStrategy[object],
) -> dict[str, object]:
    """One matrix or a batch of them, called ``name``, and attributes."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = make(generator, draw(st.sampled_from(shapes)))
    array = of_type(array, draw(st.sampled_from(dtypes)))
    return {name: array} | {key: draw(strategy) for key, strategy in attributes.items()}


def row(
    op: str,
    name: str,
    make: Make,
    *,
    gradients: bool = True,
    label: str = "",
    results: int | None = None,
    static: bool = False,
    overload: str = "default",
    **options: object,
) -> LoweringCase:
    """A row of an operator on one matrix; ``options`` go to :func:`matrices`."""
    return LoweringCase(
        f"aten.{op}.{overload}",
        matrices(name, make, **options),  # type: ignore[arg-type]
        gradients=gradients,
        label=label,
        results=results,
        static=static,
    )


@st.composite
def equations(
    draw: st.DrawFn, names: tuple[str, str], make: Make, **attributes: SearchStrategy[object]
) -> dict[str, object]:
    """A square matrix and a right-hand side whose leading axes broadcast.

    With ``left`` among the attributes and False, the right-hand side is turned round.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, right = draw(
        st.sampled_from(
            (
                ((3, 3), (3, 2)),
                ((4, 3, 3), (3, 2)),
                ((2, 1, 3, 3), (4, 3, 2)),
                ((2, 3, 3), (2, 3, 0)),
                ((0, 0), (0, 2)),
            )
        )
    )
    drawn = {key: draw(strategy) for key, strategy in attributes.items()}
    dtype = draw(st.sampled_from(_NUMBERS))
    b = plain(generator, right)
    b = b if drawn.get("left", True) else b.swapaxes(-1, -2)
    pair = make(generator, matrix), b
    return dict(zip(names, (of_type(array, dtype) for array in pair), strict=True)) | drawn


@st.composite
def _vectors(draw: st.DrawFn) -> Arguments:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, right = draw(st.sampled_from((((3, 3), (3,)), ((2, 3, 3), (2, 3)))))
    dtype = draw(st.sampled_from(_NUMBERS))
    a, b = general(generator, matrix), plain(generator, right)
    return {"A": of_type(a, dtype), "B": of_type(b, dtype)}


_SIDES = {"left": st.booleans()}

CASES = (
    row("linalg_inv", "A", general),
    row("inverse", "x", general),
    row("linalg_inv_ex", "A", general, check_errors=st.booleans()),
    row("linalg_tensorinv", "x", general, shapes=((3, 3), (4, 4)), ind=st.just(1)),
    row(
        "linalg_tensorinv",
        "x",
        lambda generator, shape: general(generator, (6, 6)).reshape(shape),
        label="axes",
        shapes=((6, 3, 2), (6, 2, 1, 3)),
        ind=st.just(1),
    ),
    row(
        "linalg_tensorinv",
        "x",
        lambda generator, shape: general(generator, (6, 6)).reshape(shape),
        label="pairs",
        shapes=((2, 3, 6), (3, 2, 2, 3)),
        ind=st.just(2),
    ),
    row("linalg_det", "A", general),
    row("det", "x", general),
    row("linalg_slogdet", "A", general),
    row("slogdet", "x", general),
    row("logdet", "x", definite),
    # whether the right-hand side is a batch of vectors or a matrix follows from its sizes
    LoweringCase(
        "aten.linalg_solve.default", equations(("A", "B"), general, **_SIDES), static=True
    ),
    LoweringCase("aten.linalg_solve.default", _vectors(), label="vectors"),
    LoweringCase(
        "aten.linalg_solve_ex.default",
        equations(("A", "B"), general, **_SIDES, check_errors=st.booleans()),
        static=True,
    ),
    LoweringCase("aten.linalg_solve_ex.default", _vectors(), label="vectors"),
    row("linalg_matrix_power", "x", general, n=st.integers(-3, 5)),
    row("matrix_power", "x", general, n=st.integers(-3, 5)),
    row("linalg_matrix_exp", "x", plain),
    row("matrix_exp", "x", plain),
    LoweringCase("aten.trace.default", lettered({"x": "mn"}, min_size=0, dtypes=_FLOATS)),
    LoweringCase(
        "aten.linalg_cross.default",
        st.one_of(
            lettered({"x": "a3", "other": "a3"}, dtypes=_FLOATS, dim=st.sampled_from((1, -1))),
            lettered({"x": "3a", "other": "31"}, dtypes=_FLOATS, dim=st.sampled_from((0, -2))),
        ),
    ),
    LoweringCase(
        "aten.cross.default",
        lettered({"x": "a3b", "other": "a3b"}, min_size=4, dtypes=_FLOATS),
        static=True,
    ),
)
