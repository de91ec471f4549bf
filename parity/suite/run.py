"""A row in one type: draw arguments, run every runtime, judge what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from converters import dtype_of
from parity.known_differences import KnownDifference
from parity.results import Comparison
from parity.sides import Arrays
from parity.suite.case import Arguments, OperatorCase
from parity.suite.judge import Reference, judged
from parity.suite.known import Known
from parity.suite.oracle import Oracle
from parity.suite.rules import Distribution, Factorisation
from parity.suite.special_rules import drawn, factorised
from parity.suite.subjects import FORWARD, RUNTIMES, Outcome, Runtime, Way, run, text_of
from parity.suite.tolerances import Scales, scales_of, smallest_normal
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
    known: Sequence[KnownDifference] = (),
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
        known: the differences that may explain results.
    """
    asked = ask(case, arguments, dtype, seed=seed)
    outcomes = {
        name: answer(case, RUNTIMES[name], asked, device=device)
        for name in runtimes_of(case, runtimes)
    }
    return [
        Found(name, judge(case, asked, outcomes, name, device=device, budgets=budgets, known=known))
        for name in outcomes
    ]


def runtimes_of(case: OperatorCase, runtimes: Sequence[str]) -> list[str]:
    """Those among some runtimes that a row has a call for."""
    return [
        name
        for name in runtimes
        if text_of(case, RUNTIMES[name]) and not (name == "XLA" and case.no_xla)
    ]


@dataclass(frozen=True, slots=True)
class Question:
    """One set of arguments, and what the oracle says to it.

    Attributes:
        arguments: by name, in the type.
        dtype: the type.
        way: which gradients are taken.
        truth: what the oracle gives.
        flushed: what it gives where subnormal arguments are zeros; empty without any.
        scales: what tolerances are made of.
        seed: of the cotangents and movements.
    """

    arguments: Arguments
    dtype: str
    way: Way
    truth: Outcome
    flushed: Arrays
    scales: Scales
    seed: int

    @classmethod
    def unanswered(cls, arguments: Arguments, dtype: str, way: Way, seed: int = 0) -> Question:
        """The question alone."""
        return cls(arguments, dtype, way, Outcome(), {}, Scales({}, {}), seed)


def ask(
    case: OperatorCase, arguments: Arguments, dtype: str, *, seed: int = 0, tf32: bool = False
) -> Question:
    """Run the oracle on one set of arguments.

    Args:
        case: the row.
        arguments: by name, in the type.
        dtype: the type.
        seed: of the cotangents and movements.
        tf32: whether factors of float32 products are rounded to TF32.
    """
    truth = Oracle(case)(arguments, dtype, FORWARD, seed)
    wanted = wanted_of(case, arguments)
    directions = directions_for(truth.results, seed) if wanted else {}
    way = Way(wanted, directions) if directions else FORWARD
    return completed(case, arguments, dtype, way, truth, seed=seed, tf32=tf32)


def completed(
    case: OperatorCase,
    arguments: Arguments,
    dtype: str,
    way: Way,
    truth: Outcome | None = None,
    *,
    seed: int = 0,
    tf32: bool = False,
) -> Question:
    """A question whose gradients are chosen, with the oracle's answer.

    Args:
        case: the row.
        arguments: by name, in the type.
        dtype: the type.
        way: which gradients are taken.
        truth: the oracle's outputs, if they are there already.
        seed: of the movements.
        tf32: whether factors of float32 products are rounded to TF32.
    """
    oracle = Oracle(case)
    if truth is None or (way.wanted and not truth.error):
        truth = oracle(arguments, dtype, way, seed)
    if truth.error or isinstance(case.rule, Distribution):
        return Question(arguments, dtype, way, truth, {}, Scales({}, {}), seed)
    scales = scales_of(oracle, case.rule, arguments, dtype, way, truth.results, tf32=tf32)
    flushed = _flushed(oracle, arguments, dtype, way, seed)
    return Question(arguments, dtype, way, truth, flushed, scales, seed)


def answer(
    case: OperatorCase, runtime: Runtime, asked: Question, *, device: str = "cpu", seed: int = 0
) -> Outcome:
    """Run a row's call in one runtime; without its gradients where those alone are refused."""
    text, seed = text_of(case, runtime), seed or asked.seed
    outcome = run(
        text, runtime, asked.arguments, asked.dtype, device=device, way=asked.way, seed=seed
    )
    if not outcome.error or not asked.way.wanted:
        return outcome
    forward = run(text, runtime, asked.arguments, asked.dtype, device=device, seed=seed)
    return replace(outcome, results=forward.results) if not forward.error else outcome


