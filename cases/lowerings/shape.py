"""Rows of views, orders of axes, and types."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.reduction import along_one, along_some, anything, whole_array
from cases.strategies import Shape, bools, dims_of, floats, integers, shapes, tensors, with_rank
from converters import DType

_EMPTY_TOO = shapes(0, 4, 0, 4)


@st.composite
def _reshaped(draw: st.DrawFn, name: str) -> dict[str, object]:
    """A shape and another with as many elements, one size perhaps left open."""
    shape = draw(shapes(0, 4, 1, 6))
    factors = [size for size in shape if draw(st.booleans())]
    rest = int(np.prod(shape, dtype=np.int64)) // int(np.prod(factors, dtype=np.int64) or 1)
    size = [*factors, rest] if draw(st.booleans()) else [rest, *factors]
    if draw(st.booleans()):
        size[draw(st.integers(0, len(size) - 1))] = -1
    return {"x": draw(tensors(shape)), name: tuple(size)}


@st.composite
def _span(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(0, 4, 0, 4))
    count = max(len(shape), 1)
    first = draw(st.integers(0, count - 1))
    last = draw(st.integers(first, count - 1))
    minus = draw(st.booleans())
    return {
        "x": draw(tensors(shape)),
        "start_dim": first,
        "end_dim": last - count if minus else last,
    }


@st.composite
def _unflattened(draw: st.DrawFn) -> dict[str, object]:
    shape, dim = draw(with_rank(1, 3))
    parts = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    sized = list(shape)
    sized[dim] = int(np.prod(parts))
    if draw(st.booleans()):
        parts[draw(st.integers(0, len(parts) - 1))] = -1
    return {"x": draw(tensors(tuple(sized))), "dim": dim, "sizes": tuple(parts)}


@st.composite
def _squeezable(draw: st.DrawFn) -> Shape:
    return tuple(1 if draw(st.booleans()) else size for size in draw(shapes()))


@st.composite
def _expanded(draw: st.DrawFn) -> dict[str, object]:
    wanted = draw(shapes(0, 4, 1, 5))
    kept = wanted[draw(st.integers(0, len(wanted))) :]
    have = tuple(1 if draw(st.booleans()) else size for size in kept)
    lead = len(wanted) - len(have)
    size = tuple(
        -1 if place >= lead and have[place - lead] == entry and draw(st.booleans()) else entry
        for place, entry in enumerate(wanted)
    )
    return {"x": draw(tensors(have)), "size": size}


def _permuted(shape: Shape) -> SearchStrategy[Arguments]:
    orders = st.permutations(range(len(shape))).flatmap(
        lambda order: st.tuples(*[st.sampled_from((axis, axis - len(shape))) for axis in order])
    )
    return st.fixed_dictionaries({"x": anything(shape), "dims": orders})


def _two_axes(first: str, second: str) -> SearchStrategy[Arguments]:
    return _EMPTY_TOO.flatmap(
        lambda shape: st.fixed_dictionaries(
            {"x": tensors(shape), first: dims_of(len(shape)), second: dims_of(len(shape))}
        )
    )


@st.composite
def _moved(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(1, 4))
    rank = len(shape)
    count = draw(st.integers(1, rank))
    source = draw(st.permutations(range(rank)))[:count]
    destination = draw(st.permutations(range(rank)))[:count]
    return {"x": draw(tensors(shape)), "source": tuple(source), "destination": tuple(destination)}


def _like(first: SearchStrategy[Shape]) -> SearchStrategy[Arguments]:
    return first.flatmap(
        lambda shape: st.fixed_dictionaries(
            {"x": tensors(shape), "other": tensors((int(np.prod(shape, dtype=np.int64)),))}
        )
    )


_DTYPES = st.sampled_from(
    (DType.float32, DType.float64, DType.int32, DType.int64, DType.bool, DType.uint8, DType.float16)
)
_SMALL = st.one_of(tensors(low=0, high=99), integers(low=0, high=99), bools())
_ANYTHING = _EMPTY_TOO.flatmap(anything)


def _as_other(drawn: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    """The drawn size as the shape of a second tensor."""
    x, size = drawn["x"], drawn["size"]
    shape = tuple(s if s != -1 else x.shape[p - len(size)] for p, s in enumerate(size))
    return tensors(shape).map(lambda other: {"x": x, "other": other})


_RESHAPES = (
    LoweringCase("aten.view.default", _reshaped("size")),
    LoweringCase("aten._unsafe_view.default", _reshaped("size")),
    LoweringCase("aten.view_copy.default", _reshaped("size")),
    LoweringCase("aten.reshape.default", _reshaped("shape")),
    LoweringCase("aten.view_as.default", _like(shapes())),
    LoweringCase("aten.reshape_as.default", _like(shapes())),
    LoweringCase("aten.flatten.using_ints", _span()),
    LoweringCase("aten.ravel.default", whole_array(tensors)),
    LoweringCase("aten.unflatten.int", _unflattened()),
    LoweringCase("aten.atleast_1d.default", whole_array(tensors)),
)
_SIZES_OF_ONE = (
    LoweringCase(
        "aten.squeeze.default",
        st.fixed_dictionaries({"x": _squeezable().flatmap(tensors)}),
        static=True,
    ),
    LoweringCase(
        "aten.squeeze.dim",
        _squeezable().flatmap(
            lambda shape: st.fixed_dictionaries({"x": tensors(shape), "dim": dims_of(len(shape))})
        ),
        static=True,
    ),
    LoweringCase("aten.squeeze.dims", along_some(tensors, keepdim=False), static=True),
    LoweringCase(
        "aten.unsqueeze.default",
        shapes(0, 4, 0).flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "dim": st.integers(-len(shape) - 1, len(shape))}
            )
        ),
    ),
    LoweringCase("aten.expand.default", _expanded()),
    LoweringCase("aten.broadcast_to.default", _expanded()),
    LoweringCase(
        "aten.expand_as.default",
        _expanded().flatmap(_as_other),
    ),
)
_ORDERS = (
    LoweringCase("aten.permute.default", _EMPTY_TOO.flatmap(_permuted)),
    LoweringCase("aten.permute_copy.default", _EMPTY_TOO.flatmap(_permuted)),
    LoweringCase("aten.transpose.int", _two_axes("dim0", "dim1")),
    LoweringCase("aten.swapdims.default", _two_axes("dim0", "dim1")),
    LoweringCase("aten.swapaxes.default", _two_axes("axis0", "axis1")),
    LoweringCase("aten.t.default", st.fixed_dictionaries({"x": tensors(shapes(0, 2))})),
    LoweringCase("aten.numpy_T.default", st.fixed_dictionaries({"x": tensors(shapes(2, 2))})),
    LoweringCase("aten.mT.default", st.fixed_dictionaries({"x": tensors(shapes(2, 4))})),
    *(
        row
        for name in ("movedim", "moveaxis")
        for row in (
            LoweringCase(f"aten.{name}.intlist", _moved()),
            LoweringCase(f"aten.{name}.int", _two_axes("source", "destination")),
        )
    ),
)
_SAME = tuple(
    LoweringCase(f"aten.{name}.default", st.fixed_dictionaries({"x": tensors(_EMPTY_TOO)}))
    for name in (
        (
            "contiguous clone alias lift_fresh_copy lift_fresh positive resolve_conj resolve_neg"
        ).split()
    )
)
_TYPES = (
    LoweringCase("aten.detach.default", st.fixed_dictionaries({"x": _ANYTHING})),
    LoweringCase("aten.to.dtype", st.fixed_dictionaries({"x": _SMALL, "dtype": _DTYPES})),
    LoweringCase("aten.to.device", st.fixed_dictionaries({"x": _SMALL, "dtype": _DTYPES})),
    LoweringCase("aten.to.dtype_layout", st.fixed_dictionaries({"x": _SMALL, "dtype": _DTYPES})),
    LoweringCase("aten._to_copy.default", st.fixed_dictionaries({"x": _SMALL, "dtype": _DTYPES})),
    LoweringCase(
        "prims.convert_element_type.default",
        st.fixed_dictionaries({"a": _SMALL, "dtype": _DTYPES}),
    ),
    LoweringCase("aten.to.other", st.fixed_dictionaries({"x": _SMALL, "other": floats((2,))})),
    LoweringCase(
        "aten.type_as.default", st.fixed_dictionaries({"x": _SMALL, "other": floats((2,))})
    ),
)
_SIZES = (
    LoweringCase(
        "aten.sym_size.int", along_one(tensors, keepdim=False, min_rank=1), gradients=False
    ),
    LoweringCase("aten.sym_numel.default", whole_array(tensors), gradients=False),
)
_WINDOWS = (
    LoweringCase(
        "aten.unfold.default",
        with_rank(1, 4, 3, 6).flatmap(
            lambda drawn: st.fixed_dictionaries(
                {
                    "x": tensors(drawn[0]),
                    "dimension": st.just(drawn[1]),
                    "size": st.integers(1, 3),
                    "step": st.integers(1, 3),
                }
            )
        ),
    ),
)

CASES = (*_RESHAPES, *_SIZES_OF_ONE, *_ORDERS, *_SAME, *_TYPES, *_SIZES, *_WINDOWS)
