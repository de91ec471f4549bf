"""One piece of work: a row in one type, or several rows compiled as one graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.environment import processor, processor_words, versions
from parity.suite.rows import budgets_of, known_of, row_of
from parity.suite.run import Question
from parity.suite.survey import EAGER, TRACED, Effort, Survey, to_compile, without_numbers
from parity.suite.tally import Tally
from parity.suite.together import answers_together

Pair = tuple[str, str, str]
"""A family, a row and a type."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker does; it names rows and brings no code.

    Attributes:
        pairs: the rows with their types: one, or several whose PyTorch calls are compiled together.
        runtimes: by name.
        package: of the rows.
        known: the package of known differences; empty for none.
        device: ``cpu`` or ``cuda``.
        effort: how much is tried.
    """

    pairs: tuple[Pair, ...]
    runtimes: tuple[str, ...]
    package: str
    known: str = ""
    device: str = "cpu"
    effort: Effort = Effort()  # noqa: RUF009  # frozen

    @property
    def together(self) -> bool:
        """Whether it compiles rows together."""
        return self.runtimes == ("torch.compile",)


def perform(task: Task) -> tuple[Tally, ...]:
    """Do a task, in a worker."""
    surveys = [_survey(task, pair) for pair in task.pairs]
    if task.together:
        _compiled(task, surveys)
    else:
        for survey in surveys:
            survey.run(task.effort, task.runtimes)
    return tuple(
        Tally(
            row, family, dtype, task.device, tuple(survey.lines.values()),
            dict(survey.floor), dict(survey.seconds),
        )
        for (family, row, dtype), survey in zip(task.pairs, surveys, strict=True)
    )  # fmt: skip


def _survey(task: Task, pair: Pair) -> Survey:
    _, row, dtype = pair
    budgets = budgets_of(task.package).get(row, {}).get(dtype, {}).get(task.device, {})
    here = versions(), processor_words(*processor())
    known = [entry for entry in known_of(task.known) if entry.concerns(*here)]
    return Survey(row_of(task.package, row), dtype, task.device, budgets, known)


def _compiled(task: Task, surveys: Sequence[Survey]) -> None:
    """A few arguments of each row, in one graph."""
    effort = replace(task.effort, samples=0)
    asked = []
    for survey in surveys:
        questions: list[Question] = []
        for arguments in reversed(survey.drawn(effort)):
            questions.insert(0, survey.ask(arguments))
            if questions[0].truth.results and not without_numbers(questions):
                break
        asked += [(survey, questions[place]) for place in sorted(to_compile(questions, 1))]
    with surveys[0].timed("frameworks"):
        answers = answers_together([(survey.case, one) for survey, one in asked], task.device)
    for (survey, one), outcome in zip(asked, answers, strict=True):
        outcomes = survey.answers(one, ["tensorflow"])  # a known difference is about two sides
        survey.judge(one, {**outcomes, "torch.compile": outcome}, only=["torch.compile"])


def failed(task: Task, reason: str) -> tuple[Tally, ...]:
    """What is known of a task that has no result."""
    return tuple(
        Tally(row, family, dtype, task.device, failure=reason) for family, row, dtype in task.pairs
    )


def tasks_of(
    rows: Sequence[tuple[str, str, tuple[str, ...]]],
    *,
    package: str,
    known: str = "",
    device: str = "cpu",
    dtypes: Sequence[str] = (),
    effort: Effort = Effort(),  # noqa: B008  # frozen
    runtimes: Sequence[str] = (*EAGER, *TRACED, "torch.compile"),
    together: int = 24,
    spread: int = 1,
) -> list[Task]:
    """The work that some rows make.

    Args:
        rows: family, name and types of each.
        package: of the rows.
        known: of the known differences.
        device: where everything runs.
        dtypes: only these; empty for all.
        effort: how much is tried.
        runtimes: which.
        together: how many calls are compiled as one graph by ``torch.compile``.
        spread: it gets every so many-th row.
    """
    pairs = [
        (family, row, dtype)
        for family, row, types in rows
        for dtype in types
        if not dtypes or dtype in dtypes
    ]
    single = tuple(name for name in runtimes if name != "torch.compile")
    found = [Task((pair,), single, package, known, device, effort) for pair in pairs if single]
    if "torch.compile" in runtimes and effort.compiled:
        first = {row: types[0] for _, row, types in rows}
        some = {row for _, row, _ in rows[::spread]}
        chosen = [
            pair
            for pair in pairs
            if pair[1] in some
            and (effort.every_type or len(dtypes) == 1 or pair[2] == first[pair[1]])
        ]
        for place in range(0, len(chosen), together):
            group = tuple(chosen[place : place + together])
            found.append(Task(group, ("torch.compile",), package, known, device, effort))
    return found
