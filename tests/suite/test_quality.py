"""The suite's own quality: faults and variants fit their rows, and a few of each are tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from cases.quality.faithful_variants import VARIANTS
from cases.quality.planted_faults import FAULTS, patched
from cases.quality.run import (
    Trial,
    digest_of,
    keep,
    missing,
    rows,
    try_fault,
    try_variant,
)
from cases.quality.table import PAGE, page, read

CAUGHT = ["layer_norm: eps 1e-12 for 1e-5", "var_unbiased: biased", "lstm_cell: gates swapped"]
PASSED = ["matmul: in two halves", "layer_norm: by hand"]


def test_there_are_at_least_two_hundred_of_each():
    assert len(FAULTS) >= 200
    assert len(VARIANTS) >= 200


def test_names_are_unique():
    names = Counter(trial.name for trial in (*FAULTS, *VARIANTS))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_fault_changes_the_call_of_its_row():
    same = [f.name for f in FAULTS if f.planted(call := rows()[f.row].tensorflow) == call]
    assert same == []


def test_every_variant_changes_the_call_or_where_it_runs():
    for variant in VARIANTS:
        call = rows()[variant.row].tensorflow
        changed = variant.varied(call) != call
        elsewhere = variant.runtime != "tensorflow" or variant.environment
        assert changed or elsewhere, variant.name


def test_a_patch_that_does_not_fit_is_refused_by_name():
    with pytest.raises(ValueError, match="sum: sign"):
        patched("tf.exp(x)", "tf.log", "tf.exp", "sum: sign")


@pytest.mark.parametrize("name", CAUGHT)
def test_a_planted_fault_is_caught(name):
    fault = next(fault for fault in FAULTS if fault.name == name)
    assert try_fault(fault).alarm


@pytest.mark.parametrize("name", PASSED)
def test_a_faithful_variant_raises_no_alarm(name):
    variant = next(variant for variant in VARIANTS if variant.name == name)
    trial = try_variant(variant)
    assert not trial.alarm, trial.detail


def test_the_page_of_the_suites_quality_is_current():
    assert PAGE.read_text() == page(read()), "run: python -m cases.quality.table"


def test_an_outcome_is_kept_and_looked_for_no_more(tmp_path):
    record = tmp_path / "record.json"
    fault, variant = FAULTS[0], VARIANTS[0]
    assert missing([fault, variant], record) == [fault, variant]
    caught = Trial(fault.row, fault.what, True, True, "output", digest_of(fault))
    keep(caught, record)
    keep(Trial(variant.row, variant.what, False, True, "an alarm", digest_of(variant)), record)
    assert missing([fault, variant], record) == [variant]
    keep(replace(caught, of="another row"), record)
    assert missing([fault, variant], record) == [fault, variant]
    assert len(read(record)) == 2
