"""Rows of maxima of windows at random distances."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.strategies import SPECIALS, floats, tensors


@st.composite
def _fractional(draw: st.DrawFn, rank: int, *, batched: bool) -> Arguments:
    kernel = draw(st.tuples(*[st.integers(1, 3)] * rank))
    output = draw(st.tuples(*[st.integers(1, 3)] * rank))
    spare = st.integers(0 if rank == 2 else 1, 4)  # PyTorch wants room for volumes to move
    sizes = tuple(k + o - 1 + draw(spare) for k, o in zip(kernel, output, strict=True))
    batch, channels = draw(st.integers(1, 2)) if batched else 1, draw(st.integers(1, 3))
    shape = (batch, channels, *sizes) if batched else (channels, *sizes)
    x = draw(floats(shape, specials=SPECIALS, dtypes=("float32", "float64")))
    samples = draw(tensors((batch, channels, rank), low=0, high=0.99, distributions=("uniform",)))
    return {
        "x": x,
        "kernel_size": kernel,
        "output_size": output,
        "random_samples": np.floor(samples * 64).astype(x.dtype) / 64,
    }


CASES = tuple(
    LoweringCase(
        f"aten.fractional_max_pool{rank}d.default",
        _fractional(rank, batched=batched),
        gradients=False,  # of NaNs and infinities among the values; the database has it
        label="" if batched else "one sample",
    )
    for rank in (2, 3)
    for batched in (True, False)
)
