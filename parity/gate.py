"""May this release go on? A report against the committed baseline.

Every rule is a function of :mod:`parity.rules` that yields findings. A report passes when no rule
finds anything, and never by comparing nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from parity import rules
from parity.baseline import Baseline, identity
from parity.results import Report
from parity.rules.findings import NOTES, Finding, Kind, Pair, ReportPair, ResultPair
from parity.waivers import Waiver

__all__ = ["Finding", "GateOutcome", "Kind", "gate"]


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What the gate decided.

    Attributes:
        findings: why it fails; empty when it passes.
        notes: improvements, waived tolerances, new results: worth knowing, no reason to fail.
        compared: how many comparisons had a counterpart in the baseline.
    """

    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    compared: int

    @property
    def passed(self) -> bool:
        """Whether the release may go on."""
        return not self.findings

    @property
    def improvements(self) -> tuple[Finding, ...]:
        """What is better than in the baseline."""
        return tuple(note for note in self.notes if note.kind is Kind.improved)


def gate(
    report: Report,
    baseline: Baseline | None,
    *,
    waivers: Sequence[Waiver] = (),
    new: bool = False,
    today: date | None = None,
) -> GateOutcome:
    """Judge a report against a baseline.

    Args:
        report: what was found.
        baseline: what was known; None or an empty one only with ``new``.
        waivers: tolerances that may be looser, for a while.
        new: there is no baseline yet: the report is judged by itself.
        today: the day on which waivers are judged; by default this one, in UTC.

    Returns:
        The outcome; it passes when nothing was found.
    """
    known = baseline.results if baseline is not None else {}
    today = today or datetime.now(UTC).date()
    whole = ReportPair(report, known, new, waivers, today)
    found = [finding for rule in rules.REPORT_RULES for finding in rule(whole)]
    compared = 0
    for result in report.results:
        pair = ResultPair(result, known.get(identity(result)))
        found += [finding for rule in rules.RESULT_RULES for finding in rule(pair)]
        valid = {w.name: w for w in waivers if w.case == result.case and not w.expired(today)}
        for one in pair.comparisons():
            compared += one.before is not None and one.now.elements > 0
            found += [_waived(f, valid, one) for rule in rules.COMPARISON_RULES for f in rule(one)]
    failures = tuple(finding for finding in found if finding.kind not in NOTES)
    notes = tuple(finding for finding in found if finding.kind in NOTES)
    return GateOutcome(failures, notes, compared)


def _waived(finding: Finding, valid: Mapping[str, Waiver], pair: Pair) -> Finding:
    waiver = valid.get(pair.now.name)
    if finding.kind is not Kind.loosened or waiver is None:
        return finding
    detail = f"{finding.detail}; waived until {waiver.expires}: {waiver.reason}"
    return Finding(Kind.waived, finding.where, detail)
