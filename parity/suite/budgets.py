"""The file of budgets: units of the last place that a row may be off, measured and ratcheted."""

from __future__ import annotations

import json
import math
from typing import Any

from parity.suite.report import SuiteData, spread_by_runtime
from parity.suite.rows import budgets_file, row_of
from parity.suite.rules import Ulps

HEADROOM = 1.25
"""Of a budget over what was measured: other processors round otherwise."""


def lower(package: str, data: SuiteData) -> int:
    """Lower a package's budgets to what a run measured; none is raised, nor above the row's own.

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
        for runtime, spread in spread_by_runtime(tally).items():
            if not sum(spread.counts):
                continue
            budget = budget_of(spread.largest)
            place = known.setdefault(tally.row, {}).setdefault(tally.dtype, {})
            place = place.setdefault(tally.device, {})
            if budget < place.get(runtime, rule.budget):
                place[runtime] = budget
                changed += 1
    with replaced_file(path, force=True) as work:
        work.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return changed


def budget_of(largest: float) -> float:
    """A budget for a measured error: 25 % more, in quarters, and at least half a unit.

    >>> budget_of(0.5), budget_of(4.64)
    (0.75, 6.0)
    """
    return max(0.5, math.ceil(4 * HEADROOM * largest) / 4)
