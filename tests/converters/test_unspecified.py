"""What PyTorch leaves open, both sides take alike: the first of equals first, memory as zeros."""

from __future__ import annotations

import pytest
import torch

import parity
from converters import torch_to_tf
from converters.torch_to_tf.torch_unspecified import STABLE

TIES = torch.arange(40).remainder(3).reshape(2, 20)


class Ordered(torch.nn.Module):
    """Sorts rows by numbers of which many are equal, works on them, and puts them back."""

    def forward(self, x, key):
        order = key.argsort(-1)
        best = key.topk(5, -1).values
        rows = x.gather(1, order)
        slope = torch.linspace(0.5, 1.5, 3)[key.sort(-1).values]
        back = torch.zeros_like(x).scatter(1, order, torch.sin(rows) * slope)
        return back, best, key.topk(1, -1).values


def test_a_model_that_sorts_equal_elements_and_puts_them_back_is_proved():
    torch.manual_seed(0)
    inputs = (torch.randn(2, 20), TIES)
    (result,) = parity.check(Ordered(), torch_to_tf(Ordered(), inputs), inputs).results
    assert result.certificate.outcome == "same function"
    assert result.verdict.passes
    totals = [n.total.verdict.passes for n in result.nodes if n.total is not None]
    assert all(totals)


ORDERS = [{}, {"dim": 0}, {"dim": -1, "descending": True}]
CALLS = {
    "sort": ORDERS,
    "argsort": ORDERS,
    "topk": [{"k": 3}, {"k": 3, "dim": 0, "largest": False}],
    "kthvalue": [{"k": 3}, {"k": 1, "dim": 0}, {"k": 5, "dim": -1, "keepdim": True}],
    "msort": [{}],
}


@pytest.mark.parametrize(
    ("op", "options"),
    [(op, options) for op in sorted(STABLE) for options in CALLS[op.split(".")[1]]],
)
def test_without_equal_elements_the_stable_order_is_pytorchs(op, options):
    torch.manual_seed(0)
    x = torch.randn(4, 5)
    x[0, 0] = torch.nan
    name = op.split(".")[1]
    actual, expected = STABLE[op](x, **options), getattr(torch, name)(x, **options)
    torch.testing.assert_close(tuple(actual), tuple(expected), rtol=0, atol=0, equal_nan=True)


def test_a_number_alone_has_an_order_too():
    x = torch.tensor(2.0)
    assert STABLE["aten.topk.default"](x, 1) == torch.topk(x, 1)
    assert STABLE["aten.sort.default"](x) == torch.sort(x)


class Concatenated(torch.nn.Module):
    """Writes two halves into fresh memory, as some models do instead of a concatenation."""

    def forward(self, x, y):
        both = x.new_empty(x.shape[0], 8)
        both[:, :5] = torch.sin(x)
        both[:, 5:] = y
        return both


def test_memory_that_is_overwritten_is_compared_as_zeros():
    torch.manual_seed(0)
    inputs = (torch.randn(3, 5), torch.randn(3, 3))
    (result,) = parity.check(Concatenated(), torch_to_tf(Concatenated(), inputs), inputs).results
    assert result.certificate.outcome == "same function"
    assert result.verdict.passes, result.summary
