"""The geometry of the pictures. Templates draw it as SVG; nothing here makes markup.

Dots are one path of zero-length strokes with round ends: a few bytes each, crisp at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from parity.report.scales import LogAxis, Tick
from parity.results import Comparison, Culprit, NodeEvidence, Points

WIDTH, HEIGHT = 1120.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 14.0, 26.0, 52.0
SMALL_WIDTH, SMALL_HEIGHT = 540.0, 340.0
_GROUPS = 16
_LETTER = 6.4
_BINS = 20
_UNITS = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "complex64": 2.0**-24,
    "complex128": 2.0**-53,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's rectangle and its axes."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive nodes of one module."""

    left: float
    width: float
    label: str
    name: str
    odd: bool


@dataclass(frozen=True, slots=True)
class Layers:
    """Errors node by node.

    Attributes:
        frame: the rectangle.
        count: how many nodes.
        groups: modules, below the axis.
        band: area under the tolerance; ``noise``: the noise; ``total``: the accumulated error.
        local: dots of each node's own error; ``failed``: those that are not rounding.
        uncovered: ticks where nothing was compared.
        culprit: where the culprit stands; ``culprit_name``: its name.
        flip: whether the culprit's name stands on its left.
    """

    frame: Frame
    count: int
    groups: tuple[Group, ...]
    band: str
    noise: str
    total: str
    local: str
    failed: str
    uncovered: str
    culprit: float | None
    culprit_name: str
    flip: bool


@dataclass(frozen=True, slots=True)
class Scatter:
    """Error against magnitude, with the bound."""

    name: str
    frame: Frame
    within: str
    beyond: str
    outside: int
    count: int
    bound: float | None
    unit: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram."""

    x: float
    y: float
    width: float
    height: float
    label: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many gradients use how much of their tolerance."""

    frame: Frame
    bars: tuple[Bar, ...]
    limit: float
    count: int


