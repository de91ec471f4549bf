"""Rows of new tensors."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.strategies import floats, integers, numbers, shapes, tensors
from converters import DType

_DTYPE = st.sampled_from(
    (None, DType.float32, DType.float64, DType.int64, DType.bool, DType.float16)
)
_SIZE = shapes(0, 3, 0, 4)
_X = st.one_of(floats(), integers(dtype="int32"))
_FILL = st.sampled_from((0, 1, 7, 2.5, -1.5, True))


def _row(op: str, label: str = "", **arguments: SearchStrategy[object]) -> LoweringCase:
    return LoweringCase(op, st.fixed_dictionaries(arguments), gradients=False, label=label)


CASES = (
    _row("aten.zeros.default", size=_SIZE, dtype=_DTYPE),
    _row("aten.ones.default", size=_SIZE, dtype=_DTYPE),
    _row("aten.full.default", size=_SIZE, fill_value=_FILL),
    _row("aten.full.default", "dtype", size=_SIZE, fill_value=_FILL, dtype=_DTYPE),
    _row("aten.zeros_like.default", x=_X, dtype=_DTYPE),
    _row("aten.ones_like.default", x=_X, dtype=_DTYPE),
    _row("aten.full_like.default", x=_X, fill_value=_FILL, dtype=_DTYPE),
    _row("aten.fill.Scalar", x=_X, value=_FILL),
    _row("aten.new_zeros.default", x=_X, size=_SIZE, dtype=_DTYPE),
    _row("aten.new_ones.default", x=_X, size=_SIZE, dtype=_DTYPE),
    _row("aten.new_full.default", x=_X, size=_SIZE, fill_value=_FILL, dtype=_DTYPE),
    # Of memory that nobody wrote only the form is compared.
    _row("aten.empty.memory_format", size=_SIZE, dtype=_DTYPE),
    _row(
        "aten.empty_permuted.default",
        size=st.just((2, 3)),
        physical_layout=st.just((1, 0)),
        dtype=_DTYPE,
    ),
    _row("aten.empty_like.default", x=_X, dtype=_DTYPE),
    _row("aten.new_empty.default", x=tensors((2,)), size=_SIZE, dtype=_DTYPE),
    _row("aten.empty_strided.default", size=st.just((2, 3)), stride=st.just((1, 2)), dtype=_DTYPE),
    _row(
        "aten.new_empty_strided.default",
        x=tensors((2,)),
        size=st.just((2, 3)),
        stride=st.just((3, 1)),
        dtype=_DTYPE,
    ),
    _row("aten.resize.default", x=_X, size=_SIZE),
    _row("aten.resize_as.default", x=_X, the_template=tensors()),
    _row("aten.scalar_tensor.default", s=_FILL, dtype=_DTYPE),
    _row(
        "aten.arange.default",
        end=st.one_of(st.integers(0, 9), numbers(0, 5)),
        dtype=_DTYPE.filter(lambda d: d is not DType.bool),
    ),
    _row("aten.arange.start", start=numbers(-3, 0), end=numbers(0, 5)),
    _row("aten.arange.start", "integers", start=st.integers(-5, 0), end=st.integers(0, 9)),
    _row(
        "aten.arange.start_step",
        start=st.integers(-5, 0),
        end=st.integers(0, 9),
        step=st.integers(1, 4),
    ),
    _row(
        "aten.arange.start_step",
        "floats",
        start=st.sampled_from((1.0, 0.0)),
        end=st.sampled_from((1.3, 2.0)),
        step=st.sampled_from((0.1, 0.3, 0.25)),
    ),
    _row(
        "aten.arange.start_step",
        "down",
        start=st.just(5),
        end=st.integers(-3, 4),
        step=st.integers(-3, -1),
    ),
    _row("aten.eye.default", n=st.integers(0, 4), dtype=_DTYPE),
    _row("aten.eye.m", n=st.integers(0, 4), m=st.integers(0, 4), dtype=_DTYPE),
    _row("aten.linspace.default", start=numbers(), end=numbers(), steps=st.integers(0, 9)),
    _row(
        "aten.linspace.default",
        "dtype",
        start=numbers(),
        end=numbers(),
        steps=st.integers(0, 9),
        dtype=st.just(DType.float64),
    ),
    _row(
        "aten.linspace.Tensor_Tensor", start=tensors(()), end=tensors(()), steps=st.integers(0, 9)
    ),
    _row("aten.linspace.Tensor_Scalar", start=tensors(()), end=numbers(), steps=st.integers(0, 9)),
    _row("aten.linspace.Scalar_Tensor", start=numbers(), end=tensors(()), steps=st.integers(0, 9)),
    _row(
        "aten.tril_indices.default",
        row=st.integers(0, 4),
        col=st.integers(0, 4),
        offset=st.integers(-3, 3),
    ),
    _row(
        "aten.triu_indices.default",
        row=st.integers(0, 4),
        col=st.integers(0, 4),
        offset=st.integers(-3, 3),
    ),
)
