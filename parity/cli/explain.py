"""``parity explain``."""

from __future__ import annotations

from pathlib import Path

import click

from parity.cli.failures import ExitCode
from parity.cli.options import machine_options
from parity.cli.suite_options import cases_option, known_option


@click.command()
@click.argument("name")
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("reports/ops"),
    show_default=True,
    help="A run of 'parity ops' whose figures are shown.",
)
@cases_option
@known_option
@machine_options
def explain(
    name: str,
    folder: Path,
    package: str,
    known: str,
    *,
    as_json: bool,
    debug: bool,  # noqa: ARG001  # read by the entry point
) -> ExitCode:
    """Say what is known of the operator NAME: both calls, agreement, budgets, differences."""
    from parity.cli.console import print_json
    from parity.suite.explain import explained, in_json

    found = explained(name, package, known, folder)
    if as_json:
        print_json(in_json(found))
    else:
        click.echo(found.text())
    return ExitCode.parity
