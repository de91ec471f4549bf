"""``parity record``."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from parity.cli.console import print_json, progress_bar
from parity.cli.failures import ExitCode
from parity.cli.options import machine_options
from parity.cli.suite_options import row_options


@click.command()
@click.argument("framework", type=click.Choice(["torch", "tensorflow"]))
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))
@row_options
@click.option("--force", is_flag=True, help="Replace what is at BUNDLE.")
@machine_options
def record(
    framework: str,
    bundle: Path,
    names: tuple[str, ...],
    families: tuple[str, ...],
    dtypes: tuple[str, ...],
    device: str,
    runtimes: tuple[str, ...],
    examples: int,
    samples: int,
    workers: int | None,
    package: str,
    *,
    force: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Run operators NAME in FRAMEWORK and keep what they give in the folder BUNDLE.

    'parity replay' judges the other framework by it, on another machine and in an environment where
    FRAMEWORK isn't installed.
    """
    from converters import OutputError
    from parity.suite.bundle import Bundle, now, write_bundle
    from parity.suite.execute import environment, require_device
    from parity.suite.replay import Recording, runtimes_for
    from parity.suite.replay import record as recorded
    from parity.suite.rows import chosen
    from parity.suite.subjects import RUNTIMES
    from parity.suite.survey import Effort
    from parity.workers import settle, settle_quietly

    if bundle.exists() and not force:  # said now, not when everything was run
        raise OutputError(
            f"{bundle} exists already. Choose another path, or pass --force to replace it."
        )
    console = Console(stderr=as_json)
    prepare = settle if debug else settle_quietly
    own = runtimes_for(framework, runtimes)
    effort = Effort(examples, samples=samples)
    todo = [
        Recording(family, case.name, dtype, package, framework, own, device, effort)
        for family, case in chosen(package, names, families)
        for dtype in case.dtypes
        if not dtypes or dtype in dtypes
    ]
    require_device(device, prepare)
    entries = []
    with progress_bar() as progress:
        found = recorded(todo, workers=workers or os.cpu_count() or 1, settle=prepare)
        for done, (recording, some) in enumerate(found, start=1):
            entries += some
            progress(f"{recording.row} {recording.dtype}", done, len(todo))
    entries.sort(key=lambda entry: (entry.family, entry.row, entry.dtype))
    write_bundle(
        Bundle(framework, device, package, environment(prepare), now(), tuple(entries)), bundle
    )
    names_of = ", ".join(name for name in own if name in RUNTIMES)
    console.print(f"{len(entries)} calls of {names_of} recorded: {bundle}", highlight=False)
    if as_json:
        print_json({"bundle": str(bundle), "calls": len(entries), "runtimes": list(own)})
    return ExitCode.parity
