"""A row in one type on many sets of arguments: what was worst, and how long everything took."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import ml_dtypes
import numpy as np

from converters import DType
from parity.known_differences import KnownDifference
from parity.results import Comparison
from parity.suite.case import Arguments, OperatorCase
from parity.suite.digests import digest
from parity.suite.draw import drawn_arguments, smallest_arguments, whole_type
from parity.suite.repro import program_of
from parity.suite.rules import Distribution, Factorisation
from parity.suite.run import Question, answer, ask, judge, runtimes_of
from parity.suite.subjects import RUNTIMES, Outcome
from parity.suite.tally import Line, Spread, spread_of
from parity.verdict import Verdict

EAGER = ("torch", "tensorflow", "keras")
TRACED = ("tf.function", "XLA")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried.

    Attributes:
        examples: sets of arguments, run eagerly.
        compiled: how many of them, the largest, are compiled as well; and one more where a result
            is no finite number with those.
        samples: elements of an elementwise function tried in one call; 16-bit types are tried as a
            whole where a framework is the oracle.
        whole: try every 16-bit number even where mpmath is the oracle, which takes seconds.
        every_type: compile each type of a row, not its first alone.
        shrink: for how many seconds simpler arguments are looked for that fail too.
        chance: the seed of a random run; None for the derandomised one.
    """

    examples: int = 5
    compiled: int = 1
    samples: int = 1024
    whole: bool = False
    every_type: bool = False
    shrink: float = 5.0
    chance: int | None = None


@dataclass
class Survey:
    """Collects what one row gives in one type."""

    case: OperatorCase
    dtype: str
    device: str = "cpu"
    budgets: Mapping[str, float] = field(default_factory=dict)
    known: Sequence[KnownDifference] = ()
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def drawn(self, effort: Effort) -> list[Arguments]:
        """Arguments, the largest last; of an elementwise function numbers of every exponent."""
        with self.timed("drawing"):
            found = drawn_arguments(self.case.inputs(self.dtype), effort.examples, effort.chance)
            found.sort(key=size_of)
            if self.case.every and found and effort.samples:
                count = effort.samples
                short = DType(self.dtype).itemsize <= 2
                if short and (effort.whole or not self.case.oracle.startswith("mpmath")):
                    count = 2**16
                found.append(whole_type(found[-1], self.case.every, self.dtype, count))
            return found

    def run(self, effort: Effort, runtimes: Sequence[str]) -> None:
        """Try everything: eager runtimes on all arguments, compiled ones on a few."""
        drawn = self.drawn(effort)
        if not effort.every_type and self.dtype != self.case.dtypes[0]:
            effort = replace(effort, compiled=0)
        eager = [name for name in runtimes if not RUNTIMES[name].compiler]
        questions = [self.ask(arguments) for arguments in drawn]
        compiled = to_compile(questions, effort.compiled)
        for place, asked in enumerate(questions):
            outcomes = self.answers(asked, runtimes if place in compiled else eager)
            self.judge(asked, outcomes)
            if place == len(drawn) - 1:
                self._itself(asked, outcomes)
        if effort.shrink:
            self._shrink(effort)

    def _shrink(self, effort: Effort) -> None:
        """Say with which simplest arguments the first failure is seen."""
        bad = [key for key, line in self.lines.items() if line.arguments]
        if not bad:
            return
        runtime, name = bad[0]
        pair = {"torch", "tensorflow", runtime} if not RUNTIMES[runtime].compiler else {runtime}
        end = time.perf_counter() + effort.shrink

        def line_of(arguments: Arguments) -> Line | None:
            other = Survey(self.case, self.dtype, self.device, self.budgets, self.known)
            asked = other.ask(arguments)
            other.judge(asked, other.answers(asked, sorted(pair)), only=[runtime])
            return other.lines.get((runtime, name))

        def fails(arguments: Arguments) -> bool:
            if time.perf_counter() > end:
                return False
            line = line_of(arguments)
            return line is not None and bool(line.arguments)

        strategy = self.case.inputs(self.dtype)
        found = smallest_arguments(strategy, effort.examples, fails, effort.chance)
        if found is not None:
            simplest = line_of(found)
            program = simplest.program if simplest is not None else ""
            line = self.lines[runtime, name]
            self.lines[runtime, name] = replace(line, arguments=in_words(found), program=program)

    def ask(self, arguments: Arguments) -> Question:
        """The oracle's answer."""
        with self.timed("oracle"):
            return ask(self.case, arguments, self.dtype)

    def answers(self, asked: Question, runtimes: Sequence[str]) -> dict[str, Outcome]:
        """The runtimes' answers."""
        with self.timed("frameworks"):
            return {
                name: answer(self.case, RUNTIMES[name], asked, device=self.device)
                for name in runtimes_of(self.case, runtimes)
            }

    def judge(
        self, asked: Question, outcomes: Mapping[str, Outcome], only: Sequence[str] = ()
    ) -> None:
        """Judge what came back, or what came back from some runtimes."""
        with self.timed("judging"):
            for name in only or outcomes:
                found = judge(
                    self.case, asked, outcomes, name,
                    device=self.device, budgets=self.budgets, known=self.known,
                )  # fmt: skip
                for comparison in found:
                    self._add(name, comparison, asked, outcomes[name])

    def _add(self, runtime: str, comparison: Comparison, asked: Question, outcome: Outcome) -> None:
        name = comparison.name
        count = comparison.elements if comparison.verdict is not Verdict.inconclusive else 0
        spread = Spread()
        measured = _is_numeric(self.case) and comparison.verdict is not Verdict.known_difference
        if measured and name in outcome.results and name in asked.truth.results:
            spread = spread_of(outcome.results[name], np.asarray(asked.truth.results[name]))
        words = program = ""
        if gravity(comparison)[0] > 0:
            program = program_of(self.case, runtime, asked, name)
            place = comparison.worst.index if comparison.worst is not None else ()
            words = in_words(asked.arguments, place if comparison.shape else ())
        old = self.lines.get((runtime, name))
        given = {name: outcome.results.get(name, outcome.error)}
        digests = (
            digest(asked.arguments, after=old.asked if old else ""),
            digest(given, after=old.given if old else ""),
        )
        new = Line(runtime, comparison, count, 1, spread, words, program, *digests)
        if old is not None:
            worst = max(old, new, key=lambda line: gravity(line.worst))
            new = replace(
                worst,
                elements=old.elements + new.elements,
                examples=old.examples + 1,
                spread=old.spread + new.spread,
                asked=new.asked,
                given=new.given,
            )
        self.lines[runtime, name] = new

    def _itself(self, asked: Question, outcomes: Mapping[str, Outcome]) -> None:
        """Each eager runtime against itself, once more."""
        if isinstance(self.case.rule, Distribution):
            return
        with self.timed("frameworks"):
            for name in outcomes:
                if not RUNTIMES[name].compiler:
                    again = answer(self.case, RUNTIMES[name], asked, device=self.device)
                    self.floor[name] = _apart(outcomes[name], again)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count how long a block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - began


