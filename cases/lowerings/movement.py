"""Rows of repeating, reversing, rotating, diagonals and channel shuffles."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.reduction import along_one, anything, whole_array
from cases.strategies import (
    SPECIALS,
    Shape,
    axis_lists,
    bools,
    integers,
    shapes,
    tensors,
    with_rank,
)


def _repeated(name: str, lead: int) -> SearchStrategy[Arguments]:
    """As many counts as axes, or up to ``lead`` more (fewer where negative)."""
    return shapes(0, 3, 0, 4).flatmap(
        lambda shape: st.integers(min(lead, 0), max(lead, 0)).flatmap(
            lambda more: st.fixed_dictionaries(
                {
                    "x": tensors(shape),
                    name: st.tuples(*[st.integers(0, 3)] * max(len(shape) + more, 0)),
                }
            )
        )
    )


def _rolled(shape: Shape) -> SearchStrategy[Arguments]:
    return axis_lists(len(shape), 1).flatmap(
        lambda dims: st.fixed_dictionaries(
            {
                "x": tensors(shape),
                "shifts": st.tuples(*[st.integers(-7, 7)] * len(dims)),
                "dims": st.just(dims),
            }
        )
    )


def _matrices(shape: Shape) -> SearchStrategy[Arguments]:
    values = st.one_of(tensors(shape, specials=SPECIALS), integers(shape), bools(shape))
    return st.fixed_dictionaries({"x": values, "diagonal": st.integers(-4, 4)})


@st.composite
def _diagonal(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(2, 4))
    first, second = draw(st.permutations(range(len(shape))))[:2]
    offset = draw(st.integers(-shape[first] + 1, shape[second] - 1))
    return {"x": draw(tensors(shape)), "offset": offset, "dim1": first, "dim2": second - len(shape)}


def _counted(drawn: tuple[Shape, int]) -> SearchStrategy[Arguments]:
    shape, dim = drawn
    return st.fixed_dictionaries(
        {
            "x": tensors(shape),
            "repeats": st.one_of(integers((shape[dim],), 0, 3), integers((1,), 1, 3)),
            "dim": st.just(dim),
        }
    )


def _images(channels: int, scale: int) -> SearchStrategy[Shape]:
    """(..., C, H, W) of rank 3 to 5 with all sizes multiples of what is asked."""
    sizes = st.integers(1, 3)
    return st.tuples(st.lists(sizes, min_size=0, max_size=2), sizes, sizes, sizes).map(
        lambda d: (*d[0], d[1] * channels, d[2] * scale, d[3] * scale)
    )


CASES = (
    LoweringCase("aten.repeat.default", _repeated("repeats", 2)),
    LoweringCase("aten.tile.default", _repeated("dims", -2)),
    LoweringCase(
        "aten.repeat_interleave.self_int",
        along_one(tensors, keepdim=False, min_rank=1, repeats=st.integers(0, 3)),
    ),
    LoweringCase(
        "aten.repeat_interleave.self_int",
        whole_array(tensors, repeats=st.integers(0, 3)),
        label="flattened",
    ),
    LoweringCase("aten.repeat_interleave.self_Tensor", with_rank(1).flatmap(_counted)),
    LoweringCase(
        "aten.repeat_interleave.Tensor",
        st.fixed_dictionaries({"repeats": integers((4,), 0, 3)}),
        gradients=False,
    ),
    LoweringCase("aten.roll.default", shapes(1).flatmap(_rolled)),
    LoweringCase(
        "aten.roll.default",
        whole_array(tensors, shifts=st.tuples(st.integers(-9, 9))),
        label="flattened",
    ),
    LoweringCase(
        "aten.flip.default",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": anything(shape), "dims": axis_lists(len(shape))}
            )
        ),
    ),
    LoweringCase("aten.fliplr.default", st.fixed_dictionaries({"x": tensors(shapes(2))})),
    LoweringCase("aten.flipud.default", st.fixed_dictionaries({"x": tensors(shapes(1))})),
    LoweringCase("aten.tril.default", shapes(2).flatmap(_matrices)),
    LoweringCase("aten.triu.default", shapes(2).flatmap(_matrices)),
    LoweringCase("aten.diagonal.default", _diagonal()),
    LoweringCase(
        "aten.diag_embed.default",
        st.fixed_dictionaries(
            {"x": st.one_of(tensors(shapes(1, 3)), bools((2, 3))), "offset": st.integers(-2, 2)}
        ),
    ),
    LoweringCase(
        "aten.diag_embed.default",
        st.fixed_dictionaries({"x": tensors((2, 3)), "dim1": st.just(-1), "dim2": st.just(0)}),
        label="axes",
    ),
    LoweringCase(
        "aten.pixel_shuffle.default",
        st.integers(1, 3).flatmap(
            lambda r: st.fixed_dictionaries(
                {"x": _images(r * r, 1).flatmap(tensors), "upscale_factor": st.just(r)}
            )
        ),
    ),
    LoweringCase(
        "aten.pixel_unshuffle.default",
        st.integers(1, 3).flatmap(
            lambda r: st.fixed_dictionaries(
                {"x": _images(1, r).flatmap(tensors), "downscale_factor": st.just(r)}
            )
        ),
    ),
    LoweringCase(
        "aten.channel_shuffle.default",
        st.tuples(st.integers(1, 3), st.integers(1, 3), shapes(1, 3)).flatmap(
            lambda d: st.fixed_dictionaries(
                {"x": tensors((2, d[0] * d[1], *d[2])), "groups": st.just(d[0])}
            )
        ),
    ),
)
