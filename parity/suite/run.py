"""A row in one type: draw arguments, run every runtime, judge what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.results import Comparison
from parity.sides import Arrays
from parity.suite.case import Arguments, OperatorCase
from parity.suite.draw import draws
from parity.suite.judge import Reference, judged
from parity.suite.oracle import Oracle
from parity.suite.subjects import FORWARD, RUNTIMES, Outcome, Runtime, Way, run, text_of
from parity.suite.tolerances import scales_of
from parity.verdict import Verdict

EAGER = ("torch", "tensorflow", "keras")


@dataclass(frozen=True, slots=True)
class Found:
    """What one runtime's results on one set of arguments were found to be."""

    runtime: str
    comparisons: tuple[Comparison, ...]


def wanted_of(case: OperatorCase, arguments: Arguments) -> tuple[str, ...]:
    """The arguments to differentiate by."""
    if case.gradients is False:
        return ()
    return tuple(
        name
        for name, a in arguments.items()
        if isinstance(a, np.ndarray)
        and (case.gradients is True or name in case.gradients)
        and a.size
        and (a.dtype.kind in "fc" or a.dtype.name == "bfloat16")
    )


def directions_for(results: Arrays, seed: int) -> Arrays:
    """A cotangent for each floating-point output, of numbers that every type holds."""
    generator = np.random.default_rng(seed)
    found: Arrays = {}
    for name, array in results.items():
        if array.dtype.kind not in "fc":
            continue
        drawn = generator.standard_normal(array.shape)
        if array.dtype.kind == "c":
            drawn = drawn + 1j * generator.standard_normal(array.shape)
            found[name] = drawn.astype(np.complex64).astype(np.complex128)
        else:
            found[name] = np.copysign(np.ceil(np.abs(drawn) * 16) / 16, drawn)
    return found


def check(
    case: OperatorCase,
    arguments: Arguments,
    dtype: str,
    runtimes: Sequence[str],
    *,
    device: str = "cpu",
    seed: int = 0,
    budgets: Mapping[str, float] | None = None,
) -> list[Found]:
    """Judge every runtime on one set of arguments.

    Args:
        case: the row.
        arguments: by name, in the type.
        dtype: the type.
        runtimes: by name; those that the row has no call for are left out.
        device: ``cpu`` or ``cuda``.
        seed: of the cotangents and movements.
        budgets: units of the last place, by runtime.
    """
    oracle = Oracle(case)
    truth = oracle(arguments, dtype, FORWARD, seed)
    wanted = wanted_of(case, arguments)
    directions = directions_for(truth.results, seed) if wanted else {}
    way = Way(wanted, directions) if directions else FORWARD
    if way.wanted and not truth.error:
        truth = oracle(arguments, dtype, way, seed)
    outcomes = {
        name: _ran(case, RUNTIMES[name], arguments, dtype, device, way, seed)
        for name in runtimes
        if text_of(case, RUNTIMES[name]) and not (name == "XLA" and case.no_xla)
    }
    if truth.error:
        return [Found(n, (_refusal(truth, o),)) for n, o in outcomes.items()]
    scales = scales_of(oracle, case.rule, arguments, dtype, way, truth.results)
    flushed = _flushed(oracle, arguments, dtype, way, seed)
    reference = Reference(truth.results, flushed, scales)
    first = outcomes.get("torch")
    found = []
    for name, outcome in outcomes.items():
        if outcome.error:
            found.append(Found(name, (_refusal(truth, outcome),)))
            continue
        theirs = RUNTIMES[name].framework != "torch"
        source = first.results if theirs and first and not first.error else None
        comparisons = _compared(
            case, arguments, source, outcome, reference, theirs, (budgets or {}).get(name)
        )
        found.append(Found(name, tuple(comparisons)))
    return found


def _compared(
    case: OperatorCase,
    arguments: Arguments,
    source: Arrays | None,
    outcome: Outcome,
    reference: Reference,
    flushes: bool,
    budget: float | None,
) -> Iterator[Comparison]:
    missing = [name for name in reference.results if name not in outcome.results]
    extra = [name for name in outcome.results if name not in reference.results]
    if extra or missing:
        names = ", ".join(extra or missing)
        detail = f"{names}: on one side only"
        yield Comparison(
            "results", (), "", 0, Verdict.mismatch, "structure", detail, margin=float("inf")
        )
    for name in reference.results:
        if name in outcome.results:
            yield judged(
                case.rule, name, arguments, source, outcome.results, reference,
                flushes=flushes, budget=budget,
            )  # fmt: skip


