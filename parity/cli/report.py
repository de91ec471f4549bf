"""``parity report``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from parity.cli.console import print_json, show_report, summary_of
from parity.cli.failures import ExitCode
from parity.cli.options import machine_options

if TYPE_CHECKING:
    from parity.results import Report

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option("--html", type=_FILE, metavar="FILE", help="Write one self-contained page.")
@click.option("--md", type=_FILE, metavar="FILE", help="Write Markdown, for a pull request.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write JUnit XML, for CI.")
@machine_options
def report(
    report: Path,
    html: Path | None,
    md: Path | None,
    junit: Path | None,
    *,
    as_json: bool,
    debug: bool,  # noqa: ARG001  # read by the entry point
) -> ExitCode:
    """Show a report, and render it again; files that are there are replaced.

    The exit code is 0 whatever the report says: it is 'parity gate' that judges.
    """
    from parity.report import read

    found = read(report)
    console = Console(stderr=as_json)
    for path, render in ((html, _html), (md, _markdown), (junit, _junit)):
        if path is not None:
            _write(path, render, found)
            console.print(f"written: {path}", highlight=False)
    show_report(found, console)
    if as_json:
        print_json(summary_of(found))
    return ExitCode.parity


def _write(path: Path, render: Callable[[Report], bytes], found: Report) -> None:
    from converters import replaced_file
    from parity.report import readable

    content = render(readable(found))
    with replaced_file(path, force=True) as work:
        work.write_bytes(content)


def _html(found: Report) -> bytes:
    from parity.report.html import html

    return html(found).encode("utf-8")


def _markdown(found: Report) -> bytes:
    from parity.report.markdown import markdown

    return markdown(found).encode("utf-8")


def _junit(found: Report) -> bytes:
    from parity.report.junit import junit

    return junit(found)
