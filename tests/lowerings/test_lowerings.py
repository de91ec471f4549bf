"""Every row of ``cases/lowerings`` against its lowering: eager, and traced with open sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.lowerings import lowering_cases
from parity.operators import assert_operator

CASES = [pytest.param(case, id=case.name) for case in lowering_cases()]


@pytest.mark.parametrize("case", CASES)
def test_a_lowering_computes_what_pytorch_computes(case: LoweringCase) -> None:
    """Forward and gradient, in float64 and in the drawn dtypes."""

    @settings(max_examples=12, deadline=None, derandomize=True, database=None)
    @given(case.arguments)
    def check(arguments: dict[str, object]) -> None:
        assert_operator(case.op, arguments, gradients=case.gradients, results=case.results)

    with np.errstate(all="ignore"):
        check()


@pytest.mark.parametrize("case", CASES)
def test_a_lowering_runs_at_sizes_that_were_never_traced(case: LoweringCase) -> None:
    """Traced by ``tf.function`` with every size unknown, unless the operator needs to know them."""

    @settings(max_examples=2, deadline=None, derandomize=True, database=None)
    @given(case.arguments, st.just(True))
    def check(arguments: dict[str, object], dynamic: bool) -> None:
        assert_operator(
            case.op,
            arguments,
            gradients=False,
            traced=True,
            dynamic=dynamic and not case.static,
            results=case.results,
        )

    with np.errstate(all="ignore"):
        check()
