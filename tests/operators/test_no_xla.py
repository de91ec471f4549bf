"""What XLA is said not to compile it really doesn't."""

from __future__ import annotations

import pytest

from cases.operators import operator_cases
from parity.suite.draw import drawn_arguments
from parity.suite.run import answer, ask
from parity.suite.subjects import RUNTIMES

ROWS = [case for case in operator_cases() if case.no_xla]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_a_row_that_is_not_compiled_by_xla_is_refused_by_it(case):
    dtype = case.dtypes[0]
    drawn = drawn_arguments(case.inputs(dtype), 3)
    asked = [ask(case, arguments, dtype) for arguments in drawn]
    eager = [answer(case, RUNTIMES["tensorflow"], one).error for one in asked]
    assert "" in eager, eager
    compiled = [answer(case, RUNTIMES["XLA"], one).error for one in asked]
    assert compiled != eager, f"{case.name}: XLA compiles it; remove no_xla, {case.no_xla}"
