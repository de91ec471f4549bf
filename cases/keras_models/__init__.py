"""Whole models of TensorFlow's and Keras's, one file per kind. Each row builds one with inputs."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cases.case import ModelCase

TRAINED = "trained"
"""The file whose rows need packages with trained weights."""


@cache
def keras_cases(*, trained: bool = False) -> tuple[ModelCase, ...]:
    """Every row of every file, in order.

    Args:
        trained: also those with trained weights (``cases/trained/packages.txt`` lists what they
            need).
    """
    rows: list[ModelCase] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name != "seeding" and (trained or module.name != TRAINED):
            rows.extend(importlib.import_module(f"{__name__}.{module.name}").CASES)
    return tuple(rows)


def keras_case(name: str) -> ModelCase:
    """The row called ``name``."""
    return next(case for case in keras_cases(trained=True) if case.name == name)
