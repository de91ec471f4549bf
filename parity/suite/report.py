"""What a run of the suite found, as a report that can be read, rendered and gated on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from parity.results import Certificate, Comparison, Environment, Report, Result
from parity.suite.repro import FOLDER, file_name
from parity.suite.subjects import RUNTIMES
from parity.suite.survey import gravity
from parity.suite.tally import Line, Spread, Tally
from parity.verdict import Verdict

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class SuiteData:
    """What the pictures of the suite are made of: ``operators.json`` beside a report.

    Attributes:
        tallies: one for each row, type and device.
        environment: where the numbers were made.
        created: when.
        quality: the suite's own figures: planted faults caught, false alarms.
    """

    tallies: tuple[Tally, ...]
    environment: Environment
    created: str
    quality: dict[str, float]
    schema_version: int = SCHEMA_VERSION


def merged(tallies: Iterable[Tally]) -> tuple[Tally, ...]:
    """One tally for each row, type and device; those of other runtimes come from other tasks."""
    found: dict[tuple[str, str, str], Tally] = {}
    for tally in tallies:
        key = (tally.row, tally.dtype, tally.device)
        old = found.get(key)
        if old is None:
            found[key] = tally
            continue
        seconds = {
            part: old.seconds.get(part, 0) + tally.seconds.get(part, 0)
            for part in {*old.seconds, *tally.seconds}
        }
        found[key] = replace(
            old,
            lines=(*old.lines, *tally.lines),
            floor={**old.floor, **tally.floor},
            seconds=seconds,
            failure="; ".join(filter(None, (old.failure, tally.failure))),
        )
    order = sorted(found.values(), key=lambda t: (t.family, t.row, t.dtype, t.device))
    return tuple(order)


def suite_data(
    tallies: Iterable[Tally],
    environment: Environment,
    quality: dict[str, float] | None = None,
) -> SuiteData:
    """Everything that a run found.

    Args:
        tallies: as they came.
        environment: where they come from.
        quality: the suite's own figures.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return SuiteData(merged(tallies), environment, now, dict(quality or {}))


def report_of(data: SuiteData, seed: int = 0) -> Report:
    """A result for each row, type and device."""
    results = tuple(_result(tally, seed) for tally in data.tallies)
    return Report(results, data.environment, data.created)


def verdict_of(tally: Tally) -> Verdict:
    """The gravest of a row in one type; ``inconclusive`` where nothing was compared."""
    if tally.failure:
        return Verdict.error
    said = [
        line.worst.verdict for line in tally.lines if line.worst.verdict is not Verdict.inconclusive
    ]
    return Verdict.worst(said)


def _result(tally: Tally, seed: int) -> Result:
    verdict = verdict_of(tally)
    runtimes = list(dict.fromkeys(line.runtime for line in tally.lines))
    torch = [name for name in runtimes if RUNTIMES[name].framework == "torch"]
    others = [name for name in runtimes if name not in torch]
    parts = [_comparison(line) for line in tally.lines]
    return Result(
        case=tally.row,
        source=f"{tally.family}: PyTorch's {tally.row}",
        target="TensorFlow's",
        source_runtime=", ".join(torch) or "none",
        target_runtime=", ".join(others) or "none",
        device=tally.device,
        dtype=tally.dtype,
        verdict=verdict,
        summary=summary_of(tally),
        certificate=Certificate("not taken", "every type is judged against the oracle"),
        outputs=tuple(p for p in parts if not p.name.startswith("gradient")),
        gradients=tuple(p for p in parts if p.name.startswith("gradient")),
        nodes=(),
        culprit=None,
        points=(),
        seed=seed,
        inputs={},
        floor=dict(tally.floor),
        repro=_repro(tally),
        seconds=sum(tally.seconds.values()),
    )


def _repro(tally: Tally) -> str:
    """The program of the gravest failing result that has one."""
    shown = [line for line in tally.lines if line.program]
    if not shown:
        return ""
    worst = max(shown, key=lambda line: gravity(line.worst))
    return f"{FOLDER}/{file_name(tally, worst.runtime, worst.worst.name)}"


def _comparison(line: Line) -> Comparison:
    """The worst of a line, named after its runtime, with the elements of all arguments."""
    one = line.worst
    detail = "; ".join(
        filter(None, (one.detail, f"with {line.arguments}" if line.arguments else ""))
    )
    return replace(
        one,
        name=f"{one.name} ({line.runtime})",
        elements=line.elements,
        detail=detail,
        ulp_max=max(one.ulp_max, line.spread.largest),
    )


def summary_of(tally: Tally) -> str:
    """One sentence on a row in one type."""
    if tally.failure:
        return f"{tally.row} in {tally.dtype} has no result: {tally.failure}"
    bad = [line for line in tally.lines if fails(line)]
    if bad:
        worst = max(bad, key=lambda line: gravity(line.worst))
        what = f"{worst.worst.name} in {worst.runtime}: {worst.worst.detail}"
        return f"{len(bad)} of {len(tally.lines)} results fail; {what}"
    used = max((line.worst.margin for line in tally.lines), default=0.0)
    return f"{len(tally.lines)} results agree; {used:.3g} of a tolerance is used at most"


def fails(line: Line) -> bool:
    """Whether something was compared and doesn't pass."""
    return not line.worst.verdict.passes and line.worst.verdict is not Verdict.inconclusive


def failing(tallies: Sequence[Tally]) -> list[tuple[Tally, Line | None]]:
    """What doesn't pass, with its row."""
    found: list[tuple[Tally, Line | None]] = []
    for tally in tallies:
        lines = [line for line in tally.lines if fails(line)]
        found += [(tally, line) for line in lines]
        if not lines and not verdict_of(tally).passes:
            found.append((tally, None))
    return found


def spread_by_runtime(tally: Tally) -> dict[str, Spread]:
    """Errors of the outputs (not of gradients) in units of the last place."""
    found: dict[str, Spread] = {}
    for line in tally.lines:
        if line.worst.name.startswith("output"):
            found[line.runtime] = found.get(line.runtime, Spread()) + line.spread
    return found


def margin_by_runtime(tally: Tally) -> dict[str, float]:
    """The largest part of a tolerance that each runtime uses; infinite where it fails."""
    found: dict[str, float] = {}
    for line in tally.lines:
        if line.worst.verdict is Verdict.inconclusive:
            continue
        margin = float("inf") if fails(line) else line.worst.margin
        found[line.runtime] = max(found.get(line.runtime, 0.0), margin)
    return found
