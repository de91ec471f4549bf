"""Rows of views by strides."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import Shape, tensors

_VIEWS = (
    ((2, 3), (6, 1), None),
    ((2, 2, 2), (1, 2, 4), 3),
    ((4, 3), (1, 1), 0),
    ((), (), 5),
    ((3, 2), (0, 2), 1),
)
_APART = _VIEWS[:2]


def _view(
    size: Shape, stride: Shape, offset: int | None, **others: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    return st.fixed_dictionaries(
        {
            "x": tensors((3, 6)),
            **others,
            "size": st.just(size),
            "stride": st.just(stride),
            "storage_offset": st.just(offset),
        }
    )


CASES = (
    LoweringCase("aten.as_strided.default", st.one_of([_view(*view) for view in _VIEWS])),
    LoweringCase("aten.as_strided_copy.default", st.one_of([_view(*view) for view in _VIEWS])),
    LoweringCase(
        "aten.as_strided_scatter.default",
        st.one_of([_view(*view, src=tensors(view[0])) for view in _APART]),
        gradients=False,  # PyTorch's is the wrong way round
    ),
)
