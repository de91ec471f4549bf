"""What XLA is said not to compile it really doesn't."""

from __future__ import annotations

import pytest

from cases.operators import operator_cases
from parity.suite.draw import drawn_arguments
from parity.suite.subjects import RUNTIMES, run

ROWS = [case for family in operator_cases().values() for case in family if case.no_xla]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_a_row_that_is_not_compiled_by_xla_is_refused_by_it(case):
    dtype = case.dtypes[0]
    arguments = drawn_arguments(case.inputs(dtype), 2)[-1]
    eager = run(case.tensorflow, RUNTIMES["tensorflow"], arguments, dtype)
    assert not eager.error, eager.message
    compiled = run(case.tensorflow, RUNTIMES["XLA"], arguments, dtype)
    assert compiled.error, f"{case.name}: XLA compiles it; remove no_xla, {case.no_xla}"
