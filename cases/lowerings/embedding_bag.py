"""Rows of bags of embeddings."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase


@st.composite
def _bags(draw: st.DrawFn) -> dict[str, object]:
    """Bags, some empty, some with padding."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, features, count, bags = (draw(st.integers(1, top)) for top in (6, 4, 8, 5))
    mode = draw(st.integers(0, 2))
    last = draw(st.booleans())
    starts = np.sort(generator.integers(0, count + 1, bags))
    starts[0] = 0
    if last:
        starts = np.append(starts, count)
    weighted = mode == 0 and draw(st.booleans())
    return {
        "weight": generator.standard_normal((rows, features)).astype(np.float32),
        "indices": generator.integers(0, rows, count),
        "offsets": starts.astype(np.int64),
        "scale_grad_by_freq": False,
        "mode": mode,
        "sparse": False,
        "per_sample_weights": generator.standard_normal(count).astype(np.float32)
        if weighted
        else None,
        "include_last_offset": last,
        "padding_idx": draw(st.one_of(st.none(), st.integers(-rows, rows - 1))),
    }


CASES = (
    LoweringCase("aten.embedding_bag.padding_idx", _bags(), results=1),
    LoweringCase(
        "aten._embedding_bag.default",
        _bags().map(lambda drawn: {**drawn, "padding_idx": -1}),
        results=1,
    ),
)
