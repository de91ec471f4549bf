"""One framework's answers recorded here, and another's judged by them elsewhere."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from converters import ConversionError
from parity.environment import processor, processor_words, versions
from parity.errors import CheckError
from parity.suite.bundle import Bundle, BundleError, Entry, by_row, digest_of
from parity.suite.case import Arguments, OperatorCase
from parity.suite.oracle import Oracle
from parity.suite.rows import budgets_of, known_of, require_names, row_of, rows_of
from parity.suite.run import (
    Question,
    answer,
    ask,
    completed,
    directions_for,
    runtimes_of,
    wanted_of,
)
from parity.suite.subjects import FORWARD, RUNTIMES, Outcome, Way, run
from parity.suite.survey import Effort, Survey
from parity.suite.switches import apply_tf32
from parity.suite.tally import Tally
from parity.workers import each, settle


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be recorded of a row in one type: names and numbers only."""

    family: str
    row: str
    dtype: str
    package: str
    framework: str
    runtimes: tuple[str, ...]
    device: str
    effort: Effort


def installed(framework: str) -> bool:
    """Whether a framework is there.

    >>> installed("no_such_framework")
    False
    """
    try:
        return importlib.util.find_spec(framework) is not None
    except (ImportError, ValueError):
        return False


def runtimes_for(framework: str, chosen: Sequence[str] = ()) -> tuple[str, ...]:
    """The runtimes of a framework that can run here, eager ones unless some are chosen.

    Raises:
        CheckError: the framework isn't installed, or a chosen runtime isn't one of its own.
    """
    if not installed(framework):
        raise CheckError(f"{framework} is not installed here, so nothing can be run in it.")
    own = [name for name, r in RUNTIMES.items() if r.framework == framework]
    require_names(chosen, own, f"runtime of {framework}")
    usable = [n for n in own if n != "keras" or installed("keras")]
    return tuple(chosen) or tuple(n for n in usable if not RUNTIMES[n].compiler)


def record_one(recording: Recording) -> list[Entry]:
    """Run one framework on a row's arguments, in a worker."""
    case = row_of(recording.package, recording.row)
    survey = Survey(case, recording.dtype, recording.device)
    found = []
    for arguments in survey.drawn(recording.effort):
        question, way = _asked(case, arguments, recording)
        bare = question or Question.unanswered(arguments, recording.dtype, way)
        outcomes = {
            name: answer(case, RUNTIMES[name], bare, device=recording.device)
            for name in runtimes_of(case, recording.runtimes)
        }
        names = (recording.family, recording.row, recording.dtype, digest_of(case))
        found.append(Entry(*names, arguments, way, 0, question, outcomes))
    return found


def _asked(
    case: OperatorCase, arguments: Arguments, recording: Recording
) -> tuple[Question | None, Way]:
    """The oracle's answer where its framework is there; else what gradients can be taken."""
    if installed(RUNTIMES[Oracle(case).side].framework):
        question = ask(case, arguments, recording.dtype)
        return question, question.way
    wanted = wanted_of(case, arguments)
    if not wanted:
        return None, FORWARD
    runtime = RUNTIMES[recording.framework]
    text: str = getattr(case, runtime.call)
    forward = run(text, runtime, arguments, recording.dtype, device=recording.device)
    directions = directions_for(forward.results, 0)
    return None, Way(wanted, directions) if directions else FORWARD


def record(
    recordings: Sequence[Recording],
    *,
    workers: int,
    seconds: float = 600.0,
    settle: Callable[[], object] = settle,
) -> Iterator[tuple[Recording, list[Entry]]]:
    """Record rows in worker processes.

    Raises:
        CheckError: a row can't be recorded.
    """
    given = [(recording,) for recording in recordings]
    for (recording,), found in each(
        record_one, given, workers=workers, seconds=seconds, tasks_per_process=400, settle=settle
    ):
        if isinstance(found, str):
            raise CheckError(f"{recording.row} in {recording.dtype} can't be recorded: {found}")
        yield recording, found


