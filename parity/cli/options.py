"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

_INPUT = click.option(
    "--input",
    "specs",
    multiple=True,
    metavar="SPEC",
    help="An input to draw, seeded: [name=]SHAPE[:dtype[:low..high]], for example 1x3x224x224 or "
    "input_ids=1x128:int64:0..30000. Without a name it is the next positional one.",
)
_INPUTS = click.option(
    "--inputs",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Inputs by the names of forward's arguments.",
)
_REPORT = click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the report goes.",
)
_SEED = click.option("--seed", default=0, show_default=True, help="Of everything that is drawn.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a machine's summary on stdout.")
_DEBUG = click.option("--debug", is_flag=True, help="Show tracebacks and what the frameworks log.")
_GRADIENTS = click.option(
    "--gradients/--no-gradients",
    default=True,
    show_default=True,
    help="Compare gradients too.",
)
_PLUGIN = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="MODULE",
    help="A Python file, or package.module, that registers lowerings with @converters.lower.",
)
_WEIGHTS = click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A checkpoint that is loaded into the PyTorch module first: a Lightning .ckpt, a state "
    "dict (.pt, .pth, .bin) or .safetensors.",
)

_SIGNATURE = click.option(
    "--signature", metavar="NAME", help="Which of a SavedModel's signatures, if it has several."
)
_CUSTOM_OBJECTS = click.option(
    "--custom-objects",
    "custom_objects",
    multiple=True,
    metavar="PACKAGE.MODULE:NAME",
    help="A class or function of yours that a Keras file names; nothing else is imported.",
)


def model_options(command: Command) -> Command:
    """Add the options of commands that run models."""
    for option in (
        *(_DEBUG, _JSON, _PLUGIN, _WEIGHTS, _SEED, _GRADIENTS, _REPORT),
        *(_CUSTOM_OBJECTS, _SIGNATURE, _INPUTS, _INPUT),
    ):
        command = option(command)
    return command


def input_options(command: Command) -> Command:
    """Add the options that say what a model is run on."""
    for option in (_SEED, _INPUTS, _INPUT):
        command = option(command)
    return command


def machine_options(command: Command) -> Command:
    """Add ``--json`` and ``--debug``."""
    return _JSON(_DEBUG(command))
