"""The file of budgets: units of the last place that a row may be off, measured and ratcheted."""

from __future__ import annotations

import json
import math
from typing import Any

from parity.suite.report import SuiteData
from parity.suite.rows import budgets_file, row_of
from parity.suite.rules import Ulps
from parity.suite.tally import Line

HEADROOM = 1.25
"""Of a budget over what was measured: other processors round otherwise."""

ENOUGH = 1000
"""How many numbers are a measurement: the worst of a few is anything."""


def lower(package: str, data: SuiteData) -> int:
    """Lower a package's budgets to what a run measured; none is raised, nor above the row's own.

    What counts are the numbers that are judged: without those that a known difference explains, or
    that are subnormal or out of range.

    Args:
        package: of the rows.
        data: what the run found.

    Returns:
        How many are new or lower than they were.
    """
    from converters import replaced_file

    path = budgets_file(package)
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    changed = 0
    for tally in data.tallies:
        rule = row_of(package, tally.row).rule
        if not isinstance(rule, Ulps):
            continue
        for runtime in {line.runtime for line in tally.lines}:
            outputs = [line for line in tally.lines if line.runtime == runtime and _counts(line)]
            if not outputs or not all(line.worst.verdict.passes for line in outputs):
                continue
            place = known.setdefault(tally.row, {}).setdefault(tally.dtype, {})
            place = place.setdefault(tally.device, {})
            allowed = place.get(runtime, rule.budget)
            budget = budget_of(max(line.worst.margin for line in outputs) * allowed)
            if budget < allowed:
                place[runtime] = budget
                changed += 1
    with replaced_file(path, force=True) as work:
        work.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return changed


def _counts(line: Line) -> bool:
    return line.worst.name.startswith("output") and line.elements >= ENOUGH


def budget_of(largest: float) -> float:
    """A budget for a measured error: 25 % more, in quarters, and at least half a unit.

    >>> budget_of(0.5), budget_of(4.64)
    (0.75, 6.0)
    """
    return max(0.5, math.ceil(4 * HEADROOM * largest) / 4)
