"""What a forward pass writes: into views, inputs, and buffers that the next call reads."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn

import parity
from converters import torch_to_tf

Program = Callable[[Tensor], object]


class Forward(nn.Module):
    """A function as a module."""

    def __init__(self, program: Program) -> None:
        """Takes the function."""
        super().__init__()
        self.program = program

    def forward(self, x: Tensor) -> object:
        """Works on a copy, so that the input stays what it was."""
        return self.program(x.clone())


def strided(x: Tensor) -> Tensor:
    """Every other column, negative steps aside."""
    x[..., ::2] += 1
    x[1:, 1::2] *= x[:-1, ::2]
    return x


def overlapping(x: Tensor) -> Tensor:
    """Two views of one memory: what is written through one is read through the other."""
    first, second = x[:3], x[1:4]
    first.mul_(2)
    second.add_(first.clone())
    return x + second.amax()


def transposed(x: Tensor) -> tuple[Tensor, Tensor]:
    """Copied into a transposed view."""
    view = x.t()
    view.copy_(torch.arange(24.0).reshape(6, 4))
    return x, view


def chunks(x: Tensor) -> Tensor:
    """One part changed by another."""
    left, middle, right = torch.chunk(x, 3, dim=1)
    left.add_(right)
    middle.zero_()
    return x


def scattered(x: Tensor) -> Tensor:
    """By index, added up where an index comes twice."""
    x.index_put_((torch.tensor([0, 2, 0]), torch.tensor([1, 1, 1])), torch.ones(3), accumulate=True)
    x[[1, 3]] = x[[3, 1]]
    x[x > 1] = -1.0
    return x


def masked(x: Tensor) -> Tensor:
    """Through a view of a view, by a mask."""
    x.view(2, 12)[0].masked_fill_(torch.arange(12) % 5 == 0, 9.0)
    x.diagonal().fill_(4.0)
    return x


def in_windows(x: Tensor) -> Tensor:
    """Through strides of its own."""
    x.as_strided((3, 4), (6, 1), 1).sub_(5)
    return x


def unsqueezed(x: Tensor) -> Tensor:
    """Through views that add and move axes."""
    x.unsqueeze(0).permute(2, 0, 1)[1:3].clamp_(min=0.25)
    x.select(1, 5).unsqueeze(-1).squeeze().neg_()
    return x


def swapped(x: Tensor) -> tuple[Tensor, Tensor]:
    """Two values that trade places, with a temporary between."""
    a, b = x[0], x[1]
    kept = a.clone()
    a.copy_(b)
    b.copy_(kept)
    return x, kept


def unbound(x: Tensor) -> Tensor:
    """Each row from the last."""
    rows = x.unbind(0)
    for before, row in itertools.pairwise(rows):
        row.add_(before)
    return x


def returned_view(x: Tensor) -> tuple[Tensor, Tensor]:
    """A view that is taken before and returned after the memory changes."""
    view = x[:, 2]
    x.exp_()
    return view, x


PROGRAMS = (
    strided, overlapping, transposed, chunks, scattered, masked, in_windows, unsqueezed, swapped,
    unbound, returned_view,
)  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_writing_through_views_gives_what_pytorch_gives(program: Program) -> None:
    """Bit for bit, but for an exponential."""
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    module = Forward(program)
    actual = tf.nest.flatten(torch_to_tf(module, (x,)).model(x.numpy()))
    result = module(x)
    expected = result if isinstance(result, tuple) else (result,)
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-7 if program is returned_view else 0)


class Overwriting(nn.Module):
    """Writes into two of its inputs, one of them inside a dict, and returns something else."""

    def forward(self, x: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Shapes: x (3,), state cache (3, 4) -> (3,)."""
        state["cache"][:, 1].add_(x)
        x.mul_(2)
        return {"sum": state["cache"].sum(1) + x}


def test_what_is_written_into_inputs_is_returned_beside_the_result(tmp_path: Path) -> None:
    """TensorFlow's tensors can't be written into; nothing is dropped."""
    x, cache = torch.arange(3.0), torch.rand(3, 4)
    conversion = torch_to_tf(Overwriting(), (x, {"cache": cache}))
    (result, written) = conversion.model(x.numpy(), {"cache": cache.numpy()})
    own_x, own_cache = x.clone(), cache.clone()
    expected = Overwriting()(own_x, {"cache": own_cache})
    assert set(written) == {"x", "state_cache"}
    np.testing.assert_allclose(written["x"], own_x)
    np.testing.assert_allclose(written["state_cache"], own_cache)
    np.testing.assert_allclose(result["sum"], expected["sum"])
    assert conversion.source.overwritten == {"x": "x", "state_cache": "state_cache"}
    served = tf.saved_model.load(str(conversion.save(tmp_path / "model"))).signatures
    flat = served["serving_default"](x=tf.constant(x), state_cache=tf.constant(cache))
    assert set(flat) == {"sum", "x", "state_cache"}
    np.testing.assert_allclose(flat["state_cache"], own_cache)


def test_a_written_input_is_compared_like_an_output() -> None:
    """With its gradient."""
    inputs = (torch.arange(3.0), {"cache": torch.rand(3, 4)})
    (result,) = parity.check(Overwriting(), torch_to_tf(Overwriting(), inputs), inputs).results
    assert result.verdict.passes, result.summary
    assert {output.name for output in result.outputs} == {"sum", "x", "state_cache"}


class Attention(nn.Module):
    """One head with a cache of fixed size, written at a position, as generation does."""

    def __init__(self, slots: int = 6, width: int = 4) -> None:
        """An empty cache."""
        super().__init__()
        torch.manual_seed(0)
        self.project = nn.Linear(width, 3 * width)
        self.register_buffer("keys", torch.zeros(slots, width))
        self.register_buffer("values", torch.zeros(slots, width))
        self.register_buffer("mean", torch.zeros(width))

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        """Shapes: x (1, 4), position (1,) -> (1, 4)."""
        query, key, value = self.project(x).chunk(3, dim=-1)
        self.keys.index_copy_(0, position, key)
        self.values[position] = value
        self.mean.mul_(0.9).add_(x[0], alpha=0.1)
        seen = torch.arange(self.keys.shape[0]) <= position
        scores = (query @ self.keys.t()).masked_fill(~seen, float("-inf"))
        return scores.softmax(-1) @ self.values + self.mean


@pytest.mark.parametrize("saved", [False, True], ids=["converted", "saved"])
def test_buffers_carry_over_from_call_to_call(saved: bool, tmp_path: Path) -> None:
    """Step by step as in PyTorch: a cache of keys and values, and a running mean."""
    source = Attention().eval()
    conversion = torch_to_tf(source, (torch.zeros(1, 4), torch.tensor([0])))
    model = conversion.model
    if saved:
        model = tf.saved_model.load(str(conversion.save(tmp_path / "model")))
    inputs = torch.randn(5, 1, 4, generator=torch.Generator().manual_seed(2))
    assert not source.keys.any(), "capture leaves the module as it was"
    for step, x in enumerate(inputs):
        with torch.no_grad():
            expected = source(x, torch.tensor([step]))
        actual = model(x.numpy(), tf.constant([step], tf.int64))
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    for name in ("keys", "values", "mean"):
        held = dict(source.named_buffers())[name]
        np.testing.assert_allclose(model.weights[name], held, rtol=1e-5, atol=1e-6)
