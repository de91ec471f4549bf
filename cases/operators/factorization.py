"""Rows of determinants, inverses, equations and factorisations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, OperatorCase
from cases.strategies import lettered

_FLOATS = ("float32", "float64")
_SQUARE = ((1, 1), (3, 3), (2, 4, 4), (2, 1, 3, 3))


def _general(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Far from singular."""
    return generator.standard_normal(shape) + 3 * np.eye(shape[-1])


def _definite(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Symmetric and positive definite, with eigenvalues apart."""
    half = generator.standard_normal(shape)
    return half @ half.swapaxes(-1, -2) + np.diag(1.0 + np.arange(shape[-1]))


def _any(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.standard_normal(shape)


Make = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@st.composite
def _matrices(
    draw: st.DrawFn,
    name: str,
    make: Make,
    shapes: tuple[tuple[int, ...], ...] = _SQUARE,
    **attributes: SearchStrategy[object],
) -> dict[str, object]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = make(generator, draw(st.sampled_from(shapes))).astype(draw(st.sampled_from(_FLOATS)))
    return {name: array} | {key: draw(strategy) for key, strategy in attributes.items()}


@st.composite
def _equations(draw: st.DrawFn, *, triangular: bool) -> dict[str, object]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, right = draw(
        st.sampled_from((((3, 3), (3, 2)), ((4, 3, 3), (3, 2)), ((2, 1, 3, 3), (4, 3, 2))))
    )
    left = draw(st.booleans())
    b = generator.standard_normal(right)
    a = _general(generator, matrix)
    dtype = draw(st.sampled_from(_FLOATS))
    arguments: dict[str, object] = {
        "B": (b if left else b.swapaxes(-1, -2)).astype(dtype),
        "left": left,
    }
    if not triangular:
        return arguments | {"A": a.astype(dtype)}
    upper = draw(st.booleans())
    a = np.triu(a) if upper else np.tril(a)
    return arguments | {"x": a.astype(dtype), "upper": upper, "unitriangular": draw(st.booleans())}


@st.composite
def _vectors(draw: st.DrawFn) -> Arguments:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix, right = draw(st.sampled_from((((3, 3), (3,)), ((2, 3, 3), (2, 3)))))
    a, b = _general(generator, matrix), generator.standard_normal(right)
    return {"A": a.astype(np.float32), "B": b.astype(np.float32)}


def _row(op: str, name: str, make: Make, gradients: bool = True, **options: object) -> OperatorCase:
    return OperatorCase(f"aten.{op}.default", _matrices(name, make, **options), gradients=gradients)  # type: ignore[arg-type]


_TALL = ((3, 3), (4, 3), (2, 5, 3))

CASES = (
    _row("linalg_inv", "A", _general),
    _row("inverse", "x", _general),
    _row("linalg_det", "A", _general),
    _row("det", "x", _general),
    _row("linalg_slogdet", "A", _general),
    _row("slogdet", "x", _general),
    _row("logdet", "x", _definite),
    # whether the right-hand side is a batch of vectors or a matrix follows from its sizes
    OperatorCase("aten.linalg_solve.default", _equations(triangular=False), static=True),
    OperatorCase("aten.linalg_solve.default", _vectors(), label="vectors"),
    OperatorCase("aten.linalg_solve_triangular.default", _equations(triangular=True)),
    _row("linalg_cholesky", "x", _definite, upper=st.booleans()),
    _row("cholesky", "x", _definite, upper=st.booleans()),
    _row("linalg_qr", "A", _any, shapes=_TALL, mode=st.just("reduced")),
    _row("linalg_eigvalsh", "x", _definite, UPLO=st.sampled_from(("L", "U"))),
    _row("linalg_matrix_power", "x", _general, n=st.integers(-3, 5)),
    _row("matrix_power", "x", _general, n=st.integers(-3, 5)),
    _row("linalg_matrix_exp", "x", _any),
    _row("matrix_exp", "x", _any),
    OperatorCase("aten.trace.default", lettered({"x": "mn"}, min_size=0, dtypes=_FLOATS)),
    OperatorCase(
        "aten.linalg_cross.default",
        st.one_of(
            lettered({"x": "a3", "other": "a3"}, dtypes=_FLOATS, dim=st.sampled_from((1, -1))),
            lettered({"x": "3a", "other": "31"}, dtypes=_FLOATS, dim=st.sampled_from((0, -2))),
        ),
    ),
    OperatorCase(
        "aten.cross.default",
        lettered({"x": "a3b", "other": "a3b"}, min_size=4, dtypes=_FLOATS),
        static=True,
    ),
)
