"""The words in which a comparison ends."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What was found.

    ``exact``: bit for bit. ``rounding``: the same function, differing by what its arithmetic
    explains. ``quantisation``: the same function, differing by what the scales of a quantised file
    explain. ``known difference``: registered, asserted, explained. ``decision flip``: a discrete
    choice fell the other way inside its margin. ``inconclusive``: not enough evidence either way.
    ``mismatch``: not rounding. ``unsupported``: not convertible. ``error``: one side failed to run.
    """

    exact = "exact"
    rounding = "rounding"
    quantisation = "quantisation"
    known_difference = "known difference"
    decision_flip = "decision flip"
    inconclusive = "inconclusive"
    mismatch = "mismatch"
    unsupported = "unsupported"
    error = "error"

    @property
    def passes(self) -> bool:
        """Whether a release may go on."""
        return self in _PASSING

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The gravest of several; ``inconclusive`` of none, for comparing nothing proves nothing.

        >>> Verdict.worst([Verdict.exact, Verdict.mismatch, Verdict.rounding])
        <Verdict.mismatch: 'mismatch'>
        >>> Verdict.worst([])
        <Verdict.inconclusive: 'inconclusive'>
        """
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.inconclusive)


_PASSING = frozenset(
    {
        Verdict.exact,
        Verdict.rounding,
        Verdict.quantisation,
        Verdict.known_difference,
        Verdict.decision_flip,
    }
)
