"""Branches and loops: converted, proved, differentiated, saved, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn
from torch._higher_order_ops.associative_scan import associative_scan
from torch._higher_order_ops.map import map as torch_map
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop

import parity
from converters import CaptureError, Conversion, UnsupportedOpError, torch_to_tf
from parity.errors import CheckError
from parity.verdict import Verdict

BATCH = torch.export.Dim("batch", min=2, max=64)


class Layers(nn.Module):
    """Two seeded layers."""

    def __init__(self) -> None:
        """Of width 4."""
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)


class Choice(Layers):
    """A branch inside a branch; ``slope`` is where a fault can be planted."""

    def __init__(self, slope: float = 0.5) -> None:
        """The healthy slope by default."""
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (batch, 4) -> (batch, 4)."""

        def positive(x: Tensor) -> Tensor:
            inner = torch.cond(
                x.amax() > 100, lambda x: x * 2, lambda x: x * self.slope + self.first.bias, (x,)
            )
            return self.first(inner).relu_()

        return 2 * torch.cond(x.sum() > 0, positive, lambda x: self.second(x) + 1, (x,))


class Loop(Layers):
    """A loop that runs until something is large, and counts."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (batch, 4) -> (), (batch, 4)."""

        def goes_on(turns: Tensor, x: Tensor) -> Tensor:
            return (turns < 6) & (x.abs().amax() < 10)

        def turn(turns: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            return turns + 1, self.first(x) + 2 * x

        return while_loop(goes_on, turn, (torch.tensor(0), x))  # type: ignore[return-value]


class Rows(Layers):
    """One row after another, first alone, then each with what the last left behind."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shapes: x (batch, 4) -> (batch, 4), (4,), (batch, 4)."""

        def step(state: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
            state = torch.tanh(self.second(state) + row)
            return state, state * 2

        alone = torch_map(lambda row: self.first(row) * row.sum(), x)
        last, states = scan(step, torch.zeros(4), alone)
        return alone, last, states


class Prefixes(nn.Module):
    """Products of all prefixes, an associative scan."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (5, 4) -> (5, 4)."""
        return associative_scan(lambda a, b: a * b, x, 0, combine_mode="generic")


class Images(nn.Module):
    """Convolutions and a batch norm in a branch: the axes of their arguments have to move there."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.norm, self.head = nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)
        nn.init.uniform_(self.norm.running_var, 0.5, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (2, 3, 8, 8) -> (2, 2, 6, 6)."""

        def bright(x: Tensor) -> Tensor:
            return self.norm(self.left(x)).relu_()

        return self.head(torch.cond(x.sum() > 0, bright, self.right, (x,)))


def rows(*shape: int) -> Tensor:
    """Seeded noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def proved(module: nn.Module, conversion: Conversion, *inputs: Tensor) -> None:
    """The check passes, with a certificate and with gradients."""
    (result,) = parity.check(module, conversion, inputs).results
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function"
    assert result.gradients
    assert all(node.covered for node in result.nodes)


@pytest.mark.parametrize("module", [Choice, Loop, Rows])
def test_control_flow_is_proved_with_gradients_and_runs_at_other_sizes(
    module: Callable[[], nn.Module],
) -> None:
    """The batch is open; a second size was never traced."""
    source, x = module().eval(), rows(3, 4).abs()
    conversion = torch_to_tf(source, (x,), dynamic_shapes=({0: BATCH},))
    proved(source, conversion, x)
    (other,) = parity.check(source, conversion, (rows(7, 4),), gradients=False).results
    assert other.verdict.passes, other.summary


def test_both_branches_stand_in_the_converted_model() -> None:
    """Which one is taken follows the values of the call."""
    source, x = Choice().eval(), rows(3, 4).abs()
    conversion = torch_to_tf(source, (x,))
    for given in (x, -x, 1000 * x):
        (result,) = parity.check(source, conversion, (given,), gradients=False).results
        assert result.verdict.passes, result.summary
    operations = conversion.model.__call__.get_concrete_function().graph.get_operations()
    assert {"If", "StatelessIf"} & {operation.type for operation in operations}


def test_an_associative_scan_is_unrolled_by_capture() -> None:
    """PyTorch's generic one is a tree of slices."""
    source, x = Prefixes(), rows(5, 4)
    proved(source, torch_to_tf(source, (x,)), x)


def test_axes_move_inside_a_branch_and_the_saved_model_is_certified(tmp_path: Path) -> None:
    """TensorFlow's fused batch norm has no float64 kernel, inside a function neither."""
    source, x = Images().eval(), rows(2, 3, 8, 8).abs()
    conversion = torch_to_tf(source, (x,))
    proved(source, conversion, x)
    (result,) = parity.check(source, conversion.save(tmp_path / "model"), (x,)).results
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome.startswith("same function")
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    dark = torch.from_numpy(loaded(-x.numpy()).numpy())
    with torch.no_grad():
        torch.testing.assert_close(dark, source(-x), rtol=1e-4, atol=1e-5)


def test_a_fault_planted_in_a_branch_is_caught_at_the_branch() -> None:
    """A slope that is off by one part in a million, two branches deep."""
    x = rows(3, 4).abs()
    faulty = torch_to_tf(Choice(0.5000005).eval(), (x,))
    (result,) = parity.check(Choice().eval(), faulty, (x,), gradients=False).results
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.op == "higher_order.cond"


def test_a_fault_planted_in_a_loop_is_caught_at_the_loop() -> None:
    """A layer of the body with another bias."""
    x = rows(3, 4)
    source, other = Loop(), Loop()
    with torch.no_grad():
        other.first.bias[0] += 1e-5
    faulty = torch_to_tf(other, (x,))
    (result,) = parity.check(source, faulty, (x,), gradients=False).results
    assert result.verdict is Verdict.mismatch


class Unsupported(nn.Module):
    """Three operators without a lowering: beside, in, and two branches deep."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (n,) -> (n,)."""

        def deep(x: Tensor) -> Tensor:
            return torch.cond(x.mean() > 1, torch.ops.branches.two, lambda x: x + 1, (x,))

        x = torch.ops.branches.one(x)
        return torch.cond(x.sum() > 0, deep, torch.ops.branches.three, (x,))


@pytest.fixture
def custom_operators() -> Iterator[None]:
    """Three operators that nothing has a lowering for."""
    with torch.library._scoped_library("branches", "DEF") as library:
        for name in ("one", "two", "three"):
            library.define(f"{name}(Tensor x) -> Tensor")
            library.impl(name, lambda x: x * 3, "CompositeExplicitAutograd")
        yield


@pytest.mark.usefixtures("custom_operators")
def test_operators_inside_branches_are_listed_with_those_outside() -> None:
    """With the module that branches."""
    with pytest.raises(UnsupportedOpError) as caught:
        torch_to_tf(nn.Sequential(nn.Identity(), Unsupported()), (torch.ones(3),))
    missing = {item.op: item.module for item in caught.value.missing}
    assert missing == {f"branches.{name}.default": "1" for name in ("one", "two", "three")}


class Dropping(Layers):
    """Dropout in a branch."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (batch, 4) -> (batch, 4)."""

        def drop(x: Tensor) -> Tensor:
            return nn.functional.dropout(self.first(x), 0.5, self.training)

        return torch.cond(x.sum() > 0, drop, lambda x: x + 1, (x,))


def test_random_numbers_in_a_branch_follow_the_models_seed_and_are_not_compared(
    tmp_path: Path,
) -> None:
    """Both sides can't be given the same; in inference there are none."""
    x = rows(8, 4).abs()
    conversion = torch_to_tf(Dropping(), (x,), training=True, seed=7)
    loaded = tf.saved_model.load(str(conversion.save(tmp_path / "model")))
    first, second = conversion.model(x.numpy()), conversion.model(x.numpy())
    assert not tf.reduce_all(first == second)
    assert tf.reduce_all(loaded(x.numpy()) == first)
    with pytest.raises(CheckError, match="draws random numbers inside a branch"):
        parity.check(Dropping(), conversion, (x,))


class Counting(nn.Module):
    """Writes into a buffer in one of two branches."""

    def __init__(self) -> None:
        """Nothing counted."""
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""

        def count(x: Tensor) -> Tensor:
            self.seen.add_(1)
            return x * 2

        return torch.cond(x.sum() > 0, count, lambda x: x - 1, (x,))


def test_a_branch_that_writes_is_refused_with_captures_own_words() -> None:
    """PyTorch doesn't capture it."""
    with pytest.raises(CaptureError, match="do not support input mutation"):
        torch_to_tf(Counting(), (torch.ones(3),))
