"""Whole models, one file per domain. Each row builds a source module and its inputs."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cases.case import ModelCase

TRAINED = "real"
"""The domain whose rows need packages with trained weights."""


@cache
def model_cases(*, trained: bool = False) -> tuple[ModelCase, ...]:
    """Every row of every domain, by name.

    Args:
        trained: also those with trained weights (``cases/trained/packages.txt`` lists what they
            need).
    """
    rows: list[ModelCase] = []
    for module in pkgutil.iter_modules(__path__):
        if trained or module.name != TRAINED:
            rows.extend(importlib.import_module(f"{__name__}.{module.name}").CASES)
    return tuple(sorted(rows, key=lambda row: row.name))
