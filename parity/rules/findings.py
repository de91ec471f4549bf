"""What the rules of the gate are given, and what they say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from parity.baseline import Known, KnownResult, identity
from parity.report.numbers import labelled
from parity.results import Comparison, Report, Result
from parity.verdict import Verdict
from parity.waivers import Waiver

_NAMED = 8


class Kind(StrEnum):
    """What a finding is about. The last four are notes, which don't fail."""

    nothing_compared = "nothing compared"
    no_baseline = "no baseline"
    ambiguous = "ambiguous names"
    mismatch = "mismatch"
    nan_mismatch = "nan mismatch"
    undecided = "undecided"
    margin = "margin above 1"
    regression = "regression"
    stopped_reproducing = "known difference stopped reproducing"
    loosened = "tolerance loosened"
    waiver = "waiver expired"
    coverage = "coverage lost"
    certificate = "certificate worse"
    improved = "improved"
    waived = "waived"
    new = "new"
    changed = "changed"


NOTES = frozenset({Kind.improved, Kind.waived, Kind.new, Kind.changed})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the gate has to say: what kind, where, and a sentence."""

    kind: Kind
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReportPair:
    """A report and what the baseline knows of it.

    Attributes:
        report: what was found.
        known: the baseline's results.
        new: whether there is no baseline yet.
        waivers: tolerances that may be looser.
        today: the day on which waivers are judged.
    """

    report: Report
    known: Mapping[str, KnownResult]
    new: bool
    waivers: Sequence[Waiver]
    today: date


_WIDE = frozenset({"float64", "complex128"})
_FINER = 2.0**-29
"""The unit roundoff of float64 over that of float32: two runs of a model in the first differ by so
much less than in the second, of which the A/A interval is."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison and what the baseline knows of it; ``floor`` is the known A/A interval."""

    where: str
    now: Comparison
    before: Known | None
    floor: float

    @property
    def accepted(self) -> bool:
        """Whether it is a known difference that the baseline has too, if it has the tensor."""
        known = Verdict.known_difference
        return self.now.verdict is known and (self.before is None or self.before.verdict is known)

    @property
    def interval(self) -> float:
        """The A/A interval in the tensor's own units."""
        relative = self.now.max_rel
        return self.floor * self.now.max_abs / relative if 0 < relative < math.inf else 0.0

    @property
    def is_wide(self) -> bool:
        """Whether it is of what was computed in float64."""
        return self.now.dtype in _WIDE


@dataclass(frozen=True, slots=True)
class ResultPair:
    """One result and what the baseline knows of it."""

    now: Result
    before: KnownResult | None

    @property
    def where(self) -> str:
        """The result's place, for people."""
        return identity(self.now)

    def groups(self) -> Iterator[tuple[str, Sequence[Comparison], Mapping[str, Known]]]:
        """Outputs, gradients and the certificate's outputs, each with what is known of them."""
        before = self.before
        yield "output", self.now.outputs, before.outputs if before else {}
        yield "gradient", self.now.gradients, before.gradients if before else {}
        yield "float64 output", self.now.certificate.outputs, before.certified if before else {}

    def comparisons(self) -> Iterator[Pair]:
        """Every comparison with what is known of it."""
        floor = self.before.floor if self.before else 0.0
        for group, comparisons, known in self.groups():
            for comparison in comparisons:
                where = f"{self.where}, {labelled(group, comparison.name)}"
                finer = comparison.dtype in _WIDE and self.now.dtype not in _WIDE
                own = floor * _FINER if finer else floor
                yield Pair(where, comparison, known.get(comparison.name), own)


def kind_of(verdict: Verdict) -> Kind:
    """The kind of finding that a verdict that doesn't pass is."""
    return Kind.mismatch if verdict is Verdict.mismatch else Kind.undecided


def reproduces(where: str, now: Verdict, before: Verdict | None) -> Iterator[Finding]:
    """A known difference of the baseline is still there."""
    known = Verdict.known_difference
    if before is known and now.passes and now is not known:
        detail = f"{now}, a known difference in the baseline; update the registry"
        yield Finding(Kind.stopped_reproducing, where, detail)


def named(names: Sequence[str]) -> str:
    """The first few names.

    >>> named(list("abcdefghijk"))
    'a, b, c, d, e, f, g, h and 3 more'
    """
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
