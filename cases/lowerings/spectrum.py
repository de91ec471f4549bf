"""Rows of eigenvalues and singular values.

Vectors are defined up to a sign or a phase, which the frameworks choose differently, and so is the
order of general eigenvalues; they are tested in ``tests/lowerings/test_spectrum.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.lowerings.factorization import Shape, definite, matrices, plain, row

_ANY = ((1, 1), (3, 3), (4, 3), (3, 5), (2, 5, 3), (2, 1, 3, 4), (0, 0), (0, 3), (3, 0), (0, 3, 3))
_TRIANGLE = {"UPLO": st.sampled_from(("L", "U"))}


def _triangular(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Upper triangular with eigenvalues apart, which are found in their order."""
    return np.triu(plain(generator, shape), 1) + np.diag(1.0 + np.arange(shape[-1]))


@st.composite
def _with_limits(draw: st.DrawFn, *, hermitian: bool) -> Arguments:
    """Matrices of full rank or less, with limits far from their singular values."""
    shapes = ((1, 1), (3, 3), (2, 4, 4), (0, 0)) if hermitian else _ANY
    drawn: Mapping[str, object] = draw(matrices("x", definite if hermitian else plain, shapes))
    arguments = {**drawn, "hermitian": hermitian}
    limit = np.asarray(draw(st.sampled_from((0.0, 1e-4))), np.float32)
    for name in draw(st.sampled_from(((), ("atol",), ("rtol",), ("atol", "rtol")))):
        arguments[name] = limit
    return arguments


CASES = (
    row("linalg_eigvalsh", "x", definite, **_TRIANGLE),
    row("_linalg_eigh", "A", definite, results=1, **_TRIANGLE),
    row("linalg_eigvals", "x", _triangular),
    row("linalg_eig", "x", _triangular, results=1),
    row("linalg_svdvals", "A", plain, shapes=_ANY),
    row(
        "_linalg_svd",
        "A",
        plain,
        shapes=_ANY,
        gradients=False,
        full_matrices=st.just(False),
        compute_uv=st.just(False),
    ),
    *(
        LoweringCase(
            "aten.linalg_pinv.atol_rtol_tensor",
            _with_limits(hermitian=hermitian),
            gradients=False,
            label="hermitian" if hermitian else "",
        )
        for hermitian in (False, True)
    ),
    row("linalg_pinv", "x", plain, label="gradient", overload="atol_rtol_tensor", shapes=_ANY),
)
