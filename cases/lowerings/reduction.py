"""Rows of reductions along axes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import (
    SPECIALS,
    Shape,
    axis_lists,
    bools,
    broadcasting,
    floats,
    integers,
    shapes,
    tensors,
    with_rank,
)
from converters import DType

Arrays = Callable[[Shape], SearchStrategy[np.ndarray]]


def anything(shape: Shape) -> SearchStrategy[np.ndarray]:
    """Floats with special values, integers, or bools."""
    return st.one_of(floats(shape, specials=SPECIALS), integers(shape, dtype="int32"), bools(shape))


def along_one(
    arrays: Arrays, *, keepdim: bool = True, min_rank: int = 0, **others: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    """An array and one of its axes."""
    flags = {"keepdim": st.booleans()} if keepdim else {}
    return with_rank(min_rank).flatmap(
        lambda drawn: st.fixed_dictionaries(
            {"x": arrays(drawn[0]), "dim": st.just(drawn[1]), **flags, **others}
        )
    )


def along_some(
    arrays: Arrays, *, keepdim: bool = True, empty: bool = True, **others: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    """An array and several of its axes, or (``empty``) none, which means all."""
    flags = {"keepdim": st.booleans()} if keepdim else {}
    return shapes().flatmap(
        lambda shape: st.fixed_dictionaries(
            {
                "x": arrays(shape),
                "dim": axis_lists(len(shape), 0 if empty else 1),
                **flags,
                **others,
            }
        )
    )


def whole_array(arrays: Arrays, **others: SearchStrategy[object]) -> SearchStrategy[Arguments]:
    """An array alone."""
    return shapes().flatmap(lambda shape: st.fixed_dictionaries({"x": arrays(shape), **others}))


def _whole(shape: Shape) -> SearchStrategy[np.ndarray]:
    return st.one_of(
        integers(shape, dtype="int8", low=-100, high=100), integers(shape), bools(shape)
    )


def _tame(shape: Shape) -> SearchStrategy[np.ndarray]:
    return tensors(shape, low=0.5, high=1.5)


def _distinct_or_tied(shape: Shape) -> SearchStrategy[np.ndarray]:
    return st.one_of(tensors(shape, specials=(float("nan"), 1.0)), integers(shape, -2, 2))


_SUMS = (
    LoweringCase("aten.sum.default", whole_array(floats)),
    LoweringCase("aten.sum.default", whole_array(_whole), label="integers"),
    LoweringCase("aten.sum.dim_IntList", along_some(floats)),
    LoweringCase("aten.sum.dim_IntList", along_some(_whole), label="integers"),
    LoweringCase(
        "aten.sum.dim_IntList",
        along_some(integers, dtype=st.sampled_from((DType.float32, DType.int32))),
        label="dtype",
    ),
    LoweringCase("aten.nansum.default", along_some(lambda s: tensors(s, specials=(float("nan"),)))),
    LoweringCase("aten.mean.default", whole_array(floats)),
    LoweringCase("aten.mean.dim", along_some(floats)),
    LoweringCase(
        "aten.mean.dim", along_some(integers, dtype=st.just(DType.float32)), label="dtype"
    ),
    LoweringCase("aten.prod.default", whole_array(_tame)),
    LoweringCase("aten.prod.default", whole_array(lambda s: integers(s, 1, 2)), label="integers"),
    LoweringCase("aten.prod.dim_int", along_one(_tame)),
    LoweringCase("aten.prod.dim_int", along_one(_whole), label="integers"),
)
_EXTREMA = (
    *(LoweringCase(f"aten.{name}.default", along_some(anything)) for name in ("amax", "amin")),
    *(
        LoweringCase(f"aten.{name}.default", whole_array(anything), gradients=False)
        for name in ("max", "min")
    ),
    *(LoweringCase(f"aten.{name}.dim", along_one(_distinct_or_tied)) for name in ("max", "min")),
    LoweringCase("aten.aminmax.default", along_one(tensors)),
    LoweringCase("aten.aminmax.default", whole_array(integers), label="all"),
    *(
        row
        for name in ("argmax", "argmin")
        for row in (
            LoweringCase(f"aten.{name}.default", along_one(_distinct_or_tied), gradients=False),
            LoweringCase(
                f"aten.{name}.default",
                whole_array(_distinct_or_tied, keepdim=st.booleans()),
                gradients=False,
                label="all",
            ),
        )
    ),
)


def _sparse(shape: Shape) -> SearchStrategy[np.ndarray]:
    return st.one_of(
        bools(shape),
        integers(shape, -1, 1),
        integers(shape, 0, 1, "uint8"),
        integers(shape, 0, 1, "int32"),
    )


_TRUTHS = tuple(
    row
    for name in ("any", "all")
    for row in (
        LoweringCase(f"aten.{name}.default", whole_array(_sparse), gradients=False),
        LoweringCase(f"aten.{name}.dim", along_one(_sparse), gradients=False),
        LoweringCase(f"aten.{name}.dims", along_some(_sparse, empty=False), gradients=False),
    )
)
_ORDERS = st.sampled_from((1, 2, 3, 0, float("inf"), float("-inf"), 0.5, 1.5))
_NORMS = (
    LoweringCase(
        "aten.logsumexp.default", along_some(lambda s: floats(s, low=-50, high=50), empty=False)
    ),
    LoweringCase("aten.linalg_vector_norm.default", along_some(tensors, ord=_ORDERS)),
    LoweringCase(
        "aten.linalg_vector_norm.default",
        along_some(lambda s: tensors(s, specials=(0.0,))),
        label="2",
    ),
    LoweringCase("aten.norm.Scalar", whole_array(tensors, p=_ORDERS)),
    LoweringCase("aten.norm.ScalarOpt_dim", along_some(tensors, p=_ORDERS)),
    LoweringCase(
        "aten.norm.ScalarOpt_dim_dtype",
        along_some(tensors, p=_ORDERS, dtype=st.just(DType.float64)),
    ),
    LoweringCase("aten.count_nonzero.default", along_one(_sparse, keepdim=False), gradients=False),
    LoweringCase(
        "aten.count_nonzero.dim_IntList", along_some(_sparse, keepdim=False), gradients=False
    ),
)

# PyTorch's own gradient fails for the order 0 where the operands broadcast.
_DISTANCES = (
    LoweringCase(
        "aten.dist.default",
        broadcasting(2).flatmap(
            lambda s: st.fixed_dictionaries(
                {"x": tensors(s[0]), "other": tensors(s[1]), "p": _ORDERS.filter(bool)}
            )
        ),
    ),
)

CASES = (*_SUMS, *_EXTREMA, *_TRUTHS, *_NORMS, *_DISTANCES)
