"""The models of ``cases/models`` in every mode and target, as a table of ``docs/models.md``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
RESULTS = _ROOT / "reports" / "baselines" / "modes.json"

MEMORY, TRAINING = "in memory", "training"
MODES = (MEMORY, TRAINING, ".keras", ".tflite", ".pb")


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one model in one mode.

    Attributes:
        model: its name.
        mode: one of :data:`MODES`.
        outcome: ``passes``, ``fails``, ``refused`` or ``error``.
        detail: one sentence.
        certificate: what the certificate says.
        used: the part of the tolerance that is used.
    """

    model: str
    mode: str
    outcome: str
    detail: str
    certificate: str = ""
    used: float = 0.0


def read() -> tuple[Entry, ...]:
    """The figures of the last run."""
    if not RESULTS.exists():
        return ()
    return tuple(Entry(**row) for row in json.loads(RESULTS.read_text(encoding="utf-8")))


def write(entries: Sequence[Entry], models: Sequence[str]) -> None:
    """Keep figures, the last of each model and mode, in the order of the models.

    Args:
        entries: what became of them.
        models: the names of all models; figures of others are dropped.
    """
    last = {(entry.model, entry.mode): entry for entry in entries}
    places = [(model, mode) for model in models for mode in MODES]
    rows = [json.dumps(dataclasses.asdict(last[place])) for place in places if place in last]
    RESULTS.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def lines(entries: Sequence[Entry]) -> Iterator[str]:
    """The table, line by line.

    Args:
        entries: what became of each model in each mode.
    """
    yield "## Every mode and target"
    yield ""
    yield "The models of `cases/models`: as they stand in memory, with gradients; trained for three"
    yield "optimiser steps; and in each file format, checked as it was written. The percentage is"
    yield "the part of the tolerance that is used. All but `.tflite` have a float64 certificate;"
    yield "*constants*: up to those that the file holds in float32."
    yield "`python -m cases.modes --write` makes this table."
    yield ""
    yield f"| model | {' | '.join(MODES)} |"
    yield f"|---|{'---|' * len(MODES)}"
    found = {(entry.model, entry.mode): entry for entry in entries}
    for model in dict.fromkeys(entry.model for entry in entries):
        yield f"| {model} | {' | '.join(_cell(found.get((model, mode))) for mode in MODES)} |"
    others = [entry for entry in entries if entry.outcome != "passes"]
    if others:
        yield ""
        yield "| model | mode | | why |"
        yield "|---|---|---|---|"
        for entry in others:
            detail = entry.detail.replace("|", "\\|").replace("<", "&lt;")
            yield f"| {entry.model} | {entry.mode} | {entry.outcome} | {detail} |"


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return ""
    if entry.outcome != "passes":
        return f"**{entry.outcome}**"
    return f"{100 * entry.used:.3g} %{' *constants*' * entry.certificate.endswith('constants')}"
