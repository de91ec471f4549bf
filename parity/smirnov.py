"""Whether two samples may be of one distribution: Kolmogorov and Smirnov's test."""

from __future__ import annotations

import math


def chance_distance(count: int, other: int, chance: float) -> float:
    """How far apart chance takes the distribution functions of two samples of one distribution.

    With ties the test is only more careful. Source: Smirnov 1939, the limit
    ``2 exp(-2 D^2 nm / (n + m))`` of the chance of a distance ``D``; Hodges, "The significance
    probability of the Smirnov two-sample test" (1958), for how good it is.

    Args:
        count: how many numbers one sample has.
        other: how many the other one has.
        chance: how seldom the distance may be exceeded.

    >>> round(chance_distance(1000, 1000, 1e-9), 3)
    0.146
    """
    return math.sqrt(-math.log(chance / 2) / 2 * (1 / max(count, 1) + 1 / max(other, 1)))
