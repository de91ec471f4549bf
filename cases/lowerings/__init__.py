"""One row per lowering, one file per family.

A row generates the operator's tests: forward, gradient, eager and traced, float32 against the
oracle and the float64 certificate.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cases.case import LoweringCase


@cache
def lowering_cases() -> tuple[LoweringCase, ...]:
    """Every row of every family, by operator name."""
    rows: list[LoweringCase] = []
    for module in pkgutil.iter_modules(__path__):
        rows.extend(importlib.import_module(f"{__name__}.{module.name}").CASES)
    return tuple(sorted(rows, key=lambda row: row.name))
