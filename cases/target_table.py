"""The models of ``cases/models`` in every target, as a table of ``docs/models.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cases.figures import BASELINES, read_rows, write_rows

RESULTS = BASELINES / "targets.json"

TARGETS = (".keras", ".tflite", ".pb")


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one model in one target.

    Attributes:
        model: its name.
        target: one of :data:`TARGETS`.
        outcome: ``passes``, ``fails``, ``refused`` or ``error``.
        detail: one sentence.
        certificate: what the certificate says.
        used: the part of the tolerance that is used.
        fixed: whether it was refused with open sizes, and converted with fixed ones.
    """

    model: str
    target: str
    outcome: str
    detail: str
    certificate: str = ""
    used: float = 0.0
    fixed: bool = False


def read() -> tuple[Entry, ...]:
    """The figures of the last run."""
    return read_rows(Entry, RESULTS)


def write(entries: Sequence[Entry], models: Sequence[str]) -> None:
    """Keep figures, the last of each model and target, in the order of the models.

    Args:
        entries: what became of them.
        models: the names of all models; figures of others are dropped.
    """
    last = {(entry.model, entry.target): entry for entry in entries}
    places = [(model, target) for model in models for target in TARGETS]
    write_rows((last[place] for place in places if place in last), RESULTS)


def lines(entries: Sequence[Entry]) -> Iterator[str]:
    """The table, line by line.

    Args:
        entries: what became of each model in each target.
    """
    yield "## Every target"
    yield ""
    yield "The models of `cases/models` in each file format, checked as it was written (in memory,"
    yield "with gradients, `tests/models` proves them). The percentage is the part of the tolerance"
    yield "that is used. All but `.tflite` have a float64 certificate;"
    yield "*constants*: up to those that the file holds in float32. Sizes are open where the"
    yield "model has open ones, but in `.tflite` files and where *fixed* says so."
    yield "`python -m cases.targets --write` makes this table."
    yield ""
    yield f"| model | {' | '.join(TARGETS)} |"
    yield f"|---|{'---|' * len(TARGETS)}"
    found = {(entry.model, entry.target): entry for entry in entries}
    for model in dict.fromkeys(entry.model for entry in entries):
        yield f"| {model} | {' | '.join(_cell(found.get((model, target))) for target in TARGETS)} |"
    others = [entry for entry in entries if entry.outcome != "passes"]
    if others:
        yield ""
        yield "| model | target | | why |"
        yield "|---|---|---|---|"
        for entry in others:
            detail = entry.detail.replace("|", "\\|").replace("<", "&lt;")
            yield f"| {entry.model} | {entry.target} | {entry.outcome} | {detail} |"


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return ""
    if entry.outcome != "passes":
        return f"**{entry.outcome}**"
    constants = " *constants*" * entry.certificate.endswith("constants")
    return f"{100 * entry.used:.3g} %{constants}{' *fixed*' * entry.fixed}"
