"""What XLA is said not to compile it really doesn't."""

from __future__ import annotations

import pytest

from cases.operators import operator_cases
from parity.suite.case import OperatorCase
from parity.suite.draw import drawn_arguments
from parity.suite.run import Question, answer, ask
from parity.suite.subjects import RUNTIMES

ROWS = [case for case in operator_cases() if case.no_xla]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_a_row_that_is_not_compiled_by_xla_is_refused_by_it(case):
    dtype = case.dtypes[0]
    drawn = drawn_arguments(case.inputs(dtype), 3)
    asked = [ask(case, arguments, dtype) for arguments in drawn]
    eager, compiled = ([_given(case, name, one) for one in asked] for name in ("tensorflow", "XLA"))
    assert any(has_results for has_results, _ in eager), eager
    assert compiled != eager, f"{case.name}: XLA compiles it; remove no_xla, {case.no_xla}"


def _given(case: OperatorCase, runtime: str, asked: Question) -> tuple[bool, str]:
    """Whether there are outputs, and the error; of some rows the gradients alone are refused."""
    outcome = answer(case, RUNTIMES[runtime], asked)
    return bool(outcome.results), outcome.error
