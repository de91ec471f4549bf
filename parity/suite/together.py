"""PyTorch's calls of many rows, compiled as one graph: a graph of its own costs each seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from parity.suite.case import OperatorCase
from parity.suite.rules import Distribution
from parity.suite.run import Question, answer
from parity.suite.subjects import RUNTIMES, Outcome, results_of_all, torch_call

_COMPILED = RUNTIMES["torch.compile"]


def answers_together(asked: Sequence[tuple[OperatorCase, Question]], device: str) -> list[Outcome]:
    """What the compiled calls of some rows give.

    A row that refuses its arguments, or that can't be compiled with others, runs alone.

    Args:
        asked: the rows with their arguments.
        device: ``cpu`` or ``cuda``.
    """
    import torch

    began = time.perf_counter()
    prepared: dict[int, tuple[Callable[[Any], Any], dict[str, Any]]] = {}
    for place, (case, one) in enumerate(asked):
        if not one.truth.error and not isinstance(case.rule, Distribution):
            prepared[place] = torch_call(case.torch, one.arguments, one.dtype, device, one.way)
    calls = {place: call for place, (call, _) in prepared.items()}

    def everything(values: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        return {place: call(values[place]) for place, call in calls.items()}

    outcomes: dict[int, Outcome] = {}
    try:
        torch._dynamo.reset()
        compiled: Any = torch.compile(everything, dynamic=False)
        found = compiled({place: values for place, (_, values) in prepared.items()})
        triples = [(found[place], prepared[place][1], asked[place][1].way) for place in prepared]
        results = results_of_all(triples, device)
        outcomes = {place: Outcome(r) for place, r in zip(prepared, results, strict=True)}
    except Exception:  # noqa: BLE001  # which row it was, each tells alone
        outcomes = {}
    seconds = (time.perf_counter() - began) / max(1, len(asked))
    return [
        Outcome(outcomes[place].results, seconds=seconds)
        if place in outcomes
        else answer(case, _COMPILED, one, device=device)
        for place, (case, one) in enumerate(asked)
    ]
