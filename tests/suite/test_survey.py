"""Which arguments a row is tried on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from parity.suite import Conditioned, OperatorCase
from parity.suite.run import ask
from parity.suite.survey import to_compile

NAN, INF, LARGE = np.float32([np.nan] * 3), np.float32([np.inf, 1]), np.float32([3e38, 3e38])
TWO, FOUR = np.float32([1, 2]), np.float32([1, 2, 3, 4])
SUM = OperatorCase(
    "specimen", "x.sum()", "tf.reduce_sum(x)", lambda dtype: st.just({}), Conditioned()
)


@pytest.mark.parametrize(
    ("arrays", "places"),
    [
        ((TWO, FOUR), {1}),
        ((TWO, NAN), {0, 1}),
        ((TWO, LARGE), {0, 1}),
        ((TWO, TWO, INF, NAN), {1, 3}),
        ((NAN, NAN), {1}),
    ],
)
def test_what_is_compiled_has_a_finite_number_in_each_result(arrays, places):
    questions = [ask(SUM, {"x": x}, "float32") for x in arrays]
    assert to_compile(questions, 1) == places
    assert to_compile(questions, 0) == set()


def test_arguments_that_are_refused_are_not_all_that_is_compiled():
    case = OperatorCase(
        "specimen", "x.reshape(2).sum()", "", lambda dtype: st.just({}), Conditioned()
    )
    questions = [ask(case, {"x": x}, "float32") for x in (TWO, FOUR)]
    assert to_compile(questions, 1) == {0, 1}
