"""A conversion with open dimensions is checked at any size, and at no shape it wasn't made for."""

from __future__ import annotations

import pytest
import torch

import converters
import parity


@pytest.fixture(scope="module")
def pair():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh()).eval()
    batch = torch.export.Dim("batch", min=1, max=9)
    conversion = converters.torch_to_tf(model, (torch.ones(3, 4),), dynamic_shapes=({0: batch},))
    return model, conversion


@pytest.mark.parametrize("size", [1, 3, 7])
def test_an_open_dimension_is_checked_at_any_size(pair, size):
    report = parity.check(*pair, (torch.linspace(-1, 1, 4 * size).reshape(size, 4),))
    assert report.passes
    assert report.results[0].gradients


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.ones(7, 5), "has the shape 7x5"),
        (torch.ones(4), "has the shape 4"),
        (torch.ones(2, 4, dtype=torch.float64), "is float64"),
    ],
)
def test_inputs_that_the_model_was_not_captured_for_are_refused(pair, x, says):
    with pytest.raises(parity.CheckError, match=says):
        parity.check(*pair, (x,))
