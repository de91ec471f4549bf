"""Strategies that draw nothing, or are wrong."""

from __future__ import annotations

from hypothesis import strategies as st

from parity.suite import Exact, OperatorCase

CASES = (
    OperatorCase("of nothing", "x", "x", lambda dtype: st.nothing(), Exact()),
    OperatorCase("backwards", "x", "x", lambda dtype: st.integers(3, 1), Exact()),
    OperatorCase("of no type", "x", "x", lambda dtype: st.just({}), Exact(), dtypes=("half",)),
)