def layers(nodes: Sequence[NodeEvidence], culprit: Culprit | None) -> Layers | None:
    """The picture of errors along the model; None if no node was compared."""
    totals = [(i, n.total) for i, n in enumerate(nodes) if n.total is not None]
    locals_ = [(i, n.local) for i, n in enumerate(nodes) if n.local is not None]
    if not totals and not locals_:
        return None
    heights = [c.target_error for _, c in (*totals, *locals_)]
    heights += [n for _, c in totals for n in (c.noise, c.tolerance)]
    axis = LogAxis.over(heights, HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / len(nodes)

    def place(index: int) -> float:
        return LEFT + (index + 0.5) * step

    at = next(
        (i for i, n in enumerate(nodes) if culprit is not None and n.name == culprit.node), None
    )
    bad = [(i, c) for i, c in locals_ if not c.verdict.passes]
    good = [(i, c) for i, c in locals_ if c.verdict.passes]
    edges = _runs([(i, axis.at(c.tolerance)) for i, c in totals if c.tolerance > 0], step)
    noises = _runs([(i, axis.at(c.noise)) for i, c in totals if c.noise > 0], step)
    return Layers(
        frame=Frame(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, (), axis.ticks),
        count=len(nodes),
        groups=_groups(nodes, step),
        band="".join(_area(edge, HEIGHT - BOTTOM) for edge in edges),
        noise="".join(map(_line, noises)),
        total=_line((place(i), axis.at(c.target_error)) for i, c in totals),
        local=_dots((place(i), axis.at(c.target_error)) for i, c in good),
        failed=_dots((place(i), axis.at(c.target_error)) for i, c in bad),
        uncovered=_dots(
            (place(i), HEIGHT - BOTTOM + 5) for i, n in enumerate(nodes) if not n.covered
        ),
        culprit=None if at is None else round(place(at), 1),
        culprit_name="" if at is None else nodes[at].name,
        flip=at is not None and at > 0.7 * len(nodes),
    )


def scatter(points: Points, dtype: str) -> Scatter | None:
    """The picture of error against magnitude; None if there are no elements."""
    pairs = list(zip(points.magnitude, points.error, strict=True))
    if not pairs:
        return None
    right, low = SMALL_WIDTH - RIGHT, SMALL_HEIGHT - BOTTOM
    bounded = math.isfinite(points.bound) and points.bound > 0
    x = LogAxis.over(points.magnitude, LEFT, right, lane=48.0)
    y = LogAxis.over([*points.error, *([points.bound] if bounded else [])], low, TOP)
    beyond = [(m, e) for m, e in pairs if bounded and not e <= points.bound]
    within = [(m, e) for m, e in pairs if not bounded or e <= points.bound]
    return Scatter(
        name=points.name,
        frame=Frame(SMALL_WIDTH, SMALL_HEIGHT, LEFT, right, TOP, low, x.ticks, y.ticks),
        within=_dots((x.at(m), y.at(e)) for m, e in within),
        beyond=_dots((x.at(m), y.at(e)) for m, e in beyond),
        outside=len(beyond),
        count=len(pairs),
        bound=round(y.at(points.bound), 1) if bounded else None,
        unit=_unit_line(x, y, _UNITS[dtype]) if dtype in _UNITS else None,
    )


def histogram(gradients: Sequence[Comparison]) -> Histogram | None:
    """How much of their tolerance gradients use; None without gradients."""
    if not gradients:
        return None
    counts = [0] * (_BINS + 1)
    for gradient in gradients:
        fits = 0 <= gradient.margin <= 1
        counts[min(int(gradient.margin * _BINS), _BINS - 1) if fits else _BINS] += 1
    right, low = SMALL_WIDTH - RIGHT, SMALL_HEIGHT - BOTTOM
    step = (right - LEFT) / (_BINS + 1.5)
    most = max(counts)
    bars = []
    for index, count in enumerate(counts):
        failed = index == _BINS
        x = LEFT + (index + (0.5 if failed else 0)) * step
        height = count / most * (low - TOP)
        span = (
            "above 1 or not finite" if failed else f"{index / _BINS:g} to {(index + 1) / _BINS:g}"
        )
        label = f"{count} with a margin {span}"
        bars.append(_bar(x, low, step, height, label, failed=failed))
    ticks = tuple(Tick(round(LEFT + i * 5 * step, 1), f"{i / 4:g}") for i in range(5))
    over = Tick(round(LEFT + (_BINS + 1) * step, 1), "> 1")
    marks = sorted({1, most, -(-most // 2)})
    heights = tuple(Tick(round(low - m / most * (low - TOP), 1), str(m)) for m in marks)
    frame = Frame(SMALL_WIDTH, SMALL_HEIGHT, LEFT, right, TOP, low, (*ticks, over), heights)
    return Histogram(frame, tuple(bars), round(LEFT + (_BINS + 0.25) * step, 1), len(gradients))


def _bar(x: float, low: float, step: float, height: float, label: str, *, failed: bool) -> Bar:
    return Bar(
        round(x + 1, 1), round(low - height, 1), round(step - 2, 1), round(height, 1), label, failed
    )


def _groups(nodes: Sequence[NodeEvidence], step: float) -> tuple[Group, ...]:
    """Modules at the greatest depth that leaves few enough of them to be read."""
    paths = [node.module.split(".") for node in nodes]
    best: list[tuple[str, int]] = []
    for depth in range(1, 8):
        runs = [(key, len(list(run))) for key, run in groupby(".".join(p[:depth]) for p in paths)]
        if len(runs) > _GROUPS:
            break
        best = runs
    groups, start = [], 0
    for index, (name, length) in enumerate(best):
        width = length * step
        room = int(width / _LETTER) - 1
        groups.append(
            Group(
                round(LEFT + start * step, 1),
                round(width, 1),
                _fitting(name, room),
                name,
                bool(index % 2),
            )
        )
        start += length
    return tuple(groups)


def _fitting(name: str, room: int) -> str:
    """A module path's last parts, as many as there is room for.

    >>> _fitting("bert.encoder.layer.3", 9), _fitting("embeddings", 5), _fitting("bert", 2)
    ('layer.3', 'embe\u2026', '')
    """
    parts = name.split(".")
    for start in range(len(parts)):
        label = ".".join(parts[start:])
        if len(label) <= room:
            return label
    return f"{parts[-1][: room - 1]}\u2026" if room >= 4 else ""


def _unit_line(x: LogAxis, y: LogAxis, unit: float) -> tuple[float, float, float, float] | None:
    """Where one unit roundoff of the magnitude lies, cut to the plot."""
    power = math.log10(unit)
    start, end = max(x.first, y.first - power), min(x.last, y.last - power)
    if start >= end:
        return None
    ends = (x.at_power(start), y.at_power(start + power), x.at_power(end), y.at_power(end + power))
    first, second, third, fourth = (round(number, 1) for number in ends)
    return first, second, third, fourth


def _line(points: Iterable[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{path}" if path else ""


def _runs(heights: Sequence[tuple[int, float]], step: float) -> list[list[tuple[float, float]]]:
    """Lines over consecutive nodes, each as wide as its nodes."""
    lines = []
    for _, items in groupby(enumerate(heights), lambda item: item[1][0] - item[0]):
        run = [height for _, height in items]
        line = [(LEFT + (index + 0.5) * step, y) for index, y in run]
        (first, start), (last, end) = line[0], line[-1]
        lines.append([(first - step / 2, start), *line, (last + step / 2, end)])
    return lines


def _area(edge: Sequence[tuple[float, float]], low: float) -> str:
    return f"{_line(edge)} {edge[-1][0]:.1f} {low:.1f} {edge[0][0]:.1f} {low:.1f}Z"


def _dots(points: Iterable[tuple[float, float]]) -> str:
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
