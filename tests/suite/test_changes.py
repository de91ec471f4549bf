"""What changed between runs is said, and what didn't isn't."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from parity.cli import main
from parity.environment import collect
from parity.report.json import decode
from parity.results import Comparison
from parity.suite.changes import NOT_RUN, NOTHING, Changes, Kind, changes_between
from parity.suite.files import read_suite, write_suite
from parity.suite.heat_map import changes_page
from parity.suite.report import suite_data
from parity.suite.rows import row_of
from parity.suite.survey import Effort, Survey
from parity.suite.tally import Line, Spread, Tally
from parity.verdict import Verdict

GOOD = "tests.suite.specimens.good"
RUNTIMES = ("torch", "tensorflow")


def line(runtime="torch", name="output", verdict=Verdict.rounding, margin=0.25, **fields):
    comparison = Comparison(name, (3,), "float32", 3, verdict, "ulps", "a detail", margin=margin)
    return replace(Line(runtime, comparison, 3, asked="a", given=str(margin)), **fields)


def tally(*lines, row="exponential", dtype="float32", failure="", device="cpu"):
    return Tally(row, "numbers", dtype, device, lines, failure=failure)


def data(*tallies, **versions):
    here = collect()
    return suite_data(tallies, replace(here, versions={**here.versions, **versions}))


def found(*runs):
    return changes_between([(f"run {place}", run) for place, run in enumerate(runs)])


def of(*lines):
    """What changed between runs of one row that gave these results."""
    return found(*(data(tally(one)) for one in lines)).changes


def measured(case, **fields):
    """A real run of a row in one type."""
    survey = Survey(replace(case, **fields), "float32")
    survey.run(Effort(examples=3, samples=256, shrink=0), RUNTIMES)
    return data(Tally(case.name, "numbers", "float32", "cpu", tuple(survey.lines.values())))


@pytest.fixture(scope="module")
def exponential():
    return row_of(GOOD, "exponential")


@pytest.fixture(scope="module")
def before(exponential):
    return measured(exponential)


def test_a_run_that_is_repeated_is_the_same_to_the_bit(exponential, before):
    again = found(before, measured(exponential))
    assert again.changes == ()
    bits = again.runs[1].bits
    assert {one.runtime for one in bits} == set(RUNTIMES)
    assert all(one.same == one.of > 0 and not one.otherwise and not one.rows for one in bits)


def test_a_framework_that_became_less_accurate_is_found_and_the_other_is_not(exponential, before):
    worse = measured(exponential, tensorflow="tf.exp(x) * (1 + 3e-7)")
    changes = found(before, worse)
    assert {(c.runtime, c.result) for c in changes.changes} >= {("tensorflow", "output")}
    assert {c.runtime for c in changes.changes} == {"tensorflow"}
    first = next(c for c in changes.changes if c.result == "output")
    assert first.sides[1].largest > first.sides[0].largest + 1
    bits = {one.runtime: one for one in changes.runs[1].bits}
    assert bits["torch"].same == bits["torch"].of
    assert bits["tensorflow"].same < bits["tensorflow"].of
    assert bits["tensorflow"].rows == ("exponential",)


def test_a_call_that_one_release_refuses_is_lost(exponential, before):
    gone = measured(exponential, tensorflow="tf.no_such_function(x)")
    changes = found(before, gone)
    (change,) = changes.changes
    assert change.kind is Kind.verdict
    assert change.result == "output, gradient of x, refusal"
    assert [side.verdict for side in change.sides] == ["rounding", "error"]
    assert "AttributeError" in change.sides[1].words
    assert changes.lost
    assert not found(gone, before).lost


def test_a_verdict_counts_more_than_all_else():
    bad = line(verdict=Verdict.mismatch, margin=math.inf)
    known = line(verdict=Verdict.known_difference, margin=0.3)
    (change,) = of(line(), bad)
    assert change.kind is Kind.verdict
    assert change.sides[1].words == "mismatch: a detail"
    (change,) = of(line(), known)
    assert change.kind is Kind.known
    both = found(data(tally(line()), tally(line(), row="dot")),
                 data(tally(known), tally(bad, row="dot")))  # fmt: skip
    assert [c.kind for c in both.changes] == [Kind.verdict, Kind.known]
    assert [c.row for c in both.lost] == ["dot"]


@pytest.mark.parametrize(
    ("margin", "changed"), [(0.25, False), (0.4, False), (0.6, True), (0.05, True)]
)
def test_accuracy_changes_twofold_or_not_at_all(margin, changed):
    kinds = [change.kind for change in of(line(), line(margin=margin))]
    assert kinds == ([Kind.accuracy] if changed else [])


def test_little_of_a_tolerance_is_little_whatever_its_factor():
    assert of(line(margin=0.001), line(margin=0.09)) == ()


def test_the_same_bits_are_no_change_whatever_they_were_judged_to_be():
    one = line(margin=0.9)
    assert of(line(given=one.given), one) == ()


def test_errors_are_compared_as_distributions_but_not_beyond_chance():
    def spread(*counts):
        return Spread((*counts, *[0] * (9 - len(counts))), 1.5)

    one = line(spread=spread(90_000, 10_000), given="1")
    assert of(one, line(spread=spread(89_000, 11_000), given="2")) == ()
    (change,) = of(one, line(spread=spread(60_000, 40_000), given="2"))
    assert change.kind is Kind.accuracy
    assert "60 % within half of one" in change.sides[1].words
    few = line(spread=spread(9, 1), given="1")
    assert of(few, line(spread=spread(6, 4), given="2")) == ()


def test_results_of_other_arguments_are_counted_apart():
    changes = found(data(tally(line())), data(tally(line(asked="b"))))
    (bits,) = changes.runs[1].bits
    assert (bits.same, bits.of, bits.otherwise) == (0, 0, 1)


def test_a_row_a_type_and_a_result_that_one_run_lacks_are_named():
    whole = data(
        tally(line()), tally(line(), dtype="float64"),
        tally(line(), line(name="gradient of x"), row="dot"), tally(line(), row="gone"),
    )  # fmt: skip
    part = data(tally(line()), tally(line(), row="dot"), tally(line(), row="new"))
    missing = {
        (c.row, c.dtype, c.result): tuple(side.verdict for side in c.sides)
        for c in found(whole, part).changes
    }
    assert missing == {
        ("gone", "", ""): ("run", NOT_RUN),
        ("new", "", ""): (NOT_RUN, "run"),
        ("exponential", "float64", ""): ("run", NOT_RUN),
        ("dot", "float32", "gradient of x"): ("rounding", NOTHING),
    }


def test_a_runtime_that_one_run_left_out_is_no_change_of_each_row():
    changes = found(data(tally(line(), line("XLA"))), data(tally(line())))
    assert changes.changes == ()
    assert [run.runtimes for run in changes.runs] == [("torch", "XLA"), ("torch",)]


def test_a_row_that_kills_its_process_is_lost():
    (change,) = found(data(tally(line())), data(tally(failure="the process ended"))).lost
    assert change.sides[1].words == "error: the process ended"


def test_a_cpu_is_compared_with_a_gpu():
    changes = found(data(tally(line())), data(tally(line(margin=0.8), device="cuda")))
    (change,) = changes.changes
    assert (change.kind, change.device) == (Kind.accuracy, "")


def test_runs_are_called_by_the_release_that_tells_them_apart():
    older, newer = (
        data(tally(line()), tensorflow="2.19.1"),
        data(tally(line()), tensorflow="2.21.0"),
    )
    changes = found(older, newer)
    assert [run.name for run in changes.runs] == ["tensorflow 2.19.1", "tensorflow 2.21.0"]
    assert changes.environments == {"tensorflow": ("2.19.1", "2.21.0")}
    assert [run.name for run in found(older, older).runs] == ["run 0", "run 1"]


def test_what_changed_is_a_page_that_escapes_names_and_data_that_read_back():
    other = line(verdict=Verdict.mismatch, margin=math.inf)
    changes = found(data(tally(line(), row="<b>")), data(tally(other, row="<b>")))
    page = changes_page(changes)
    assert "<b>" not in page
    assert "mismatch: a detail" in page


def test_the_command_writes_a_page_and_fails_where_something_is_lost(tmp_path, capsys):
    runs = [line(), line(margin=0.9), line(verdict=Verdict.mismatch, margin=math.inf)]
    for place, one in enumerate(runs):
        write_suite(data(tally(one)), tmp_path / str(place))
    folders = [str(tmp_path / str(place)) for place in range(3)]
    report = ["--report", str(tmp_path / "changes")]
    assert main(["compare", *folders[:2], *report, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == {"accuracy": 1}
    assert main(["compare", *folders, *report]) == 1
    assert "verdict: 1" in capsys.readouterr().out
    assert "mismatch" in (tmp_path / "changes" / "changes.html").read_text()
    written = (tmp_path / "changes" / "changes.json").read_bytes()
    assert decode(written, Changes, "changes.json").lost
    assert main(["compare", folders[0]]) == 2
    assert "give the folders of two runs" in " ".join(capsys.readouterr().err.split())


def test_a_report_says_what_changed_since_an_earlier_run_and_no_longer_when_it_is_not_asked(
    tmp_path,
):
    now = data(tally(line(margin=0.9)))
    write_suite(now, tmp_path, changes=found(data(tally(line())), now))
    assert "0.9 of the tolerance" in (tmp_path / "operators.html").read_text()
    assert (tmp_path / "changes.json").is_file()
    write_suite(now, tmp_path)
    assert "What changed" not in (tmp_path / "operators.html").read_text()
    assert not (tmp_path / "changes.json").exists()
    assert read_suite(tmp_path).tallies[0].lines[0].asked == "a"
