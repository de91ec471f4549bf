"""Where PyTorch's float64 is off, and what takes its place."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from converters import replay, single_node
from parity.oracles import replay_wide

X = np.linspace(2.5, 20.0, 36)

FUNCTIONS = {
    "special_bessel_j0": (X, lambda x: mpmath.besselj(0, x)),
    "special_bessel_j1": (X, lambda x: mpmath.besselj(1, x)),
    "special_bessel_y0": (X, lambda x: mpmath.bessely(0, x)),
    "special_bessel_y1": (X, lambda x: mpmath.bessely(1, x)),
    "special_airy_ai": (-X, mpmath.airyai),
}


def error(result: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(result.detach().numpy() - expected).max())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pytorch_is_off_and_the_oracle_is_not(name):
    x, function = FUNCTIONS[name]
    graph, inputs = single_node(f"aten.{name}.default", {"x": x})
    values = {key: torch.from_numpy(array) for key, array in inputs.items()}
    expected = np.array([float(function(a)) for a in x])
    (own,), _ = replay(graph, values)
    (better,), _ = replay_wide(graph, values)
    assert error(own, expected) > 1e-9
    assert error(better, expected) < 1e-15


def test_the_gradient_of_digamma_is_off_and_the_oracle_is_not():
    graph, inputs = single_node("aten.digamma.default", {"x": X})
    expected = np.array([float(mpmath.psi(1, a)) for a in X])
    found = []
    for run in (replay, replay_wide):
        values = {key: torch.from_numpy(array).requires_grad_() for key, array in inputs.items()}
        (result,), _ = run(graph, values)
        found.append(*torch.autograd.grad(result.sum(), list(values.values())))
    assert error(found[0], expected) > 1e-10
    assert error(found[1], expected) < 1e-15


def test_poles_and_infinities_are_pytorchs():
    x = np.array([0.0, -0.0, -1.0, np.inf, np.nan])
    graph, inputs = single_node("aten.digamma.default", {"x": x})
    values = {key: torch.from_numpy(array) for key, array in inputs.items()}
    (own,), _ = replay(graph, values)
    (better,), _ = replay_wide(graph, values)
    assert np.array_equal(own.numpy(), better.numpy(), equal_nan=True)
