"""Calls in text become functions, and rows are checked before they run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from parity.errors import CheckError
from parity.known_differences import Kind, KnownDifference
from parity.suite import Exact, OperatorCase
from parity.suite.calls import function_of, is_body
from parity.suite.draw import drawn_arguments, smallest_arguments, whole_type
from parity.suite.rows import chosen, row_of, rows_of, validate


def test_a_call_is_an_expression_a_body_or_a_function_by_name():
    for text in ("x + y", "z = x + y\nreturn z", "operator:add"):
        if text == "operator:add":
            assert function_of(text, ("x", "y"), "numpy")(1, 2) == 3
        else:
            assert function_of(text, ("x", "y"), "numpy")(x=1, y=2) == 3
    assert not is_body("returned + x")


def test_a_call_can_use_only_its_arguments_and_its_framework():
    with pytest.raises(NameError):
        function_of("secret", ("x",), "numpy")(x=1)


@pytest.mark.parametrize("name", ["of nothing", "backwards", "of no type"])
def test_a_row_that_is_impossible_fails_at_collection_with_its_name(name):
    with pytest.raises(CheckError, match=f"row {name}: "):
        chosen("tests.suite.specimens.bad", [name])


def test_a_relation_about_what_a_row_does_not_have_is_refused_with_its_name():
    case = OperatorCase(
        "one", "x", "x", lambda dtype: st.fixed_dictionaries({"x": st.just(1)}), Exact()
    )
    said = {"kind": Kind.EDGE, "torch": "", "gives": ("", ""), "rows": ("one",), "why": "it is"}
    here, beside = (
        KnownDifference(name=f"of {name}", example={name: 1}, relation=f"{name} > 0", **said)
        for name in "xy"
    )
    validate(case, [here])
    with pytest.raises(CheckError, match=r"of y: .* row one, which has no y\. Write it over x\."):
        validate(case, [here, beside])


def test_an_unknown_operator_suggests_the_nearest():
    with pytest.raises(CheckError, match=r"no operator exponentail\. Nearest: exponential"):
        row_of("tests.suite.specimens.good", "exponentail")
    with pytest.raises(CheckError, match=r"no family numbrs\. Nearest: numbers"):
        chosen("tests.suite.specimens.good", families=["numbrs"])


def test_a_package_without_rows_is_refused():
    with pytest.raises(CheckError, match="can't be imported"):
        rows_of("no_such_package_of_rows")
    with pytest.raises(CheckError, match="has no rows"):
        rows_of("parity.rules")


def test_every_bfloat16_number_is_tried_in_one_call():
    arguments = {"x": np.zeros(3, np.float32), "y": np.ones((2, 3), np.float32), "n": 2}
    whole = whole_type(arguments, "x", "bfloat16", 2**16)
    assert len(np.unique(whole["x"].view(np.uint16))) == 2**16
    assert whole["y"].shape == ()
    assert whole["n"] == 2


def test_numbers_of_a_wide_type_have_every_exponent():
    x = whole_type({"x": np.zeros(1, np.float32)}, "x", "float32", 4096)["x"]
    assert len(np.unique(np.frexp(x[np.isfinite(x)])[1])) > 250


def test_the_derandomised_run_draws_the_same_and_a_seed_something_else():
    strategy = st.fixed_dictionaries({"n": st.integers(0, 10**9)})
    first, again = (drawn_arguments(strategy, 8) for _ in range(2))
    assert first == again
    assert drawn_arguments(strategy, 8, chance=1) != drawn_arguments(strategy, 8, chance=2)


def test_a_failure_is_shrunk():
    strategy = st.fixed_dictionaries({"n": st.integers(0, 10**6)})
    assert smallest_arguments(strategy, 200, lambda a: a["n"] > 1000) == {"n": 1001}
    assert smallest_arguments(strategy, 20, lambda a: False) is None


def test_a_failure_is_named_though_there_was_no_time_to_shrink_it():
    strategy = st.fixed_dictionaries({"n": st.integers(0, 10**6)})
    calls = iter([True] * 3 + [False] * 10**4)
    assert smallest_arguments(strategy, 200, lambda a: next(calls)) is not None


def test_rows_are_equal_only_to_themselves():
    rows = [OperatorCase("a", "x", "x", lambda d: st.just({}), Exact()) for _ in range(2)]
    assert rows[0] != rows[1]
