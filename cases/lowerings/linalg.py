"""Rows of matrix products."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import lettered

_FLOATS = ("float32", "float64", "float16")
_WHOLE = ("int8", "uint8", "int16", "int32", "int64")
_FACTORS = st.sampled_from((0, 1, 2, -1.5, 0.5))

_LINEAR = (
    "mi oi o",
    "bmi oi o",
    "bcmi oi o",
    "i oi o",
    "mi oi",
    "bmi oi",
    "mi i",
    "bmi i",
    "i i",
    "mi 1i 1",
)
_MATMUL = (
    "k k", "k kn", "mk k", "mk kn", "bmk kn", "bmk k", "k bkn", "mk bkn", "bmk bkn",
    "b1mk ckn", "1mk bkn",
)  # fmt: skip


def _spelled(
    names: str, spellings: tuple[str, ...], **options: object
) -> SearchStrategy[Arguments]:
    """One of several spellings for the arguments called ``names``, from size 0 on now and then."""
    strategies = []
    for spelling in spellings:
        shapes = dict(zip(names.split(), spelling.split(), strict=False))
        strategies.append(lettered(shapes, **options))  # type: ignore[arg-type]
        strategies.append(lettered(shapes, min_size=0, max_size=2, **options))  # type: ignore[arg-type]
    return st.one_of(strategies)


def _row(op: str, names: str, *spellings: str, label: str = "", **options: object) -> LoweringCase:
    options = {"dtypes": _FLOATS} | options
    return LoweringCase(f"aten.{op}.default", _spelled(names, spellings, **options), label=label)


def _integers(op: str, names: str, *spellings: str, **options: object) -> LoweringCase:
    strategy = _spelled(names, spellings, dtypes=_WHOLE, **options)
    return LoweringCase(f"aten.{op}.default", strategy, gradients=False, label="integers")


_SCALED = {"beta": _FACTORS, "alpha": _FACTORS}

CASES = (
    _row("linear", "input weight bias", *_LINEAR),
    _row("matmul", "x other", *_MATMUL),
    _integers("matmul", "x other", *_MATMUL),
    _row("mm", "x mat2", "mk kn"),
    _integers("mm", "x mat2", "mk kn"),
    _row("bmm", "x mat2", "bmk bkn"),
    _row("mv", "x vec", "mk k"),
    _row("dot", "x tensor", "k k"),
    _row("vdot", "x other", "k k"),
    _row("inner", "x other", "k k", "mk nk", "amk nk", "amk k"),
    _row("outer", "x vec2", "m n"),
    _row("ger", "x vec2", "m n"),
    *(
        _row("addmm", "x mat1 mat2", *shapes, label=label, **scale)
        for label, shapes, scale in (
            ("row", ("n mk kn",), {}),
            ("scaled", ("n mk kn", "mn mk kn", "m1 mk kn", "1 mk kn"), _SCALED),
        )
    ),
    _row("baddbmm", "x batch1 batch2", "bmn bmk bkn", "1mn bmk bkn", "n bmk bkn", **_SCALED),
    _row("addbmm", "x batch1 batch2", "mn bmk bkn", "n bmk bkn", **_SCALED),
    _row("addmv", "x mat vec", "m mk k", **_SCALED),
    _row("addr", "x vec1 vec2", "mn m n", "n m n", **_SCALED),
)
