"""Rows of how often values occur."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import OperatorCase
from cases.strategies import integers, tensors

CASES = (
    OperatorCase(
        "aten.histc.default",
        st.fixed_dictionaries(
            {
                "x": st.one_of(
                    tensors(distributions=("normal",)), st.just(np.full(5, 3.0, np.float32))
                )
            }
        ),
        gradients=False,
        label="range of the values",
    ),
    OperatorCase(
        "aten.histc.default",
        st.fixed_dictionaries(
            {
                "x": tensors(distributions=("normal", "uniform")),
                "bins": st.integers(1, 7),
                "min": st.sampled_from((-1, 0, -0.5)),
                "max": st.sampled_from((1, 2.5)),
            }
        ),
        gradients=False,
    ),
    OperatorCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "minlength": st.sampled_from((0, 9))}),
        gradients=False,
    ),
    OperatorCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "weights": tensors((6,))}),
        gradients=False,
        label="weights",
    ),
)
