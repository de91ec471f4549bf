"""Every sample of PyTorch's operator database, in parallel: ``python -m cases.sweep``.

Each operator and dtype is a task of its own in a worker process, so one that crashes or hangs ends
nothing but itself. What is done is kept on disk, and a run that was interrupted goes on where it
stopped, as long as neither the code nor the frameworks have changed.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cases.kept import keep, kept
from cases.known_limits import limit_of
from cases.op_db import operators
from cases.op_verdicts import ERROR, REFUSED, RIGHT, Outcome, Tally, tally
from cases.sweep_results import BASELINE, DTYPES, fingerprint, read, summary, write
from cases.sweep_table import page
from parity.workers import each, settle

FOLDER = Path("reports/sweep")
SECONDS_PER_OPERATOR = 1800
OTHERS = 3
"""How many samples of each operator are tried in other dtypes than float32, unless told."""

TASKS_PER_PROCESS = 300

Task = tuple[str, str, int | None]
"""An operator, the dtype of its samples, and how many of them; None for all."""


def tasks(
    names: Sequence[str], dtypes: Sequence[str], limit: int | None, others: int
) -> list[Task]:
    """What is to be judged.

    Args:
        names: of operators; all where there are none.
        dtypes: of samples.
        limit: at most so many float32 samples of each operator; None for every one.
        others: at most so many in each other dtype.
    """
    return [
        (name, dtype, limit if dtype == "float32" else others)
        for dtype in dtypes
        for name in operators(dtype)
        if not names or name in names
    ]


def judged(name: str, dtype: str, limit: int | None) -> Tally:
    """One task, in a worker."""
    return tally(name, dtype, limit=limit)


def sweep(
    todo: Sequence[Task],
    *,
    workers: int,
    seconds: float,
    judged: Callable[[str, str, int | None], Tally] = judged,
    settle: Callable[[], object] = settle,
) -> Iterator[Tally]:
    """Judge operators in parallel; results come as they are done.

    Args:
        todo: the operators.
        workers: how many processes.
        seconds: how long one operator may take.
        judged: does one task, in a worker.
        settle: prepares a worker.
    """
    for (name, dtype, _), found in each(
        judged,
        todo,
        workers=workers,
        seconds=seconds,
        tasks_per_process=TASKS_PER_PROCESS,
        settle=settle,
    ):
        yield _failed(name, dtype, found) if isinstance(found, str) else found


def _failed(name: str, dtype: str, detail: str) -> Tally:
    outcome = Outcome("all", ERROR, detail, {f"{dtype} forward": ERROR})
    return Tally(name, dtype, {ERROR: 1}, {f"{dtype} forward": {ERROR: 1}}, (outcome,))


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    default=DTYPES,
    type=click.Choice(DTYPES),
    help="Of the samples; all by default.",
)
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--limit", type=int, help="At most so many float32 samples of each operator.")
@click.option("--others", default=OTHERS, show_default=True, help="The same for other dtypes.")
@click.option("--seconds", default=SECONDS_PER_OPERATOR, help="How long one operator may take.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
@click.option("--record", is_flag=True, help=f"Put the results into {BASELINE.name} too.")
def main(
    names: tuple[str, ...],
    dtypes: tuple[str, ...],
    workers: int,
    limit: int | None,
    others: int,
    seconds: int,
    folder: Path,
    record: bool,
) -> None:
    """Judge the operators NAMES, all by default."""
    console = Console(stderr=True)
    wanted = tasks(names, dtypes, limit, others)
    unknown = sorted(set(names) - {name for name, _, _ in wanted})
    if unknown:
        raise click.UsageError(f"{', '.join(unknown)}: no operator of the database has this name.")
    mark = f"{fingerprint()} {limit} {others}"
    done = {(found.operator, found.dtype): found for found in kept(folder, mark, Tally).values()}
    todo = [task for task in wanted if task[:2] not in done]
    began = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(wanted), completed=len(wanted) - len(todo))
        for result in sweep(todo, workers=workers, seconds=seconds):
            done[result.operator, result.dtype] = result
            keep(folder, mark, f"{result.dtype} {result.operator}", result)
            progress.update(bar, advance=1, description=f"{result.dtype} {result.operator}")
            if result.verdict not in (RIGHT, REFUSED):
                first = result.failures[0]
                progress.console.print(
                    f"{result.verdict} {result.dtype} {result.operator} {result.counts} "
                    f"{first.sample}: {first.detail}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
    found = [done[task[:2]] for task in wanted]
    console.print(f"{len(todo)} judged in {time.monotonic() - began:.3g} s", highlight=False)
    limits = {dtype: count for _, dtype, count in wanted}
    document = summary(found, limits, read() if record and BASELINE.exists() else None)
    write(document, folder / "sweep.json")
    (folder / "report.md").write_text(page(document), encoding="utf-8")
    if record:
        write(document)
    sys.exit(_conclude(found, console, whole=limit is None))


def _conclude(found: Sequence[Tally], console: Console, *, whole: bool) -> int:
    """Say what is new; 1 if an operator fails that isn't known to, or the other way round."""
    for dtype, group in _by_dtype(found).items():
        verdicts = Counter(result.verdict for result in group)
        text = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        console.print(f"{dtype}: {text}", highlight=False)
    new, stale = [], []
    for result in found:
        limit = limit_of(result.operator, result.dtype)
        if result.verdict not in (RIGHT, REFUSED) and limit is None:
            new.append(f"{result.operator} ({result.dtype})")
        if result.verdict == RIGHT and limit is not None and whole:
            stale.append(f"{result.operator} ({result.dtype})")
    for title, names in (("not known to fail", new), ("known to fail, but right", stale)):
        if names:
            console.print(f"{title}: {', '.join(names)}", highlight=False, soft_wrap=True)
    return 1 if new or stale else 0


def _by_dtype(found: Sequence[Tally]) -> dict[str, list[Tally]]:
    groups: dict[str, list[Tally]] = {}
    for result in found:
        groups.setdefault(result.dtype, []).append(result)
    return groups


if __name__ == "__main__":
    main()
