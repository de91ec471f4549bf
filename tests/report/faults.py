"""Faults for the gate: each changes a healthy report in one way that a rule must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from parity.gate import Kind
from parity.results import Result
from parity.rules import comparisons, reports, results
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
        scaled(4.5, "target_error", "max_abs", "max_rel"),
    ),
    "a margin that has grown": Fault(
        comparisons.has_not_regressed, Kind.regression, scaled(4.5, "margin")
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
