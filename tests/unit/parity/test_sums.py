"""How many products a sum adds up, counted by the operator itself."""

from __future__ import annotations

import pytest
import torch

from parity.sums import absolute, ones


@pytest.mark.parametrize(
    ("op", "arguments", "terms"),
    [
        (
            torch.ops.aten.linear.default,
            {"input": torch.randn(1, 12, 384), "weight": torch.randn(1536, 384)},
            384,
        ),
        (
            torch.ops.aten.conv2d.default,
            {"input": torch.randn(1, 8, 9, 9), "weight": torch.randn(4, 8, 3, 3)},
            72,
        ),
        (
            torch.ops.aten.addmm.default,
            {
                "self": torch.randn(2, 3),
                "mat1": torch.randn(2, 5),
                "mat2": torch.randn(5, 3),
                "beta": 0.5,
                "alpha": -3,
            },
            6,
        ),
    ],
)
def test_the_terms_of_a_sum_are_counted(op, arguments, terms):
    assert op(**ones(arguments)).max().item() == terms


def test_what_was_summed_is_at_least_what_the_sum_came_to():
    arguments = {"input": torch.randn(4, 64), "weight": torch.randn(8, 64)}
    total = torch.ops.aten.linear.default(**arguments).abs()
    assert (torch.ops.aten.linear.default(**absolute(arguments)) >= total).all()
