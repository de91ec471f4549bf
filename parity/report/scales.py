"""Logarithmic axes that also have a place for zero and for what is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_SUPERSCRIPTS = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)
_LABELS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Maps numbers to positions.

    Attributes:
        first, last: the decades at the ends.
        start, end: their positions.
        zero: where zero and negative numbers go; None if there are none.
        beyond: where NaN and the infinities go; None if there are none.
    """

    first: int
    last: int
    start: float
    end: float
    zero: float | None
    beyond: float | None

    @staticmethod
    def over(numbers: Iterable[float], start: float, end: float, lane: float = 18.0) -> LogAxis:
        """An axis for some numbers between two positions; lanes for others are ``lane`` wide.

        >>> axis = LogAxis.over([1e-7, 1e-3, 0.0, float("nan")], 0, 100)
        >>> (axis.first, axis.last), axis.zero, axis.beyond
        ((-7, -3), 0, 100)
        """
        finite, zero, beyond = [], False, False
        for number in numbers:
            if not math.isfinite(number):
                beyond = True
            elif number <= 0:
                zero = True
            else:
                finite.append(number)
        first = math.floor(math.log10(min(finite))) if finite else -1
        last = max(math.ceil(math.log10(max(finite))), first + 1) if finite else 0
        lane = math.copysign(lane, end - start)
        return LogAxis(
            first,
            last,
            start + lane if zero else start,
            end - lane if beyond else end,
            start if zero else None,
            end if beyond else None,
        )

    def at(self, number: float) -> float:
        """The position of a number.

        >>> LogAxis.over([1.0, 100.0], 0, 100).at(10.0)
        50.0
        """
        if not math.isfinite(number):
            return self.end if self.beyond is None else self.beyond
        if number <= 0:
            return self.start if self.zero is None else self.zero
        return self.at_power(math.log10(number))

    def at_power(self, exponent: float) -> float:
        """The position of a power of ten, no further than the ends."""
        share = (exponent - self.first) / (self.last - self.first)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Decades, as many as can be told apart, and the lanes of other numbers."""
        step = -(-(self.last - self.first) // _LABELS)
        decades = range(self.first, self.last + 1, step)
        ticks = [Tick(round(self.at_power(d), 1), power(d)) for d in decades]
        if self.zero is not None:
            ticks.insert(0, Tick(round(self.zero, 1), "0"))
        if self.beyond is not None:
            ticks.append(Tick(round(self.beyond, 1), "nan, inf"))
        return tuple(ticks)


def power(exponent: int) -> str:
    """A power of ten.

    >>> power(-7) == "10\u207b\u2077"
    True
    """
    return "10" + str(exponent).translate(_SUPERSCRIPTS)
