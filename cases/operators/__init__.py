"""Rows of the operator parity suite: PyTorch's own operators against TensorFlow's own."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from parity.suite import OperatorCase


@cache
def families() -> dict[str, tuple[OperatorCase, ...]]:
    """The rows by family, which is the file that they stand in."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        cases = getattr(importlib.import_module(f"{__name__}.{module.name}"), "CASES", None)
        if cases is not None:
            found[module.name] = cases
    return found


def operator_cases() -> tuple[OperatorCase, ...]:
    """Every row."""
    return tuple(case for cases in families().values() for case in cases)
