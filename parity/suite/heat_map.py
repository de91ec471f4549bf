"""The page of the suite: operator x type x runtime by the margin used, and how errors spread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity.report.numbers import figure
from parity.suite.changes import Changes
from parity.suite.report import (
    SuiteData,
    failing,
    margin_by_runtime,
    spread_by_runtime,
    verdict_of,
)
from parity.suite.subjects import RUNTIMES
from parity.suite.tally import EDGES, Spread, Tally

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Cell:
    """One row, type and runtime."""

    shown: str
    shade: int
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One row in one type, with a cell for each runtime."""

    row: str
    dtype: str
    verdict: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """How the errors of one runtime spread, of one type."""

    runtime: str
    dtype: str
    heights: tuple[float, ...]
    largest: str
    elements: int


def page(data: SuiteData, changes: Changes | None = None) -> str:
    """The page, which needs nothing else: no network, no scripts.

    Args:
        data: what a run found.
        changes: since earlier runs.
    """
    runtimes = [n for n in RUNTIMES if any(n in margin_by_runtime(t) for t in data.tallies)]
    families = sorted({tally.family for tally in data.tallies})
    return _rendered(
        "operators.html.j2",
        data=data,
        changes=changes,
        runtimes=runtimes,
        families=[(name, _strips(data, name, runtimes)) for name in families],
        bars=_all_bars(data, runtimes),
        edges=[*(f"{edge:g}" for edge in EDGES), "more"],
        failing=failing(data.tallies),
        passing=sum(verdict_of(t).passes for t in data.tallies),
        rows=len({t.row for t in data.tallies}),
        elements=sum(line.elements for t in data.tallies for line in t.lines),
    )


def changes_page(changes: Changes) -> str:
    """What changed between runs, as a page of its own.

    Args:
        changes: what was found.
    """
    return _rendered("changes.html.j2", changes=changes)


def _rendered(template: str, **values: object) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["figure"] = figure
    return environment.get_template(template).render(**values)


def _strips(data: SuiteData, family: str, runtimes: list[str]) -> list[Strip]:
    return [_strip(tally, runtimes) for tally in data.tallies if tally.family == family]


def _strip(tally: Tally, runtimes: list[str]) -> Strip:
    margins, spreads = margin_by_runtime(tally), spread_by_runtime(tally)
    cells = [
        _cell(margins[name], spreads.get(name, Spread())) if name in margins else None
        for name in runtimes
    ]
    return Strip(tally.row, tally.dtype, str(verdict_of(tally)), tuple(cells))


def _cell(margin: float, spread: Spread) -> Cell:
    if margin == float("inf"):
        return Cell("fails", 10, "does not pass")
    title = f"{margin:.3g} of the tolerance"
    if sum(spread.counts):
        title += f"; at most {spread.largest:.3g} ulp, 99 % within {spread.p99:.3g}"
    return Cell(f"{margin:.2g}" if margin else "0", min(9, int(10 * margin)), title)


def _all_bars(data: SuiteData, runtimes: list[str]) -> list[Bars]:
    """Of all operators together: one distribution for each type and runtime."""
    found: dict[tuple[str, str], Spread] = {}
    for tally in data.tallies:
        for runtime, spread in spread_by_runtime(tally).items():
            key = (tally.dtype, runtime)
            found[key] = found.get(key, Spread()) + spread
    bars = []
    for (dtype, runtime), spread in sorted(
        found.items(),
        key=lambda i: (i[0][0], runtimes.index(i[0][1]) if i[0][1] in runtimes else 99),
    ):
        total = sum(spread.counts)
        if total:
            heights = tuple(count / total for count in spread.counts)
            bars.append(Bars(runtime, dtype, heights, f"{spread.largest:.3g}", total))
    return bars
