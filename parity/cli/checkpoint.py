"""``parity checkpoint``."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.table import Table

from converters import NameMap, convert_checkpoint, list_checkpoint, verify_checkpoint
from parity.cli.failures import ExitCode

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("source", type=_PATH)
@click.argument("target", type=_PATH, required=False)
@click.option("--inspect", is_flag=True, help="Print names, types, shapes and sizes of SOURCE.")
@click.option(
    "--map", "mapping", type=_PATH, help="A mapping file, or a built-in mapping: bert, gpt2, ..."
)
@click.option(
    "--set",
    "numbers",
    multiple=True,
    metavar="NAME=NUMBER",
    help="A number that the mapping asks for, e.g. heads=12.",
)
@click.option("--reverse", is_flag=True, help="SOURCE is on the mapping's target side.")
@click.option("--root", default="", help="Only what lies below this name, e.g. state_dict.")
@click.option(
    "--template",
    type=_PATH,
    help="A checkpoint of the same model in the target's format, to copy and fill.",
)
@click.option("--manifest", type=_PATH, help="Write every tensor's rule and hashes to this file.")
@click.option("--verify", type=_PATH, help="Prove SOURCE and TARGET again by this manifest.")
@click.option(
    "--workers", type=click.IntRange(1), default=1, help="How many processes convert at a time."
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where they run: here, or on the Ray cluster that RAY_ADDRESS names.",
)
@click.option("--force", is_flag=True, help="Replace what is at TARGET.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--debug", is_flag=True, help="Show tracebacks and the frameworks' messages.")
def checkpoint(
    source: Path,
    target: Path | None,
    mapping: Path | None,
    numbers: tuple[str, ...],
    root: str,
    template: Path | None,
    manifest: Path | None,
    verify: Path | None,
    workers: int,
    executor: Literal["local", "ray"],
    *,
    inspect: bool,
    reverse: bool,
    force: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Move the weights in SOURCE to TARGET, whose suffix gives the format.

    Formats: .safetensors; .pt, .pth, .bin, .ckpt (PyTorch, Lightning); folders with an index
    (Hugging Face); .index (TensorFlow checkpoints); .h5, .weights.h5, .weights.json, .keras
    (Keras); SavedModels. Nothing in a file is ever run. A run that was interrupted goes on where it
    stopped when the same command is given again.
    """
    if not debug:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        warnings.simplefilter("ignore")
    if inspect == (target is not None):
        raise click.UsageError("Name a SOURCE and a TARGET, or a SOURCE and --inspect.")
    if target is None:
        return _inspect(source, root, as_json=as_json)
    if verify is not None:
        count = verify_checkpoint(verify, source, target, root=root)
        _say({"verified": count}, f"{count} tensors are what {verify} says", as_json=as_json)
        return ExitCode.parity
    try:
        copied = convert_checkpoint(
            source,
            target,
            weights=_names(mapping, numbers),
            reverse=reverse,
            root=root,
            template=template,
            manifest=manifest,
            force=force,
            workers=workers,
            place=executor,
        )
    except KeyboardInterrupt:
        click.echo("interrupted: the same command goes on from here", err=True)
        raise
    facts = {
        "output": str(copied.path),
        "tensors": copied.tensors,
        "bytes": copied.bytes,
        "resumed": copied.resumed,
    }
    words = f"written: {copied.path} ({copied.tensors} tensors, {_size(copied.bytes)})"
    if copied.resumed:
        words += f"; {copied.resumed} of them by the run that was interrupted"
    _say(facts, words, as_json=as_json)
    return ExitCode.parity


def _names(mapping: Path | None, numbers: tuple[str, ...]) -> NameMap | None:
    if mapping is None:
        if numbers:
            raise click.UsageError("--set is for a mapping. Name one with --map.")
        return None
    parameters = {}
    for text in numbers:
        name, _, number = text.partition("=")
        if not (name.isidentifier() and number.isdecimal()):
            raise click.UsageError(f"--set {text}: write NAME=NUMBER, for example heads=12.")
        parameters[name] = int(number)
    return NameMap.load(mapping, **parameters)


def _inspect(source: Path, root: str, *, as_json: bool) -> ExitCode:
    tensors = list_checkpoint(source, root=root)
    total = sum(info.bytes for info in tensors.values())
    if as_json:
        listed = {
            name: {"dtype": str(info.dtype), "shape": info.shape, "bytes": info.bytes}
            for name, info in tensors.items()
        }
        click.echo(json.dumps({"tensors": listed, "bytes": total}))
        return ExitCode.parity
    table = Table("tensor", "type", "shape", "size", box=None, pad_edge=False)
    for name, info in tensors.items():
        shape = " x ".join(map(str, info.shape)) or "scalar"
        table.add_row(name, str(info.dtype), shape, _size(info.bytes))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{len(tensors)} tensors, {_size(total)}")
    return ExitCode.parity


def _say(facts: dict[str, object], words: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts) if as_json else words)


def _size(count: float) -> str:
    """Bytes in words, as decimal multiples.

    >>> _size(999), _size(1500), _size(20e9)
    ('999 B', '1.5 kB', '20 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
