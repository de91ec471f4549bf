"""Architectures of the transformers library, in small configurations: one file per domain.

A row is data: the class, what its configuration differs in, and the inputs that it takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cases.architectures.row import Architecture

_MACHINERY = ("row", "build")


@cache
def architectures() -> tuple[Architecture, ...]:
    """Every row of every domain, by domain and name."""
    rows: list[Architecture] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if module.name not in _MACHINERY:
            rows.extend(importlib.import_module(f"{__name__}.{module.name}").ROWS)
    return tuple(rows)


def architecture(name: str) -> Architecture:
    """One row.

    Raises:
        KeyError: there is none of this name.
    """
    return {row.name: row for row in architectures()}[name]
