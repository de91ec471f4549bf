"""Rounding errors inside a call are seen, where arguments alone wouldn't show them."""

from __future__ import annotations

import numpy as np
import pytest

from parity.suite.rounding import Rounding, erring
from parity.suite.subjects import RUNTIMES, Way, run

UNIT = 2.0**-24


def moved(text, x, way=None):
    """By how much each result moves, relative to its size."""
    x = np.asarray(x, np.float64)
    way = way or Way()
    still = run(text, RUNTIMES["torch"], {"x": x}, "float64", way=way)
    found = run(text, RUNTIMES["torch"], {"x": x}, "float64", way=way, rounding=Rounding(UNIT, 1))
    assert not still.error, still.message
    return {
        name: float(np.abs(found.results[name] / array - 1).max())
        for name, array in still.results.items()
    }


@pytest.mark.parametrize("text", ["x.reshape(2, 2).T", "torch.relu(x)", "x[1:]", "x.clone()"])
def test_what_only_moves_numbers_does_not_round(text):
    assert moved(text, [1, 2, 3, 4])["output"] == 0


@pytest.mark.parametrize("text", ["torch.sigmoid(x)", "x.clone().sigmoid_()"])
def test_an_operator_rounds_in_place_too(text):
    assert 0 < moved(text, [1, 2, 3, 4])["output"] <= UNIT


def test_a_formula_that_cancels_is_seen_to():
    assert moved("(1 + x) - 1", [1e-4])["output"] > 100 * UNIT


def test_the_gradient_of_a_saturated_function_is_taken_at_rounded_values():
    way = Way(("x",), {"output": np.ones(1)})
    assert moved("torch.sigmoid(x)", [14.0], way)["gradient of x"] > 1000 * UNIT


def test_without_errors_nothing_moves():
    with erring(None):
        assert (
            run("x * 3", RUNTIMES["torch"], {"x": np.ones(2)}, "float64").results["output"][0] == 3
        )


def test_the_digits_that_a_logarithm_of_a_sum_loses_are_seen():
    assert moved("F.log_softmax(x, 0)[1]", [0.0, 8.0])["output"] > 100 * UNIT
