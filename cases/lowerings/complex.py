"""Rows of complex numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.strategies import broadcasting, shapes, tensors

_TAME = {"distributions": ("normal", "uniform")}


def _complex() -> SearchStrategy[np.ndarray]:
    return shapes().flatmap(
        lambda shape: st.tuples(tensors(shape, **_TAME), tensors(shape, **_TAME)).map(
            lambda parts: np.asarray(parts[0] + 1j * parts[1], np.complex64)
        )
    )


def _two(first: str, second: str) -> SearchStrategy[dict[str, object]]:
    return broadcasting(2).flatmap(
        lambda s: st.fixed_dictionaries(
            {first: tensors(s[0], **_TAME), second: tensors(s[1], **_TAME)}
        )
    )


CASES = (
    LoweringCase(
        "aten.view_as_complex.default",
        shapes(0, 3).flatmap(lambda shape: st.fixed_dictionaries({"x": tensors((*shape, 2))})),
    ),
    LoweringCase("aten.view_as_real.default", st.fixed_dictionaries({"x": _complex()})),
    LoweringCase("aten.complex.default", _two("real", "imag")),
    LoweringCase(
        # a length is positive; PyTorch's gradient for a negative one has the other sign
        "aten.polar.default",
        _two("abs", "angle").map(
            lambda drawn: {**drawn, "abs": np.asarray(np.abs(drawn["abs"]) + 0.5, np.float32)}
        ),
    ),
    LoweringCase(
        "aten.real.default", st.fixed_dictionaries({"x": st.one_of(_complex(), tensors())})
    ),
    LoweringCase("aten.imag.default", st.fixed_dictionaries({"x": _complex()})),
    *(
        LoweringCase(f"aten.{name}.default", st.fixed_dictionaries({"x": _complex()}))
        for name in ("conj", "_conj", "conj_physical", "_conj_physical")
    ),
    LoweringCase(
        "aten.angle.default",
        st.fixed_dictionaries({"x": tensors(specials=(0.0, float("nan")))}),
        gradients=False,
    ),
    LoweringCase("aten.angle.default", st.fixed_dictionaries({"x": _complex()}), label="complex"),
)
