"""``parity compare``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.cli.console import print_json
from parity.cli.failures import ExitCode, UnusableError
from parity.cli.options import machine_options
from parity.cli.suite_options import report_option

if TYPE_CHECKING:
    from parity.suite.changes import Changes

_SHOWN = 30


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="RUN RUN...")
@report_option("reports/changes")
@machine_options
def compare(
    runs: tuple[Path, ...],
    folder: Path,
    *,
    as_json: bool,
    debug: bool,  # noqa: ARG001  # read by the entry point
) -> ExitCode:
    """Say what changed between runs of 'parity ops' or 'parity replay', the earliest first.

    RUN is the folder of a report. Runs with two releases of a framework, on a CPU and on a GPU, or
    with other switches: verdicts, known differences, accuracy, what is there in one of them only,
    and what is the same to the bit. The exit code is 1 where something that passes in the first
    fails in the last.
    """
    from parity.suite.changes import changes_between
    from parity.suite.files import CHANGES_PAGE, read_suite, write_changes

    if len(runs) < 2:
        raise UnusableError(
            "there is nothing to compare with: give the folders of two runs or more, the earliest "
            "first."
        )
    console = Console(stderr=as_json)
    changes = changes_between([(str(run), read_suite(run)) for run in runs])
    write_changes(changes, folder)
    show_changes(changes, console)
    console.print(f"page: {folder / CHANGES_PAGE}", highlight=False)
    if as_json:
        kinds = Counter(str(change.kind) for change in changes.changes)
        names = [run.name for run in changes.runs]
        print_json(
            {"report": str(folder), "runs": names, "changes": kinds, "lost": len(changes.lost)}
        )
    return ExitCode.mismatch if changes.lost else ExitCode.parity


def show_changes(changes: Changes, console: Console) -> None:
    """Print what is the same to the bit, and what changed."""
    bits = Table(title="the same to the bit as in the run before", title_justify="left")
    for name in ("run", "runtime", "same", "of", "other arguments"):
        bits.add_column(name, justify="left" if name in ("run", "runtime") else "right")
    for run in changes.runs[1:]:
        for one in run.bits:
            row = run.name, one.runtime, str(one.same), str(one.of), str(one.otherwise)
            bits.add_row(*row)
    console.print(bits)
    if not changes.changes:
        console.print("no verdict, no known difference and no accuracy is another")
        return
    table = Table(title="what changed", title_justify="left", title_style="bold")
    for name in ("what", "operator", "result", *(run.name for run in changes.runs)):
        table.add_column(name, overflow="fold")
    for change in changes.changes[:_SHOWN]:
        place = " ".join(filter(None, (change.runtime, change.result)))
        table.add_row(
            str(change.kind),
            f"{change.row} {change.dtype}".strip(),
            place or "all",
            *(escape(side.words) for side in change.sides),
        )
    console.print(table)
    kinds = Counter(str(change.kind) for change in changes.changes)
    console.print(", ".join(f"{kind}: {count}" for kind, count in kinds.items()), highlight=False)
    if len(changes.changes) > _SHOWN:
        console.print(f"and {len(changes.changes) - _SHOWN} more in the report")
