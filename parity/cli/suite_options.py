"""Options that the commands of the operator suite share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

_NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")
_FAMILY = click.option("--family", "families", multiple=True, help="Only rows of this family.")
_DTYPE = click.option("--dtype", "dtypes", multiple=True, help="Only this type.")
_DEVICE = click.option(
    "--device", default="cpu", type=click.Choice(["cpu", "cuda"]), show_default=True
)
_RUNTIME = click.option("--runtime", "runtimes", multiple=True, help="Only this runtime.")
_EXAMPLES = click.option(
    "--examples", default=5, show_default=True, help="Sets of arguments for each type."
)
_SAMPLES = click.option(
    "--samples",
    default=1024,
    show_default=True,
    help="Numbers of an elementwise function tried in one call; of a 16-bit type all are.",
)
_WORKERS = click.option(
    "--workers", type=int, help="How many processes; one for each processor by default."
)
_CASES = click.option(
    "--cases",
    "package",
    default="cases.operators",
    show_default=True,
    help="The package of rows: this project's, or yours.",
)
_KNOWN = click.option(
    "--known",
    default="cases.known_differences",
    show_default=True,
    help="The package of known differences.",
)


def report_option(default: str) -> Callable[[Command], Command]:
    """``--report`` with its default."""
    return click.option(
        "--report",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(default),
        show_default=True,
        help="Where the report goes.",
    )


def row_options(command: Command) -> Command:
    """Which rows are run, on how many arguments, and where."""
    for option in (_CASES, _WORKERS, _SAMPLES, _EXAMPLES, _RUNTIME, _DEVICE, _DTYPE, _FAMILY):
        command = option(command)
    return _NAMES(command)


def replay_options(command: Command) -> Command:
    """How recorded rows are run again."""
    for option in (_KNOWN, _CASES, _WORKERS, _RUNTIME, _DEVICE):
        command = option(command)
    return command


def known_option(command: Command) -> Command:
    """The registry of known differences."""
    return _KNOWN(command)


def cases_option(command: Command) -> Command:
    """The package of rows."""
    return _CASES(command)
