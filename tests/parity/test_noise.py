"""The noise floor moves what rounds, and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import parity
from converters import torch_to_tf


class Windowed(nn.Module):
    """Masks what belongs to another window, by labels that are counted as integers."""

    def forward(self, x: Tensor) -> Tensor:
        labels = (torch.arange(8) // 2).to(x.dtype)
        apart = labels[:, None] - labels[None]
        mask = torch.zeros(8, 8).masked_fill(apart != 0, -100.0)
        return (x[:, None] * x[..., None] + mask).softmax(-1)


def test_integers_that_become_floats_stay_equal():
    """Nudged, two equal labels would differ, and the floor would be as high as the mask is deep."""
    torch.manual_seed(0)
    inputs = (torch.randn(3, 8),)
    (result,) = parity.check(Windowed(), torch_to_tf(Windowed(), inputs), inputs).results
    assert result.verdict.passes
    assert result.outputs[0].tolerance < 1e-3
