"""Rows of QR factors and Householder reflections."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.lowerings.factorization import Shape, of_type, plain, row

_TALL = ((3, 3), (4, 3), (2, 5, 3), (3, 0), (0, 4, 3))
_ANY = (*_TALL, (1, 1), (3, 5), (2, 2, 4), (0, 3))
_NUMBERS = st.sampled_from(("float32", "float64", "complex64"))


def _triangular(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Done already: no column needs a reflection, unless its diagonal is complex."""
    return np.triu(plain(generator, shape))


@st.composite
def _reflections(draw: st.DrawFn, *, applied: bool) -> Arguments:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch = draw(st.sampled_from(((), (2,), (2, 1), (0,))))
    rows, columns, others = draw(st.sampled_from(((4, 3, 2), (3, 3, 3), (5, 2, 0), (3, 0, 2))))
    count = draw(st.integers(0, columns)) if not applied else columns
    dtype = draw(_NUMBERS)
    packed = of_type(plain(generator, (*batch, rows, columns)), dtype)
    tau = of_type(plain(generator, (*batch, count)), dtype)
    tau[..., : draw(st.integers(0, 1))] = 0
    if not applied:
        return {"input": packed, "tau": tau}
    left = draw(st.booleans())
    shape = (rows, others) if left else (others, rows)
    other = of_type(plain(generator, (*batch, *shape)), dtype)
    flags = {"left": left, "transpose": draw(st.booleans())}
    return {"x": packed, "input2": tau, "input3": other, **flags}


CASES = (
    row("linalg_qr", "A", plain, shapes=_TALL, mode=st.just("reduced")),
    row("geqrf", "x", plain, shapes=_ANY, gradients=False),
    row("geqrf", "x", _triangular, label="triangular", shapes=_ANY, gradients=False),
    LoweringCase("aten.linalg_householder_product.default", _reflections(applied=False)),
    LoweringCase("aten.ormqr.default", _reflections(applied=True)),
)
