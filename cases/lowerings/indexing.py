"""Rows of elements chosen by index or by mask."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import (
    Shape,
    bools,
    broadcasting,
    floats,
    integers,
    shapes,
    tensors,
    with_rank,
)


@st.composite
def picks(
    draw: st.DrawFn, size: int, shape: Shape | SearchStrategy[Shape], *, negative: bool = False
) -> np.ndarray:
    """Indices into an axis."""
    return draw(
        integers(
            shape, -size if negative else 0, size - 1, draw(st.sampled_from(("int64", "int32")))
        )
    )


@st.composite
def _gathered(draw: st.DrawFn) -> dict[str, object]:
    """An index of any size along the axis, and of at most the tensor's size along the others."""
    shape, dim = draw(with_rank(0))
    if not shape:
        return {
            "x": draw(tensors(())),
            "dim": 0,
            "index": np.zeros(draw(st.sampled_from(((), (2,)))), np.int64),
        }
    sizes = [draw(st.integers(1, size)) for size in shape]
    sizes[dim] = draw(st.integers(0, 5))
    return {
        "x": draw(floats(shape)),
        "dim": dim,
        "index": draw(integers(tuple(sizes), 0, shape[dim] - 1)),
    }


@st.composite
def _selected(draw: st.DrawFn) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    count = draw(st.sampled_from(((), (1,), (4,), (0,))))
    return {"x": draw(floats(shape)), "dim": dim, "index": draw(picks(shape[dim], count))}


@st.composite
def _taken_along(draw: st.DrawFn) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    sizes = [draw(st.sampled_from((1, size))) for size in shape]
    sizes[dim] = draw(st.integers(1, 4))
    return {
        "x": draw(tensors(shape)),
        "indices": draw(integers(tuple(sizes), -shape[dim], shape[dim] - 1)),
        "dim": dim,
    }


@st.composite
def indexed(draw: st.DrawFn, *, masks: bool = True) -> tuple[Shape, tuple[object, ...]]:
    """A shape, and for each of its first axes an index array, None or (``masks``) a mask."""
    shape = draw(shapes(1, 4, 1, 5))
    count = draw(st.integers(1, len(shape)))
    blocks = list(draw(broadcasting(count, 2)))
    indices: list[object] = []
    for axis in range(count):
        kind = draw(st.sampled_from(("index", "index", "none", "mask" if masks else "index")))
        if kind == "none":
            indices.append(None)
        elif kind == "mask" and not any(isinstance(entry, np.ndarray) for entry in indices):
            indices.append(draw(bools((shape[axis],))))
            break
        else:
            indices.append(draw(integers(blocks[axis], -shape[axis], shape[axis] - 1)))
    if all(entry is None for entry in indices):
        indices[-1] = draw(integers((2,), 0, shape[len(indices) - 1] - 1))
    return shape, tuple(indices)


def _indexed(*, masks: bool) -> SearchStrategy[Arguments]:
    return indexed(masks=masks).flatmap(
        lambda drawn: st.fixed_dictionaries({"x": tensors(drawn[0]), "indices": st.just(drawn[1])})
    )


_MASK_OF_TWO_AXES = st.fixed_dictionaries(
    {"x": tensors((3, 4, 2)), "indices": st.tuples(bools((3, 4)))}
)
_APART = st.fixed_dictionaries(
    {
        "x": tensors((3, 4, 5)),
        "indices": st.tuples(integers((2, 3), 0, 2), st.none(), integers((3,), -5, 4)),
    }
)


def _embedded(shape: Shape) -> SearchStrategy[Arguments]:
    return st.fixed_dictionaries(
        {
            "weight": floats((7, 3)),
            "indices": picks(7, shape),
            "padding_idx": st.sampled_from((-1, 0, 3)),
        }
    )


_SPARSE = st.one_of(integers(low=-1, high=1), bools(), tensors(distributions=("near_ties",)))

CASES = (
    LoweringCase("aten.embedding.default", shapes(0, 3).flatmap(_embedded)),
    LoweringCase("aten.gather.default", _gathered()),
    LoweringCase("aten.take_along_dim.default", _taken_along()),
    LoweringCase(
        "aten.take_along_dim.default",
        st.fixed_dictionaries({"x": tensors((3, 4)), "indices": integers((5,), 0, 11)}),
        label="flattened",
    ),
    LoweringCase("aten.index_select.default", _selected()),
    LoweringCase(
        "aten.take.default",
        st.fixed_dictionaries({"x": tensors((3, 4)), "index": integers(low=-12, high=11)}),
    ),
    LoweringCase("aten.index.Tensor", _indexed(masks=True)),
    LoweringCase("aten.index.Tensor", _MASK_OF_TWO_AXES, label="mask of two axes"),
    LoweringCase("aten.index.Tensor", _APART, label="apart"),
    LoweringCase("aten._unsafe_index.Tensor", _indexed(masks=False)),
    LoweringCase("aten._unsafe_index.Tensor", _APART, label="apart"),
    LoweringCase(
        "aten.masked_select.default",
        broadcasting(2).flatmap(
            lambda s: st.fixed_dictionaries({"x": tensors(s[0]), "mask": bools(s[1])})
        ),
    ),
    *(
        LoweringCase(f"aten.{name}.default", st.fixed_dictionaries({"x": _SPARSE}), gradients=False)
        for name in ("nonzero", "argwhere", "nonzero_numpy")
    ),
    LoweringCase(
        "aten.nonzero_static.default",
        st.fixed_dictionaries(
            {"x": _SPARSE, "size": st.integers(0, 9), "fill_value": st.sampled_from((-1, 7))}
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.where.default", st.fixed_dictionaries({"condition": _SPARSE}), gradients=False
    ),
    LoweringCase(
        "aten.one_hot.default",
        st.fixed_dictionaries(
            {"x": integers(low=0, high=4), "num_classes": st.sampled_from((-1, 5, 9))}
        ),
        gradients=False,
    ),
    *(
        LoweringCase(
            name, st.fixed_dictionaries({"x": st.one_of(floats(()), integers(()))}), gradients=False
        )
        for name in ("aten.item.default", "aten._local_scalar_dense.default")
    ),
)
