"""Rows of borders."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.lowerings.reduction import anything
from cases.strategies import numbers, shapes, tensors


@st.composite
def _constant(draw: st.DrawFn, name: str) -> dict[str, object]:
    shape = draw(shapes(1, 4, 2, 5))
    count = draw(st.integers(1, len(shape)))
    widths = tuple(draw(st.integers(-1, 3)) for _ in range(2 * count))
    return {"x": draw(anything(shape)), name: widths}


@st.composite
def _border(draw: st.DrawFn, name: str, axes: int, reach: int, low: int = 0) -> dict[str, object]:
    """Widths for the last ``axes`` axes, less than the sizes by ``reach``."""
    shape = draw(shapes(axes + 1, axes + 2, 3, 5))
    widths: list[int] = []
    for axis in range(axes):
        size = shape[len(shape) - 1 - axis]
        widths += [draw(st.integers(low, size - reach)) for _ in range(2)]
    return {"x": draw(tensors(shape)), name: tuple(widths)}


def _modes() -> tuple[LoweringCase, ...]:
    rows = []
    for mode, reach in (("reflect", 1), ("replicate", 0), ("circular", 0)):
        for axes in (1, 2, 3):
            drawn = _border("pad", axes, reach).map(lambda d, mode=mode: {**d, "mode": mode})
            rows.append(LoweringCase("aten.pad.default", drawn, label=f"{mode} {axes}d"))
    return tuple(rows)


CASES = (
    LoweringCase(
        "aten.constant_pad_nd.default",
        st.tuples(_constant("pad"), st.sampled_from((0, 1))).map(lambda d: {**d[0], "value": d[1]}),
    ),
    LoweringCase(
        "aten.constant_pad_nd.default",
        st.tuples(_border("pad", 2, 0), numbers()).map(lambda d: {**d[0], "value": d[1]}),
        label="value",
    ),
    LoweringCase("aten.pad.default", _constant("pad"), label="constant"),
    *_modes(),
    *(
        LoweringCase(f"aten.{name}_pad{axes}d.default", _border("padding", axes, reach))
        for name, reach in (("reflection", 1), ("replication", 0))
        for axes in (1, 2, 3)
    ),
    LoweringCase("aten._pad_circular.default", _border("pad", 2, 2, -1)),
)
