"""What a sweep found, summed up when it is done.

The committed summary, ``reports/baselines/sweep.json``, is what ``docs/operators.md`` is
made from.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cases.op_verdicts import DIRECTIONS, RIGHT, Tally

_ROOT = Path(__file__).resolve().parents[1]
BASELINE = _ROOT / "reports" / "baselines" / "sweep.json"

DTYPES = (
    "float32", "complex64", "float16", "bfloat16",
    "int8", "int16", "int32", "int64", "uint8", "bool",
)  # fmt: skip
"""Of samples. Those of the first two are compared in float64 and complex128 too."""

Document = dict[str, Any]


def fingerprint() -> str:
    """What a kept result depends on: the code of this project and the frameworks' versions."""
    digest = hashlib.sha256()
    for package in ("converters", "parity", "cases"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.read_bytes())
    digest.update(json.dumps(versions()).encode())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Of the frameworks that are installed."""
    found = {}
    for name in ("torch", "tensorflow-cpu", "tensorflow", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def summary(
    results: Iterable[Tally],
    limits: Mapping[str, int | None],
    before: Mapping[str, Any] | None = None,
) -> Document:
    """The committed form: for each operator and dtype, how many samples are right of how many.

    Args:
        results: of a run.
        limits: for each dtype, how many samples of an operator were tried at most; None for all.
        before: an earlier summary, whose other rows stay.
    """
    operators: dict[str, Document] = {
        name: dict(row) for name, row in (before or {}).get("operators", {}).items()
    }
    for result in results:
        row = operators.setdefault(result.operator, {})
        refused = sum(result.counts.values()) - result.judged
        row[result.dtype] = {"samples": [result.counts.get(RIGHT, 0), result.judged, refused]}
        for part, counts in sorted(result.parts.items()):
            dtype, direction = part.split(" ")
            count = [counts.get(RIGHT, 0), sum(counts.values())]
            row.setdefault(dtype, {})[direction] = count
        if result.failures:
            first = result.failures[0]
            row[result.dtype]["first"] = f"{first.sample[:120]}: {first.detail[:200]}"
    return {
        "versions": versions(),
        "limits": {**(before or {}).get("limits", {}), **limits},
        "operators": dict(sorted(operators.items())),
    }


def write(document: Document, path: Path = BASELINE) -> None:
    """Write a summary, one operator a line."""
    from converters import replaced_file

    rows = [
        f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}"
        for name, row in document["operators"].items()
    ]
    text = ",\n".join(rows)
    head = json.dumps({k: v for k, v in document.items() if k != "operators"})
    with replaced_file(path, force=True) as work:
        work.write_text(f'{head[:-1]},\n"operators": {{\n{text}\n}}}}\n', encoding="utf-8")


def read(path: Path = BASELINE) -> Document:
    """A summary."""
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def packets(document: Document, dtype: str = "float32") -> dict[str, bool]:
    """For each operator with samples of a dtype, whether every one that exports is right.

    The database has several entries for some operators; all of them have to be right.
    """
    from cases.op_db import operators

    names: dict[str, bool] = {}
    entries = operators(dtype)
    for entry, row in document["operators"].items():
        if dtype not in row or entry not in entries:
            continue
        right, judged, _ = row[dtype]["samples"]
        name = entries[entry].name
        names[name] = names.get(name, True) and 0 < judged == right
    return names


def cell(row: Mapping[str, Any], dtype: str) -> str:
    """``forward`` or ``forward, gradient``: each a number of samples, or right ones of all."""
    found = row.get(dtype, {})
    counts = [found[direction] for direction in DIRECTIONS if direction in found]
    if not counts:
        return "-"
    return ", ".join(str(n) if right == n else f"**{right}/{n}**" for right, n in counts)
