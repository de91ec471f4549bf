"""The models of ``cases/keras_models`` in PyTorch, as a table of ``docs/models.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cases.figures import BASELINES, read_rows, write_rows

RESULTS = BASELINES / "keras_zoo.json"


@dataclass(frozen=True, slots=True)
class KerasProof:
    """What became of one model.

    Attributes:
        name: of the model.
        domain: the file it stands in.
        outcome: ``proved``, ``not proved``, ``trivial`` or ``error``.
        detail: one sentence.
        nodes: how many nodes were compared one by one.
        difference: the largest difference in float64, over the largest output.
        used: the part of the tolerance that the outputs use in the model's own type.
        gradients: how many gradients were compared.
        gradients_used: the part of the tolerance that they use.
        sizes: whether it was proved at sizes too that it wasn't converted with.
    """

    name: str
    domain: str
    outcome: str
    detail: str
    nodes: int = 0
    difference: float = 0.0
    used: float = 0.0
    gradients: int = 0
    gradients_used: float = 0.0
    sizes: bool = False


def read() -> tuple[KerasProof, ...]:
    """The figures that are kept."""
    return read_rows(KerasProof, RESULTS)


def write(proofs: Sequence[KerasProof], names: Sequence[str]) -> None:
    """Keep figures, the last of each model, in the order of the models.

    Args:
        proofs: what became of them.
        names: of all models; figures of others are dropped.
    """
    last = {proof.name: proof for proof in proofs}
    write_rows((last[name] for name in names if name in last), RESULTS)


def lines(proofs: Sequence[KerasProof], names: Sequence[str]) -> Iterator[str]:
    """The table, line by line.

    Args:
        proofs: what became of each model.
        names: of all models.
    """
    proved = [proof for proof in proofs if proof.outcome == "proved"]
    yield "## From Keras and TensorFlow"
    yield ""
    yield f"{len(proved)} models converted to PyTorch and proved in the same way, with seeded"
    yield "weights and statistics: `keras.applications` at small sizes, and models as people write"
    yield "them in plain TensorFlow and Keras (`cases/keras_models`). *sizes*: proved as well at a"
    yield "batch, a length or a picture that it wasn't converted with."
    yield "`tox run -e keras-zoo -- --write` makes this table."
    yield ""
    yield "| model | kind | nodes | float64 | used | gradients | sizes |"
    yield "|---|---|---|---|---|---|---|"
    for p in proved:
        yield (
            f"| {p.name} | {p.domain} | {p.nodes} | {p.difference:.2g} | {100 * p.used:.3g} % "
            f"| {p.gradients}: {100 * p.gradients_used:.3g} % | {'yes' * p.sizes} |"
        )
    failed = [proof for proof in proofs if proof.outcome != "proved"]
    if failed:
        yield ""
        yield "| model | outcome | why |"
        yield "|---|---|---|"
        for p in failed:
            detail = p.detail.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
            yield f"| {p.name} | {p.outcome} | {detail} |"
    waiting = sorted(set(names) - {proof.name for proof in proofs})
    if waiting:
        yield ""
        yield f"Not run yet: {', '.join(waiting)}."
