"""``parity ops``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from parity.cli.console import print_json, progress_bar
from parity.cli.failures import ExitCode
from parity.cli.options import machine_options
from parity.cli.suite_options import known_option, report_option, row_options
from parity.verdict import Verdict

_SHOWN = 30


@click.command()
@row_options
@click.option(
    "--compiled", default=1, show_default=True, help="How many of the examples are compiled too."
)
@click.option("--whole", is_flag=True, help="Every 16-bit number, where mpmath is the oracle too.")
@click.option(
    "--every-type", is_flag=True, help="Compile a row in each of its types, not its first alone."
)
@click.option(
    "--spread",
    default=8,
    show_default=True,
    help="torch.compile gets every so many-th row, for it takes seconds; each row that is named.",
)
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An earlier run's folder: say what changed since, as 'parity compare' does.",
)
@click.option("--seed", type=int, help="Draw at random with this seed; always the same without.")
@click.option(
    "--executor",
    "place",
    default="local",
    type=click.Choice(["local", "ray"]),
    show_default=True,
    help="Processes of this machine, or a Ray cluster.",
)
@click.option("--calibrate", is_flag=True, help="Lower the budgets of ulps to what was measured.")
@report_option("reports/ops")
@known_option
@machine_options
def ops(
    names: tuple[str, ...],
    families: tuple[str, ...],
    dtypes: tuple[str, ...],
    device: str,
    runtimes: tuple[str, ...],
    examples: int,
    compiled: int,
    samples: int,
    spread: int,
    seed: int | None,
    workers: int | None,
    place: str,
    folder: Path,
    package: str,
    known: str,
    against: tuple[Path, ...],
    *,
    whole: bool,
    every_type: bool,
    calibrate: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Compare PyTorch's own operators NAME with TensorFlow's; all of them by default.

    Each row is tried forward and backward, eagerly and compiled, in each of its types, in worker
    processes. The report goes to a folder, with the heat map in operators.html. The exit code is 0
    where everything agrees or is known to differ.
    """
    from parity.cli.compare import show_changes
    from parity.results import Environment
    from parity.suite.changes import changes_between
    from parity.suite.execute import environment, execute, require_device
    from parity.suite.files import read_suite, write_suite
    from parity.suite.report import suite_data
    from parity.suite.rows import chosen, quality_of, require_names
    from parity.suite.subjects import RUNTIMES
    from parity.suite.survey import Effort
    from parity.suite.tally import Tally
    from parity.suite.task import tasks_of
    from parity.workers import settle, settle_quietly

    console = Console(stderr=as_json)
    prepare = settle if debug else settle_quietly
    rows = chosen(package, names, families, known)
    require_names(runtimes, RUNTIMES, "runtime")
    require_names(
        dtypes, {dtype for _, case in rows for dtype in case.dtypes}, "dtype of these rows"
    )
    before = [(str(path), read_suite(path)) for path in against]
    require_device(device, prepare)
    effort = Effort(examples, compiled, samples, whole=whole, every_type=every_type, chance=seed)
    tasks = tasks_of(
        [(family, case.name, case.dtypes) for family, case in rows],
        package=package, known=known, device=device, dtypes=dtypes, effort=effort,
        runtimes=runtimes or tuple(RUNTIMES), spread=1 if names else spread,
    )  # fmt: skip
    tallies: list[Tally] = []
    seen: list[Environment] = []
    count = workers or os.cpu_count() or 1
    with progress_bar() as progress:
        for done, (task, found) in enumerate(
            execute(tasks, workers=count, cluster=place == "ray", settle=prepare, seen=seen),
            start=1,
        ):
            tallies += found
            progress(f"{task.pairs[0][1]} {task.pairs[0][2]}", done, len(tasks))
    data = suite_data(tallies, seen[0] if seen else environment(prepare), quality_of(package))
    changes = changes_between([*before, (str(folder), data)]) if before else None
    report = write_suite(data, folder, seed or 0, changes)
    if calibrate:
        from parity.suite.budgets import lower

        console.print(f"{lower(package, data)} budgets lowered", highlight=False)
    show(data.tallies, console)
    if changes is not None:
        show_changes(changes, console)
    console.print(f"report: {folder / 'operators.html'}", highlight=False)
    if as_json:
        print_json({"report": str(folder), **summary(data.tallies)})
    return ExitCode.parity if report.passes else ExitCode.mismatch


def show(tallies: Sequence[object], console: Console) -> None:
    """Print a table of families, and what fails."""
    from parity.suite.report import failing, margin_by_runtime, verdict_of
    from parity.suite.tally import Tally

    known = [tally for tally in tallies if isinstance(tally, Tally)]
    table = Table(title="operators", title_justify="left", title_style="bold")
    for name in ("family", "rows", "types", "results", "pass", "fail", "largest margin"):
        table.add_column(name, justify="left" if name == "family" else "right")
    for family in sorted({tally.family for tally in known}):
        own = [tally for tally in known if tally.family == family]
        passing = sum(verdict_of(tally).passes for tally in own)
        finite = [m for t in own for m in margin_by_runtime(t).values() if m < float("inf")]
        table.add_row(
            family,
            str(len({tally.row for tally in own})),
            str(len(own)),
            str(sum(len(tally.lines) for tally in own)),
            f"[green]{passing}[/]",
            f"[red]{len(own) - passing}[/]" if passing < len(own) else "0",
            f"{max(finite, default=0.0):.3g}",
        )
    console.print(table)
    bad = failing(known)
    for tally, line in bad[:_SHOWN]:
        place = f"{tally.row} {tally.dtype}"
        if line is None:
            text = tally.failure or "nothing was compared"
        else:
            worst = line.worst
            text = f"{line.runtime}, {worst.name}: {worst.verdict}, {worst.detail}"
            text += f" with {line.arguments}" if line.arguments else ""
        console.print(
            f"{place}: {text}", style="red", markup=False, highlight=False, soft_wrap=True
        )
    if len(bad) > _SHOWN:
        console.print(f"and {len(bad) - _SHOWN} more in the report", style="red")


def summary(tallies: Sequence[object]) -> dict[str, object]:
    """A run in a few fields, for ``--json``."""
    from parity.suite.report import verdict_of
    from parity.suite.tally import Tally

    known = [tally for tally in tallies if isinstance(tally, Tally)]
    verdicts = Counter(str(verdict_of(tally)) for tally in known)
    seconds: Counter[str] = Counter()
    for tally in known:
        seconds.update(tally.seconds)
    return {
        "passes": all(verdict_of(tally).passes for tally in known),
        "verdict": str(Verdict.worst(verdict_of(tally) for tally in known)),
        "rows": len({tally.row for tally in known}),
        "verdicts": dict(verdicts),
        "seconds": {part: round(value, 3) for part, value in seconds.items()},
    }