def survey(
    case: OperatorCase,
    dtype: str,
    runtimes: Sequence[str] = EAGER,
    *,
    examples: int = 10,
    known: Sequence[KnownDifference] = (),
) -> tuple[Line, ...]:
    """Judge a row in one type, on drawn arguments.

    Args:
        case: the row.
        dtype: one of its types.
        runtimes: by name.
        examples: how many sets of arguments are drawn.
        known: the differences that may explain results.

    Returns:
        A line for each runtime and result.
    """
    one = Survey(case, dtype, known=known)
    one.run(Effort(examples=examples), runtimes)
    return tuple(one.lines.values())


def to_compile(questions: Sequence[Question], count: int) -> set[int]:
    """Which questions compiled runtimes get: the last, and those without which nothing is compared.

    Args:
        questions: with the largest arguments last.
        count: how many at least.

    Returns:
        Their places: the last, and for each result that has no finite number there the last one in
        which it has.
    """
    if not count:
        return set()
    chosen = set(range(len(questions))[-count:])
    for name in dict.fromkeys(name for one in questions for name in one.truth.results):
        finite = [place for place, one in enumerate(questions) if _has_finite(one, name)]
        if finite and not chosen.intersection(finite):
            chosen.add(finite[-1])
    return chosen


def without_numbers(questions: Sequence[Question]) -> tuple[str, ...]:
    """The results that should have no finite number in any of some answers.

    Args:
        questions: with the oracle's answers.
    """
    names = dict.fromkeys(name for one in questions for name in one.truth.results)
    return tuple(n for n in names if not any(_has_finite(one, n) for one in questions))


def _has_finite(asked: Question, name: str) -> bool:
    """Whether a result should have a number that its type holds."""
    array = np.asarray(asked.truth.results.get(name, ()))
    if array.dtype.kind in "fc" and asked.dtype in _LARGEST:
        with np.errstate(all="ignore"):
            return bool((np.abs(array) <= _LARGEST[asked.dtype]).any())
    return bool(array.size)


_LARGEST = {
    dtype.value: float(ml_dtypes.finfo(dtype.numpy).max)  # type: ignore[no-untyped-call]
    for dtype in DType
    if dtype.is_floating or dtype.is_complex
}


def size_of(arguments: Arguments) -> int:
    """How many elements the arrays among some arguments have."""
    return sum(a.size for a in arguments.values() if isinstance(a, np.ndarray))


def _is_numeric(case: OperatorCase) -> bool:
    return not isinstance(case.rule, (Distribution, Factorisation))


def _apart(one: Outcome, other: Outcome) -> float:
    largest = 0.0
    for name, array in one.results.items():
        again = other.results.get(name)
        if again is None or again.shape != array.shape or array.dtype.kind in "biu":
            continue
        wide = np.complex128 if array.dtype.kind == "c" else np.float64
        with np.errstate(all="ignore"):
            apart = np.abs(array.astype(wide) - again.astype(wide))
            scale = np.abs(array.astype(wide))
        finite = np.isfinite(apart) & np.isfinite(scale)
        if finite.any() and apart[finite].max() > 0:
            largest = max(largest, float(apart[finite].max() / scale[finite].max()))
    return largest


def gravity(comparison: Comparison) -> tuple[int, float]:
    """Where a comparison stands among others of one result; nothing compared counts least."""
    if comparison.verdict is Verdict.inconclusive:
        return -1, 0.0
    order = list(Verdict).index(comparison.verdict) if not comparison.verdict.passes else 0
    return order, comparison.margin


def in_words(arguments: Arguments, index: tuple[int, ...] = ()) -> str:
    """Arguments as a test would write them.

    Args:
        arguments: by name.
        index: of the element that counts, which is all that is shown of a long array of its shape.
    """
    return ", ".join(f"{name}={_word(value, index)}" for name, value in arguments.items())


def _word(value: object, index: tuple[int, ...]) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size <= _SHOWN:
        return f"np.array({value.tolist()}, {str(value.dtype)!r})"
    inside = len(index) == value.ndim and all(
        i < n for i, n in zip(index, value.shape, strict=True)
    )
    if inside and index:
        return f"np.array({value[index].tolist()}, {str(value.dtype)!r})"
    return f"{value.dtype}{list(value.shape)}"


_SHOWN = 24
