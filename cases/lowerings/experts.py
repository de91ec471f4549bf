"""Rows of products of groups of rows."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import tensors


@st.composite
def _groups(
    draw: st.DrawFn, rows: str, matrices: str, sizes: st.SearchStrategy[int]
) -> dict[str, object]:
    """Rows sorted by group; groups may be empty."""
    import transformers.integrations.moe  # noqa: F401  # registers its operator

    count, groups = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    width, features = draw(sizes), draw(sizes)
    ends = np.sort(draw(st.lists(st.integers(0, count), min_size=groups, max_size=groups)))
    ends[-1] = count
    return {
        rows: draw(tensors((count, width))),
        matrices: draw(tensors((groups, width, features))),
        "offs": ends.astype(np.int32),
    }


CASES = (
    LoweringCase(
        "transformers.grouped_mm_fallback.default",
        _groups("input", "weight", st.integers(1, 5)),
        static=True,
    ),
)
