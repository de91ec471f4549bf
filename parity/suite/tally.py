"""What a task found, as values that travel between processes and stand in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from converters import dtype_of
from parity.compare import ulp
from parity.results import Comparison
from parity.suite.tolerances import smallest_normal

EDGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1024.0)
"""Units of the last place between the bars of a distribution; the last bar has no end."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Errors of one result in units of the last place.

    Attributes:
        counts: how many elements lie in each bar between :data:`EDGES`.
        largest: the largest error.
    """

    counts: tuple[int, ...] = (0,) * (len(EDGES) + 1)
    largest: float = 0.0

    def __add__(self, other: Spread) -> Spread:
        """Both together."""
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Spread(counts, max(self.largest, other.largest))

    @property
    def p99(self) -> float:
        """The end of the bar that 99 % of the elements don't exceed."""
        total, seen = sum(self.counts), 0
        for edge, count in zip(EDGES, self.counts, strict=False):
            seen += count
            if seen >= 0.99 * total:
                return min(edge, self.largest)
        return self.largest


def spread_of(array: np.ndarray, oracle: np.ndarray) -> Spread:
    """How far a result is from the oracle, element by element.

    Where either is not finite, or the oracle is below the smallest normal number, units of the last
    place say nothing.
    """
    if array.dtype.kind in "biu" or array.shape != oracle.shape or not array.size:
        return Spread()
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        here, there = array.astype(wide), oracle.astype(wide)
        unit = ulp(np.abs(np.where(np.isfinite(there), there, 1.0)), array.dtype)
        error = np.abs(here - there) / unit
    normal = np.abs(there) >= smallest_normal(str(dtype_of(array).value))
    error = error[np.isfinite(error) & normal]
    if not error.size:
        return Spread()
    counts = np.bincount(np.searchsorted(EDGES, error), minlength=len(EDGES) + 1)
    return Spread(tuple(int(count) for count in counts), float(error.max()))


@dataclass(frozen=True, slots=True)
class Line:
    """One result of one runtime, over all drawn arguments.

    Attributes:
        runtime: its name.
        worst: the comparison that is gravest, or uses most of its tolerance.
        elements: how many elements were compared with all arguments together.
        examples: with how many sets of arguments.
        spread: its errors, in units of the last place.
        arguments: those that gave the worst, in words, if it doesn't pass.
        program: shows the worst where it doesn't pass; it needs nothing of this project.
        asked: digest of the arguments, of all that were tried.
        given: digest of what came back.
    """

    runtime: str
    worst: Comparison
    elements: int
    examples: int = 1
    spread: Spread = Spread()
    arguments: str = ""
    program: str = ""
    asked: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """One row in one type on one device.

    Attributes:
        row: the row's name; ``family`` where it stands.
        dtype: the type; ``device``: where it ran.
        lines: by runtime and result.
        floor: spread of each runtime against itself (A/A), over max |output|.
        seconds: spent on ``drawing``, ``oracle``, ``frameworks`` and ``judging``.
        failure: why there is nothing; empty if there is something.
    """

    row: str
    family: str
    dtype: str
    device: str
    lines: tuple[Line, ...] = ()
    floor: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
