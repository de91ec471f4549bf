"""Every known difference is really there, only where it says, and the way around it works."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from dataclasses import replace
from functools import cache

import keras as keras_package
import numpy as np
import pytest
import tensorflow as tf
import torch

from cases.known_differences import KNOWN_DIFFERENCES
from cases.known_differences import entries as by_family
from cases.known_differences.observe import keras, pytorch, tensorflow, unequal, written
from cases.operators import operator_cases
from parity.environment import processor, processor_words
from parity.known_differences import eps, known_differences
from parity.suite.draw import drawn_arguments
from parity.suite.snippets import difference_program

HERE = {module.__name__: module.__version__ for module in (keras_package, tf, torch)}
PROCESSOR = processor_words(*processor())
ASSERTED = [e for e in KNOWN_DIFFERENCES if e.evidence == "run"]
RUN = [e for e in ASSERTED if e.concerns(HERE, PROCESSOR)]
OF_OTHERS = [e for e in ASSERTED if not e.concerns(HERE, PROCESSOR)]
EXPLAIN = [entry for entry in RUN if entry.relation or "raises" in " ".join(entry.gives)]


def entries(*fields: str):
    """The entries that have something in each of the fields."""
    chosen = [entry for entry in RUN if all(getattr(entry, field) for field in fields)]
    return pytest.mark.parametrize("entry", chosen, ids=lambda entry: entry.name)


def places(entry):
    """Inside the condition, and outside if it says what is there."""
    return ["example"] if entry.without is None else ["example", "without"]


@cache
def ours(entry, place="example"):
    return pytorch(entry, getattr(entry, place))


@cache
def theirs(entry, place="example"):
    return tensorflow(entry, getattr(entry, place))


def gone(entry, side: str, found: str, expected: str) -> str:
    return (
        f"{side} gives {found} for {entry.name}, not {expected}: if a release changed that, remove "
        f"the entry or narrow its versions, now {', '.join(entry.versions)}"
    )


@entries()
def test_a_known_difference_is_there(entry):
    assert entry.holds(entry.example)
    outcomes = ours(entry), theirs(entry)
    for side, outcome, expected in zip(
        ("PyTorch", "TensorFlow"), outcomes, entry.gives, strict=True
    ):
        found = written(entry, outcome)
        assert found == expected, gone(entry, side, f"{found} {outcome.message}", expected)
    assert unequal(entry, outcomes[1], outcomes[0], each=True), (
        f"{entry.name}: both sides agree on the example"
    )


@pytest.mark.parametrize("entry", OF_OTHERS, ids=lambda entry: entry.name)
def test_a_difference_of_other_releases_or_processors_is_not_there(entry):
    assert unequal(entry, theirs(entry), ours(entry)) == ""


@entries("keras", "tensorflow")
def test_keras_differs_in_the_same_way(entry):
    found = written(entry, keras(entry, entry.example))
    assert found == entry.gives[1], gone(entry, "Keras", found, entry.gives[1])


@entries("relation")
def test_the_relation_of_a_known_difference_holds_on_its_example(entry):
    here, there = (next(iter(outcome.results.values())) for outcome in (ours(entry), theirs(entry)))
    arguments, cotangent = entry.example, np.ones((), here.dtype)
    same = (here == there) | ((here != here) & (there != there))
    if entry.rounding:
        same |= np.isclose(there, here, rtol=entry.rounding * eps(here), atol=0)
    explained = entry.explains(arguments, here, there, cotangent)
    assert (explained | same).all()
    assert (explained & ~same).any()
    wrong = ~there if there.dtype == bool else np.full_like(there, 77)
    excused = entry.explains(arguments, here, np.where(same, there, wrong), cotangent)
    assert not (excused & ~same).any(), "the relation holds for a wrong result too"


@entries("without")
def test_outside_a_known_difference_both_agree(entry):
    assert not entry.holds(entry.without)
    assert unequal(entry, theirs(entry, "without"), ours(entry, "without")) == ""


@entries("in_tensorflow")
def test_the_call_in_tensorflow_gives_what_pytorch_gives(entry):
    for place in places(entry):
        actual = keras(entry, getattr(entry, place), entry.in_tensorflow)
        assert unequal(entry, actual, ours(entry, place)) == ""


@entries("in_pytorch")
def test_the_call_in_pytorch_gives_what_tensorflow_gives(entry):
    for place in places(entry):
        actual = pytorch(entry, getattr(entry, place), entry.in_pytorch)
        assert unequal(entry, actual, theirs(entry, place)) == ""


def test_the_names_of_the_differences_are_unique():
    assert [name for name, n in Counter(e.name for e in KNOWN_DIFFERENCES).items() if n > 1] == []


def test_a_difference_concerns_the_releases_that_it_names():
    entry = replace(RUN[0], releases=("tensorflow 2.19", "tensorflow 2.2", "torch 2.13"))
    assert entry.concerns({"tensorflow": "2.19.1", "torch": "2.13.0+cpu"}, "")
    assert not entry.concerns({"tensorflow": "2.20.0", "torch": "2.13.0"}, "")
    assert not entry.concerns({"tensorflow": "2.19.1", "torch": "2.14.0"}, "")
    assert not entry.concerns({"torch": "2.13.0"}, "")
    assert replace(entry, releases=()).concerns({}, "")


@pytest.mark.parametrize(
    ("processor", "concerned"),
    [("intel", [True, False]), ("not avx512_bf16", [True, False]), ("avx512_bf16", [False, True])],
)
def test_a_difference_concerns_the_processors_that_it_names(processor, concerned):
    entry = replace(RUN[0], releases=(), processor=processor)
    processors = ("Intel(R) Xeon(R) avx512f", "AMD EPYC avx512f avx512_bf16")
    assert [entry.concerns({}, one) for one in processors] == concerned


def test_a_condition_has_arguments_on_both_sides_of_it():
    assert [e.name for e in RUN if bool(e.where) != (e.without is not None)] == []


def test_the_entries_of_a_call_are_found_by_its_row_result_and_arguments():
    entry = next(e for e in RUN if e.rows and e.without is not None and not e.runtime)
    row, result = entry.rows[0], entry.result
    assert entry in known_differences(RUN, row, entry.example, result=result)
    assert entry not in known_differences(RUN, row, entry.without, result=result)
    assert entry not in known_differences(RUN, "no such row", entry.example, result=result)


def test_a_known_difference_concerns_rows_that_there_are():
    names = {case.name for case in operator_cases()}
    assert {e.name: set(e.rows) - names for e in KNOWN_DIFFERENCES if set(e.rows) - names} == {}


@pytest.mark.parametrize(
    "case",
    [case for case in operator_cases() if any(case.name in entry.rows for entry in EXPLAIN)],
    ids=lambda case: case.name,
)
def test_a_condition_can_be_asked_of_the_arguments_of_its_row(case):
    for arguments in drawn_arguments(case.inputs(case.dtypes[0]), 3):
        for result in ("output", "gradient of x", "gradient of y"):
            known_differences(EXPLAIN, case.name, arguments, result=result)


def of_each_sort():
    """One entry of each family, kind, runtime and sort of result."""
    found = {}
    for family, own in by_family().items():
        for entry in own:
            if difference_program(entry):
                sort = family, entry.kind, entry.runtime, entry.result[:8], bool(entry.tensorflow)
                found.setdefault(sort, entry)
    return list(found.values())


@pytest.mark.parametrize("entry", of_each_sort(), ids=lambda entry: entry.name)
@pytest.mark.filterwarnings("ignore")
def test_a_program_that_shows_a_difference_runs_by_itself(entry):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(difference_program(entry), {"__name__": "shown"})
    for language, gives in zip(("torch", "tensorflow"), entry.gives, strict=True):
        name = language if language == "torch" or entry.tensorflow else "keras"
        expected = f"{name} {gives}" if gives.startswith("raises ") else f"{name}: "
        assert expected in printed.getvalue()


def test_almost_every_difference_has_such_a_program():
    assert sum(bool(difference_program(entry)) for entry in RUN) > 0.85 * len(RUN)
