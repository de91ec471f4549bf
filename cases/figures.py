"""Figures that runs leave in ``reports/baselines``: one line of JSON for each row of a table."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row")

BASELINES = Path(__file__).resolve().parents[1] / "reports" / "baselines"


def read_rows(kind: type[Row], path: Path) -> tuple[Row, ...]:
    """The rows of a file; none if there is no file.

    Args:
        kind: the dataclass of a row.
        path: the file.
    """
    if not path.is_file():
        return ()
    return tuple(kind(**row) for row in json.loads(path.read_text(encoding="utf-8")))


def write_rows(rows: Iterable[DataclassInstance], path: Path) -> None:
    """Write a file, a row a line, so that its changes can be read.

    Args:
        rows: instances of a dataclass with plain fields.
        path: the file.
    """
    lines = [json.dumps(dataclasses.asdict(row)) for row in rows]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
