"""``parity convert``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from converters import is_tensorflow, require_writable, require_writable_torch
from parity.cli.console import load_frameworks, print_json, progress_bar, show_report, summary_of
from parity.cli.failures import ExitCode, UnusableError
from parity.cli.inputs import dynamic_shapes, read_calibration
from parity.cli.options import model_options
from parity.cli.plugins import load_plugins
from parity.cli.sources import LoadedSource, choose_inputs, load_source, require_fitting
from parity.results import Report

_PROVEN_AS_FILES = frozenset({".keras", ".pb", ".tflite", ".pt2"})
_OF_PYTORCH = frozenset({".py", ".pt2", ".safetensors", ".pt", ".pth"})


@click.command()
@click.argument("source")
@click.argument("out", type=click.Path(path_type=Path))
@model_options
@click.option(
    "--dynamic",
    multiple=True,
    metavar="NAME:AXIS[=MIN..MAX]",
    help="An axis of an input that stays open, for example x:0=1..64.",
)
@click.option(
    "--channels-last",
    is_flag=True,
    help="Inputs and outputs of rank 3 to 5 have their channels last.",
)
@click.option(
    "--quantize",
    type=click.Choice(["dynamic", "int8"]),
    help="For a .tflite: weights of 8 bits, or weights and activations.",
)
@click.option(
    "--calibration",
    "calibration_file",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="For --quantize int8: inputs by the names of forward's arguments, stacked along a new "
    "first axis.",
)
@click.option("--training", is_flag=True, help="Convert the model as it trains.")
@click.option("--force", is_flag=True, help="Replace what is at OUT and at the report's place.")
@click.option(
    "--check/--no-check", "proven", default=True, help="Prove the conversion (the default)."
)
def convert(
    source: str,
    out: Path,
    specs: tuple[str, ...],
    file: Path | None,
    folder: Path | None,
    dynamic: tuple[str, ...],
    seed: int,
    plugins: tuple[str, ...],
    weights: Path | None,
    signature: str | None,
    custom_objects: tuple[str, ...],
    quantize: str | None,
    calibration_file: Path | None,
    *,
    gradients: bool,
    channels_last: bool,
    training: bool,
    force: bool,
    proven: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Convert SOURCE to OUT, from PyTorch to TensorFlow or back, and prove the conversion.

    For a PyTorch model OUT is a folder without a suffix for a SavedModel, or a file whose suffix
    names another format (.keras, .pb, .tflite); what is written to a file is checked as it was
    written, besides the conversion.

    SOURCE is a .pt2 file, a TorchScript .pt file, a Hugging Face folder, or package.module:callable
    that returns the module or a pair of module and example inputs. It may also be a model of
    TensorFlow's: a .keras or .h5 file, a SavedModel folder, a frozen .pb, or a callable that
    returns one; OUT is then a .pt2, .py, .safetensors or .pt file. The report goes to OUT-report
    unless --report says otherwise.
    """
    folder = folder or out.with_name(f"{out.name}-report")
    for path in (out, folder) if proven else (out,):
        if path.exists() and not force:
            raise UnusableError(
                f"{path} exists already. Choose another path, or pass --force to replace it."
            )
    calibration = None if calibration_file is None else read_calibration(calibration_file)
    options = {"quantize": quantize, "calibration": calibration}
    if is_tensorflow(source):
        require_writable_torch(out)
    if out.suffix in _OF_PYTORCH:
        given = {"channels_last": channels_last, **options}
        _refuse_options(dynamic=dynamic, weights=weights, **given)
    else:
        require_writable(out, **options)
    load_frameworks(quiet=not debug)
    load_plugins(plugins)
    console = Console(stderr=as_json)
    loaded = load_source(source, weights, signature, custom_objects)
    if is_tensorflow(loaded.model):
        require_writable_torch(out)
    elif out.suffix in _OF_PYTORCH:
        raise UnusableError(
            f"{source} is a PyTorch model already, and {out.suffix} is a format of PyTorch's. Name "
            "a folder for a SavedModel, or a .keras, .pb or .tflite file."
        )
    inputs = choose_inputs(loaded, specs, file, seed)
    require_fitting(loaded, inputs)
    conversion = _converted(loaded, inputs, dynamic, training=training, channels_last=channels_last)
    chosen = {} if is_tensorflow(loaded.model) else options
    conversion.save(out, force=force, **chosen)
    console.print(f"written: {out}", highlight=False)
    if not proven:
        console.print("[yellow]not checked[/]: --no-check", highlight=False)
        if as_json:
            print_json({"output": str(out), "verdict": None})
        return ExitCode.parity
    targets = (conversion, out) if out.suffix in _PROVEN_AS_FILES else (conversion,)
    report = _checked(loaded, targets, inputs, folder, gradients=gradients, seed=seed)
    show_report(report, console)
    console.print(f"report: {folder / 'report.html'}", highlight=False)
    if as_json:
        print_json({"output": str(out), "report": str(folder), **summary_of(report)})
    return ExitCode.parity if report.passes else ExitCode.mismatch


def _refuse_options(**given: object) -> None:
    """Refuse what has no meaning for a conversion to PyTorch.

    Raises:
        UnusableError: something was given.
    """
    names = [name for name, value in given.items() if value]
    if names:
        raise UnusableError(
            f"--{names[0].replace('_', '-')} is for conversions to TensorFlow; a conversion to "
            "PyTorch has no such option."
        )


def _converted(
    loaded: LoadedSource,
    inputs: Any,
    dynamic: tuple[str, ...],
    *,
    training: bool,
    channels_last: bool,
) -> Any:
    import torch

    import converters

    if is_tensorflow(loaded.model):
        with progress_bar() as progress:
            progress("converting", 0, 1)
            return converters.tf_to_torch(loaded.model, inputs, training=training)
    exported = isinstance(loaded.model, torch.export.ExportedProgram)
    if exported and (dynamic or training):
        raise UnusableError(
            "--dynamic and --training can't change an exported program: say so to "
            "torch.export.export."
        )
    shapes = None if exported else dynamic_shapes(dynamic, loaded.model, *inputs)
    with progress_bar() as progress:
        progress("converting", 0, 1)
        return converters.torch_to_tf(
            loaded.model,
            inputs,
            dynamic_shapes=shapes,
            training=training,
            channels_last=channels_last,
        )


def _checked(
    loaded: LoadedSource,
    targets: Sequence[Any],
    inputs: Any,
    folder: Path,
    *,
    gradients: bool,
    seed: int,
) -> Report:
    import parity
    from parity.report import write

    reports = []
    with progress_bar() as progress:
        for target in targets:
            name = f"{loaded.name} {target.suffix}" if isinstance(target, Path) else loaded.name
            reports.append(
                parity.check(
                    loaded.model,
                    target,
                    inputs,
                    case=name,
                    gradients=gradients,
                    seed=seed,
                    repro=folder / "repro",
                    progress=progress,
                )
            )
        report = replace(
            reports[0], results=tuple(result for one in reports for result in one.results)
        )
        write(report, folder)
    return report
