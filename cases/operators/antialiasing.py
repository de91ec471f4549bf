"""Rows of antialiased resizing."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import OperatorCase
from cases.strategies import floats, shapes

_DTYPES = ("float32", "float64")

# A result of one column is wrong in PyTorch 2.13.
CASES = tuple(
    OperatorCase(
        f"aten._upsample_{name}2d_aa.default",
        st.fixed_dictionaries(
            {
                "x": floats(
                    shapes(4, 4, 2, 7), dtypes=_DTYPES, distributions=("normal", "uniform")
                ),
                "output_size": st.tuples(st.integers(1, 9), st.integers(2, 9)),
                "align_corners": st.booleans(),
            }
        ),
    )
    for name in ("bilinear", "bicubic")
)
