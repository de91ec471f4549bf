"""A report as one HTML page that needs nothing else: no network, no fonts, no libraries.

Everything in a report comes from models and is not trusted. Templates escape it, scripts only ever
set text, and the page's own policy lets no script or style run but the two that it was written
with.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.report import charts
from parity.report.arithmetic import certified_in
from parity.report.glossary import GLOSSARY, anchor
from parity.report.numbers import figure, gravest, shape_of
from parity.results import Comparison, NodeEvidence, Report, Result
from parity.verdict import Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_CLASSES = {
    Verdict.exact: "good",
    Verdict.rounding: "good",
    Verdict.quantisation: "good",
    Verdict.known_difference: "known",
    Verdict.decision_flip: "known",
    Verdict.inconclusive: "open",
    Verdict.unsupported: "open",
    Verdict.mismatch: "bad",
    Verdict.error: "bad",
}
_HEADLINES = {
    "good": "Parity",
    "known": "Parity, with known differences",
    "open": "Not decided",
    "bad": "No parity",
}
_NOT_COMPARED = "not compared"
_SHOWN = 300
"""How many rows a browser lays out at first; it takes seconds for thousands."""


@dataclass(frozen=True, slots=True)
class Row:
    """One node, as a row of the table of layers.

    Attributes:
        node: the evidence.
        own: the verdict on the node alone, as shown.
        accumulated: the verdict on the tensor inside the model, as shown.
        note: what else there is to say.
        filters: the verdicts under which the row is found, separated by bars.
        culprit: whether the report blames this node.
    """

    node: NodeEvidence
    own: str
    accumulated: str
    note: str
    filters: str
    culprit: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One result, as a section of the page."""

    number: int
    result: Result
    tone: str
    opened: bool
    margin: float
    rows: tuple[Row, ...]
    verdicts: tuple[str, ...]
    gradients: tuple[str, ...]
    bare: int
    layers: charts.Layers | None
    scatters: tuple[charts.Scatter, ...]
    histogram: charts.Histogram | None
    certified_in: str


def html(report: Report) -> str:
    """The page.

    Args:
        report: what was found.
    """
    style, script = _asset("report.css"), _asset("report.js")
    sections = tuple(
        _section(i, result, alone=len(report.results) == 1)
        for i, result in enumerate(report.results)
    )
    tone = tone_of(report.verdict)
    return _environment().get_template("page.html.j2").render(
        report=report,
        sections=sections,
        tone=tone,
        headline=_HEADLINES[tone],
        sentence=_sentence(report),
        counts=Counter(result.verdict for result in report.results),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        glossary=GLOSSARY,
        shown=_SHOWN,
    )  # fmt: skip


def tone_of(verdict: Verdict | str) -> str:
    """The colour in which a verdict is shown.

    >>> tone_of(Verdict.mismatch), tone_of("rounding"), tone_of("not compared")
    ('bad', 'good', 'open')
    """
    return _CLASSES[Verdict(verdict)] if verdict in list(Verdict) else "open"


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=figure, shape=shape_of, tone=tone_of, anchor=anchor)
    return environment


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}"


def _sentence(report: Report) -> str:
    if not report.results:
        return "The report has no results, so nothing was compared."
    if len(report.results) == 1:
        return report.results[0].summary
    passing = sum(result.verdict.passes for result in report.results)
    worst = max(report.results, key=lambda result: list(Verdict).index(result.verdict))
    if passing == len(report.results):
        return f"All {passing} results pass."
    return f"{passing} of {len(report.results)} results pass. {worst.case}: {worst.summary}"


def _section(number: int, result: Result, *, alone: bool) -> Section:
    rows = tuple(_row(node, result) for node in result.nodes)
    found = {verdict for row in rows for verdict in row.filters.split("|")}
    scatters = [charts.scatter(points, result.dtype) for points in result.points]
    return Section(
        number=number,
        result=result,
        tone=tone_of(result.verdict),
        opened=alone or not result.verdict.passes,
        margin=gravest([c.margin for c in (*result.outputs, *result.gradients)]),
        rows=rows,
        verdicts=tuple(v for v in (*Verdict, _NOT_COMPARED) if v in found),
        gradients=tuple(v for v in Verdict if v in {g.verdict for g in result.gradients}),
        bare=sum(not node.covered for node in result.nodes),
        layers=charts.layers(result.nodes, result.culprit),
        scatters=tuple(scatter for scatter in scatters if scatter is not None),
        histogram=charts.histogram(result.gradients),
        certified_in=certified_in(result),
    )


def _row(node: NodeEvidence, result: Result) -> Row:
    own = _gravest_verdict([part for part in (node.local, node.certificate) if part is not None])
    accumulated = _gravest_verdict([node.total] if node.total is not None else [])
    parts = (node.certificate, node.local, node.total)
    details = [part.detail for part in parts if part is not None and part.detail]
    return Row(
        node=node,
        own=own,
        accumulated=accumulated,
        note=node.reason if not node.covered else next(iter(details), ""),
        filters="|".join(dict.fromkeys((own, accumulated))),
        culprit=result.culprit is not None and result.culprit.node == node.name,
    )


def _gravest_verdict(parts: Sequence[Comparison]) -> str:
    return str(Verdict.worst(part.verdict for part in parts)) if parts else _NOT_COMPARED
