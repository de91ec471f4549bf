"""What changed between runs of the suite: other releases, another device, other switches.

Runs draw the same arguments, so that two of them differ in nothing but what ran. A result whose
digests are equal in both is the same to the bit and is never called changed; where the bits differ,
what counts as changed is a verdict, a known difference that is seen in one run only, and accuracy
beyond noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from parity.results import Environment
from parity.smirnov import chance_distance
from parity.suite.report import SuiteData, fails, verdict_of
from parity.suite.subjects import RUNTIMES
from parity.suite.survey import gravity
from parity.suite.tally import EDGES, Line, Spread, Tally
from parity.verdict import Verdict

SCHEMA_VERSION = 1

RAN = "run"
NOT_RUN = "not run"
NOTHING = "no such result"

TWICE = 2.0
"""By which factor the used part of a tolerance has to move to be called changed."""

LEAST = 0.1
"""Of a tolerance, what less than this is used of is all the same."""

SHARE = 0.05
"""How many of the numbers have to lie in other bars of the distribution of errors."""

CHANCE = 1e-6
"""How improbable it has to be that two distributions of errors are samples of one."""


class Kind(StrEnum):
    """What changed, the gravest first."""

    verdict = "verdict"
    missing = "missing"
    known = "known difference"
    accuracy = "accuracy"


@dataclass(frozen=True, slots=True)
class Side:
    """One result in one run.

    Attributes:
        verdict: a verdict; of something as a whole ``run`` or ``not run``; ``no such result``.
        margin: the part of the tolerance that is used.
        largest: the largest error in units of the last place; ``p99`` is the end of the bar that
            99 % of the numbers don't exceed, ``rounded`` the share of those that are rounded
            correctly; none of them without ``numbers``.
        numbers: how many were measured so.
        detail: what the judgement says.
    """

    verdict: str
    margin: float = 0.0
    largest: float = 0.0
    p99: float = 0.0
    rounded: float = 0.0
    numbers: int = 0
    detail: str = ""

    @property
    def brief(self) -> str:
        """A cell of a narrow table."""
        known = self.verdict == Verdict.known_difference
        if self.verdict not in set(Verdict) or known or not Verdict(self.verdict).passes:
            return f"{self.verdict}: {self.detail}" if self.detail else self.verdict
        ulps = f", {self.largest:.3g} ulp" if self.numbers else ""
        return f"{self.margin:.3g} of the tolerance{ulps}"

    @property
    def words(self) -> str:
        """A cell of a wide table."""
        if not self.numbers or not Verdict(self.verdict).passes:
            return self.brief
        spread = f"99 % within {self.p99:.3g}, {100 * self.rounded:.3g} % within half of one"
        return f"{self.brief}, {spread}"


@dataclass(frozen=True, slots=True)
class Change:
    """One result that is not in all runs what it is in one of them.

    Attributes:
        kind: what changed.
        family: where the row stands.
        row: its name.
        dtype: the type; empty for all of the row's.
        device: where it ran; empty where the runs differ in it.
        runtime: which; empty for all.
        result: ``output``, ``gradient of x``; empty for all.
        sides: what it is in each run, in their order.
    """

    kind: Kind
    family: str
    row: str
    dtype: str
    device: str
    runtime: str
    result: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Bits:
    """How much of one runtime is the same to the bit in two runs that follow one another.

    Attributes:
        runtime: its name.
        same: how many results are.
        of: how many there are in both runs, of the same arguments.
        otherwise: how many are of other arguments, or of runs that kept no digests.
        rows: those with a result that isn't the same.
    """

    runtime: str
    same: int
    of: int
    otherwise: int
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One of the runs.

    Attributes:
        name: what tells it from the others.
        created: when it was.
        device: where it ran.
        runtimes: which ran.
        rows: how many.
        pairs: of row and type; ``passing``: how many of them agree or are known to differ.
        passing: of the pairs.
        bits: what is the same as in the run before; nothing for the first.
    """

    name: str
    created: str
    device: str
    runtimes: tuple[str, ...]
    rows: int
    pairs: int
    passing: int
    bits: tuple[Bits, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between some runs.

    Attributes:
        runs: the runs, as they were given.
        environments: what differs between the machines and packages, by name.
        changes: the gravest first.
    """

    runs: tuple[Run, ...]
    environments: dict[str, tuple[str, ...]]
    changes: tuple[Change, ...]
    schema_version: int = SCHEMA_VERSION

    @property
    def lost(self) -> tuple[Change, ...]:
        """What passed in the first run and doesn't in the last."""
        return tuple(c for c in self.changes if _passes(c.sides[0]) and _fails(c.sides[-1]))


def changes_between(runs: Sequence[tuple[str, SuiteData]]) -> Changes:
    """Compare runs.

    Args:
        runs: names (where the environments don't tell them apart) and data, the earliest first.
    """
    data = [found for _, found in runs]
    environments = _differing([found.environment for found in data])
    several = any(len({t.device for t in found.tallies}) > 1 for found in data)
    tables = [
        {(t.family, t.row, t.dtype, t.device if several else ""): t for t in found.tallies}
        for found in data
    ]
    names = _names([name for name, _ in runs], environments)
    summaries = [
        _summary(name, found, _bits(before, table) if before is not None else ())
        for name, found, before, table in zip(
            names, data, [None, *tables[:-1]], tables, strict=True
        )
    ]
    devices = {run.device for run in summaries}
    device = devices.pop() if len(devices) == 1 and not several else ""
    there = [{key[:2] for key in table} for table in tables]
    ran = [set(run.runtimes) for run in summaries]
    found: dict[tuple[Kind, str, str, str, str, str, str], Change] = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        family, row, dtype, where = key
        pairs = _of_pair([table.get(key) for table in tables], ran)
        for kind, runtime, result, sides in pairs:
            if kind is Kind.missing and not all(key[:2] in rows for rows in there):
                dtype = ""  # a run has the row in no type
                sides = tuple(Side(RAN if key[:2] in rows else NOT_RUN) for rows in there)
            place = (kind, family, row, dtype, where or device, runtime, result)
            found[place] = Change(*place, sides)
    order = list(Kind)
    ordered = sorted(found.values(), key=lambda c: (order.index(c.kind), c.family, c.row, c.dtype))
    return Changes(tuple(summaries), environments, tuple(ordered))


Key = tuple[str, str, str, str]


def _of_pair(
    found: Sequence[Tally | None], ran: Sequence[set[str]]
) -> Iterator[tuple[Kind, str, str, tuple[Side, ...]]]:
    """The changes of one row in one type: what, of which runtime and result, and what it is."""
    tallies = [tally for tally in found if tally is not None]
    if len(tallies) < len(found):
        yield Kind.missing, "", "", tuple(_whole(tally) for tally in found)
        return
    if len({bool(tally.failure) for tally in tallies}) > 1:
        yield Kind.verdict, "", "", tuple(_whole(tally) for tally in tallies)
    tables = [{(line.runtime, line.worst.name): line for line in t.lines} for t in tallies]
    everywhere = set.intersection(*ran)
    runtimes = [name for name in RUNTIMES if name in everywhere]
    for runtime in runtimes:
        own = [{r: line for (n, r), line in table.items() if n == runtime} for table in tables]
        if not all(own):
            if any(own):
                sides = tuple(Side(RAN if lines else NOT_RUN) for lines in own)
                yield Kind.missing, runtime, "", sides
            continue
        shared = [name for name in own[0] if all(name in lines for lines in own)]
        for name in shared:
            lines = [table[name] for table in own]
            kind = _kind(lines)
            if kind is not None:
                yield kind, runtime, name, tuple(map(_side, lines))
        others = dict.fromkeys(name for table in own for name in table if name not in shared)
        if others:
            sides = tuple(_gravest([t[name] for name in others if name in t]) for t in own)
            yield _partly(sides), runtime, ", ".join(others), sides


def _kind(lines: Sequence[Line]) -> Kind | None:
    """What changed between the same result in all runs; None for nothing."""
    verdicts = [line.worst.verdict for line in lines]
    if len({fails(line) for line in lines}) > 1:
        return Kind.verdict
    if len({verdict is Verdict.known_difference for verdict in verdicts}) > 1:
        return Kind.known
    if any(_moved(one, other) for one, other in pairwise((*lines, lines[0]))):
        return Kind.accuracy
    return None


def _partly(sides: Sequence[Side]) -> Kind:
    """What changed where a result is in some runs only."""
    there = [side.verdict for side in sides if side.verdict != NOTHING]
    if Verdict.known_difference in there:
        return Kind.known
    return Kind.verdict if any(_fails(side) for side in sides) else Kind.missing


def _moved(one: Line, other: Line) -> bool:
    """Whether accuracy is another, beyond noise."""
    if one.given and (one.asked, one.given) == (other.asked, other.given):
        return False
    if fails(one) or Verdict.inconclusive in (one.worst.verdict, other.worst.verdict):
        return False
    low, high = sorted((one.worst.margin, other.worst.margin))
    if high > max(LEAST, TWICE * low):
        return True
    counts = sum(one.spread.counts), sum(other.spread.counts)
    if not all(counts):
        return False
    return _distance(one.spread, other.spread) > max(SHARE, chance_distance(*counts, CHANCE))


def _distance(one: Spread, other: Spread) -> float:
    """The largest distance between two distribution functions."""
    totals = sum(one.counts), sum(other.counts)
    apart, here, there = 0.0, 0, 0
    for a, b in zip(one.counts, other.counts, strict=True):
        here, there = here + a, there + b
        apart = max(apart, abs(here / totals[0] - there / totals[1]))
    return apart


def _gravest(lines: Sequence[Line]) -> Side:
    """The gravest of the results that not every run has."""
    return _side(max(lines, key=lambda line: gravity(line.worst))) if lines else Side(NOTHING)


def _side(line: Line) -> Side:
    spread, count = line.spread, sum(line.spread.counts)
    rounded = sum(n for n, edge in zip(spread.counts, EDGES, strict=False) if edge <= 0.5)
    worst = line.worst
    return Side(
        str(worst.verdict), worst.margin, spread.largest, spread.p99,
        rounded / count if count else 0.0, count, worst.detail,
    )  # fmt: skip


def _whole(tally: Tally | None) -> Side:
    """A row in one type as one side."""
    if tally is None:
        return Side(NOT_RUN)
    return Side(str(Verdict.error) if tally.failure else RAN, detail=tally.failure)


def _passes(side: Side) -> bool:
    return side.verdict in (RAN, NOTHING) or (
        side.verdict in set(Verdict) and Verdict(side.verdict).passes
    )


def _fails(side: Side) -> bool:
    return side.verdict in set(Verdict) - {Verdict.inconclusive} and not _passes(side)


def _bits(before: dict[Key, Tally], now: dict[Key, Tally]) -> tuple[Bits, ...]:
    found = []
    for runtime in RUNTIMES:
        same = of = otherwise = 0
        rows: dict[str, None] = {}
        for key in before.keys() & now.keys():
            tables = [
                {line.worst.name: line for line in tally.lines if line.runtime == runtime}
                for tally in (before[key], now[key])
            ]
            for name in tables[0].keys() & tables[1].keys():
                one, other = tables[0][name], tables[1][name]
                if not one.asked or one.asked != other.asked:
                    otherwise += 1
                    continue
                of += 1
                same += one.given == other.given
                if one.given != other.given:
                    rows[now[key].row] = None
        if of or otherwise:
            found.append(Bits(runtime, same, of, otherwise, tuple(sorted(rows))))
    return tuple(found)


def _summary(name: str, data: SuiteData, bits: tuple[Bits, ...]) -> Run:
    tallies = data.tallies
    ran = {line.runtime for tally in tallies for line in tally.lines}
    return Run(
        name=name,
        created=data.created,
        device=", ".join(sorted({tally.device for tally in tallies})),
        runtimes=tuple(runtime for runtime in RUNTIMES if runtime in ran),
        rows=len({tally.row for tally in tallies}),
        pairs=len(tallies),
        passing=sum(verdict_of(tally).passes for tally in tallies),
        bits=bits,
    )


def _differing(environments: Sequence[Environment]) -> dict[str, tuple[str, ...]]:
    """What isn't the same everywhere, by name."""
    described = [
        {
            **environment.versions,
            "Python": environment.python,
            "processor": environment.cpu,
            "GPU": environment.gpu,
            "platform": environment.platform,
            **{name: str(value) for name, value in environment.threads.items()},
            **environment.settings,
        }
        for environment in environments
    ]
    found = {}
    for name in dict.fromkeys(name for one in described for name in one):
        values = tuple(one.get(name, "none") for one in described)
        if len(set(values)) > 1:
            found[name] = values
    return found


_TELLING = ("torch", "tensorflow", "keras", "Python", "GPU")


def _names(given: Sequence[str], environments: dict[str, tuple[str, ...]]) -> list[str]:
    """A name for each run: the framework whose release differs, or else what it was called."""
    for name in _TELLING:
        values = environments.get(name, ())
        if len(set(values)) == len(given) and "none" not in values:
            return [f"{name} {value}" for value in values]
    return list(given)
