"""The comparer, by a table of wrong answers: each of them must fail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.compare import EXACT, Tolerance, compare, ulp
from parity.verdict import Verdict

X = np.linspace(0.5, 2.0, 24, dtype=np.float32).reshape(2, 3, 4)
ROUNDING = Tolerance(
    2.0**-24 * np.abs(X.astype(np.float64)), 8.0, 16.0, "local bound", "theory: test"
)


def changed(index: tuple[int, ...], value: float) -> np.ndarray:
    """X with one element replaced."""
    result = X.copy()
    result[index] = value
    return result


def ulps(count: int) -> np.ndarray:
    """X with one element moved by some units of the last place."""
    result = X.copy()
    for _ in range(count):
        result[1, 2, 3] = np.nextafter(result[1, 2, 3], np.float32(np.inf))
    return result


WRONG = {
    "another dtype": X.astype(np.float64),
    "a shape that broadcasts": X[:1],
    "an axis too many": X[None],
    "a transposed result": X.transpose(0, 2, 1),
    "swapped outputs": X[::-1].copy(),
    "forty ulp in one element": ulps(40),
    "a misplaced nan": changed((0, 0, 0), np.nan),
    "an infinity": changed((0, 0, 0), np.inf),
    "all zeros": np.zeros_like(X),
    "a relative error of 1e-5 everywhere": X * np.float32(1 + 1e-5),
    "half precision inside": X.astype(np.float16).astype(np.float32) + np.float32(1e-4),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_a_mismatch(wrong: np.ndarray) -> None:
    """Each entry of the table differs from X by more than rounding."""
    found = compare("x", X, wrong, X.astype(np.float64), ROUNDING)
    assert found.verdict is Verdict.mismatch
    assert found.margin > 1 or found.rule == "structure"
    assert found.detail


def test_equal_tensors_are_exact() -> None:
    """Bit for bit."""
    found = compare("x", X, X.copy(), X.astype(np.float64), ROUNDING)
    assert found.verdict is Verdict.exact
    assert found.elements == X.size


def test_a_few_ulp_are_rounding() -> None:
    """Four units of the last place are inside eight."""
    found = compare("x", X, ulps(4), X.astype(np.float64), ROUNDING)
    assert found.verdict is Verdict.rounding
    assert found.ulp_max == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2)])
def test_nothing_compared_proves_nothing(shape: tuple[int, ...]) -> None:
    """A comparison of zero elements is inconclusive."""
    empty = np.zeros(shape, np.float32)
    assert compare("x", empty, empty, empty, EXACT).verdict is Verdict.inconclusive


def test_nan_everywhere_proves_nothing() -> None:
    """Equal NaN on both sides leave no number to compare."""
    nothing = np.full(4, np.nan, np.float32)
    assert compare("x", nothing, nothing, nothing, ROUNDING_FLAT).verdict is Verdict.inconclusive


ROUNDING_FLAT = Tolerance(np.full((), 1e-7), 8.0, 16.0, "local bound", "theory: test")


BEYOND = 2.0**130
"""Finite in float64, an infinity in float32."""


def first(value: float) -> np.ndarray:
    """X with another first element."""
    return changed((0, 0, 0), value)


@pytest.mark.parametrize("lost", [np.inf, -np.inf, np.nan])
def test_a_source_that_overflows_on_its_way_is_a_known_difference(lost: float) -> None:
    """The target has the true value; the detail says how many elements it concerns."""
    found = compare("x", first(lost), X.copy(), X.astype(np.float64), ROUNDING)
    assert found.verdict is Verdict.known_difference
    assert f"1 of {X.size}" in found.detail


def test_a_target_that_has_the_infinity_of_a_value_beyond_the_range_is_right() -> None:
    """The source has NaN there, the oracle a number that float32 can't hold."""
    oracle = X.astype(np.float64)
    oracle[0, 0, 0] = BEYOND
    found = compare("x", first(np.nan), first(np.inf), oracle, ROUNDING)
    assert found.verdict is Verdict.known_difference
    wrong = compare("x", first(np.nan), first(-np.inf), oracle, ROUNDING)
    assert wrong.verdict is Verdict.mismatch


