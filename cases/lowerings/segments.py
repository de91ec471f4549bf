"""Rows of segments that are reduced to one element each."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.strategies import floats


@st.composite
def _segments(draw: st.DrawFn, *, offsets: bool, special: bool = False) -> Arguments:
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    axis = draw(st.integers(0, 1))
    outer = (2,) * axis
    rest = draw(st.sampled_from(((), (2,))))
    shape = (*outer, sum(lengths), *rest)
    specials = (0.0, float("nan"), float("inf"), 1.0) if special else ()
    counts = np.broadcast_to(np.array(lengths), (*outer, len(lengths)))
    ends = np.concatenate([np.zeros_like(counts[..., :1]), np.cumsum(counts, -1)], -1)
    arguments: dict[str, object] = {
        "data": draw(floats(shape, specials=specials, dtypes=("float32", "float64"))),
        "reduce": draw(st.sampled_from(("sum", "mean", "max", "min", "prod"))),
        "axis": axis,
        "unsafe": draw(st.booleans()),
        "initial": draw(st.sampled_from((None, 0, 0.5))),
    }
    return arguments | ({"offsets": ends} if offsets else {"lengths": np.array(counts)})


CASES = (
    LoweringCase("aten.segment_reduce.default", _segments(offsets=False)),
    LoweringCase("aten.segment_reduce.default", _segments(offsets=True), label="offsets"),
    LoweringCase(
        "aten.segment_reduce.default",
        _segments(offsets=False, special=True),
        gradients=False,
        label="specials",
    ),
)
