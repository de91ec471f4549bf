"""Rows of contractions that name their axes."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import lettered

_FLOATS = ("float32", "float64", "float16")

_EQUATIONS = (
    ("ij,jk->ik", "ij", "jk"),
    ("bij,bjk", "bij", "bjk"),
    ("i,i", "i", "i"),
    ("ii", "ii"),
    ("ii->i", "ii"),
    ("ijij->ij", "ijij"),
    ("ijk->k", "ijk"),
    ("ij->ji", "ij"),
    ("...->...", "ij"),
    ("...ij,...jk->...ik", "b1ij", "cjk"),
    ("...ij,...jk", "bij", "jk"),
    ("i...,i...->...", "ib", "i1"),
    ("Aj,jb", "ij", "jk"),
    ("b i , b i -> b", "bi", "bi"),
    ("ij,jk->ik", "i1", "jk"),
    ("bhid,bhjd->bhij", "bhid", "bhjd"),
    ("i,j,k->ijk", "i", "j", "k"),
    ("ii,i->i", "ii", "i"),
    ("abc,cd,def->abef", "abc", "cd", "def"),
)


def _in_a_tuple(arguments: Mapping[str, object]) -> Arguments:
    arrays = tuple(arguments[name] for name in sorted(arguments) if name != "equation")
    return {"equation": arguments["equation"], "tensors": arrays}


def _equation(equation: str, *shapes: str) -> SearchStrategy[Arguments]:
    named = {f"operand{place}": shape for place, shape in enumerate(shapes)}
    drawn = lettered(named, max_size=4, dtypes=_FLOATS, equation=st.just(equation))
    return drawn.map(_in_a_tuple)


def _tensordot(
    x: str, other: str, dims: tuple[int, ...], others: tuple[int, ...]
) -> SearchStrategy[Arguments]:
    return lettered(
        {"x": x, "other": other},
        dtypes=_FLOATS,
        dims_self=st.just(dims),
        dims_other=st.just(others),
    )


CASES = (
    LoweringCase("aten.einsum.default", st.one_of([_equation(*row) for row in _EQUATIONS])),
    LoweringCase(
        "aten.tensordot.default",
        st.one_of(
            _tensordot("abc", "cbd", (1, 2), (1, 0)),
            _tensordot("ab", "c", (), ()),
            _tensordot("ab", "ab", (0, -1), (0, -1)),
        ),
    ),
    # torch.export never leaves a size of 1 open, so what broadcasts is known when it is traced.
    LoweringCase(
        "aten.tensordot.default",
        _tensordot("abc", "d1", (1,), (1,)),
        label="broadcasting",
        static=True,
    ),
    LoweringCase(
        "aten.bilinear.default",
        st.one_of(
            *(
                lettered({"input1": f"{lead}i", "input2": f"{lead}j", "weight": "oij", "bias": "o"})
                for lead in ("", "b", "bc")
            ),
            lettered({"input1": "bi", "input2": "bj", "weight": "oij"}),
        ),
    ),
    LoweringCase(
        "aten.kron.default",
        st.one_of(
            *(
                lettered({"x": x, "other": other}, max_size=4, dtypes=("float32", "float64"))
                for x, other in (("ab", "cd"), ("a", "cd"), ("abc", "d"), ("ab", ""), ("", ""))
            )
        ),
    ),
)