@pytest.mark.parametrize(
    ("source", "target", "tolerance"),
    [
        pytest.param(first(np.inf), first(float(X[0, 0, 0]) + 1), ROUNDING, id="off"),
        pytest.param(X, first(np.inf), ROUNDING, id="the target overflows"),
        pytest.param(first(np.inf), X, EXACT, id="nothing rounds"),
        pytest.param(first(np.nan), first(np.inf), ROUNDING, id="an infinity for a small value"),
    ],
)
def test_an_overflow_excuses_nothing_else(
    source: np.ndarray, target: np.ndarray, tolerance: Tolerance
) -> None:
    """Only the source's own overflow, and only where the target has the oracle's value."""
    found = compare("x", source, target, X.astype(np.float64), tolerance)
    assert found.verdict is Verdict.mismatch
    assert found.margin > 1


def test_infinities_of_the_same_sign_agree_and_of_opposite_sign_do_not() -> None:
    """Categories come first."""
    one = np.array([np.inf, 1.0], np.float32)
    other = np.array([-np.inf, 1.0], np.float32)
    wide = one.astype(np.float64)
    assert compare("x", one, one.copy(), wide, ROUNDING_FLAT).verdict is Verdict.exact
    found = compare("x", one, other, wide, ROUNDING_FLAT)
    assert found.verdict is Verdict.mismatch
    assert found.nan_mismatches == 1


def test_off_by_one_in_int64_is_a_mismatch_even_beyond_2_to_53() -> None:
    """Integers are never compared as floats."""
    big = np.array([2**60], np.int64)
    found = compare("x", big, big + 1, big, EXACT)
    assert found.verdict is Verdict.mismatch


def test_a_flipped_decision_passes_only_where_rounding_flips_it_too() -> None:
    """The mask says which elements moved in the noise runs."""
    one, other = np.array([1, 2, 3]), np.array([1, 7, 3])
    inside = Tolerance(np.zeros(()), 0, 0, "decision", "theory", np.array([False, True, False]))
    outside = Tolerance(np.zeros(()), 0, 0, "decision", "theory", np.array([True, False, False]))
    assert compare("x", one, other, one, inside).verdict is Verdict.decision_flip
    assert compare("x", one, other, one, outside).verdict is Verdict.mismatch


def test_a_huge_element_does_not_hide_the_others() -> None:
    """The -3e38 of an attention mask has its own scale."""
    source = np.array([-3e38, 1.0, 2.0], np.float32)
    target = np.array([-3e38, 1.1, 2.0], np.float32)
    wide = source.astype(np.float64)
    tolerance = Tolerance(2.0**-24 * np.abs(wide), 8.0, 16.0, "noise floor", "theory: test")
    assert compare("x", source, target, wide, tolerance).verdict is Verdict.mismatch


def test_a_target_as_good_as_the_source_is_not_blamed() -> None:
    """Where the source itself is off, the target may be off three times as far, not a hundred
    times."""
    oracle = X.astype(np.float64)
    source = (oracle * (1 + 1e-5)).astype(np.float32)
    alike = (oracle * (1 - 2e-5)).astype(np.float32)
    worse = (oracle * (1 + 1e-3)).astype(np.float32)
    assert compare("x", source, alike, oracle, ROUNDING).verdict is Verdict.rounding
    assert compare("x", source, worse, oracle, ROUNDING).verdict is Verdict.mismatch
    assert compare("x", source, worse, oracle, ROUNDING).worse_side == "target"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(number=st.floats(1e-4, 6e4))
def test_ulp_is_the_spacing_of_numbers(dtype: type[np.floating], number: float) -> None:
    """NumPy's own spacing agrees for normal numbers."""
    rounded = dtype(number)
    assert float(ulp(np.array(float(rounded)), np.dtype(dtype))) == float(np.spacing(rounded))
