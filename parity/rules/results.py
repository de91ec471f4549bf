"""Rules about one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from parity.baseline import is_covered, is_drifting
from parity.results import Comparison, NodeEvidence
from parity.rules.findings import Finding, Kind, ResultPair, kind_of, named, reproduces
from parity.verdict import Verdict

_DIFFERENT = "different function"
_CERTIFICATES = (
    "same function",
    "same function up to float32 constants",
    "same function up to quantised weights",
    "float32 only",
    "not taken",
    _DIFFERENT,
)


def compares_outputs(pair: ResultPair) -> Iterator[Finding]:
    """A result that passes has compared an output."""
    if pair.now.verdict.passes and not pair.now.outputs:
        yield Finding(Kind.nothing_compared, pair.where, "no output was compared")


def result_passes(pair: ResultPair) -> Iterator[Finding]:
    """The result's own verdict lets a release go on."""
    if not pair.now.verdict.passes:
        known = f" (baseline: {pair.before.verdict})" if pair.before else ""
        detail = f"{pair.now.verdict}{known}: {pair.now.summary}"
        yield Finding(kind_of(pair.now.verdict), pair.where, detail)


def result_still_differs(pair: ResultPair) -> Iterator[Finding]:
    """A known difference is still there."""
    yield from reproduces(
        pair.where, pair.now.verdict, pair.before.verdict if pair.before else None
    )


def keeps_tensors(pair: ResultPair) -> Iterator[Finding]:
    """Every output and gradient of the baseline is compared."""
    for group, comparisons, known in pair.groups():
        missing = sorted(set(known) - {comparison.name for comparison in comparisons})
        if missing:
            plural = "s" if len(missing) > 1 else ""
            detail = (
                f"{len(missing)} {group}{plural} of the baseline not compared: {named(missing)}"
            )
            yield Finding(Kind.coverage, pair.where, detail)


def keeps_nodes(pair: ResultPair) -> Iterator[Finding]:
    """Every node that the baseline covers is covered."""
    if pair.before is None:
        return
    covered = {node.name for node in pair.now.nodes if is_covered(node)}
    lost = [name for name in pair.before.nodes if name not in covered]
    if lost:
        yield Finding(
            Kind.coverage, pair.where, f"{len(lost)} node(s) no longer compared: {named(lost)}"
        )


def adds_no_blind_spots(pair: ResultPair) -> Iterator[Finding]:
    """What is not compared was not compared before."""
    if pair.before is None:
        return
    known = {*pair.before.uncovered, *pair.before.nodes}
    bare = [node.name for node in pair.now.nodes if not is_covered(node) and node.name not in known]
    if bare:
        yield Finding(
            Kind.coverage, pair.where, f"{len(bare)} new node(s) not compared: {named(bare)}"
        )
    left_out = sorted(set(pair.now.certificate.uncovered) - set(pair.before.uncertified))
    if left_out:
        detail = f"the certificate newly leaves out {named(left_out)}"
        yield Finding(Kind.coverage, pair.where, detail)


def nodes_compute_the_same(pair: ResultPair) -> Iterator[Finding]:
    """No node goes wrong by itself."""
    wrong = [
        node
        for node in pair.now.nodes
        if any(not _sound(part) for part in (node.local, node.certificate))
    ]
    if wrong:
        yield Finding(
            Kind.mismatch,
            pair.where,
            f"{len(wrong)} node(s) go wrong by themselves: {_places(wrong)}",
        )


def nodes_do_not_drift(pair: ResultPair) -> Iterator[Finding]:
    """No node drifts that didn't in the baseline."""
    if pair.before is None:
        return
    drifting = [
        node
        for node in pair.now.nodes
        if is_drifting(node) and node.name not in pair.before.drifting
    ]
    if drifting:
        detail = f"{len(drifting)} node(s) newly drift by more than rounding: {_places(drifting)}"
        yield Finding(Kind.mismatch, pair.where, detail)


def certificate_holds(pair: ResultPair) -> Iterator[Finding]:
    """The float64 certificate doesn't contradict a verdict that passes."""
    certificate = pair.now.certificate
    if _contradicts(pair):
        yield Finding(Kind.certificate, pair.where, f"{certificate.outcome}: {certificate.detail}")


def certificate_is_no_worse(pair: ResultPair) -> Iterator[Finding]:
    """The float64 certificate says at least what it said in the baseline."""
    if pair.before is None or _contradicts(pair):
        return
    now, before = pair.now.certificate, pair.before.certificate
    if _rank(now.outcome) > _rank(before):
        detail = f"{now.outcome}, was {before} in the baseline: {now.detail}"
        yield Finding(Kind.certificate, pair.where, detail)


def tells_news(pair: ResultPair) -> Iterator[Finding]:
    """What is new or better about a result: notes only."""
    if pair.before is None:
        yield Finding(
            Kind.new, pair.where, "the baseline doesn't have this result; judged by itself"
        )
        return
    if _rank(pair.now.certificate.outcome) < _rank(pair.before.certificate):
        detail = f"{pair.now.certificate.outcome}, was {pair.before.certificate}"
        yield Finding(Kind.improved, pair.where, detail)
    gained = [n.name for n in pair.now.nodes if is_covered(n) and n.name in pair.before.uncovered]
    if gained:
        yield Finding(
            Kind.improved, pair.where, f"{len(gained)} more node(s) compared: {named(gained)}"
        )


def _contradicts(pair: ResultPair) -> bool:
    outcome = pair.now.certificate.outcome
    known = pair.now.verdict is Verdict.known_difference
    return outcome not in _CERTIFICATES or (outcome == _DIFFERENT and not known)


def _rank(outcome: str) -> int:
    return _CERTIFICATES.index(outcome) if outcome in _CERTIFICATES else len(_CERTIFICATES)


def _sound(part: Comparison | None) -> bool:
    return part is None or part.verdict not in (Verdict.mismatch, Verdict.error)


def _places(nodes: Sequence[NodeEvidence]) -> str:
    return named([f"{n.name} ({n.op}{f' of {n.module}' if n.module else ''})" for n in nodes])


RESULT_RULES: tuple[Callable[[ResultPair], Iterator[Finding]], ...] = (
    compares_outputs,
    result_passes,
    result_still_differs,
    keeps_tensors,
    keeps_nodes,
    adds_no_blind_spots,
    nodes_compute_the_same,
    nodes_do_not_drift,
    certificate_holds,
    certificate_is_no_worse,
    tells_news,
)
