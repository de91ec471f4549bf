"""Rows of Airy's function."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import SPECIALS, floats

CASES = (
    LoweringCase(
        "aten.special_airy_ai.default",
        st.fixed_dictionaries(
            {
                "x": floats(
                    low=-20,
                    high=20,
                    specials=(*SPECIALS, -2.09, 2.09, 120.0),
                    dtypes=("float32", "float64"),
                )
            }
        ),
        gradients=False,  # PyTorch has none
    ),
)
