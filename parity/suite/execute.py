"""Tasks in worker processes or on a cluster: a crash is a result, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import replace
from typing import Any

from converters import ConversionError, executor
from parity.environment import collect
from parity.errors import CheckError
from parity.results import Environment
from parity.suite.tally import Tally
from parity.suite.task import Task, failed, perform
from parity.workers import each, settle

SECONDS = 600.0
TASKS_PER_PROCESS = 400
_DEATHS = ("the process ended", "a worker of Ray's failed")


def execute(
    tasks: Sequence[Task],
    *,
    workers: int,
    cluster: bool = False,
    seconds: float = SECONDS,
    settle: Callable[[], object] = settle,
    seen: list[Environment] | None = None,
) -> Iterator[tuple[Task, tuple[Tally, ...]]]:
    """Do tasks; what they found comes as it is done.

    A task whose worker dies is done once more: machines of a cluster come and go. If it dies again
    it is the task that kills it, and that is its result. Rows that were compiled together are then
    tried one by one, so that only the culprit fails.

    Args:
        tasks: what is to be done.
        workers: how many at a time.
        cluster: on a Ray cluster instead of this machine.
        seconds: how long one task may take on this machine.
        settle: prepares a worker.
        seen: takes the environments of the workers.

    Yields:
        Each task with what it found, once.
    """
    run = _on_cluster if cluster else _here
    todo, deaths = list(tasks), Counter[Task]()
    while todo:
        again: list[Task] = []
        for task, found in run(todo, workers, seconds, settle):
            if not isinstance(found, str):
                tallies, where = found
                if where is not None and seen is not None and where not in seen:
                    seen.append(where)
                yield task, tallies
                continue
            deaths[task] += found.startswith(_DEATHS)
            if deaths[task] == 1:
                again += _parts(task)
            else:
                yield task, failed(task, found)
        todo = again


def _parts(task: Task) -> list[Task]:
    return [replace(task, pairs=(pair,)) for pair in task.pairs]


def _here(
    tasks: Sequence[Task], workers: int, seconds: float, settle: Callable[[], object]
) -> Iterator[tuple[Task, Any]]:
    given = [(task,) for task in tasks]
    for (task,), found in each(
        _done, given, workers=workers, seconds=seconds,
        tasks_per_process=TASKS_PER_PROCESS, settle=settle,
    ):  # fmt: skip
        yield task, found


def _on_cluster(
    tasks: Sequence[Task], workers: int, seconds: float, settle: Callable[[], object]
) -> Iterator[tuple[Task, Any]]:
    with executor("ray", workers) as pool:
        futures = {pool.submit(_settled, task, settle): task for task in tasks}
        late = seconds * (1 + len(tasks) / workers)
        try:
            for future in as_completed(futures, timeout=late):
                task = futures.pop(future)
                try:
                    yield task, future.result()
                except ConversionError as error:
                    yield task, str(error)
        except TimeoutError:
            for task in futures.values():
                yield task, f"it was not done in {late:g} s"


Done = tuple[tuple[Tally, ...], Environment | None]
"""What a task found, and where: said once by each process."""

_SAID: list[Environment] = []


def _settled(task: Task, settle: Callable[[], object]) -> Done | str:
    settle()
    return _done(task)


def _done(task: Task) -> Done | str:
    """What a task finds; an exception in it is this tool's own, or a row's."""
    try:
        found = perform(task)
    except Exception as error:  # noqa: BLE001  # one row ends nothing but itself
        return f"raises {type(error).__name__}: {error}"
    if _SAID:
        return found, None
    _SAID.append(collect())
    return found, _SAID[0]


def environment(settle: Callable[[], object] = settle) -> Environment:
    """Where this machine's workers make their numbers.

    Args:
        settle: prepares a worker.
    """
    (_, found), *_ = each(
        _environment, [()], workers=1, seconds=SECONDS, tasks_per_process=1, settle=settle
    )
    if isinstance(found, str):
        raise CheckError(f"the frameworks can't be loaded: {found}")
    return found


def require_device(device: str, settle: Callable[[], object] = settle) -> None:
    """Refuse a GPU that isn't there, before every row fails of it.

    Args:
        device: ``cpu`` or ``cuda``.
        settle: prepares a worker.

    Raises:
        CheckError: the frameworks find no GPU.
    """
    if device == "cuda" and environment(settle).gpu == "none":
        raise CheckError(
            "no framework finds a GPU here: there is none, or what is installed was built without "
            "CUDA. Run it on a machine with one ('parity record' makes a bundle to take there), or "
            "leave --device out."
        )


def _environment() -> Environment:
    return collect()
