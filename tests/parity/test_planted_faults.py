"""Faults must be caught and located; equal formulas that round otherwise must raise no alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import parity
from converters import torch_to_tf
from parity.results import Result
from parity.verdict import Verdict
from tests.parity.transformer import changed, transformer

MODEL = transformer()
INPUTS = (torch.randn(2, 16, 64, generator=torch.Generator().manual_seed(1)),)


def judged(change: Callable[[nn.Sequential], None]) -> Result:
    """The original against the conversion of a changed copy."""
    target = torch_to_tf(changed(MODEL, change), INPUTS)
    return parity.check(MODEL, target, INPUTS, gradients=False).results[0]


def set_form(form: str, *layers: int) -> Callable[[nn.Sequential], None]:
    """Exchange a formula in some layers; in all of them if none is named."""

    def change(model: nn.Sequential) -> None:
        for layer in layers or range(len(model)):
            model[layer].form = form  # type: ignore[assignment]

    return change


def set_epsilon(epsilon: float, *layers: int) -> Callable[[nn.Sequential], None]:
    """Exchange the epsilon of the first norm in some layers; of all norms if none is named."""

    def change(model: nn.Sequential) -> None:
        for layer in layers or range(len(model)):
            model[layer].norm1.eps = epsilon  # type: ignore[union-attr,assignment]

    return change


FAULTS = {
    "LayerNorm epsilon 1e-12 for 1e-5": (set_epsilon(1e-12), "0"),
    "GELU by tanh for erf in layer 6": (set_form("gelu by tanh", 6), "6"),
    "LayerNorm epsilon 1e-3 in layer 6": (set_epsilon(1e-3, 6), "6"),
    "bfloat16 round trip in layer 3": (set_form("bfloat16 round trip", 3), "3"),
}


@pytest.mark.parametrize(("change", "layer"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_caught_and_its_layer_named(
    change: Callable[[nn.Sequential], None], layer: str
) -> None:
    """Every one of these passes a cosine similarity of 0.99."""
    result = judged(change)
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.module.split(".")[0] == layer, result.summary


FAITHFUL = (
    "",
    "norm by moments",
    "norm written out",
    "attention written out",
    "softmax without shift",
    "head by head",
    "gelu by erf",
    "products split in two",
    "summed backwards",
    "residuals added late",
)


@pytest.mark.parametrize("form", FAITHFUL, ids=[form or "unchanged" for form in FAITHFUL])
def test_an_equal_formula_that_rounds_otherwise_raises_no_alarm(form: str) -> None:
    """The same function in real numbers, in all twelve layers."""
    result = judged(set_form(form))
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function"
