"""Every model of ``cases/models`` in every target: ``python -m cases.targets [MODEL ...]``.

Each file format is checked as it was written, each in a worker process. ``--write`` keeps the
figures in ``reports/baselines/targets.json`` and renews ``docs/models.md``. As they stand in memory
``tests/models`` proves the models, and :mod:`cases.training` trains them.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from cases.model_table import renew
from cases.models import model_cases
from cases.target_table import RESULTS, TARGETS, Entry, read, write
from parity.workers import each

if TYPE_CHECKING:
    from cases.case import ModelCase
    from parity.results import Result

SECONDS = 900
FUNCTIONS = ("same function", "same function up to float32 constants")
LITE = "float32 only"
"""What a certificate says where the runtime has no float64."""


def tried(name: str, target: str) -> Entry:
    """One model in one target, in a worker."""
    import converters
    import parity

    case = {case.name: case for case in model_cases()}[name]
    fixed = False
    try:
        try:
            result = _result(case, target, fixed=target == ".tflite")
        except converters.OutputError:
            fixed = True
            result = _result(case, target, fixed=True)
    except converters.ConversionError as error:
        return Entry(name, target, "refused", " ".join(str(error).split()))
    except parity.CheckError as error:
        return Entry(name, target, "error", " ".join(str(error).split()))
    certificate = result.certificate
    wanted = (LITE,) if target == ".tflite" else FUNCTIONS
    passes = result.verdict.passes and certificate.outcome in wanted
    return Entry(
        name,
        target,
        "passes" if passes else "fails",
        result.summary,
        certificate=certificate.outcome,
        used=max((c.margin for c in result.outputs), default=0.0),
        fixed=fixed,
    )


def _result(case: ModelCase, target: str, *, fixed: bool) -> Result:
    import parity
    from converters import torch_to_tf

    module: Any
    module, inputs = case.build()
    shapes = None if fixed or case.dynamic_shapes is None else case.dynamic_shapes()
    conversion = torch_to_tf(module, inputs, dynamic_shapes=shapes)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        path = conversion.save(Path(folder) / f"model{target}")
        return parity.check(module, path, inputs).results[0]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--target", "targets", multiple=True, default=TARGETS, type=click.Choice(TARGETS))
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--seconds", default=SECONDS, help="How long one model may take in one target.")
@click.option("--write", "writes", is_flag=True, help=f"Put the figures into {RESULTS.name}.")
def main(
    names: tuple[str, ...], targets: tuple[str, ...], workers: int, seconds: int, writes: bool
) -> None:
    """Try the MODELS, all by default."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    known = [case.name for case in model_cases()]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no such model: {', '.join(unknown)}")
    tasks = [(name, target) for name in known if not names or name in names for target in targets]
    found: list[Entry] = []
    done = each(tried, tasks, workers=workers, seconds=seconds, tasks_per_process=8)
    for (name, target), result in done:
        found.append(Entry(name, target, "error", result) if isinstance(result, str) else result)
        console.print(f"{found[-1].outcome}  {name} {target}: {found[-1].detail}")
        if writes:
            write([*read(), found[-1]], known)
            renew()
    outcomes = Counter(entry.outcome for entry in found)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    sys.exit(0 if outcomes.keys() <= {"passes", "refused"} else 1)


if __name__ == "__main__":
    main()
