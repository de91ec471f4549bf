"""The gate, by a table of wrong answers: each must fail, and only thanks to the named rule.

A fault that is still caught when its rule is taken away proves nothing about the rule, so every
fault is also tried without it, and must then slip through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest

from parity import rules
from parity.baseline import Baseline, baseline_of
from parity.gate import Kind, gate
from parity.results import Report, Result
from parity.rules import comparisons, reports, results
from parity.rules.comparisons import growth
from parity.rules.findings import NOTES
from parity.verdict import Verdict
from parity.waivers import Waiver

TODAY = date(2026, 11, 21)
NAN, INF = float("nan"), float("inf")
NOTHING = {"total": None, "local": None, "certificate": None}
WAIVER = Waiver("bert-base", "pooler_output", "reported upstream", date(2027, 3, 31))


@dataclass(frozen=True)
class Fault:
    """A change of a healthy report that the gate must refuse, and the rule that refuses it."""

    rule: Callable
    kind: Kind
    change: Callable[[Result], Result | tuple[Result, ...]]
    before: Callable[[Result], Result] = lambda result: result


def output(index: int = 0, **fields):
    """A change of one output."""

    def change(result: Result) -> Result:
        items = list(result.outputs)
        items[index] = replace(items[index], **fields)
        return replace(result, outputs=tuple(items))

    return change


def scaled(factor: float, *names: str):
    """A change of the first output that multiplies some of its numbers."""

    def change(result: Result) -> Result:
        first = result.outputs[0]
        fields = {name: factor * getattr(first, name) for name in names}
        return output(0, **fields)(result)

    return change


def node(index: int, part: str = "", **fields):
    """A change of one node, or of one of its comparisons."""

    def change(result: Result) -> Result:
        nodes = list(result.nodes)
        old = nodes[index]
        nodes[index] = replace(
            old, **({part: replace(getattr(old, part), **fields)} if part else fields)
        )
        return replace(result, nodes=tuple(nodes))

    return change


def certificate(**fields):
    """A change of the certificate."""
    return lambda result: replace(result, certificate=replace(result.certificate, **fields))


def known_difference(result: Result) -> Result:
    """The healthy report with a registered difference in its first output."""
    changed = output(0, verdict=Verdict.known_difference, margin=40.0, nan_mismatches=3)(result)
    return replace(changed, verdict=Verdict.known_difference)


def uncover(*indices: int):
    def change(result: Result) -> Result:
        for index in indices:
            result = node(index, **NOTHING, covered=False)(result)
        return result

    return change


def with_node(result: Result) -> Result:
    new = replace(
        result.nodes[3], name="brand_new", covered=False, total=None, local=None, certificate=None
    )
    return replace(result, nodes=(*result.nodes, new))


QUIET = {"max_abs": 0.0, "max_rel": 0.0}

FAULTS = {
    "an empty report": Fault(reports.has_results, Kind.nothing_compared, lambda r: ()),
    "two results of one name": Fault(reports.has_distinct_names, Kind.ambiguous, lambda r: (r, r)),
    "two outputs of one name": Fault(
        reports.has_distinct_names,
        Kind.ambiguous,
        lambda r: replace(r, outputs=(*r.outputs, r.outputs[0])),
    ),
    "a result that is gone": Fault(
        reports.keeps_results, Kind.coverage, lambda r: replace(r, case="another")
    ),
    "a result on another device": Fault(
        reports.keeps_results, Kind.coverage, lambda r: replace(r, device="cuda")
    ),
    "a result without outputs": Fault(
        results.compares_outputs,
        Kind.nothing_compared,
        lambda r: replace(r, outputs=()),
        before=lambda r: replace(r, outputs=()),
    ),
    "a mismatch of the whole": Fault(
        results.result_passes, Kind.mismatch, lambda r: replace(r, verdict=Verdict.mismatch)
    ),
    "a mismatch that the baseline has too": Fault(
        results.result_passes,
        Kind.mismatch,
        lambda r: replace(r, verdict=Verdict.mismatch),
        before=lambda r: replace(r, verdict=Verdict.mismatch),
    ),
    "an inconclusive result": Fault(
        results.result_passes, Kind.undecided, lambda r: replace(r, verdict=Verdict.inconclusive)
    ),
    "an unsupported result": Fault(
        results.result_passes, Kind.undecided, lambda r: replace(r, verdict=Verdict.unsupported)
    ),
    "a result that failed to run": Fault(
        results.result_passes, Kind.undecided, lambda r: replace(r, verdict=Verdict.error)
    ),
    "a known difference of the whole that is gone": Fault(
        results.result_still_differs,
        Kind.stopped_reproducing,
        lambda r: replace(r, verdict=Verdict.rounding),
        before=lambda r: replace(r, verdict=Verdict.known_difference),
    ),
    "an output that is gone": Fault(
        results.keeps_tensors, Kind.coverage, lambda r: replace(r, outputs=r.outputs[:1])
    ),
    "gradients that are gone": Fault(
        results.keeps_tensors, Kind.coverage, lambda r: replace(r, gradients=())
    ),
    "a float64 output that is gone": Fault(
        results.keeps_tensors,
        Kind.coverage,
        lambda r: certificate(outputs=r.certificate.outputs[1:])(r),
    ),
    "a node that is gone": Fault(
        results.keeps_nodes, Kind.coverage, lambda r: replace(r, nodes=r.nodes[:-1])
    ),
    "a node that is no longer compared": Fault(results.keeps_nodes, Kind.coverage, uncover(20)),
    "a node that says it is covered and compares nothing": Fault(
        results.keeps_nodes, Kind.coverage, node(20, **NOTHING)
    ),
    "a new node that is not compared": Fault(results.adds_no_blind_spots, Kind.coverage, with_node),
    "a certificate that leaves something out": Fault(
        results.adds_no_blind_spots, Kind.coverage, certificate(uncovered=("lgamma",))
    ),
    "a node that goes wrong alone": Fault(
        results.nodes_compute_the_same, Kind.mismatch, node(18, "local", verdict=Verdict.mismatch)
    ),
    "a node that goes wrong in float64": Fault(
        results.nodes_compute_the_same,
        Kind.mismatch,
        node(18, "certificate", verdict=Verdict.mismatch),
    ),
    "a node that newly drifts": Fault(
        results.nodes_do_not_drift, Kind.mismatch, node(40, "total", verdict=Verdict.mismatch)
    ),
    "another function, though the verdict passes": Fault(
        results.certificate_holds,
        Kind.certificate,
        certificate(outcome="different function"),
        before=certificate(outcome="different function"),
    ),
    "an unknown certificate": Fault(
        results.certificate_holds,
        Kind.certificate,
        certificate(outcome="fine"),
        before=certificate(outcome="fine"),
    ),
    "a certificate that is not taken any more": Fault(
        results.certificate_is_no_worse, Kind.certificate, certificate(outcome="not taken")
    ),
    "a certificate that needs float32 constants now": Fault(
        results.certificate_is_no_worse,
        Kind.certificate,
        certificate(outcome="same function up to float32 constants"),
    ),
    "zero elements": Fault(
        comparisons.compares_elements, Kind.nothing_compared, output(elements=0)
    ),
    "fewer elements": Fault(comparisons.compares_elements, Kind.coverage, output(elements=2047)),
    "a new mismatch of an output": Fault(
        comparisons.comparison_passes, Kind.mismatch, output(verdict=Verdict.mismatch)
    ),
    "a mismatch of a gradient": Fault(
        comparisons.comparison_passes,
        Kind.mismatch,
        lambda r: replace(
            r, gradients=(replace(r.gradients[0], verdict=Verdict.mismatch), *r.gradients[1:])
        ),
    ),
    "a mismatch of a float64 output": Fault(
        comparisons.comparison_passes,
        Kind.mismatch,
        lambda r: certificate(
            outputs=(
                replace(r.certificate.outputs[0], verdict=Verdict.mismatch),
                r.certificate.outputs[1],
            )
        )(r),
    ),
    "an inconclusive output": Fault(
        comparisons.comparison_passes, Kind.undecided, output(verdict=Verdict.inconclusive)
    ),
    "an output that failed to run": Fault(
        comparisons.comparison_passes, Kind.undecided, output(verdict=Verdict.error)
    ),
    "a nan mismatch": Fault(
        comparisons.has_no_nan_mismatch, Kind.nan_mismatch, output(nan_mismatches=1)
    ),
    "more nan mismatches than the known difference has": Fault(
        comparisons.has_no_nan_mismatch,
        Kind.nan_mismatch,
        lambda r: output(nan_mismatches=4)(known_difference(r)),
        before=known_difference,
    ),
    "a margin above 1": Fault(
        comparisons.stays_within_tolerance,
        Kind.margin,
        output(margin=1.0001),
        before=output(margin=1.0001),
    ),
    "a margin that is nan": Fault(
        comparisons.stays_within_tolerance, Kind.margin, output(margin=NAN)
    ),
    "a margin that is infinite": Fault(
        comparisons.stays_within_tolerance, Kind.margin, output(margin=INF)
    ),
    "an error that is nan": Fault(
        comparisons.has_finite_errors, Kind.undecided, output(target_error=NAN)
    ),
    "a noise that is infinite": Fault(
        comparisons.has_finite_errors, Kind.undecided, output(noise=INF)
    ),
    "a known difference that is gone": Fault(
        comparisons.still_differs,
        Kind.stopped_reproducing,
        lambda r: output(verdict=Verdict.rounding, margin=0.1, nan_mismatches=0)(
            known_difference(r)
        ),
        before=known_difference,
    ),
    "an error that has grown": Fault(
        comparisons.has_not_regressed,
        Kind.regression,
        scaled(3.0, "target_error", "max_abs", "max_rel"),
    ),
    "a margin that has grown": Fault(
        comparisons.has_not_regressed, Kind.regression, scaled(3.0, "margin")
    ),
    "an error where there was none": Fault(
        comparisons.has_not_regressed,
        Kind.regression,
        lambda r: r,
        before=output(target_error=0.0, margin=0.0, **QUIET),
    ),
    "a tolerance that is three times as large": Fault(
        comparisons.keeps_tolerance, Kind.loosened, scaled(3.0, "tolerance")
    ),
    "a tolerance where there was none": Fault(
        comparisons.keeps_tolerance, Kind.loosened, lambda r: r, before=output(tolerance=0.0)
    ),
    "a tolerance from another constant": Fault(
        comparisons.keeps_tolerance,
        Kind.loosened,
        output(tolerance_from="calibrated: 30 times the noise floor"),
    ),
}


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


def test_growth_inside_the_a_a_interval_of_the_baseline_passes(make):
    grown = scaled(3.0, "target_error", "max_abs", "max_rel")
    erratic = replace(make["bert"](), floor={"source": 0.0, "target": 1.0})
    known = baseline_of(make["report"](erratic))
    assert gate(make["report"](grown(make["bert"]())), known, today=TODAY).passed


def test_a_target_that_became_erratic_does_not_excuse_itself(make, baseline):
    grown = scaled(3.0, "target_error", "max_abs", "max_rel")
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
