"""The page ``docs/keras_layers.md``, made from the figures of the last whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cases.figures import BASELINES, read_rows, write_rows
from cases.keras_layers import split
from cases.keras_verdicts import NOT_RUN, NOT_TRIED, REFUSED, RIGHT, TRIVIAL, Entry

RESULTS = BASELINES / "keras_layers.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "keras_layers.md"

FINE = (RIGHT, REFUSED, NOT_RUN, NOT_TRIED, TRIVIAL)
"""What a run may end in without failing."""


def read(path: Path = RESULTS) -> tuple[Entry, ...]:
    """The figures of the last whole run."""
    return read_rows(Entry, path)


def tried(entries: Sequence[Entry]) -> list[Entry]:
    """Those calls that TensorFlow runs and that weren't left out."""
    return [entry for entry in entries if entry.outcome not in (NOT_RUN, NOT_TRIED)]


def write(entries: Sequence[Entry]) -> None:
    """Keep figures and write the page.

    Args:
        entries: of a whole run.
    """
    write_rows(entries, RESULTS)
    PAGE.write_text(page(entries), encoding="utf-8")


def page(entries: Sequence[Entry]) -> str:
    """The page.

    Args:
        entries: what became of each call.
    """
    return "\n".join(_lines(entries)) + "\n"


def _lines(entries: Sequence[Entry]) -> Iterator[str]:
    runs = tried(entries)
    right = [entry for entry in runs if entry.outcome == RIGHT]
    counts = Counter(entry.outcome for entry in entries)
    whole = [entry for entry in right if entry.certificate == "same function"]
    yield "# Keras's layers in PyTorch"
    yield ""
    yield "The yardstick is Keras's own: each call of `run_layer_test` in the layer tests that"
    yield "Keras ships is built with weights that are no constants, in a model of open batch"
    yield "where the layer allows it, converted by `converters.tf_to_torch` as it runs in"
    yield "inference, and checked by `parity.check`: outputs, every operator and gradients in the"
    yield "model's own type, and the certificate in float64."
    yield ""
    yield f"**{len(right)} of {len(runs)}** tried calls that TensorFlow runs on a CPU are right"
    yield f"({100 * len(right) / max(len(runs), 1):.3g} %), {len(whole)} of them with the"
    yield "certificate `same function`, the others with `same function up to float32 constants`."
    yield f"{sum(entry.gradients for entry in right)} gradients were compared."
    yield ""
    yield "`python -m cases.keras_sweep --write` makes this page."
    yield ""
    yield "| outcome | calls | |"
    yield "|---|---|---|"
    for outcome, meaning in _MEANINGS.items():
        if counts[outcome]:
            yield f"| {outcome} | {counts[outcome]} | {meaning} |"
    others = [entry for entry in entries if entry.outcome not in (RIGHT, NOT_TRIED)]
    if others:
        yield ""
        yield "## What is not right, and why"
        yield ""
        yield "| call | layer | | |"
        yield "|---|---|---|---|"
        for entry in others:
            detail = entry.detail.replace("|", "\\|").replace("<", "&lt;")
            yield f"| `{entry.call}` | {entry.layer} | {entry.outcome} | {detail} |"
    yield ""
    yield "## Every test file"
    yield ""
    yield "| tests | layers | right | of |"
    yield "|---|---|---|---|"
    files: dict[str, list[Entry]] = {}
    for entry in runs:
        files.setdefault(split(entry.call)[0], []).append(entry)
    for file, group in files.items():
        good = sum(entry.outcome == RIGHT for entry in group)
        layers = ", ".join(dict.fromkeys(entry.layer for entry in group))
        yield f"| `{file}` | {layers} | {good} | {len(group)} |"


_MEANINGS = {
    RIGHT: "the certificate, outputs, operators and gradients",
    TRIVIAL: "an output without elements, or one that no input moves: it proves nothing",
    REFUSED: "one error that names what has no counterpart",
    "wrong": "a difference that isn't rounding",
    "error": "no verdict",
    NOT_RUN: "TensorFlow itself doesn't run it on a CPU",
    NOT_TRIED: "this run left it out",
}
