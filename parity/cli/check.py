"""``parity check``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from parity.cli.console import load_frameworks, print_json, progress_bar, show_report, summary_of
from parity.cli.failures import ExitCode
from parity.cli.options import model_options
from parity.cli.plugins import load_plugins
from parity.cli.sources import choose_inputs, load_source, load_target, require_fitting


@click.command()
@click.argument("source", metavar="A")
@click.argument("target", metavar="B")
@model_options
def check(
    source: str,
    target: str,
    specs: tuple[str, ...],
    file: Path | None,
    folder: Path | None,
    seed: int,
    plugins: tuple[str, ...],
    weights: Path | None,
    signature: str | None,
    custom_objects: tuple[str, ...],
    *,
    gradients: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Prove that A, the source, and B, what became of it, compute the same function.

    A is a PyTorch model (a .pt2 file, a TorchScript .pt file, a Hugging Face folder) or one of
    TensorFlow's (a .keras or .h5 file, a SavedModel folder, a frozen .pb), or
    package.module:callable that returns one. B is a SavedModel folder, a .pb, .tflite, .keras or
    .pt2 file, or package.module:callable. The report goes to the folder reports/A unless --report
    says otherwise.
    """
    import parity
    from parity.report import write

    load_frameworks(quiet=not debug)
    load_plugins(plugins)
    console = Console(stderr=as_json)
    loaded = load_source(source, weights, signature, custom_objects)
    other = load_target(target)
    inputs = choose_inputs(loaded, specs, file, seed)
    require_fitting(loaded, inputs)
    folder = folder or Path("reports") / loaded.name
    with progress_bar() as progress:
        report = parity.check(
            loaded.model,
            other,
            inputs,
            case=loaded.name,
            gradients=gradients,
            seed=seed,
            repro=folder / "repro",
            progress=progress,
        )
        write(report, folder)
    show_report(report, console)
    console.print(f"report: {folder / 'report.html'}", highlight=False)
    if as_json:
        print_json({"report": str(folder), **summary_of(report)})
    return ExitCode.parity if report.passes else ExitCode.mismatch
