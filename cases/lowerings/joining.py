"""Rows of tensors put together and taken apart."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.reduction import along_one
from cases.strategies import Shape, broadcasting, floats, integers, shapes, tensors, with_rank

_EMPTY_TOO = with_rank(1, 4, 0, 5)


@st.composite
def _joined(draw: st.DrawFn) -> dict[str, object]:
    """Tensors that differ along one axis only, of one type or of two."""
    shape, dim = draw(with_rank(1))
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        sized = list(shape)
        sized[dim] = draw(st.integers(0, 3))
        parts.append(draw(st.one_of(floats(tuple(sized)), integers(tuple(sized)))))
    return {"tensors": tuple(parts), "dim": dim}


def _alike(ranks: tuple[int, int]) -> SearchStrategy[Arguments]:
    return shapes(*ranks).flatmap(
        lambda shape: st.fixed_dictionaries({"tensors": st.tuples(tensors(shape), tensors(shape))})
    )


@st.composite
def _sized(draw: st.DrawFn, name: str) -> dict[str, object]:
    """Sizes that add up to an axis."""
    shape, dim = draw(with_rank(1))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    sized = list(shape)
    sized[dim] = sum(sizes)
    return {"x": draw(tensors(tuple(sized))), name: tuple(sizes), "dim": dim}


_BOUND = st.one_of(st.none(), st.integers(-7, 7), st.just(2**63 - 1))


@st.composite
def _narrowed(draw: st.DrawFn, *, negative: bool = True) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    start = draw(st.integers(-shape[dim] if negative else 0, shape[dim] - 1))
    length = draw(st.integers(0, shape[dim] - start % shape[dim]))
    return {"x": draw(tensors(shape)), "dim": dim, "start": start, "length": length}


def _selected(drawn: tuple[Shape, int]) -> SearchStrategy[Arguments]:
    shape, dim = drawn
    index = st.integers(-shape[dim], shape[dim] - 1)
    return st.fixed_dictionaries({"x": tensors(shape), "dim": st.just(dim), "index": index})


_GRID = st.tuples(tensors(shapes(0, 1)), tensors(shapes(1, 1)), tensors(shapes(1, 1)))

CASES = (
    *(LoweringCase(f"aten.{name}.default", _joined()) for name in ("cat", "concat", "concatenate")),
    LoweringCase(
        "aten.cat.default",
        st.fixed_dictionaries(
            {"tensors": st.tuples(tensors((0,)), tensors((2, 3))), "dim": st.just(1)}
        ),
        label="legacy empty",
    ),
    LoweringCase(
        "aten.stack.default",
        shapes(0, 3).flatmap(
            lambda shape: st.fixed_dictionaries(
                {
                    "tensors": st.tuples(tensors(shape), tensors(shape), integers(shape)),
                    "dim": st.integers(-len(shape) - 1, len(shape)),
                }
            )
        ),
    ),
    LoweringCase("aten.hstack.default", _alike((0, 3))),
    LoweringCase("aten.vstack.default", _alike((0, 3))),
    LoweringCase("aten.dstack.default", _alike((0, 4))),
    *(
        LoweringCase(
            f"aten.{name}.Tensor",
            along_one(tensors, keepdim=False, min_rank=1, split_size=st.integers(1, 4)),
            static=True,
        )
        for name in ("split", "unsafe_split")
    ),
    LoweringCase("aten.split.sizes", _sized("split_size")),
    *(
        LoweringCase(f"aten.{name}.default", _sized("split_sizes"))
        for name in ("split_with_sizes", "unsafe_split_with_sizes", "split")
    ),
    *(
        LoweringCase(
            f"aten.{name}.default",
            along_one(tensors, keepdim=False, min_rank=1, chunks=st.integers(1, 5)),
            static=True,
        )
        for name in ("chunk", "unsafe_chunk")
    ),
    LoweringCase(
        "aten.tensor_split.sections",
        along_one(tensors, keepdim=False, min_rank=1, sections=st.integers(1, 5)),
        static=True,
    ),
    LoweringCase(
        "aten.tensor_split.indices",
        along_one(
            tensors,
            keepdim=False,
            min_rank=1,
            indices=st.sampled_from(((1,), (1, 3), (0, 2), (-1,))),
        ),
    ),
    *(
        LoweringCase(op, along_one(tensors, keepdim=False, min_rank=1), static=True)
        for op in ("aten.unbind.int", "aten.unbind_copy.int")
    ),
    LoweringCase(
        "aten.slice.Tensor",
        _EMPTY_TOO.flatmap(
            lambda drawn: st.fixed_dictionaries(
                {
                    "x": tensors(drawn[0]),
                    "dim": st.just(drawn[1]),
                    "start": _BOUND,
                    "end": _BOUND,
                    "step": st.integers(1, 3),
                }
            )
        ),
    ),
    LoweringCase("aten.narrow.default", _narrowed()),
    LoweringCase("aten.narrow_copy.default", _narrowed(negative=False)),
    LoweringCase("aten.select.int", with_rank(1).flatmap(_selected)),
    LoweringCase("aten.meshgrid.default", st.fixed_dictionaries({"tensors": _GRID})),
    LoweringCase(
        "aten.meshgrid.indexing",
        st.fixed_dictionaries({"tensors": _GRID, "indexing": st.sampled_from(("ij", "xy"))}),
    ),
    LoweringCase(
        "aten.broadcast_tensors.default",
        broadcasting(3).flatmap(
            lambda drawn: st.fixed_dictionaries({"tensors": st.tuples(*map(tensors, drawn))})
        ),
    ),
)
