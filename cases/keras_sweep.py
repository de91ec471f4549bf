"""Every call of Keras's own layer tests, converted and proved: ``python -m cases.keras_sweep``.

Each call is a task in a worker process, so one that crashes or hangs ends nothing but itself. What
is done is kept on disk, and a run that was interrupted goes on where it stopped, as long as neither
the code nor the frameworks have changed. ``--write`` keeps the figures in
``reports/baselines/keras_layers.json``, those of calls that this run left out too, and writes
``docs/keras_layers.md``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from cases.kept import keep, kept
from cases.keras_layers import harvested, layer_files, split
from cases.keras_table import FINE, read, write
from cases.keras_verdicts import ERROR, NOT_RUN, NOT_TRIED, RIGHT, Entry, judged
from cases.sweep_results import fingerprint
from parity.workers import each

FOLDER = Path("reports/keras_layers")
SECONDS_PER_CALL = 300
TASKS_PER_PROCESS = 40


def entries(names: Sequence[str], *, workers: int, seconds: float) -> Iterator[Entry]:
    """Judge calls in parallel; results come as they are done.

    Args:
        names: of the calls.
        workers: how many processes.
        seconds: how long one call may take.
    """
    tasks = [(name,) for name in names]
    done = each(
        judged, tasks, workers=workers, seconds=seconds, tasks_per_process=TASKS_PER_PROCESS
    )
    for (name,), found in done:
        yield Entry(name, split(name)[1], ERROR, found) if isinstance(found, str) else found


@click.command()
@click.argument("files", nargs=-1)
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--seconds", default=SECONDS_PER_CALL, help="How long one call may take.")
@click.option("--every", default=1, show_default=True, help="Only every so-manieth call.")
@click.option("--open", "opens", is_flag=True, help="Only calls without a good figure yet.")
@click.option("--write", "writes", is_flag=True, help="Write the figures and the table.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    files: tuple[str, ...],
    workers: int,
    seconds: int,
    every: int,
    opens: bool,
    writes: bool,
    folder: Path,
) -> None:
    """Prove the calls of the test FILES (``core/dense`` ...), of all by default."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    known = layer_files()
    if unknown := [file for file in files if file not in known]:
        raise click.UsageError(f"no such test file: {', '.join(unknown)}")
    if writes and files:
        raise click.UsageError("--write is for a run of all files")
    wanted = [call.name for file in files or known for call in harvested(file)]
    mark = fingerprint()
    done = kept(folder, mark, Entry)
    before = {entry.call: entry for entry in read()}
    good = {name for name, entry in before.items() if entry.outcome in (RIGHT, NOT_RUN)}
    chosen = [name for name in wanted[::every] if not (opens and name in good)]
    todo = [name for name in chosen if name not in done]
    for entry in entries(todo, workers=workers, seconds=seconds):
        done[entry.call] = entry
        keep(folder, mark, entry.call, entry)
        console.print(f"{entry.outcome}  {entry.call}: {entry.detail}")
    found = [
        done.get(name) or before.get(name) or Entry(name, split(name)[1], NOT_TRIED)
        for name in wanted
    ]
    outcomes = Counter(entry.outcome for entry in found)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    if writes:
        write(found)
    failures = [entry.call for entry in found if entry.outcome not in FINE]
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