@dataclass(frozen=True, slots=True)
class Replaying:
    """One row's entries and how they are run again.

    ``recorded`` are the releases that they are of, ``processor`` is the one that they were made on.
    """

    entries: tuple[Entry, ...]
    package: str
    known: str
    runtimes: tuple[str, ...]
    device: str
    tf32: bool
    recorded: dict[str, str]
    processor: str


def replay_one(task: Replaying) -> Tally:
    """Run the other framework on recorded arguments and judge both sides, in a worker."""
    first = task.entries[0]
    case = row_of(task.package, first.row)
    apply_tf32(on=task.tf32)
    budgets = budgets_of(task.package).get(first.row, {}).get(first.dtype, {})
    ran = [processor_words(*processor()), task.processor]
    known = [
        entry
        for entry in known_of(task.known)
        if any(entry.concerns(_versions(task), one) for one in ran)
    ]
    survey = Survey(case, first.dtype, task.device, budgets.get(task.device, {}), known)
    for entry in task.entries:
        with survey.timed("oracle"):
            question = _question(case, entry, tf32=task.tf32)
        outcomes: dict[str, Outcome] = dict(entry.outcomes)
        outcomes.update(survey.answers(question, task.runtimes))
        survey.judge(question, outcomes)
    lines = tuple(survey.lines.values())
    seconds = dict(survey.seconds)
    return Tally(first.row, first.family, first.dtype, task.device, lines, {}, seconds)


def _versions(task: Replaying) -> dict[str, str]:
    """The releases of both sides: of what is judged those that are here."""
    judged = {RUNTIMES[name].framework for name in task.runtimes} | set(task.runtimes)
    return task.recorded | {name: found for name, found in versions().items() if name in judged}


def _question(case: OperatorCase, entry: Entry, *, tf32: bool) -> Question:
    here = installed(RUNTIMES[Oracle(case).side].framework)
    if entry.question is not None and not (tf32 and here):
        return entry.question
    if not here:
        raise ConversionError(
            f"the oracle of {case.name} needs {Oracle(case).side}, which is installed neither "
            "where the bundle was recorded nor here."
        )
    return completed(case, entry.arguments, entry.dtype, entry.way, seed=entry.seed, tf32=tf32)


def replaying(
    bundle: Bundle,
    package: str,
    known: str,
    runtimes: tuple[str, ...],
    device: str,
    *,
    tf32: bool = False,
) -> list[Replaying]:
    """The work that a bundle makes.

    Raises:
        BundleError: a row is unknown here, or is another than the one that was recorded.
    """
    rows = {case.name: case for cases in rows_of(package).values() for case in cases}
    found = []
    for (_, row, _), entries in by_row(bundle.entries).items():
        if row not in rows:
            raise BundleError(f"the bundle has results of {row}, which is no row of {package}.")
        if any(entry.digest != digest_of(rows[row]) for entry in entries):
            raise BundleError(
                f"row {row} is another than when the bundle was recorded: its calls or its rule "
                "have changed. Record the bundle again, or replay it with the same version."
            )
        there = bundle.environment
        words = processor_words(there.cpu, there.cpu_flags)
        found.append(
            Replaying(tuple(entries), package, known, runtimes, device, tf32, there.versions, words)
        )
    return found


def replay(
    tasks: Sequence[Replaying],
    *,
    workers: int,
    seconds: float = 600.0,
    settle: Callable[[], object] = settle,
) -> Iterator[tuple[Replaying, Tally]]:
    """Judge recorded rows in worker processes; a crash is a result."""
    given = [(task,) for task in tasks]
    for (task,), found in each(
        replay_one, given, workers=workers, seconds=seconds, tasks_per_process=400, settle=settle
    ):
        first = task.entries[0]
        if isinstance(found, str):
            found = Tally(first.row, first.family, first.dtype, task.device, failure=found)
        yield task, found
