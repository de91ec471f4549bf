"""Every model of ``cases/keras_models`` in PyTorch, proved: ``python -m cases.keras_zoo``.

Each is a task in a worker process. What is done is kept on disk with its whole report, and a run
that was interrupted goes on where it stopped. ``--write`` keeps the figures in
``reports/baselines/keras_zoo.json`` and renews ``docs/models.md``.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cases import keras_model_table
from cases.case import ModelCase
from cases.kept import keep, kept
from cases.keras_model_table import KerasProof
from cases.keras_models import keras_case, keras_cases
from cases.model_table import renew
from cases.sweep_results import fingerprint
from parity.workers import each

FOLDER = Path("reports/keras_zoo")
SECONDS = 3600


def prove(name: str, folder: Path, *, gradients: bool = True) -> KerasProof:
    """Convert one model and check it.

    Args:
        name: of the model.
        folder: where its report goes.
        gradients: check these too.
    """
    from converters import ConversionError
    from parity import CheckError

    try:
        return _proof(keras_case(name), folder, gradients=gradients)
    except (ConversionError, CheckError) as error:
        return KerasProof(name, keras_case(name).domain, "error", str(error))


def _proof(case: ModelCase, folder: Path, *, gradients: bool) -> KerasProof:
    import converters
    import parity
    from cases.substance import flipped, trivial_outputs
    from parity.report import write as write_report
    from parity.sides import torch_inputs

    source, inputs = case.build()
    conversion = converters.tf_to_torch(source, inputs)  # type: ignore[arg-type]
    args, named = torch_inputs(inputs)
    given = args or tuple(named[name] for name in conversion.source.signature)
    hollow = trivial_outputs(conversion.model, given, flipped(given))
    if hollow:
        why = "; ".join(f"{output}: {what}" for output, what in hollow.items())
        return KerasProof(case.name, case.domain, "trivial", why)
    report = parity.check(source, conversion, inputs, case=case.name, gradients=gradients)
    write_report(report, folder / case.name)
    (result,) = report.results
    names = layer_names(source)
    proof = KerasProof(
        case.name,
        case.domain,
        *_judged(result, conversion.source, names),
        nodes=len(result.nodes),
        difference=result.certificate.max_rel,
        used=max((c.margin for c in result.outputs), default=0.0),
        gradients=len(result.gradients),
        gradients_used=max((c.margin for c in result.gradients), default=0.0),
    )
    if case.other_inputs is None or proof.outcome != "proved":
        return proof
    other = parity.check(source, conversion, case.other_inputs(), gradients=False)
    outcome, detail = _judged(other.results[0], conversion.source, names)
    said = proof.detail if outcome == "proved" else f"at other sizes: {detail}"
    return dataclasses.replace(proof, outcome=outcome, detail=said, sizes=True)


def layer_names(source: object) -> frozenset[str]:
    """The names of all layers of a Keras model, or of its file; none of what is no Keras model."""
    if isinstance(source, Path):
        from converters.tf_to_torch.files import load_keras

        source = load_keras(source)
    flatten = getattr(source, "_flatten_layers", None)
    return frozenset(layer.name for layer in flatten()) if flatten is not None else frozenset()


def _judged(result: Any, graph: Any, names: Collection[str]) -> tuple[str, str]:
    uncovered = unjudged(graph, {node.name: node.covered for node in result.nodes}, names)
    proved = result.certificate.outcome == "same function" and result.verdict.passes
    if proved and uncovered:
        return "not proved", f"not covered: {', '.join(uncovered)}"
    return "proved" if proved else "not proved", result.summary


def unjudged(graph: Any, covered: Mapping[str, bool], names: Collection[str] = ()) -> list[str]:
    """The nodes that nothing says something of.

    A layer that became one module has no tensor for what it computes on its way: it is judged as
    one, where its result is. What another layer reads has to have been compared itself, unless it
    is a constant.

    Args:
        graph: the source's.
        covered: whether a node was compared itself, by name.
        names: of the layers; other scopes (``moments``) are parts of the layer around them. Without
            any each scope counts.
    """
    from converters import values_in

    layers = {node.name: _layer(node.module, names) for node in graph.nodes}
    readers: dict[str, set[str]] = {}
    reads = {node.name: list(values_in(dict(node.args))) for node in graph.nodes}
    for node in graph.nodes:
        for value in reads[node.name]:
            readers.setdefault(value.producer, set()).add(node.name)
    judged: set[str] = set()
    for node in reversed(graph.nodes):
        own = readers.get(node.name, set())
        inside = {layers[name] for name in own} == {layers[node.name]} or not reads[node.name]
        if covered.get(node.name) or (inside and own <= judged):
            judged.add(node.name)
    return [name for name, was in covered.items() if not was and name not in judged]


def _layer(scope: str, names: Collection[str]) -> str:
    """The scope of the innermost layer.

    >>> _layer("model_1.norm_1.moments", {"model", "norm"})
    'model_1.norm_1'
    """
    parts = scope.split(".")
    while (
        names and parts and re.sub(r"_\d+$", "", parts[-1]) not in names and parts[-1] not in names
    ):
        parts.pop()
    return ".".join(parts)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--seconds", default=SECONDS, help="How long one model may take.")
@click.option("--gradients/--no-gradients", default=True, show_default=True)
@click.option("--again", is_flag=True, help="Also what an earlier run of the same code did.")
@click.option("--write", "writes", is_flag=True, help="Keep the figures, and renew the table.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    names: tuple[str, ...],
    workers: int,
    seconds: int,
    gradients: bool,
    again: bool,
    writes: bool,
    folder: Path,
) -> None:
    """Prove the models NAMES, all by default."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    known = [case.name for case in keras_cases(trained=True)]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no such model: {', '.join(unknown)}")
    mark = fingerprint()
    done = {} if again else kept(folder, mark, KerasProof)
    wanted = list(names or known)
    tasks = [(name, folder) for name in wanted if name not in done]
    function = partial(prove, gradients=gradients)
    work = each(function, tasks, workers=workers, seconds=seconds, tasks_per_process=4)
    for (name, _), found in work:
        domain = keras_case(name).domain
        proof = KerasProof(name, domain, "error", found) if isinstance(found, str) else found
        done[name] = proof
        keep(folder, mark, name, proof)
        console.print(f"{proof.outcome}  {proof.name}: {proof.detail}")
        if writes:
            keras_model_table.write([*keras_model_table.read(), proof], known)
            renew()
    outcomes = Counter(done[name].outcome for name in wanted)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    if writes:
        keras_model_table.write(
            [*keras_model_table.read(), *(done[name] for name in wanted)], known
        )
        renew()
    sys.exit(0 if outcomes.keys() <= {"proved"} else 1)


if __name__ == "__main__":
    main()