def _ran(
    case: OperatorCase,
    runtime: Runtime,
    arguments: Arguments,
    dtype: str,
    device: str,
    way: Way,
    seed: int,
) -> Outcome:
    text = text_of(case, runtime)
    return run(text, runtime, arguments, dtype, device=device, way=way, seed=seed)


def _refusal(truth: Outcome, outcome: Outcome) -> Comparison:
    """Both refuse the arguments, or one does."""
    if truth.error and outcome.error:
        detail = f"refused, as by the oracle: {outcome.error}"
        return Comparison("refusal", (), "", 0, Verdict.exact, "structure", detail)
    one = (
        f"raises {outcome.error}: {_short(outcome.message)}" if outcome.error else "gives a result"
    )
    other = f"raises {truth.error}: {_short(truth.message)}" if truth.error else "gives a result"
    return Comparison(
        "refusal", (), "", 0, Verdict.error if outcome.error else Verdict.mismatch, "structure",
        f"it {one}; the oracle {other}", margin=float("inf"),
    )  # fmt: skip


def _short(message: str) -> str:
    return " ".join(message.split())[:300]


def _flushed(oracle: Oracle, arguments: Arguments, dtype: str, way: Way, seed: int) -> Arrays:
    """The oracle's results with subnormal arguments as zeros of their sign; empty without any."""
    given: dict[str, object] = {}
    any_subnormal = False
    for name, a in arguments.items():
        if (
            isinstance(a, np.ndarray)
            and a.size
            and (a.dtype.kind == "f" or a.dtype.name == "bfloat16")
        ):
            wide = a.astype(np.float64)
            tiny = (np.abs(wide) < _SMALLEST[a.dtype.name]) & (wide != 0)
            if tiny.any():
                any_subnormal = True
                a = np.where(tiny, np.copysign(0.0, wide), wide)
        given[name] = a
    return oracle(given, dtype, way, seed).results if any_subnormal else {}


_SMALLEST = {
    "float16": 2.0**-14,
    "bfloat16": 2.0**-126,
    "float32": 2.0**-126,
    "float64": 2.0**-1022,
}


@dataclass(frozen=True, slots=True)
class Line:
    """The worst of what one runtime gave for one result, over all drawn arguments.

    Attributes:
        runtime: its name.
        worst: the comparison that is gravest, or uses most of its tolerance.
        arguments: those that gave it.
        elements: how many elements were compared with all arguments together.
    """

    runtime: str
    worst: Comparison
    arguments: Arguments
    elements: int


def survey(
    case: OperatorCase,
    dtype: str,
    runtimes: Sequence[str] = EAGER,
    *,
    examples: int = 20,
    device: str = "cpu",
    chance: int | None = None,
    budgets: Mapping[str, float] | None = None,
) -> tuple[Line, ...]:
    """Judge a row in one type, on drawn arguments.

    Args:
        case: the row.
        dtype: one of its types.
        runtimes: by name.
        examples: how many sets of arguments are drawn.
        device: ``cpu`` or ``cuda``.
        chance: the seed of a random run; None for the derandomised one.
        budgets: units of the last place, by runtime.

    Returns:
        A line for each runtime and result.
    """
    lines: dict[tuple[str, str], Line] = {}

    def use(arguments: Arguments) -> None:
        for found in check(case, arguments, dtype, runtimes, device=device, budgets=budgets):
            for comparison in found.comparisons:
                key = (found.runtime, comparison.name)
                new = Line(found.runtime, comparison, arguments, compared(comparison))
                old = lines.get(key)
                if old is None:
                    lines[key] = new
                    continue
                worst = max(old, new, key=lambda line: gravity(line.worst))
                lines[key] = replace(worst, elements=old.elements + new.elements)

    draws(case.inputs(dtype), examples, use, chance=chance)
    return tuple(lines.values())


def compared(comparison: Comparison) -> int:
    """How many elements a comparison compared."""
    return comparison.elements if comparison.verdict is not Verdict.inconclusive else 0


def gravity(comparison: Comparison) -> tuple[int, float]:
    """Where a comparison stands among others of one result; nothing compared counts least."""
    if comparison.verdict is Verdict.inconclusive:
        return -1, 0.0
    order = list(Verdict).index(comparison.verdict) if not comparison.verdict.passes else 0
    return order, comparison.margin
