"""The page ``docs/tensorflow_releases.md``: what changed from one TensorFlow to the next.

``python -m cases.release_table`` makes it of what ``tox run -e
operators-tf219,operators-tf220,operators,versions`` found, and keeps that; a test checks that the
committed page is current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cases.figures import BASELINES
from parity.report.json import decode, read_bytes
from parity.suite.changes import SCHEMA_VERSION, Changes

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "reports" / "versions" / "changes.json"
KEPT = BASELINES / "tensorflow_releases.json"
TABLE = ROOT / "docs" / "tensorflow_releases.md"

_HEAD = """# TensorFlow, release by release

Every row of the [operator suite](operator_suite.md) with three releases of TensorFlow and one of
PyTorch, on the same arguments, in one run of

```
tox run -e operators-tf219,operators-tf220,operators,versions
```

`python -m cases.release_table` makes this page of what it found."""


def table() -> str:
    """The page."""
    return "\n".join(_lines(decode(read_bytes(KEPT), Changes, str(KEPT), version=SCHEMA_VERSION)))


def _lines(changes: Changes) -> Iterator[str]:
    names = [run.name for run in changes.runs]
    yield _HEAD
    yield ""
    yield from _row("run", "operators", "pairs with a type", "agree or are known to differ")
    yield "|---|---|---|---|"
    for run in changes.runs:
        yield from _row(run.name, str(run.rows), str(run.pairs), str(run.passing))
    yield ""
    yield "## What differs between the runs"
    yield ""
    yield from _row("", *names)
    yield "|---" * (1 + len(names)) + "|"
    for name, values in changes.environments.items():
        yield from _row(name, *values)
    yield ""
    yield "## What is the same to the bit"
    yield ""
    yield "Results in a run and in the one before it."
    yield ""
    yield from _row("run", "runtime", "the same", "of", "operators with others")
    yield "|---|---|---|---|---|"
    for run in changes.runs:
        for bits in run.bits:
            others = str(len(bits.rows))
            if len(bits.rows) <= 8:
                others = ", ".join(f"`{row}`" for row in bits.rows)
            yield from _row(run.name, bits.runtime, f"{bits.same:,}", f"{bits.of:,}", others)
    yield ""
    yield "## What changed"
    yield ""
    yield "Verdicts, known differences, and accuracy beyond noise; `ulp` is the largest error in"
    yield "units of the last place, which cancellation makes large where a number is nearly 0."
    yield ""
    yield from _row("what", "operator", "type", "runtime", "result", *names)
    yield "|---" * (5 + len(names)) + "|"
    for one in changes.changes:
        sides = (side.brief for side in one.sides)
        yield from _row(
            str(one.kind), f"`{one.row}`", one.dtype, one.runtime, one.result or "all", *sides
        )
    yield ""


def _row(*cells: str) -> Iterator[str]:
    safe = (cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    yield f"| {' | '.join(safe)} |"


def main() -> None:
    """Keep what a run found, if there is one, and write the page."""
    if FOUND.is_file():
        decode(read_bytes(FOUND), Changes, str(FOUND), version=SCHEMA_VERSION)
        KEPT.write_bytes(FOUND.read_bytes())
    TABLE.write_text(table(), encoding="utf-8")
    sys.stdout.write(f"written: {TABLE}\n")


if __name__ == "__main__":
    main()
