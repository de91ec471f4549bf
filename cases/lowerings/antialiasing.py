"""Rows of antialiased resizing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.strategies import floats, shapes

_DTYPES = ("float32", "float64")


def _as_defined(arguments: Arguments) -> bool:
    """PyTorch 2.13 computes one column of another height wrongly (test_pytorch_faults.py)."""
    size: Any = arguments["output_size"]
    x: Any = arguments["x"]
    return size[1] > 1 or size[0] == x.shape[2]


CASES = tuple(
    LoweringCase(
        f"aten._upsample_{name}2d_aa.default",
        st.fixed_dictionaries(
            {
                "x": floats(
                    shapes(4, 4, 2, 7), dtypes=_DTYPES, distributions=("normal", "uniform")
                ),
                "output_size": st.tuples(st.integers(1, 9), st.integers(1, 9)),
                "align_corners": st.booleans(),
            }
        ).filter(_as_defined),
    )
    for name in ("bilinear", "bicubic")
)
