"""What the results should be: the same function on the same inputs, in float64 or beyond it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters import DType, dtype_of
from parity.noise import LANES, Noise, added
from parity.sides import Arrays
from parity.suite.calls import function_of
from parity.suite.case import Arguments, OperatorCase
from parity.suite.rounding import Rounding
from parity.suite.subjects import RUNTIMES, Outcome, Way, named, run, split

MOVES = 8
"""In how many runs the arguments are moved to see how rounding carries."""

_DIGITS = 40
_FINEST = 2.0**-40


def widened(arguments: Arguments) -> dict[str, object]:
    """The arguments with every floating-point array in float64 or complex128."""
    with np.errstate(all="ignore"):  # NaN of some bit patterns
        return {
            name: a.astype(dtype_of(a).promoted.numpy) if isinstance(a, np.ndarray) else a
            for name, a in arguments.items()
        }


def promoted(dtype: str) -> str:
    """The name of the type that the oracle of a type is computed in."""
    return str(DType(dtype).promoted.value)


@dataclass(frozen=True, slots=True)
class Oracle:
    """A row's reference: a function from arguments in float64 to outputs and gradients."""

    case: OperatorCase

    @property
    def side(self) -> str:
        """The runtime whose float64 gives it (and the gradients, where mpmath gives the rest)."""
        return self.case.oracle if self.case.oracle in RUNTIMES else "torch"

    def __call__(
        self,
        arguments: Arguments,
        dtype: str,
        way: Way,
        seed: int = 0,
        rounding: Rounding | None = None,
    ) -> Outcome:
        """Outputs and gradients; ``arguments`` may be in any type."""
        wide = widened(arguments)
        runtime = RUNTIMES[self.side]
        text = getattr(self.case, runtime.call)
        if self.case.oracle in RUNTIMES:
            return run(text, runtime, wide, promoted(dtype), way=way, seed=seed, rounding=rounding)
        language, _, expression = self.case.oracle.partition(":")
        found = named(_flat(_EVALUATE[language](expression, wide)))
        if not way.wanted:
            return Outcome(found)
        given = run(text, runtime, wide, promoted(dtype), way=way, seed=seed)
        return replace(given, results={**given.results, **found}) if not given.error else given


def _flat(result: Any) -> list[np.ndarray]:
    return [np.asarray(r) for r in result] if isinstance(result, (tuple, list)) else [result]


def _numpy(expression: str, arguments: Arguments) -> Any:
    with np.errstate(all="ignore"):
        return function_of(expression, tuple(arguments), "numpy")(**arguments)


def _mpmath(expression: str, arguments: Arguments) -> np.ndarray:
    """Element by element; a pole gives NaN, and what is complex too."""
    import mpmath

    arrays, rest = split(arguments)
    call = function_of(expression, tuple(arguments), "mpmath")
    spread = np.broadcast_arrays(*arrays.values())
    result = np.empty(spread[0].shape, np.float64)
    with mpmath.workdps(_DIGITS):
        for place in itertools.product(*map(range, result.shape)):
            numbers = {
                name: mpmath.mpf(float(array[place]))
                for name, array in zip(arrays, spread, strict=True)
            }
            result[place] = _real(call, {**numbers, **rest})
    return result


def _real(call: Callable[..., Any], arguments: Mapping[str, Any]) -> float:
    try:
        value = call(**arguments)
    except (ValueError, ZeroDivisionError, OverflowError):
        return float("nan")
    if getattr(value, "imag", 0) != 0:
        return float("nan")
    return float(getattr(value, "real", value))


_EVALUATE = {"mpmath": _mpmath, "numpy": _numpy}


def noise(
    oracle: Oracle,
    arguments: Arguments,
    dtype: str,
    way: Way,
    truth: Arrays,
    *,
    terms: float = 1.0,
    unit: float | None = None,
    seed: int = 0,
) -> tuple[dict[str, Noise], str]:
    """How far rounding errors of the arguments carry each result.

    Every floating-point argument and direction is multiplied by ``1 + u xi``, with xi uniform in
    (-1, 1), a few times, and so is what each of PyTorch's operators gives on the way to outputs and
    gradients; where sums of ``terms`` numbers are inside, by correspondingly more.
    It is the first-order bound ``u sum |df/dx_i| |x_i|`` in the root mean square, of any number of
    outputs at once and of gradients as well.

    Args:
        oracle: what is moved.
        arguments: in the type of the run.
        dtype: that type.
        way: which gradients.
        truth: the oracle's results on the unmoved arguments.
        terms: how many terms the operator's sums have.
        unit: the unit roundoff, where it isn't the type's own.
        seed: of the movements.

    Returns:
        The noise of each result, and in words which of the moved runs were refused; those say
        nothing, so that the noise may be too small.
    """
    own = DType(dtype)
    if not (own.is_floating or own.is_complex):
        own = DType.float32
    unit = (unit or own.unit_roundoff) * np.sqrt(1 + terms / (2 * LANES))
    applied = max(unit, _FINEST)
    side = Oracle(replace(oracle.case, oracle=oracle.side))
    still = truth
    if side.case.oracle != oracle.case.oracle or unit != applied:
        still = side(arguments, dtype, way, seed).results
    norms: dict[str, np.ndarray] = {}
    moved: dict[str, np.ndarray] = {}
    refused: list[str] = []
    generator = np.random.default_rng(seed)
    for move in range(MOVES):
        nudged = {n: _nudged(a, applied, generator) for n, a in widened(arguments).items()}
        directions = {n: _nudged(a, applied, generator) for n, a in way.directions.items()}
        outcome = side(
            nudged,
            dtype,
            Way(way.wanted, directions),
            seed,
            Rounding(applied, seed + move),
        )
        if outcome.error:
            refused.append(outcome.error)
        for name, array in outcome.results.items():
            before = still.get(name)
            if before is None or before.shape != array.shape:
                continue
            if array.dtype.kind in "biu":
                moved[name] = moved.get(name, np.zeros(array.shape, bool)) | (array != before)
            else:
                norms[name] = added(norms.get(name), array, before)
    runs = np.sqrt(max(MOVES - len(refused), 1))
    fields = {name: Noise(n / runs * (unit / applied)) for name, n in norms.items()}
    words = f"{len(refused)} of {MOVES} moved runs raise {refused[0]}" if refused else ""
    return fields | {name: Noise(np.zeros(()), m) for name, m in moved.items()}, words


def _nudged(argument: Any, unit: float, generator: np.random.Generator) -> Any:
    if not isinstance(argument, np.ndarray) or argument.dtype.kind not in "fc":
        return argument
    with np.errstate(all="ignore"):
        return np.asarray(argument * (1 + unit * generator.uniform(-1, 1, argument.shape)))
