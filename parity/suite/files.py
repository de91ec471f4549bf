"""A run of the suite as files: the report in every format, the data, and the heat map."""

from __future__ import annotations

from pathlib import Path

from parity.report import readable, write
from parity.report.json import decode, encode, read_bytes
from parity.results import Report
from parity.suite.changes import Changes
from parity.suite.heat_map import changes_page, page
from parity.suite.report import SCHEMA_VERSION, SuiteData, report_of
from parity.suite.repro import write_programs

DATA, PAGE = "operators.json", "operators.html"
CHANGES, CHANGES_PAGE = "changes.json", "changes.html"


def write_suite(
    data: SuiteData, folder: Path, seed: int = 0, changes: Changes | None = None
) -> Report:
    """Write what a run found.

    Args:
        data: what was found.
        folder: made if it isn't there; a report in it is replaced.
        seed: of the run.
        changes: since earlier runs.

    Returns:
        The report, as it was written beside the data, the page, and a program for each result that
        fails.
    """
    data = readable(data)
    report = report_of(data, seed)
    write(report, folder)
    _write(folder, {DATA: encode(data), PAGE: page(data, changes).encode("utf-8")})
    if changes is None:
        (folder / CHANGES).unlink(missing_ok=True)
    else:
        _write(folder, {CHANGES: encode(changes)})
    write_programs(data.tallies, folder)
    return report


def write_changes(changes: Changes, folder: Path) -> None:
    """Write what changed between runs, as data and as a page.

    Args:
        changes: what was found.
        folder: made if it isn't there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = changes_page(changes).encode("utf-8")
    _write(folder, {CHANGES: encode(changes), CHANGES_PAGE: text})


def _write(folder: Path, files: dict[str, bytes]) -> None:
    from converters import replaced_file

    for name, content in files.items():
        with replaced_file(folder / name, force=True) as work:
            work.write_bytes(content)


def read_suite(path: Path) -> SuiteData:
    """Read a run's data.

    Args:
        path: an ``operators.json``, or the folder that holds it.

    Raises:
        ReportError: missing, damaged, of a newer version, or something else.
    """
    path = path / DATA if path.is_dir() else path
    return decode(read_bytes(path), SuiteData, str(path), version=SCHEMA_VERSION)
