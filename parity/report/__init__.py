"""Reports as files: JSON to keep, Markdown for a review, JUnit for CI, a page for people.

Nothing here needs a framework, and importing this package loads nothing heavy.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from parity.report.errors import ReportError
from parity.report.json import read_json, readable

if TYPE_CHECKING:
    from parity.results import Report

__all__ = ["ReportError", "read", "readable", "write"]

FILES = ("report.json", "report.md", "report.xml", "report.html")


def write(report: Report, folder: str | Path) -> tuple[Path, ...]:
    """Write a report in every format.

    Each file appears whole or not at all, and nothing is replaced before all four are rendered.
    Other files in the folder are left alone.

    Args:
        report: what was found.
        folder: made if it isn't there; reports in it are replaced.

    Returns:
        The paths of ``report.json``, ``report.md``, ``report.xml`` and ``report.html``.

    Raises:
        converters.OutputError: the folder can't be written to.
    """
    from converters import replaced_file
    from parity.report.html import html
    from parity.report.json import encode
    from parity.report.junit import junit
    from parity.report.markdown import markdown

    report = readable(report)
    contents = (
        encode(report),
        markdown(report).encode("utf-8"),
        junit(report),
        html(report).encode("utf-8"),
    )
    paths = tuple(Path(folder) / name for name in FILES)
    with contextlib.ExitStack() as stack:
        works = [stack.enter_context(replaced_file(path, force=True)) for path in paths]
        for work, content in zip(works, contents, strict=True):
            work.write_bytes(content)
    return paths


def read(path: str | Path) -> Report:
    """Read a report.

    Args:
        path: a ``report.json``, or the folder that holds it.

    Raises:
        ReportError: missing, damaged, of a newer version, or not a report.
    """
    path = Path(path)
    return read_json(path / FILES[0] if path.is_dir() else path)
