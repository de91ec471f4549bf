"""How numbers are written for people."""

from __future__ import annotations

import math
from collections.abc import Sequence


def figure(number: float) -> str:
    """Three significant digits.

    >>> figure(0.00012345), figure(float("nan")), figure(-float("inf")), figure(12), figure(0.0)
    ('0.000123', 'nan', '-inf', '12', '0')
    """
    return f"{number:.3g}"


def figure_or_dash(number: float | None) -> str:
    """The same; a dash where there is no number."""
    return "-" if number is None else figure(number)


def shape_of(shape: Sequence[int]) -> str:
    """Sizes, as people write them.

    >>> shape_of((2, 3)), shape_of(())
    ('2 x 3', 'scalar')
    """
    return " x ".join(map(str, shape)) or "scalar"


def labelled(group: str, name: str) -> str:
    """A tensor's name with the group it belongs to, unless the name says it already.

    >>> labelled("gradient", "weight"), labelled("gradient", "gradient of weight")
    ('gradient weight', 'gradient of weight')
    """
    return name if name.startswith(f"{group} ") else f"{group} {name}"


def gravest(margins: Sequence[float]) -> float:
    """The largest margin, where NaN counts as the largest of all; 0 of none.

    >>> gravest([0.5, float("nan"), 2.0]), gravest([0.5, 2.0]), gravest([])
    (nan, 2.0, 0.0)
    """
    return max(margins, key=gravity, default=0.0)


def gravity(margin: float) -> tuple[bool, float]:
    """What margins are ordered by: NaN is the gravest.

    >>> sorted([float("nan"), float("inf"), 0.5], key=gravity)
    [0.5, inf, nan]
    """
    return math.isnan(margin), 0.0 if math.isnan(margin) else margin
