"""Every row of the suite, eagerly, on a few arguments."""

from __future__ import annotations

import pytest

from cases.operators import families, operator_cases
from parity.suite.survey import EAGER, survey


def test_names_of_rows_are_unique():
    names = [case.name for case in operator_cases()]
    assert len(set(names)) == len(names)
    assert families()


@pytest.mark.parametrize("name", ["exp", "add", "sqrt"])
def test_both_frameworks_agree_on_a_row(name):
    case = next(case for case in operator_cases() if case.name == name)
    lines = survey(case, "float32", EAGER, examples=5)
    assert {line.runtime for line in lines} == set(EAGER)
    for line in lines:
        assert line.worst.verdict.passes, (line.worst, line.arguments)
        assert line.elements
