"""Altered files of every format are refused or read, and where there is a checksum, refused."""

from __future__ import annotations

from cases.checkpoint_fuzz import PAGE, RESULTS, Row, current, fuzz, mutant
from cases.checkpoint_specimens import SPECIMENS
from cases.figures import read_rows

MUTANTS = 100


def test_a_hundred_mutants_of_every_file_end_well():
    rows = tuple(fuzz(MUTANTS, seed=10**6))
    assert [row.name for row in rows] == [item.name for item in SPECIMENS]
    assert {row.mutants for row in rows} == {MUTANTS}
    assert [row for row in rows if not row.passes] == []
    assert all(row.refused for row in rows)


def test_the_published_run_ended_well_and_its_page_is_current():
    rows = read_rows(Row, RESULTS)
    assert [row.name for row in rows] == [item.name for item in SPECIMENS]
    assert all(row.passes and row.mutants >= 2000 for row in rows)
    assert PAGE.read_text() == current(), "run: tox run -e fuzz -- --write"


def test_mutants_are_many_and_the_same_each_time():
    data = bytes(range(256)) * 4
    made = [mutant(data, seed) for seed in range(50)]
    assert made == [mutant(data, seed) for seed in range(50)]
    assert len(set(made)) > 45
    assert any(len(m) > len(data) for m in made)
    assert any(len(m) < len(data) for m in made)