def judge(
    case: OperatorCase,
    asked: Question,
    outcomes: Mapping[str, Outcome],
    name: str,
    *,
    device: str = "cpu",
    budgets: Mapping[str, float] | None = None,
    known: Sequence[KnownDifference] = (),
) -> tuple[Comparison, ...]:
    """Judge one runtime's answer.

    Args:
        case: the row.
        asked: the arguments, with the oracle's answer.
        outcomes: of all runtimes, this one's among them.
        name: of the runtime.
        device: where it ran.
        budgets: units of the last place, by runtime.
        known: the differences that may explain results.
    """
    outcome, truth = outcomes[name], asked.truth
    theirs = RUNTIMES[name].framework != "torch"
    pair = _pair(outcomes, name, truth)
    entries = Known(case.name, asked.arguments, asked.way.directions, known, name, device)
    if (outcome.error and not outcome.results) or truth.error:
        refused = entries.refusal(*pair)
        return (refused or _refusal(truth, outcome),)
    found: list[Comparison] = []
    if outcome.error:
        refused = entries.refusal(*pair, result="gradient")
        found.append(
            refused or replace(_refusal(replace(truth, error=""), outcome), name="gradient")
        )
    if isinstance(case.rule, Distribution):
        first = outcomes.get("torch", truth)
        if not theirs:
            first = answer(case, RUNTIMES[name], asked, device=device, seed=asked.seed + 1)
        return (*found, *drawn(case.rule, asked.arguments, first.results, outcome.results))
    expected = dict(truth.results)
    if isinstance(case.rule, Factorisation):
        found += factorised(case.rule, asked.arguments, outcome.results, expected)
        expected = {n: a for n, a in expected.items() if n.startswith("gradient")}
    strays = set(outcome.results) - set(truth.results)
    strays |= {n for n in expected if n not in outcome.results and not outcome.error}
    if strays:
        detail = f"{', '.join(sorted(strays))}: on one side only"
        found.append(_structure("results", Verdict.mismatch, detail))
    reference = Reference(expected, asked.flushed, asked.scales)
    first_results = pair[0].results if theirs and not pair[0].error else None
    for result in expected:
        if result in outcome.results:
            found.append(
                judged(
                    case.rule, result, asked.arguments, first_results, outcome.results, reference,
                    flushes=theirs and device == "cpu", budget=(budgets or {}).get(name),
                    explained=entries.explained(result, *pair),
                )
            )  # fmt: skip
    return tuple(found)


def _pair(outcomes: Mapping[str, Outcome], name: str, truth: Outcome) -> tuple[Outcome, Outcome]:
    """PyTorch's outcome and TensorFlow's, of which one is the runtime's own.

    Where the other framework wasn't run, or has no gradient, the oracle stands for it.
    """
    other = outcomes.get("tensorflow" if RUNTIMES[name].framework == "torch" else "torch", truth)
    other = replace(other, results={**truth.results, **other.results})
    if RUNTIMES[name].framework == "torch":
        return outcomes[name], other
    return other, outcomes[name]


def _refusal(truth: Outcome, outcome: Outcome) -> Comparison:
    """Both refuse the arguments, or one does."""
    if truth.error and outcome.error:
        detail = f"refused, as by the oracle: {outcome.error}"
        return replace(_structure("refusal", Verdict.exact, detail), margin=0.0)
    one = (
        f"raises {outcome.error}: {_short(outcome.message)}" if outcome.error else "gives a result"
    )
    other = f"raises {truth.error}: {_short(truth.message)}" if truth.error else "gives a result"
    verdict = Verdict.error if outcome.error else Verdict.mismatch
    return _structure("refusal", verdict, f"it {one}; the oracle {other}")


def _structure(name: str, verdict: Verdict, detail: str) -> Comparison:
    return Comparison(name, (), "", 0, verdict, "structure", detail, margin=float("inf"))


def _short(message: str) -> str:
    return " ".join(message.split())[:300]


def _flushed(oracle: Oracle, arguments: Arguments, dtype: str, way: Way, seed: int) -> Arrays:
    """The oracle's results with subnormal arguments as zeros of their sign; empty without any."""
    given: dict[str, object] = {}
    subnormal = False
    for name, a in arguments.items():
        if isinstance(a, np.ndarray) and dtype_of(a).is_floating:
            with np.errstate(all="ignore"):  # NaN of some bit patterns
                wide = a.astype(np.float64)
            tiny = (np.abs(wide) < smallest_normal(a.dtype.name)) & (wide != 0)
            if tiny.any():
                subnormal = True
                a = np.where(tiny, np.copysign(0.0, wide), wide)
        given[name] = a
    return oracle(given, dtype, way, seed).results if subnormal else {}
