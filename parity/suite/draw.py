"""Arguments drawn by Hypothesis outside of a test."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from parity.suite.case import Arguments


def draws(
    strategy: SearchStrategy[Arguments],
    examples: int,
    use: Callable[[Arguments], None],
    *,
    chance: int | None = None,
) -> None:
    """Call a function with drawn arguments.

    Args:
        strategy: what draws them.
        examples: how many.
        use: called with each.
        chance: the seed of a random run; None for the derandomised one, always the same.
    """

    @settings(
        max_examples=examples,
        derandomize=chance is None,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(arguments: Arguments) -> None:
        use(arguments)

    (one if chance is None else seed(chance)(one))()
