"""The demonstration: trained models converted, proven, and one planted fault found.

``python -m cases.demo`` writes ``reports/demo/`` and ends with an exit code of 1 if anything is not
as it should be: a conversion that fails its check, an independent original that differs, a report
that the gate stops, or a fault not found.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cases.trained.files import MissingModelError

if TYPE_CHECKING:
    from rich.console import Console

    from parity.results import Report, Result

FOLDER = Path("reports/demo")
BASELINE = Path(__file__).parents[1] / "reports" / "baselines" / "demo.json"
FAULT = "encoder.layer.3.output.LayerNorm"
FAULTY_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Trial:
    """One check: what is compared, with what, on what.

    Attributes:
        name: what it says in the report.
        target: makes the target from the conversion.
        inputs: what both are fed.
        gradients: whether gradients are compared.
    """

    name: str
    target: Callable[[Any], Any]
    inputs: Any
    gradients: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """One model of the demonstration.

    Attributes:
        name: of its folder.
        title: of its report.
        build: makes the model and its example inputs.
        dynamic_shapes: dimensions that stay open.
        trials: the checks, given the folder of the saved model.
    """

    name: str
    title: str
    build: Callable[[], tuple[Any, Any]]
    dynamic_shapes: Callable[[], Any]
    trials: Callable[[Path], Sequence[Trial]]


def shows() -> tuple[Show, ...]:
    """What is shown, in order.

    >>> [show.name for show in shows()]
    ['minilm', 'mtcnn_pnet', 'mtcnn_rnet', 'mtcnn_onet', 'crepe_tiny']
    """
    from cases.models.real import CASES

    trials = {
        "minilm": _minilm_trials,
        "mtcnn_pnet": _pnet_trials,
        "mtcnn_rnet": lambda saved: _square_trials("rnet", saved),
        "mtcnn_onet": lambda saved: _square_trials("onet", saved),
        "crepe_tiny": _crepe_trials,
    }
    titles = {
        "minilm": "all-MiniLM-L6-v2, a sentence encoder",
        "mtcnn_pnet": "MTCNN proposal network, any image size",
        "mtcnn_rnet": "MTCNN refinement network",
        "mtcnn_onet": "MTCNN output network",
        "crepe_tiny": "CREPE-tiny, a pitch tracker",
    }
    return tuple(
        Show(
            case.name,
            titles[case.name],
            case.build,
            case.dynamic_shapes or (lambda: None),
            trials[case.name],
        )
        for case in CASES
    )


def _converted(conversion: Any) -> Any:
    return conversion


def _minilm_trials(saved: Path) -> Sequence[Trial]:
    from cases.trained.minilm import SENTENCES, encode

    return (
        Trial("four sentences, padded", _converted, encode(SENTENCES)),
        Trial("one sentence, with gradients", _converted, encode(SENTENCES[:1]), gradients=True),
        Trial("the SavedModel, two sentences", lambda _: saved, encode(SENTENCES[2:])),
    )


def _pnet_trials(saved: Path) -> Sequence[Trial]:
    from cases.models.real import images

    small, large = (images(2, 40, 40, seed=3),), (images(1, 97, 64, seed=4),)
    return (
        Trial("40 x 40, with gradients", _converted, small, gradients=True),
        Trial("97 x 64", _converted, large),
        Trial("the SavedModel, 97 x 64", lambda _: saved, large),
        Trial("the Keras original, 40 x 40", lambda _: _original("pnet"), small),
    )


def _square_trials(network: str, saved: Path) -> Sequence[Trial]:
    from cases.models.real import images
    from cases.trained.mtcnn import SIZES

    side = SIZES[network]
    few, many = (images(2, side, side, seed=3),), (images(5, side, side, seed=4),)
    return (
        Trial("a batch of 2, with gradients", _converted, few, gradients=True),
        Trial("a batch of 5", _converted, many),
        Trial("the SavedModel", lambda _: saved, many),
        Trial("the Keras original", lambda _: _original(network), few),
    )


def _crepe_trials(saved: Path) -> Sequence[Trial]:
    from cases.models.real import audio
    from cases.trained.crepe import keras_crepe

    few, many = (audio(2, seed=3),), (audio(9, seed=4),)
    return (
        Trial("two frames, with gradients", _converted, few, gradients=True),
        Trial("nine frames", _converted, many),
        Trial("the SavedModel", lambda _: saved, many),
        Trial("the Keras original", lambda _: keras_crepe(), few),
    )


def _original(network: str) -> Callable[[Any], Any]:
    """The independent Keras network, called with channels first as the PyTorch one is."""
    import tensorflow as tf

    from cases.trained.mtcnn import keras_network

    model = keras_network(network)

    def channels_first(x: Any) -> list[Any]:
        outputs = model(tf.transpose(x, (0, 2, 3, 1)))
        return [tf.transpose(y, (0, 3, 1, 2)) if len(y.shape) == 4 else y for y in outputs]

    return channels_first


def run(folder: Path = FOLDER) -> int:
    """Run the demonstration.

    Args:
        folder: where the reports and the converted models go; what is there is replaced.

    Returns:
        0 if everything was as it should be, else 1; 2 if the trained models are not installed.
    """
    from rich.console import Console

    console = Console()
    began = time.perf_counter()
    results: list[Result] = []
    wrong: list[str] = []
    try:
        for show in shows():
            found = _show(show, folder, console)
            results.extend(found)
            wrong += [f"{r.case}: {r.verdict}" for r in found if not r.verdict.passes]
        wrong += _planted(folder, console)
    except MissingModelError as error:
        console.print(f"[red]{error}[/]")
        return 2
    wrong += _gated(results, folder, console)
    _closing(console, folder, len(results), wrong, time.perf_counter() - began)
    return 1 if wrong else 0


def _show(show: Show, folder: Path, console: Console) -> list[Result]:
    import converters
    from parity.report import write

    console.rule(f"[bold]{show.title}[/]", align="left")
    model, inputs = show.build()
    began = time.perf_counter()
    with console.status("converting"):
        conversion = converters.torch_to_tf(
            model, _tensors(inputs), dynamic_shapes=show.dynamic_shapes()
        )
        place = folder / show.name
        saved = conversion.save(place / "saved_model", force=True)
    console.print(f"converted in {time.perf_counter() - began:.3g} s: {saved}", highlight=False)
    results: list[Result] = []
    for trial in show.trials(saved):
        report = _check(f"{show.name}: {trial.name}", model, conversion, trial, console)
        results.extend(report.results)
    write(replace(report, results=tuple(results)), place)
    console.print(f"report: {place / 'report.html'}", highlight=False)
    return results


def _check(case: str, model: Any, conversion: Any, trial: Trial, console: Console) -> Report:
    import parity

    with console.status(case) as status:
        report = parity.check(
            model,
            trial.target(conversion),
            trial.inputs,
            case=case,
            gradients=trial.gradients,
            progress=lambda stage, _done, _total: status.update(f"{case}: {stage}"),
        )
    (result,) = report.results
    colour = "green" if result.verdict.passes else "red"
    worst = max((c.margin for c in result.outputs), default=float("nan"))
    difference = max((c.max_abs for c in result.outputs), default=float("nan"))
    console.print(
        f"  [{colour}]{result.verdict}[/]  {case}: {result.certificate.outcome}; "
        f"max abs {difference:.3g}, {worst:.3g} of the tolerance used; {result.seconds:.3g} s",
        highlight=False,
    )
    return report


def _planted(folder: Path, console: Console) -> list[str]:
    """Convert a copy of MiniLM with another epsilon in one layer; the check has to name it."""
    import converters
    from cases.models.real import CASES
    from cases.trained.minilm import SENTENCES, encode
    from parity.report import write

    console.rule("[bold]A planted fault: one LayerNorm's epsilon[/]", align="left")
    case = next(case for case in CASES if case.name == "minilm")
    model, inputs = case.build()
    faulty: Any = copy.deepcopy(model)
    norm = faulty.get_submodule(FAULT)
    console.print(f"{FAULT}.eps: {norm.eps:g} in PyTorch, {FAULTY_EPSILON:g} in TensorFlow")
    norm.eps = FAULTY_EPSILON
    assert case.dynamic_shapes is not None
    conversion = converters.torch_to_tf(
        faulty, _tensors(inputs), dynamic_shapes=case.dynamic_shapes()
    )
    trial = Trial("a planted fault", _converted, encode(SENTENCES))
    report = _check("minilm: a planted fault", model, conversion, trial, console)
    (result,) = report.results
    write(report, folder / "planted_fault")
    console.print(f"report: {folder / 'planted_fault' / 'report.html'}", highlight=False)
    if result.verdict.passes:
        return ["the planted fault was not found"]
    if result.culprit is None or result.culprit.module != FAULT:
        named = result.culprit.module if result.culprit else "nothing"
        return [f"the planted fault was put down to {named} instead of {FAULT}"]
    console.print(f"[green]found[/]: {result.culprit.node} in {result.culprit.module}")
    return []


def _gated(results: Sequence[Result], folder: Path, console: Console) -> list[str]:
    """Report all checks but the planted fault's together, and gate them on what is known."""
    from datetime import UTC, datetime

    from parity.baseline import read_baseline
    from parity.environment import collect
    from parity.gate import gate
    from parity.report import write
    from parity.results import Report

    created = datetime.now(UTC).isoformat(timespec="seconds")
    report = Report(tuple(results), collect(), created)
    write(report, folder)
    console.rule("[bold]The gate[/]", align="left")
    outcome = gate(report, read_baseline(BASELINE))
    if outcome.passed:
        console.print(
            f"[green]open[/]: {outcome.compared} comparisons are no worse than in "
            f"{BASELINE.relative_to(BASELINE.parents[2])}",
            highlight=False,
        )
    return [f"the gate: {f.where}: {f.detail}" for f in outcome.findings]


def _closing(
    console: Console, folder: Path, checks: int, wrong: Sequence[str], seconds: float
) -> None:
    console.rule(align="left")
    for line in wrong:
        console.print(f"[red]not as it should be[/]: {line}", highlight=False)
    if not wrong:
        console.print(
            f"[green]{checks} checks passed, and the planted fault was found[/] ({seconds:.0f} s)."
        )
    console.print(f"Look at {(folder / 'report.html').resolve()}", highlight=False, soft_wrap=True)


def _tensors(inputs: Any) -> Any:
    import torch
    from torch.utils import _pytree as pytree

    return pytree.tree_map(torch.from_numpy, inputs)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
def main(folder: Path) -> None:
    """Convert and prove the trained models, with the reports in FOLDER."""
    from parity.cli.console import load_frameworks

    load_frameworks()
    sys.exit(run(folder))


if __name__ == "__main__":
    main()
