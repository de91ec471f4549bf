"""The section on training of ``docs/models.md``, made from the figures of the last runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cases.figures import BASELINES, read_rows, write_rows

RESULTS = BASELINES / "training.json"


@dataclass(frozen=True, slots=True)
class Training:
    """What became of some optimiser steps of one model.

    Attributes:
        name: of the model.
        domain: the file it stands in.
        steps: how many.
        optimizer: PyTorch's.
        outcome: ``proved``, ``not proved`` or ``error``.
        detail: one sentence.
        tensors: how many losses, parameters and buffers were compared, after all steps.
        difference: the largest difference in float64, over the size of its tensor.
        used: the part of the tolerance that is used in the model's own type.
    """

    name: str
    domain: str
    steps: int
    optimizer: str
    outcome: str
    detail: str
    tensors: int = 0
    difference: float = 0.0
    used: float = 0.0


def read(path: Path = RESULTS) -> dict[str, Training]:
    """The figures of the last runs, by the names of the models."""
    return {row.name: row for row in read_rows(Training, path)}


def write(found: Mapping[str, Training], path: Path = RESULTS) -> None:
    """Write figures, in place of those of the same models.

    Args:
        found: by the names of the models.
        path: where.
    """
    every = sorted((read(path) | dict(found)).values(), key=lambda row: (row.domain, row.name))
    write_rows(every, path)


def lines(trainings: Sequence[Training], names: Sequence[str]) -> list[str]:
    """The section.

    Args:
        trainings: what became of each model.
        names: of all models.
    """
    proved = [row for row in trainings if row.outcome == "proved"]
    found = [
        "",
        "## Training",
        "",
        f"{len(proved)} of the {len(names)} models of `cases/models` were trained on both sides",
        "from one state, with the same random numbers: the losses, every parameter and every",
        "buffer were compared after each step. They make the same steps in float64, and what",
        "differs in float32 is rounding, by the noise floor of PyTorch's own steps",
        "([how](training.md)).",
        "",
        "*float64* is the largest difference over the size of its tensor, and *used* the part of",
        "the tolerance that is used in float32. `python -m cases.training --write` makes this",
        "section.",
        "",
        "| model | domain | steps | optimiser | tensors | float64 | used |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row.name} | {row.domain} | {row.steps} | {row.optimizer} | {row.tensors} "
            f"| {row.difference:.2g} | {100 * row.used:.3g} % |"
            for row in proved
        ),
    ]
    failed = [row for row in trainings if row.outcome != "proved"]
    if failed:
        found += ["", "These are not proved:", "", "| model | reason |", "|---|---|"]
        found += [f"| {row.name} | {row.detail.replace('|', '/')} |" for row in failed]
    waiting = sorted(set(names) - {row.name for row in trainings})
    if waiting:
        found += ["", f"Not run: {', '.join(waiting)}."]
    return found
