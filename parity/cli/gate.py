"""``parity gate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from parity.cli.console import print_json
from parity.cli.failures import ExitCode, UnusableError
from parity.cli.options import machine_options

if TYPE_CHECKING:
    from parity.gate import GateOutcome


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option(
    "--baseline",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What is known, as --update wrote it.",
)
@click.option(
    "--waivers",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Tolerances that may be looser, each with a reason and an expiry date.",
)
@click.option("--update", is_flag=True, help="Write the baseline from the report, if it passes.")
@machine_options
def gate(
    report: Path,
    baseline: Path,
    waivers: Path | None,
    *,
    update: bool,
    as_json: bool,
    debug: bool,  # noqa: ARG001  # read by the entry point
) -> ExitCode:
    """Decide whether a release may go on: compare a report with the committed baseline.

    Fails on a new mismatch, a margin above 1, a regression, coverage that was lost, and on anything
    inconclusive.
    """
    from parity.baseline import read_baseline, write_baseline
    from parity.gate import gate as judge
    from parity.report import read
    from parity.waivers import read_waivers

    found = read(report)
    console = Console(stderr=as_json)
    if update:
        known = write_baseline(found, baseline)
        console.print(
            f"baseline written: {baseline}, {len(known.results)} results", highlight=False
        )
        if as_json:
            print_json({"baseline": str(baseline), "results": len(known.results)})
        return ExitCode.parity
    if not baseline.exists():
        raise UnusableError(
            f"{baseline} does not exist. Write it from a good report with --update."
        )
    outcome = judge(
        found, read_baseline(baseline), waivers=read_waivers(waivers) if waivers else ()
    )
    _show(outcome, console)
    if as_json:
        print_json(_document(outcome))
    return ExitCode.parity if outcome.passed else ExitCode.mismatch


def _show(outcome: GateOutcome, console: Console) -> None:
    for title, findings in (("why it fails", outcome.findings), ("worth knowing", outcome.notes)):
        if findings:
            table = Table("what", "where", "detail", title=title, title_justify="left")
            for finding in findings:
                table.add_row(finding.kind, finding.where, finding.detail)
            console.print(table)
    word = "[bold green]passed[/]" if outcome.passed else "[bold red]failed[/]"
    console.print(f"gate {word}: {outcome.compared} comparisons had a counterpart", highlight=False)


def _document(outcome: GateOutcome) -> dict[str, object]:
    def listed(findings: tuple[object, ...]) -> list[dict[str, str]]:
        return [
            {name: str(getattr(finding, name)) for name in ("kind", "where", "detail")}
            for finding in findings
        ]

    return {
        "passed": outcome.passed,
        "compared": outcome.compared,
        "findings": listed(outcome.findings),
        "notes": listed(outcome.notes),
    }
