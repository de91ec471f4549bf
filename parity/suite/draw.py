"""Arguments: drawn by Hypothesis outside of a test, or every number of a type at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from converters import DType
from parity.errors import CheckError
from parity.suite.case import Arguments

_CHECKS = list(HealthCheck)


def drawn_arguments(
    strategy: SearchStrategy[Arguments], examples: int, chance: int | None = None
) -> list[Arguments]:
    """Sets of arguments.

    Args:
        strategy: what draws them.
        examples: how many.
        chance: the seed of a random run; None for the derandomised one, always the same.

    Raises:
        CheckError: the strategy finds none.
    """
    found: list[Arguments] = []

    @settings(
        max_examples=examples,
        derandomize=chance is None,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=_CHECKS,
    )
    @given(strategy)
    def one(arguments: Arguments) -> None:
        found.append(arguments)

    try:
        (one if chance is None else seed(chance)(one))()
    except Unsatisfiable as error:
        raise CheckError(f"its strategy finds no arguments: {error}") from error
    return found


def smallest_arguments(
    strategy: SearchStrategy[Arguments],
    examples: int,
    fails: Callable[[Arguments], bool],
    chance: int | None = None,
) -> Arguments | None:
    """The simplest arguments with which something fails; None where it doesn't.

    Args:
        strategy: what draws them.
        examples: how many are tried before the first failure.
        fails: whether it does; it may stop saying so when its time is up.
        chance: as for :func:`drawn_arguments`.
    """
    chosen = settings(
        max_examples=examples,
        derandomize=chance is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=_CHECKS,
    )
    failed: list[Arguments] = []

    def noted(arguments: Arguments) -> bool:
        if not fails(arguments):
            return False
        failed.append(arguments)
        return True

    try:
        return find(strategy, noted, settings=chosen)
    except (NoSuchExample, Unsatisfiable):
        return None
    except Flaky:
        return min(failed, key=_elements)


def _elements(arguments: Arguments) -> int:
    return sum([a.size for a in arguments.values() if isinstance(a, np.ndarray)])


def whole_type(like: Arguments, name: str, dtype: str, count: int, start: int = 0) -> Arguments:
    """Arguments in which one array holds numbers spread over all that a type has.

    The numbers are those of equidistant bit patterns, so that every exponent has its share. Of a
    16-bit type 65,536 are all. The other arrays become one number each.

    Args:
        like: other arguments of the row.
        name: the array.
        dtype: its type.
        count: how many numbers.
        start: the first bit pattern.
    """
    kind = DType(dtype)
    bits = 8 * (kind.itemsize // (2 if kind.is_complex else 1))
    patterns = (
        np.arange(min(count, 2**bits), dtype=np.uint64) * (2**bits // min(count, 2**bits))
    ).astype(np.uint64) + np.uint64(start)
    if not kind.is_floating:
        low = -(2 ** (bits - 1)) if kind.value.startswith("int") else 0
        numbers = (patterns.astype(np.int64) + low).astype(kind.numpy)
    else:
        numbers = patterns.astype(f"uint{bits}").view(kind.numpy)
    found: dict[str, object] = {}
    for other, value in like.items():
        if other == name:
            found[other] = numbers
        elif isinstance(value, np.ndarray):
            found[other] = (
                value.reshape(-1)[:1].reshape(()) if value.size else np.ones((), value.dtype)
            )
        else:
            found[other] = value
    return found
