"""Rows of distances and similarities."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.strategies import lettered

_KINDS = ("normal", "uniform")
_POWERS = st.sampled_from((0.0, 1.0, 2.0, 3.0, 1.5, float("inf")))

_PAIRS = ({"x1": "pm", "x2": "rm"}, {"x1": "bpm", "x2": "brm"}, {"x1": "bpm", "x2": "rm"})


def _apart(arguments: Arguments) -> Arguments:
    """No row near another: where they coincide, the product cancels in either framework."""
    return {**arguments, "x2": np.asarray(arguments["x2"]) + np.float32(8)}


CASES = (
    LoweringCase(
        "aten.cdist.default",
        st.one_of([lettered(p, distributions=_KINDS, p=_POWERS) for p in _PAIRS]),
    ),
    LoweringCase(
        "aten.cdist.default",
        lettered(
            {"x1": "pm", "x2": "rm"},
            min_size=26,
            max_size=30,
            distributions=("normal",),
            p=st.just(2.0),
        ).map(_apart),
        label="by product",
    ),
    LoweringCase(
        "aten._cdist_forward.default",
        st.one_of(
            [lettered(p, distributions=_KINDS, p=_POWERS, compute_mode=st.none()) for p in _PAIRS]
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten._pdist_forward.default",
        lettered({"x": "nm"}, distributions=_KINDS, p=_POWERS),
        gradients=False,
    ),
    LoweringCase(
        "aten.cosine_similarity.default",
        st.one_of(
            lettered({"x1": "ab", "x2": "ab"}, min_size=2, dim=st.integers(-2, 1)),
            lettered({"x1": "abc", "x2": "abc"}, min_size=2, dim=st.integers(-3, 2)),
            lettered({"x1": "ab", "x2": "b"}, min_size=2, dim=st.just(1)),
            lettered({"x1": "ab", "x2": "ab"}, min_size=2, eps=st.sampled_from((0.5, 3.0))),
        ),
    ),
)
