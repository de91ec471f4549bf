"""Rows of elements written to, or added at, indexed places."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.indexing import indexed
from cases.strategies import (
    bools,
    floats,
    integers,
    numbers,
    shapes,
    tensors,
    with_rank,
)


@st.composite
def _scattered(
    draw: st.DrawFn, *, unique: bool, src: bool = True, larger: bool = False
) -> dict[str, object]:
    """Indices along an axis.

    ``unique`` where the last of equal ones would win, which is undefined.
    """
    shape, dim = draw(with_rank(0))
    if not shape:
        drawn: dict[str, object] = {
            "x": draw(tensors(())),
            "dim": 0,
            "index": np.zeros((), np.int64),
        }
        return drawn | ({"src": draw(tensors(()))} if src else {})
    sizes = [draw(st.integers(1, size)) for size in shape]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if unique:
        order = generator.permuted(
            np.broadcast_to(
                np.arange(shape[dim]).reshape(
                    [-1 if a == dim % len(shape) else 1 for a in range(len(shape))]
                ),
                shape,
            ),
            axis=dim,
        )
        index = order[tuple(slice(size) for size in sizes)]
    else:
        sizes[dim] = draw(st.integers(1, 6))
        index = generator.integers(0, shape[dim], sizes)
    drawn = {"x": draw(tensors(shape)), "dim": dim, "index": np.asarray(index, np.int64)}
    if src:
        drawn["src"] = draw(tensors(tuple(size + larger for size in index.shape)))
    return drawn


@st.composite
def _slices(draw: st.DrawFn, *, unique: bool, source: bool = True) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    count = draw(st.integers(1, shape[dim] if unique else 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    index = (
        generator.permutation(shape[dim])[:count]
        if unique
        else generator.integers(0, shape[dim], count)
    )
    drawn: dict[str, object] = {
        "x": draw(tensors(shape)),
        "dim": dim,
        "index": index.astype(np.int64),
    }
    if source:
        sizes = list(shape)
        sizes[dim] = count
        drawn["source"] = draw(tensors(tuple(sizes)))
    return drawn


@st.composite
def _put(draw: st.DrawFn) -> dict[str, object]:
    """Added where indices may meet; a mask, or an index of one place, where they don't."""
    shape, indices = draw(indexed(masks=False))
    result = np.zeros(shape)[tuple(slice(None) if i is None else i for i in indices)].shape
    values = result[draw(st.integers(0, len(result))) :]
    return {
        "x": draw(tensors(shape)),
        "indices": indices,
        "values": draw(tensors(tuple(values))),
        "accumulate": True,
    }


@st.composite
def _masked_put(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(1, 3))
    mask = draw(bools(shape[: draw(st.integers(1, len(shape)))]))
    shaped = np.zeros(shape)[mask].shape
    values = draw(st.sampled_from(((), (1,), shaped)))
    return {
        "x": draw(tensors(shape)),
        "indices": (mask,),
        "values": draw(tensors(values)),
        "accumulate": draw(st.booleans()),
    }


_ONE_PLACE = st.fixed_dictionaries(
    {
        "x": tensors((4, 5, 3)),
        "indices": st.tuples(st.none(), integers((1,), -5, 4)),
        "values": tensors((4, 1, 3)),
    }
)


