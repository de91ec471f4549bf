"""Rows of attention."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import bools, lettered, tensors

_KINDS = ("normal", "uniform")
_SCALES = st.sampled_from((None, 0.3, 1.0))
_FLOATS = ("float32", "float64", "float16")
_SHAPES = (
    {"query": "bhle", "key": "bhse", "value": "bhsv"},
    {"query": "hle", "key": "hse", "value": "hsv"},
    {"query": "bhle", "key": "bhle", "value": "bhle"},
)


@st.composite
def _masked(draw: st.DrawFn, *, boolean: bool) -> dict[str, object]:
    """With a mask; some rows are masked as a whole."""
    arguments = draw(
        lettered(_SHAPES[0], distributions=_KINDS, dtypes=("float32", "float64"), scale=_SCALES)
    )
    query, key = np.asarray(arguments["query"]), np.asarray(arguments["key"])
    b, h, rows, columns = *query.shape[:3], key.shape[-2]
    shapes = ((b, h, rows, columns), (b, 1, rows, columns), (rows, columns), (b, 1, 1, columns))
    shape = draw(st.sampled_from(shapes))
    keep = draw(bools(shape))
    if boolean:
        return arguments | {"attn_mask": keep}
    added = draw(tensors(shape, distributions=_KINDS, dtype=str(query.dtype)))
    if draw(st.booleans()):
        added = np.where(keep, added, np.array(-np.inf, query.dtype))
    return arguments | {"attn_mask": added}


@st.composite
def _grouped(draw: st.DrawFn) -> Arguments:
    """Fewer heads of keys and values than of queries."""
    groups, times = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    heads = groups * times
    shapes = {"query": f"b{heads}le", "key": f"b{groups}se", "value": f"b{groups}sv"}
    return draw(
        lettered(
            shapes,
            distributions=_KINDS,
            enable_gqa=st.just(True),
            scale=_SCALES,
            is_causal=st.booleans(),
        )
    )


def _plain(**options: SearchStrategy[object]) -> SearchStrategy[Arguments]:
    return st.one_of(
        [
            lettered(s, distributions=_KINDS, dtypes=_FLOATS, scale=_SCALES, **options)
            for s in _SHAPES
        ]
    )


_OP = "aten.scaled_dot_product_attention.default"

CASES = (
    LoweringCase(_OP, _plain()),
    LoweringCase(_OP, _plain(is_causal=st.just(True)), label="causal"),
    LoweringCase(_OP, _masked(boolean=True), label="boolean mask"),
    LoweringCase(_OP, _masked(boolean=False), label="added mask"),
    LoweringCase(_OP, _grouped(), label="grouped queries"),
    LoweringCase(
        "aten._scaled_dot_product_flash_attention_for_cpu.default",
        lettered(
            {"query": "bhle", "key": "bhse", "value": "bhse"},
            distributions=_KINDS,
            is_causal=st.booleans(),
            scale=_SCALES,
        ),
        gradients=False,
    ),
)
