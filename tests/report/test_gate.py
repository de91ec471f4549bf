"""The gate, by a table of wrong answers: each must fail, and only thanks to the named rule.

A fault that is still caught when its rule is taken away proves nothing about the rule, so every
fault is also tried without it, and must then slip through.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from parity import rules
from parity.baseline import Baseline, baseline_of
from parity.gate import Kind, gate
from parity.results import Report
from parity.rules import comparisons, reports, results
from parity.rules.comparisons import growth
from parity.rules.findings import NOTES
from parity.verdict import Verdict
from tests.report.faults import (
    FAULTS,
    TODAY,
    WAIVER,
    Fault,
    certificate,
    node,
    output,
    scaled,
    uncover,
)


def judged(make, fault: Fault):
    healthy = make["bert"]()
    changed = fault.change(healthy)
    found = changed if isinstance(changed, tuple) else (changed,)
    known = baseline_of(make["report"](fault.before(healthy)))
    return gate(make["report"](*found), known, today=TODAY)


@pytest.fixture
def healthy(make) -> Report:
    return make["report"](make["bert"]())


@pytest.fixture
def baseline(healthy) -> Baseline:
    return baseline_of(healthy)


def test_a_report_passes_against_its_own_baseline(healthy, baseline):
    outcome = gate(healthy, baseline, today=TODAY)
    assert outcome.passed
    assert (outcome.findings, outcome.notes) == ((), ())
    result = healthy.results[0]
    assert outcome.compared == len(result.outputs) + len(result.gradients) + len(
        result.certificate.outputs
    )


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fails_and_is_named(make, name):
    outcome = judged(make, FAULTS[name])
    assert not outcome.passed
    assert FAULTS[name].kind in {finding.kind for finding in outcome.findings}
    assert all(finding.where and finding.detail for finding in outcome.findings)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_slips_through_without_its_rule(make, monkeypatch, name):
    fault = FAULTS[name]
    for table in ("REPORT_RULES", "RESULT_RULES", "COMPARISON_RULES"):
        left = tuple(rule for rule in getattr(rules, table) if rule is not fault.rule)
        monkeypatch.setattr(rules, table, left)
    kinds = {finding.kind for finding in judged(make, fault).findings}
    assert fault.kind not in kinds


def test_every_rule_that_can_fail_has_a_fault():
    every = {*rules.REPORT_RULES, *rules.RESULT_RULES, *rules.COMPARISON_RULES}
    elsewhere = {
        reports.has_baseline,
        reports.has_no_expired_waivers,
        results.tells_news,
        comparisons.tells_improvements,
    }
    assert {fault.rule for fault in FAULTS.values()} == every - elsewhere


def test_without_a_baseline_nothing_passes_unless_a_new_one_is_asked_for(healthy):
    for absent in (None, Baseline({})):
        outcome = gate(healthy, absent, today=TODAY)
        assert [finding.kind for finding in outcome.findings] == [Kind.no_baseline]
        assert gate(healthy, absent, new=True, today=TODAY).passed


def test_a_missing_baseline_slips_through_without_its_rule(healthy, monkeypatch):
    monkeypatch.setattr(rules, "REPORT_RULES", (reports.has_results,))
    assert gate(healthy, None, today=TODAY).passed


def test_an_empty_report_fails_even_where_a_new_baseline_is_asked_for(make):
    assert not gate(make["report"](), None, new=True, today=TODAY).passed


def test_a_new_baseline_still_refuses_what_does_not_pass_by_itself(reports):
    for kind in ("epsilon", "broken", "undecided", "crashed", "empty"):
        assert not gate(reports[kind], None, new=True, today=TODAY).passed, kind
    for kind in ("healthy", "known difference"):
        assert gate(reports[kind], None, new=True, today=TODAY).passed, kind


def test_a_planted_fault_fails_and_its_node_is_named(reports):
    outcome = gate(reports["epsilon"], baseline_of(reports["healthy"]), today=TODAY)
    assert any("layer_norm_18" in finding.detail for finding in outcome.findings)


def test_a_known_difference_that_is_still_there_passes(reports):
    known = reports["known difference"]
    assert gate(known, baseline_of(known), today=TODAY).passed


def test_a_new_result_beside_known_ones_is_judged_by_itself_and_noted(make, baseline):
    new = replace(make["bert"](5), case="another")
    outcome = gate(make["report"](make["bert"](), new), baseline, today=TODAY)
    assert outcome.passed
    assert [note.kind for note in outcome.notes] == [Kind.new]
    bad = replace(new, verdict=Verdict.mismatch)
    assert not gate(make["report"](make["bert"](), bad), baseline, today=TODAY).passed


# Spread is not regression.


@pytest.mark.parametrize("seed", range(1, 6))
def test_another_healthy_run_passes(make, baseline, seed):
    outcome = gate(make["report"](make["bert"](seed)), baseline, today=TODAY)
    assert outcome.passed, outcome.findings


def test_growth_below_the_factor_passes_and_above_it_fails(make, baseline):
    factor = growth(2048)
    for times, passes in ((0.98 * factor, True), (1.02 * factor, False)):
        found = scaled(times, "target_error", "max_abs", "max_rel")(make["bert"]())
        assert gate(make["report"](found), baseline, today=TODAY).passed is passes


@pytest.mark.parametrize("floor", [0.0, 1e-7])  # that of float32 excuses nothing in float64
def test_an_error_in_float64_may_grow_by_what_processors_differ_in(make, floor):
    steady = replace(make["bert"](), floor={"source": 0.0, "target": floor})
    known = baseline_of(make["report"](steady))
    certified, *others = steady.certificate.outputs
    assert certified.dtype == "float64"
    factor = growth(certified.elements, wide=True)
    assert 2.96 < factor < 17  # between what processors do, and the smallest fault
    for times, passes in ((0.98 * factor, True), (1.02 * factor, False)):
        grown = replace(certified, target_error=times * certified.target_error, noise=0.0)
        certificate = replace(steady.certificate, outputs=(grown, *others))
        found = make["report"](replace(steady, certificate=certificate))
        assert gate(found, known, today=TODAY).passed is passes


def test_growth_inside_the_a_a_interval_of_the_baseline_passes(make):
    grown = scaled(4.5, "target_error", "max_abs", "max_rel")
    erratic = replace(make["bert"](), floor={"source": 0.0, "target": 1.0})
    known = baseline_of(make["report"](erratic))
    assert gate(make["report"](grown(make["bert"]())), known, today=TODAY).passed


def test_a_target_that_became_erratic_does_not_excuse_itself(make, baseline):
    grown = scaled(4.5, "target_error", "max_abs", "max_rel")
    erratic = replace(grown(make["bert"]()), floor={"source": 0.0, "target": 1.0})
    assert not gate(make["report"](erratic), baseline, today=TODAY).passed


def test_growth_below_the_noise_floor_passes(make):
    quiet = output(target_error=1e-9, margin=0.001)
    found = output(target_error=3.9e-6, margin=0.04)(make["bert"]())
    known = baseline_of(make["report"](quiet(make["bert"]())))
    assert gate(make["report"](found), known, today=TODAY).passed


def test_a_tightened_tolerance_makes_the_margin_grow_and_passes(make, baseline):
    tighter = output(
        tolerance=make["bert"]().outputs[0].tolerance / 4,
        margin=make["bert"]().outputs[0].margin * 4,
        tolerance_from="calibrated: 6 times the noise floor",
    )
    outcome = gate(make["report"](tighter(make["bert"]())), baseline, today=TODAY)
    assert outcome.passed
    assert [note.kind for note in outcome.improvements] == [Kind.improved]


def test_a_tolerance_that_follows_a_noise_within_its_spread_passes(make, baseline):
    found = scaled(1.8, "tolerance", "noise")(make["bert"]())
    assert gate(make["report"](found), baseline, today=TODAY).passed


def test_a_drift_that_the_baseline_has_passes(make):
    drifting = node(40, "total", verdict=Verdict.mismatch, margin=3.0)(make["bert"]())
    report = make["report"](drifting)
    assert gate(report, baseline_of(report), today=TODAY).passed


# Improvements and waivers.


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (scaled(30.0, "target_error"), lambda r: r),
        (certificate(outcome="not taken"), lambda r: r),
        (uncover(20, 21), lambda r: r),
        (lambda r: r, output(verdict=Verdict.exact, target_error=5e-6)),
    ],
)
def test_improvements_are_listed_and_do_not_fail(make, before, now):
    known = baseline_of(make["report"](before(make["bert"]())))
    outcome = gate(make["report"](now(make["bert"]())), known, today=TODAY)
    assert outcome.passed
    assert outcome.improvements


def test_a_waiver_lets_its_own_tolerance_be_looser_and_no_other(make, baseline):
    looser = scaled_pooler(3.0)(make["bert"]())
    report = make["report"](looser)
    outcome = gate(report, baseline, waivers=[WAIVER], today=TODAY)
    assert outcome.passed
    assert [note.kind for note in outcome.notes] == [Kind.waived]
    assert "reported upstream" in outcome.notes[0].detail
    for other in (replace(WAIVER, name="last_hidden_state"), replace(WAIVER, case="another")):
        assert not gate(report, baseline, waivers=[other], today=TODAY).passed


def scaled_pooler(factor: float):
    return lambda r: output(1, tolerance=factor * r.outputs[1].tolerance)(r)


def test_a_waiver_covers_tolerances_only(make, baseline):
    failed = output(1, verdict=Verdict.mismatch)(make["bert"]())
    assert not gate(make["report"](failed), baseline, waivers=[WAIVER], today=TODAY).passed


def test_a_waiver_holds_on_its_last_day_and_fails_the_day_after(make, baseline):
    looser = make["report"](scaled_pooler(3.0)(make["bert"]()))
    assert gate(looser, baseline, waivers=[WAIVER], today=WAIVER.expires).passed
    outcome = gate(looser, baseline, waivers=[WAIVER], today=date(2027, 4, 1))
    assert {finding.kind for finding in outcome.findings} == {Kind.waiver, Kind.loosened}


def test_an_expired_waiver_fails_even_where_nothing_needs_it(healthy, baseline, monkeypatch):
    late = {"waivers": [WAIVER], "today": date(2027, 4, 1)}
    outcome = gate(healthy, baseline, **late)
    assert [finding.kind for finding in outcome.findings] == [Kind.waiver]
    rest = tuple(r for r in rules.REPORT_RULES if r is not reports.has_no_expired_waivers)
    monkeypatch.setattr(rules, "REPORT_RULES", rest)
    assert gate(healthy, baseline, **late).passed


def test_an_expired_waiver_of_a_case_that_is_not_here_is_another_gates_matter(healthy, baseline):
    other = replace(WAIVER, case="another")
    assert gate(healthy, baseline, waivers=[other], today=date(2027, 4, 1)).passed


def test_the_documentation_lists_every_kind_of_finding(request):
    text = (request.config.rootpath / "docs" / "report_format.md").read_text(encoding="utf-8")
    listed = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")}
    assert {kind.value for kind in Kind if kind not in NOTES} <= listed
