"""Rows of different elements."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import integers, shapes, tensors

_INTEGERS = integers(low=-2, high=2)
_FLOATS = tensors(specials=(2.0, float("nan"), float("inf")), distributions=("near_ties",)).map(
    lambda x: np.asarray(np.rint(x) + np.float32(0))  # either zero may come of both
)
_SLICES = integers(shapes(2, 3, 1, 4), 0, 1)

CASES = (
    LoweringCase(
        "aten._unique2.default",
        st.fixed_dictionaries(
            {
                "x": st.one_of(_INTEGERS, _FLOATS),
                "sorted": st.just(True),
                "return_inverse": st.booleans(),
                "return_counts": st.booleans(),
            }
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.unique_consecutive.default",
        st.fixed_dictionaries(
            {
                "x": st.one_of(_INTEGERS, _FLOATS),
                "return_inverse": st.booleans(),
                "return_counts": st.booleans(),
            }
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.unique_consecutive.default",
        st.fixed_dictionaries({"x": _SLICES, "dim": st.integers(-2, 1)}),
        gradients=False,
        label="slices",
    ),
    LoweringCase(
        "aten.unique_dim.default",
        st.fixed_dictionaries({"x": _SLICES, "dim": st.integers(-2, 1)}),
        gradients=False,
    ),
)
