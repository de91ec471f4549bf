"""Three optimiser steps of every model: ``python -m cases.training [NAME ...]``.

Models of images and sound are trained by gradient descent with momentum, the others by AdamW, as is
usual. Writes ``reports/training``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cases.case import ModelCase
from cases.models import model_cases

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
    shapes = case.dynamic_shapes() if case.dynamic_shapes else None
    conversion = torch_to_tf(module, inputs, dynamic_shapes=shapes, training=True)  # type: ignore[arg-type]
    optimizer: torch.optim.Optimizer
    if case.domain in _BY_MOMENTUM:
        optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    else:
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    report = parity.check_training(
        module, conversion, inputs, optimizer, steps=STEPS, case=case.name
    )
    return report.results[0]


def main(names: list[str]) -> int:
    """Train the models of these names, or all; 1 if any of them doesn't train alike."""
    from rich.console import Console

    from converters import ConversionError
    from parity import CheckError, Report
    from parity.environment import collect
    from parity.report import write

    console = Console()
    results, refused = [], 0
    for case in model_cases():
        if names and case.name not in names:
            continue
        try:
            results.append(replace(train(case), case=case.name))
            console.print(f"{case.name}: {results[-1].verdict}. {results[-1].summary}")
        except (ConversionError, CheckError) as error:
            refused += 1
            console.print(f"{case.name}: {error}")
    if not results:
        return 1
    created = datetime.now(UTC).isoformat(timespec="seconds")
    report = Report(tuple(results), collect(), created)
    write(report, Path("reports/training"))
    return 0 if report.passes and not refused else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
