"""``parity replay``."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from parity.cli.console import print_json, progress_bar
from parity.cli.failures import ExitCode
from parity.cli.options import machine_options
from parity.cli.suite_options import replay_options, report_option


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--framework",
    type=click.Choice(["torch", "tensorflow"]),
    help="What is judged; by default the framework that didn't make the bundle.",
)
@click.option(
    "--tf32/--no-tf32",
    default=False,
    show_default=True,
    help="Let a GPU round the factors of float32 products to TF32.",
)
@report_option("reports/replay")
@replay_options
@machine_options
def replay(
    bundle: Path,
    framework: str | None,
    folder: Path,
    device: str,
    runtimes: tuple[str, ...],
    workers: int | None,
    package: str,
    known: str,
    *,
    tf32: bool,
    as_json: bool,
    debug: bool,
) -> ExitCode:
    """Judge a framework by BUNDLE, which 'parity record' made with the other one elsewhere."""
    from dataclasses import replace

    from parity.cli.ops import show, summary
    from parity.suite.bundle import read_bundle
    from parity.suite.execute import environment, require_device
    from parity.suite.files import write_suite
    from parity.suite.replay import replay as replayed
    from parity.suite.replay import replaying, runtimes_for
    from parity.suite.report import suite_data
    from parity.workers import settle, settle_quietly

    console = Console(stderr=as_json)
    prepare = settle if debug else settle_quietly
    read = read_bundle(bundle)
    other = {"torch": "tensorflow", "tensorflow": "torch"}[read.framework]
    own = runtimes_for(framework or other, runtimes)
    require_device(device, prepare)
    tasks = replaying(read, package, known, own, device, tf32=tf32)
    tallies = []
    with progress_bar() as progress:
        found = replayed(tasks, workers=workers or os.cpu_count() or 1, settle=prepare)
        for done, (_, tally) in enumerate(found, start=1):
            tallies.append(tally)
            progress(f"{tally.row} {tally.dtype}", done, len(tasks))
    here = environment(prepare)
    there = {f"recorded: {name}": version for name, version in read.environment.versions.items()}
    there_settings = {f"recorded: {n}": value for n, value in read.environment.settings.items()}
    here = replace(
        here,
        versions={**here.versions, **there},
        settings={**here.settings, **there_settings, "TF32 allowed": "on" if tf32 else "off"},
    )
    data = suite_data(tallies, here)
    report = write_suite(data, folder)
    show(data.tallies, console)
    console.print(f"report: {folder / 'operators.html'}", highlight=False)
    if as_json:
        print_json({"report": str(folder), **summary(data.tallies)})
    return ExitCode.parity if report.passes else ExitCode.mismatch