def _plus(
    arguments: SearchStrategy[Arguments], **others: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    return st.tuples(arguments, st.fixed_dictionaries(others)).map(
        lambda pair: {**pair[0], **pair[1]}
    )


@st.composite
def _sliced(draw: st.DrawFn) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    start, step = draw(st.integers(0, shape[dim])), draw(st.integers(1, 2))
    end = draw(st.one_of(st.none(), st.integers(start, shape[dim] + 2), st.just(2**63 - 1)))
    sizes = list(shape)
    sizes[dim] = len(range(shape[dim])[start:end:step])
    return {
        "x": draw(tensors(shape)),
        "src": draw(tensors(tuple(sizes))),
        "dim": dim,
        "start": start,
        "end": end,
        "step": step,
    }


@st.composite
def _selected(draw: st.DrawFn) -> dict[str, object]:
    shape, dim = draw(with_rank(1))
    rest = tuple(size for axis, size in enumerate(shape) if axis != dim % len(shape))
    index = draw(st.integers(-shape[dim], shape[dim] - 1))
    return {"x": draw(tensors(shape)), "src": draw(tensors(rest)), "dim": dim, "index": index}


@st.composite
def _diagonal(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(2, 3))
    first, second = draw(st.permutations(range(len(shape))))[:2]
    offset = draw(st.integers(-shape[first] + 1, shape[second] - 1))
    along = np.diagonal(np.zeros(shape), offset, first, second).shape
    return {
        "x": draw(tensors(shape)),
        "src": draw(tensors(along)),
        "offset": offset,
        "dim1": first,
        "dim2": second,
    }


@st.composite
def _masked(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes())
    mask = draw(bools(shape))
    return {
        "x": draw(tensors(shape)),
        "mask": mask,
        "source": draw(tensors((int(mask.sum()) + 2,))),
    }


CASES = (
    LoweringCase("aten.scatter.src", _scattered(unique=True)),
    # PyTorch's own gradient fails where the source is larger than the index.
    LoweringCase(
        "aten.scatter.src", _scattered(unique=True, larger=True), gradients=False, label="larger"
    ),
    LoweringCase("aten.scatter.value", _plus(_scattered(unique=False, src=False), value=numbers())),
    LoweringCase(
        "aten.scatter.reduce",
        _plus(_scattered(unique=False), reduce=st.sampled_from(("add", "multiply"))),
        gradients=False,
    ),
    LoweringCase(
        "aten.scatter.value_reduce",
        _plus(
            _scattered(unique=False, src=False),
            value=numbers(),
            reduce=st.sampled_from(("add", "multiply")),
        ),
        gradients=False,
    ),
    LoweringCase("aten.scatter_add.default", _scattered(unique=False)),
    *(
        LoweringCase(
            "aten.scatter_reduce.two",
            _plus(_scattered(unique=False), reduce=st.just(reduce), include_self=st.booleans()),
            label=reduce,
            gradients=reduce != "prod",
        )
        for reduce in ("sum", "mean", "prod", "amax", "amin")
    ),
    LoweringCase("aten.index_add.default", _plus(_slices(unique=False), alpha=numbers())),
    *(
        LoweringCase(
            "aten.index_reduce.default",
            _plus(_slices(unique=False), reduce=st.just(reduce), include_self=st.booleans()),
            label=reduce,
        )
        for reduce in ("mean", "prod", "amax", "amin")
    ),
    LoweringCase("aten.index_copy.default", _slices(unique=True)),
    LoweringCase(
        "aten.index_fill.int_Scalar", _plus(_slices(unique=False, source=False), value=numbers())
    ),
    LoweringCase(
        "aten.index_fill.int_Tensor", _plus(_slices(unique=False, source=False), value=tensors(()))
    ),
    *(
        row
        for name in ("aten.index_put.default", "aten._unsafe_index_put.default")
        for row in (
            LoweringCase(name, _put()),
            LoweringCase(name, _ONE_PLACE, label="one place"),
        )
    ),
    LoweringCase("aten.index_put.default", _masked_put(), label="mask"),
    LoweringCase("aten.masked_scatter.default", _masked()),
    LoweringCase("aten.slice_scatter.default", _sliced()),
    LoweringCase(
        "aten.slice_scatter.default",
        st.fixed_dictionaries(
            {
                "x": tensors((0, 3)),
                "src": tensors((0, 2)),
                "dim": st.just(1),
                "start": st.just(1),
                "end": st.just(3),
            }
        ),
        label="empty",
        static=True,  # torch.export never leaves a size of 0 open
    ),
    LoweringCase("aten.select_scatter.default", _selected()),
    LoweringCase("aten.diagonal_scatter.default", _diagonal()),
    LoweringCase(
        "aten.put.default",
        st.fixed_dictionaries(
            {
                "x": tensors((3, 4)),
                "index": integers((5,), -12, 11),
                "source": tensors((5,)),
                "accumulate": st.just(True),
            }
        ),
    ),
    LoweringCase(
        "aten.copy.default",
        st.fixed_dictionaries(
            {"x": floats((2, 3)), "src": st.one_of(tensors((3,)), integers((2, 1)))}
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.embedding_renorm.default",
        st.fixed_dictionaries(
            {
                "x": floats((5, 4), dtypes=("float32", "float64"), distributions=("normal",)),
                "indices": integers((2, 2), 0, 4),
                "max_norm": st.sampled_from((0.5, 1.0, 2.0)),
                "norm_type": st.sampled_from((1.0, 2.0, 3.0, float("inf"))),
            }
        ),
        gradients=False,
    ),
)
