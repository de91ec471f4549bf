"""Rules about a report as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from parity.baseline import identity, repeats
from parity.rules.findings import Finding, Kind, ReportPair


def has_results(pair: ReportPair) -> Iterator[Finding]:
    """An empty report proves nothing."""
    if not pair.report.results:
        yield Finding(Kind.nothing_compared, "report", "it has no results")


def has_baseline(pair: ReportPair) -> Iterator[Finding]:
    """Without a baseline nothing can get worse, so its absence must be asked for."""
    if not pair.known and not pair.new:
        yield Finding(
            Kind.no_baseline,
            "baseline",
            "it has no results; ask for a new baseline if there is none yet",
        )


def has_distinct_names(pair: ReportPair) -> Iterator[Finding]:
    """Two things of one name hide each other."""
    for name in repeats(pair.report):
        yield Finding(
            Kind.ambiguous, name, "this name occurs more than once; give each a name of its own"
        )


def keeps_results(pair: ReportPair) -> Iterator[Finding]:
    """Every result of the baseline must be in the report."""
    present = {identity(result) for result in pair.report.results}
    for name in pair.known:
        if name not in present:
            yield Finding(Kind.coverage, name, "the baseline has this result, the report doesn't")


def has_no_expired_waivers(pair: ReportPair) -> Iterator[Finding]:
    """Waivers of the report's or the baseline's cases are within their time."""
    cases = {result.case for result in pair.report.results}
    cases |= {name.split(" | ")[0] for name in pair.known}
    for waiver in pair.waivers:
        if waiver.case in cases and waiver.expired(pair.today):
            detail = f"the waiver ({waiver.reason}) ended on {waiver.expires}; mend it or renew it"
            yield Finding(Kind.waiver, f"{waiver.case}, {waiver.name}", detail)


REPORT_RULES: tuple[Callable[[ReportPair], Iterator[Finding]], ...] = (
    has_results,
    has_baseline,
    has_distinct_names,
    keeps_results,
    has_no_expired_waivers,
)
