"""``parity map``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.console import Console

from parity.cli.console import load_frameworks, print_json, summary_of
from parity.cli.failures import ExitCode, UnusableError
from parity.cli.options import input_options, machine_options
from parity.cli.sources import choose_inputs, load_source, load_target


@click.command()
@click.argument("source", metavar="MODEL_A")
@click.argument("target", metavar="MODEL_B")
@click.argument("mapping", type=click.Path(path_type=Path), metavar="MAPPING.toml")
@input_options
@click.option(
    "--channels-last", is_flag=True, help="MODEL_B takes and returns images with channels last."
)
@click.option("--force", is_flag=True, help="Replace what is at MAPPING.toml.")
@machine_options
def map(  # noqa: A001
    source: str,
    target: str,
    mapping: Path,
    specs: tuple[str, ...],
    file: Path | None,
    seed: int,
    *,
    channels_last: bool,
    force: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Find out which weights of MODEL_A are which of MODEL_B, prove it, and write MAPPING.toml.

    MODEL_A is a PyTorch model as for parity check. MODEL_B is a .keras file, or
    package.module:callable that returns a Keras model or a tf.Module. The weights that the models
    hold don't matter. parity checkpoint --map MAPPING.toml then moves their checkpoints.
    """
    from parity.mapping import map_weights

    load_frameworks(quiet=not debug)
    loaded = load_source(source)
    inputs = choose_inputs(loaded, specs, file, seed)
    model = load_target(target)
    if isinstance(model, Path):
        model = _keras(model)
    found = map_weights(loaded.model, model, inputs, channels_last=channels_last, seed=seed)
    found.save(mapping, force=force)
    reasons = Counter(found.reasons.values())
    if as_json:
        facts = {"mapping": str(mapping), "rules": len(found.names.rules), "decided": reasons}
        print_json({**facts, "left_out": found.left_out, **summary_of(found.report)})
        return ExitCode.parity
    console = Console(highlight=False)
    console.print(f"written: {mapping} ({len(found.names.rules)} rules)")
    for reason, count in reasons.most_common():
        console.print(f"  {count} tensors by {reason}")
    if found.left_out:
        console.print(f"  left out: {', '.join(found.left_out)}")
    console.print(found.report.results[0].summary)
    return ExitCode.parity


def _keras(path: Path) -> object:
    if path.suffix != ".keras":
        raise UnusableError(
            f"{path} has no weights that can be told apart by name. Name a .keras file, or "
            "package.module:callable that returns a Keras model or a tf.Module."
        )
    import keras

    return keras.models.load_model(path, compile=False)
