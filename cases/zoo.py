"""Every architecture of ``cases/architectures``, proved: ``python -m cases.zoo``.

Each is a task in a worker process, so one that crashes or hangs ends nothing but itself. What is
done is kept on disk with its whole report, and a run that was interrupted goes on where it stopped.
``--write`` keeps the figures in ``reports/baselines/zoo.json`` and writes ``docs/models.md``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cases.architectures import architecture, architectures
from cases.kept import keep, kept
from cases.model_table import RESULTS, Proof, write
from cases.sweep_results import fingerprint
from parity.workers import each

FOLDER = Path("reports/zoo")
SECONDS_PER_MODEL = 900


def prove(name: str, folder: Path, *, dynamic: bool = False, gradients: bool = True) -> Proof:
    """Convert one architecture and check it.

    Args:
        name: of the architecture.
        folder: where its report goes.
        dynamic: convert with open dimensions and check at sizes that were never traced.
        gradients: check these too.
    """
    import converters
    import parity
    from cases.architectures.build import draw
    from cases.substance import trivial_outputs
    from parity.report import write as write_report

    row = architecture(name)
    case = row.case(dynamic=dynamic)
    module, inputs = case.build()
    hollow = trivial_outputs(module, inputs, draw(row, seed=1), row.still)
    if hollow:
        return Proof(name, row.domain, row.model, "trivial", _joined(hollow))
    shapes = case.dynamic_shapes() if case.dynamic_shapes else None
    try:
        conversion = converters.torch_to_tf(module, inputs, dynamic_shapes=shapes)  # type: ignore[arg-type]
    except converters.CaptureError as error:
        return Proof(name, row.domain, row.model, "not exportable", str(error))
    given = case.other_inputs() if case.other_inputs else inputs
    report = parity.check(module, conversion, given, case=name, gradients=gradients)
    write_report(report, folder / name)
    (result,) = report.results
    uncovered = [node.name for node in result.nodes if not node.covered]
    proved = result.certificate.outcome == "same function" and result.verdict.passes
    return Proof(
        name,
        row.domain,
        row.model,
        "proved" if proved and not uncovered else "not proved",
        f"not covered: {', '.join(uncovered)}" if uncovered and proved else result.summary,
        nodes=len(result.nodes),
        outputs=len(result.outputs),
        difference=result.certificate.max_rel,
        used=max((c.margin for c in result.outputs), default=0.0),
        gradients=len(result.gradients),
        gradients_used=max((c.margin for c in result.gradients), default=0.0),
    )


def _joined(found: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {what}" for name, what in found.items())


def proofs(
    names: Sequence[str], folder: Path, *, workers: int, seconds: float, **options: Any
) -> Iterator[Proof]:
    """Prove architectures in parallel; results come as they are done.

    Args:
        names: of the architectures.
        folder: where the reports go.
        workers: how many processes.
        seconds: how long one architecture may take.
        options: as for :func:`prove`.
    """
    tasks = [(name, folder) for name in names]
    done = each(
        partial(prove, **options), tasks, workers=workers, seconds=seconds, tasks_per_process=16
    )
    for (name, _), found in done:
        row = architecture(name)
        if isinstance(found, str):
            yield Proof(row.name, row.domain, row.model, "error", found)
        else:
            yield found


@click.command()
@click.argument("names", nargs=-1)
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--seconds", default=SECONDS_PER_MODEL, help="How long one architecture may take.")
@click.option("--dynamic", is_flag=True, help="With open dimensions, at sizes never traced.")
@click.option("--gradients/--no-gradients", default=True, show_default=True)
@click.option("--again", is_flag=True, help="Also what an earlier run of the same code did.")
@click.option("--write", "writes", is_flag=True, help=f"Write {RESULTS.name} and the table.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    names: tuple[str, ...],
    workers: int,
    seconds: int,
    dynamic: bool,
    gradients: bool,
    again: bool,
    writes: bool,
    folder: Path,
) -> None:
    """Prove the architectures NAMES, all by default."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    known = [row.name for row in architectures() if not dynamic or row.open]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no such architecture: {', '.join(unknown)}")
    if writes and (names or dynamic):
        raise click.UsageError("--write is for a run of all architectures")
    mark, place = fingerprint(), folder / ("dynamic" if dynamic else "static")
    done = {} if again else kept(place, mark, Proof)
    wanted = list(names or known)
    todo = [name for name in wanted if name not in done]
    options = {"dynamic": dynamic, "gradients": gradients}
    for proof in proofs(todo, place, workers=workers, seconds=seconds, **options):
        done[proof.name] = proof
        keep(place, mark, proof.name, proof)
        console.print(f"{proof.outcome}  {proof.name}: {proof.detail}")
    outcomes = Counter(done[name].outcome for name in wanted)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    if writes:
        write([done[name] for name in wanted])
    sys.exit(0 if outcomes.keys() <= {"proved", "not exportable"} else 1)


if __name__ == "__main__":
    main()
