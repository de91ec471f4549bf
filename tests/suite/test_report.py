"""What a run found becomes a report, a page, a list of changes and a file of budgets."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from parity.environment import collect
from parity.report import ReportError, read
from parity.results import Comparison
from parity.suite import budgets
from parity.suite.explain import explained, in_json
from parity.suite.files import read_suite, write_suite
from parity.suite.heat_map import page
from parity.suite.report import merged, suite_data, verdict_of
from parity.suite.tally import Line, Spread, Tally, spread_of
from parity.suite.task import Task, tasks_of
from parity.verdict import Verdict

GOOD = "tests.suite.specimens.good"


def line(runtime="torch", name="output", verdict=Verdict.rounding, margin=0.25, largest=0.5):
    comparison = Comparison(name, (3,), "float32", 3, verdict, "ulps", "a detail", margin=margin)
    return Line(runtime, comparison, 3, 1, Spread((2, 1, *[0] * 7), largest))


def tally(*lines, row="exponential", dtype="float32", failure=""):
    return Tally(row, "numbers", dtype, "cpu", lines, {"torch": 0.0}, {"oracle": 1.0}, failure)


def data(*tallies):
    return suite_data(tallies, collect())


def test_a_run_is_written_in_every_format_and_reads_back(tmp_path):
    found = data(tally(line(), line("XLA")), tally(line(verdict=Verdict.mismatch), row="dot"))
    report = write_suite(found, tmp_path)
    assert not report.passes
    assert read(tmp_path) == report
    assert read_suite(tmp_path) == found
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"report.html", "report.xml", "operators.html", "operators.json"}
    (tmp_path / "operators.json").write_text('{"schema_version": 99}')
    with pytest.raises(ReportError, match="format 99"):
        read_suite(tmp_path)


def test_the_page_shows_margins_failures_and_spreads_and_escapes_names():
    bad = line("XLA", verdict=Verdict.mismatch, margin=float("inf"))
    found = data(tally(line(), bad, row="<script>alert(1)</script>"))
    text = page(replace(found, quality={"planted faults caught": 1.0}))
    assert "<script>" not in text
    for part in ("fails", "0.25", "at most 0.5 ulp", "planted faults caught"):
        assert part in text


def test_runtimes_of_other_tasks_join_the_row():
    (one,) = merged([tally(line()), tally(line("torch.compile"))])
    assert [part.runtime for part in one.lines] == ["torch", "torch.compile"]
    assert one.seconds == {"oracle": 2.0}


def test_a_row_without_results_does_not_pass():
    assert not verdict_of(tally()).passes
    assert verdict_of(tally(line(), failure="the process ended")) is Verdict.error


def test_budgets_only_ever_go_down(tmp_path, monkeypatch):
    path = tmp_path / "budgets.json"
    monkeypatch.setattr(budgets, "budgets_file", lambda package: path)

    def lowered(*lines):
        many = [replace(one, elements=2000) for one in lines]
        return budgets.lower(GOOD, data(tally(*many), tally(line(), row="dot")))

    def stands():
        return json.loads(path.read_text())["exponential"]["float32"]["cpu"]

    assert lowered(line(margin=0.5)) == 1
    assert stands() == {"torch": 2.5}
    bad = line("XLA", verdict=Verdict.mismatch)
    assert lowered(line(margin=0.9), bad) == 0
    assert lowered(line(margin=0.4)) == 1
    assert stands() == {"torch": 1.25}


def test_a_few_numbers_lower_no_budget(tmp_path, monkeypatch):
    path = tmp_path / "budgets.json"
    monkeypatch.setattr(budgets, "budgets_file", lambda package: path)
    assert budgets.lower(GOOD, data(tally(line()))) == 0


def test_errors_are_counted_in_units_of_the_last_place():
    oracle = np.array([1.0, 1.0, 1.0, np.nan, 1e-40])
    array = (oracle + np.array([0, 2.0**-23, 3 * 2.0**-23, 0, 0])).astype(np.float32)
    spread = spread_of(array, oracle)
    assert sum(spread.counts) == 3
    assert spread.largest == 3.0
    assert spread_of(np.array([1, 2]), np.array([1, 3])) == Spread()


def test_only_a_spread_of_rows_is_compiled_by_inductor_and_each_type_once():
    rows = [("numbers", f"row {n}", ("float32", "float64")) for n in range(9)]
    tasks = tasks_of(rows, package=GOOD, spread=4)
    compiled = [task for task in tasks if task.together]
    assert [pair[1] for task in compiled for pair in task.pairs] == ["row 0", "row 4", "row 8"]
    assert all(isinstance(task, Task) and len(task.pairs) == 1 for task in tasks[:18])


def test_an_operator_is_explained_with_a_program_that_runs(tmp_path):
    write_suite(data(tally(line())), tmp_path)
    found = explained("exponential", GOOD, "", tmp_path)
    text = found.text()
    for part in ("torch.exp(x)", "tf.exp(x)", "float32, torch: 0.25 of the tolerance"):
        assert part in text
    assert in_json(found)["verdicts"] == {"float32": "rounding"}
    exec(compile(found.snippet, "snippet", "exec"), {})
