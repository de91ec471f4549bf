"""Rows of variance and standard deviation."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.lowerings.reduction import along_some, whole_array
from cases.strategies import Shape, floats, tensors


def _large(shape: Shape) -> SearchStrategy[np.ndarray]:
    return tensors(shape, low=900, high=1100)


# PyTorch computes over all axes for an empty list, but its gradient is not that of what it
# computes.
CASES = tuple(
    row
    for name in ("var", "std", "var_mean", "std_mean")
    for row in (
        LoweringCase(f"aten.{name}.default", whole_array(tensors, unbiased=st.just(False))),
        LoweringCase(f"aten.{name}.dim", along_some(tensors, empty=False, unbiased=st.just(False))),
        LoweringCase(
            f"aten.{name}.correction",
            along_some(floats, empty=False, correction=st.sampled_from((0, 0.5))),
        ),
        LoweringCase(
            f"aten.{name}.correction",
            along_some(_large, empty=False, correction=st.just(0)),
            label="large mean",
        ),
        LoweringCase(
            f"aten.{name}.correction",
            along_some(
                lambda shape: tensors((3, *shape[:2], 2)), correction=st.sampled_from((None, 1, 0))
            ).map(lambda drawn: {**drawn, "dim": (0, -1)}),
            label="unbiased",
        ),
    )
)
