"""Three optimiser steps of every model: ``python -m cases.training [--write] [NAME ...]``.

Models of images and sound are trained by gradient descent with momentum, the others by AdamW, as is
usual. Writes ``reports/training``; ``--write`` keeps the figures of what was run in
``reports/baselines/training.json`` and writes ``docs/models.md``.
"""

from __future__ import annotations

import copy
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console

from cases import model_table, training_table
from cases.case import ModelCase
from cases.models import model_cases
from cases.training_table import Training

if TYPE_CHECKING:
    from parity import Result

STEPS = 3
_BY_MOMENTUM = ("vision", "audio")


def train(case: ModelCase) -> Result:
    """The result of training a model on both sides from its initial state.

    Raises:
        converters.ConversionError: it can't be converted as it trains.
    """
    import torch

    import parity
    from converters import torch_to_tf

    module: Any
    module, inputs = case.build()
    if case.training_inputs:
        inputs = case.training_inputs()
    shapes = case.dynamic_shapes() if case.dynamic_shapes else None
    conversion = torch_to_tf(module, inputs, dynamic_shapes=shapes, training=True)  # type: ignore[arg-type]
    optimizer: torch.optim.Optimizer
    if case.domain in _BY_MOMENTUM:
        rate = _stable_rate(module, inputs)
        optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    else:
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    report = parity.check_training(
        module, conversion, inputs, optimizer, steps=STEPS, case=case.name
    )
    return report.results[0]


def _stable_rate(module: Any, inputs: object) -> float:
    """A learning rate at which gradient descent goes downhill.

    A step along the gradient g of a loss l that is quadratic with its minimum at 0 gets there at
    l / |g|^2 (Polyak 1987); momentum of 0.9 and curvature ask for a quarter of it. A model whose
    gradient is steep (many batch norms of few values) would leave the range where its numbers
    determine a step; others train at 0.01, as is usual.
    """
    import torch

    own = copy.deepcopy(module).train()
    torch.manual_seed(0)
    given: Any = torch.utils._pytree.tree_map_only(np.ndarray, torch.from_numpy, inputs)
    outputs = own(**given) if isinstance(given, dict) else own(*given)
    leaves = [x for x in torch.utils._pytree.tree_leaves(outputs) if isinstance(x, torch.Tensor)]
    squares = [x.abs().square().mean() for x in leaves if x.is_floating_point() or x.is_complex()]
    loss: Any = sum(squares, torch.zeros(()))
    loss.backward()
    steep = sum(float(p.grad.square().sum()) for p in own.parameters() if p.grad is not None)
    return min(0.01, loss.item() / (4 * steep)) if steep else 0.01


def row(case: ModelCase, result: Result) -> Training:
    """The figures of a result."""
    same = result.certificate.outcome == "same function" and result.verdict.passes
    optimizer = "SGD" if case.domain in _BY_MOMENTUM else "AdamW"
    return Training(
        case.name,
        case.domain,
        STEPS,
        optimizer,
        "proved" if same else "not proved",
        result.summary,
        tensors=len(result.outputs),
        difference=result.certificate.max_rel,
        used=max((c.margin for c in result.outputs), default=0.0),
    )


@click.command()
@click.argument("names", nargs=-1)
@click.option("--write", "writes", is_flag=True, help="Keep the figures and write the table.")
def main(names: tuple[str, ...], writes: bool) -> None:
    """Train the models NAMES on both sides, all by default."""
    from converters import ConversionError
    from parity import CheckError, Report
    from parity.environment import collect
    from parity.report import write

    console = Console(soft_wrap=True, highlight=False, markup=False)
    known = {case.name: case for case in model_cases()}
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no such model: {', '.join(unknown)}")
    results, rows = [], {}
    for name in names or known:
        case = known[name]
        try:
            results.append(replace(train(case), case=name))
            rows[name] = row(case, results[-1])
        except (ConversionError, CheckError) as error:
            rows[name] = Training(name, case.domain, STEPS, "", "error", str(error))
        console.print(f"{rows[name].outcome}  {name}: {rows[name].detail}")
        if writes:
            training_table.write({name: rows[name]})
            model_table.renew()
    if results:
        created = datetime.now(UTC).isoformat(timespec="seconds")
        write(Report(tuple(results), collect(), created), Path("reports/training"))
    sys.exit(0 if all(found.outcome == "proved" for found in rows.values()) else 1)


if __name__ == "__main__":
    main()
