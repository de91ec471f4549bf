"""A run of the suite as files: the report in every format, the data, and the heat map."""

from __future__ import annotations

from pathlib import Path

from parity.report import readable, write
from parity.report.json import decode, encode, read_bytes
from parity.results import Report
from parity.suite.heat_map import page
from parity.suite.report import SCHEMA_VERSION, SuiteData, report_of
from parity.suite.repro import write_programs

DATA, PAGE = "operators.json", "operators.html"


def write_suite(data: SuiteData, folder: Path, seed: int = 0) -> Report:
    """Write what a run found.

    Args:
        data: what was found.
        folder: made if it isn't there; a report in it is replaced.
        seed: of the run.

    Returns:
        The report, as it was written beside the data, the page, and a program for each result that
        fails.
    """
    from converters import replaced_file

    data = readable(data)
    report = report_of(data, seed)
    write(report, folder)
    for name, content in ((DATA, encode(data)), (PAGE, page(data).encode("utf-8"))):
        with replaced_file(folder / name, force=True) as work:
            work.write_bytes(content)
    write_programs(data.tallies, folder)
    return report


def read_suite(path: Path) -> SuiteData:
    """Read a run's data.

    Args:
        path: an ``operators.json``, or the folder that holds it.

    Raises:
        ReportError: missing, damaged, of a newer version, or something else.
    """
    path = path / DATA if path.is_dir() else path
    return decode(read_bytes(path), SuiteData, str(path), version=SCHEMA_VERSION)
