"""The rows of a package: collected, and checked before anything runs."""

from __future__ import annotations

import difflib
import importlib
import json
import pkgutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from converters import DType
from parity.errors import CheckError
from parity.known_differences import KnownDifference
from parity.suite.case import OperatorCase
from parity.suite.draw import drawn_arguments

Budgets = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]
"""Units of the last place, by row, dtype, device and runtime."""

ROWS = "cases.operators"
KNOWN = "cases.known_differences"


@cache
def rows_of(package: str) -> dict[str, tuple[OperatorCase, ...]]:
    """The rows of a package by family, which is the module that they stand in.

    Args:
        package: its dotted name; each of its modules may have a tuple ``CASES``.

    Raises:
        CheckError: there is no such package, or it has no rows.
    """
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise CheckError(
            f"the package of rows {package} can't be imported: {error}. Name one that is installed "
            "or in the working folder."
        ) from error
    found: dict[str, tuple[OperatorCase, ...]] = {}
    for part in sorted(pkgutil.iter_modules(module.__path__), key=lambda m: m.name):
        cases = getattr(importlib.import_module(f"{package}.{part.name}"), "CASES", None)
        if cases:
            found[part.name] = tuple(cases)
    names = [case.name for cases in found.values() for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise CheckError(f"two rows of {package} are called {name}. Rename one of them.")
    if not names:
        raise CheckError(f"{package} has no rows: none of its modules has a tuple CASES.")
    return found


def row_of(package: str, name: str) -> OperatorCase:
    """One row.

    Raises:
        CheckError: there is none of that name.
    """
    rows = {case.name: case for cases in rows_of(package).values() for case in cases}
    require_names([name], rows, "operator")
    return rows[name]


def chosen(
    package: str, names: Collection[str] = (), families: Collection[str] = (), known: str = ""
) -> list[tuple[str, OperatorCase]]:
    """Rows with their families, all by default.

    Args:
        package: of the rows.
        names: of the rows.
        families: whose rows.
        known: the package of known differences; empty for none.

    Raises:
        CheckError: a name or a family is unknown, a row's strategy is impossible, or a known
            difference can't be judged by.
    """
    rows = rows_of(package)
    require_names(families, rows, "family")
    require_names(names, [c.name for cases in rows.values() for c in cases], "operator")
    found = [
        (family, case)
        for family, cases in rows.items()
        for case in cases
        if (not names or case.name in names) and (not families or family in families)
    ]
    for _, case in found:
        validate(case, [entry for entry in known_of(known) if case.name in entry.rows])
    return found


def require_names(wanted: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Refuse unknown names, with the nearest known ones.

    >>> require_names(["softplas"], ["softplus", "relu"], "operator")
    Traceback (most recent call last):
    parity.errors.CheckError: there is no operator softplas. Nearest: softplus.
    """
    known = list(known)
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, 5, 0.5)
            hint = f"Nearest: {', '.join(near)}." if near else f"There are {len(known)}."
            raise CheckError(f"there is no {kind} {name}. {hint}")


def validate(case: OperatorCase, known: Sequence[KnownDifference] = ()) -> None:
    """Check what a row says before it runs.

    Args:
        case: the row.
        known: the differences that concern it.

    Raises:
        CheckError: an unknown type, a strategy that can't draw anything, or a difference whose
            relation is about arguments that the row doesn't have; it names the row.
    """
    for dtype in case.dtypes:
        if dtype not in list(DType):
            raise CheckError(f"row {case.name}: {dtype} is no type. Use NumPy's names.")
        try:
            strategy = case.inputs(dtype)
            strategy.validate()
            empty = strategy.is_empty
        except Exception as error:
            raise CheckError(
                f"row {case.name}: its strategy for {dtype} is impossible: {error}"
            ) from error
        if empty:
            raise CheckError(f"row {case.name}: its strategy for {dtype} can't draw anything.")
    related = [entry for entry in known if entry.relation]
    drawn = drawn_arguments(case.inputs(case.dtypes[0]), 1)[0] if related else {}
    for entry in related:
        if strange := sorted(set(entry.example) - set(drawn)):
            raise CheckError(
                f"known difference {entry.name}: its relation can't be asked of row {case.name}, "
                f"which has no {', '.join(strange)}. Write it over {', '.join(sorted(drawn))}."
            )


@cache
def budgets_of(package: str) -> Budgets:
    """The measured budgets of a package's rows: its file ``budgets.json``; none without it."""
    path = budgets_file(package)
    found: Any = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    budgets: Budgets = found
    return budgets


def budgets_file(package: str) -> Path:
    """Where a package's budgets stand."""
    module = importlib.import_module(package)
    return Path(next(iter(module.__path__))) / "budgets.json"


@cache
def known_of(package: str) -> tuple[KnownDifference, ...]:
    """The registry of known differences; empty where the package isn't there.

    Args:
        package: with a tuple ``KNOWN_DIFFERENCES``; empty for none.
    """
    if not package:
        return ()
    found: tuple[KnownDifference, ...] = importlib.import_module(package).KNOWN_DIFFERENCES
    return found


def quality_of(package: str) -> dict[str, float]:
    """The suite's own figures, from the file ``quality.json`` beside the rows; none without it."""
    module = importlib.import_module(package)
    path = Path(next(iter(module.__path__))) / "quality.json"
    found: dict[str, float] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found
