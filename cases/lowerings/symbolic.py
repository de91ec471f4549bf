"""Rows of arithmetic on sizes.

Arrays here are read as numbers: that is how a graph meets a run-time size.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.strategies import bools, integers, tensors


def _row(op: str, *arguments: SearchStrategy[object]) -> LoweringCase:
    """The order of the arguments is what names them."""
    named = st.tuples(*arguments).map(lambda drawn: dict(zip("abc", drawn, strict=False)))
    return LoweringCase(op, named, gradients=False)


def _size(low: int = -9, high: int = 9) -> SearchStrategy[object]:
    return st.one_of(integers((), low, high), st.integers(low, high))


_WHOLE = "add sub mul eq ne lt le gt ge".split()
_FLOAT = tensors((), low=-9, high=9)

CASES = (
    *(_row(f"operator.{name}", _size(), _size()) for name in _WHOLE),
    *(_row(f"operator.{name}", _size(), _size(1, 9)) for name in ("floordiv", "mod", "truediv")),
    _row("operator.pow", _size(), _size(0, 4)),
    *(_row(f"operator.{name}", _size(0), _size(0)) for name in ("and_", "or_")),
    *(_row(f"operator.{name}", _size(0), _size(0, 5)) for name in ("lshift", "rshift")),
    *(_row(f"operator.{name}", _size()) for name in ("neg", "pos", "abs")),
    *(_row(f"torch.{name}", _size(), _size()) for name in ("sym_max", "sym_min")),
    _row("torch.sym_not", bools(())),
    _row("torch.sym_float", _size()),
    _row("torch.sym_int", _FLOAT),
    *(_row(f"math.{name}", _FLOAT) for name in ("ceil", "floor", "trunc")),
    _row("builtins.round", _FLOAT),
    _row("torch.sym_ite", bools(()), integers(()), integers(())),
    _row("torch.sym_sum", st.tuples(_size(), _size(), _size())),
)
