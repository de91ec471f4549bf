"""Sizes that a model was not captured for are refused at the call, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn

import parity
from converters import Constraint, torch_to_tf
from parity.errors import CheckError

BATCH = torch.export.Dim("batch", min=2, max=16)


class Sizes(nn.Module):
    """Two inputs of equal size, one of twice that, and a size that follows from values."""

    def forward(self, x: Tensor, y: Tensor, z: Tensor, parts: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (b, 4), y (2 b,), z (b,), parts (2,) -> (b,), (n,)."""
        count = parts.sum().item()
        torch._check(count >= 2)
        torch._check(count < 20)
        return x.sum(1) + y[::2] + z, torch.zeros(count) + 1  # type: ignore[call-overload]


def given(x: int, y: int, z: int, parts: tuple[int, int] = (1, 2)) -> list[tf.Tensor]:
    """Inputs of some sizes."""
    return [tf.zeros((x, 4)), tf.zeros(y), tf.zeros(z), tf.constant(parts, tf.int64)]


EXAMPLE = tuple(torch.from_numpy(t.numpy()) for t in given(3, 6, 3))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[..., Any]]:
    """The converted model, the one that was saved, and its serving signature."""
    shapes = ({0: BATCH}, {0: 2 * BATCH}, {0: BATCH}, None)
    conversion = torch_to_tf(Sizes(), EXAMPLE, dynamic_shapes=shapes)
    loaded = tf.saved_model.load(str(conversion.save(tmp_path_factory.mktemp("sizes") / "model")))
    serving = loaded.signatures["serving_default"]
    return {
        "converted": conversion.model,
        "saved": loaded,
        "serving": lambda x, y, z, parts: serving(x=x, y=y, z=z, parts=parts),
    }


REFUSED = [
    (given(17, 34, 17), r"input x has the size\] \[17\] \[in dimension 0, .* x.size\(0\) <= 16"),
    (given(1, 2, 1), r"input x has the size\] \[1\] .* x.size\(0\) >= 2"),
    (given(5, 11, 5), r"input y has the size\] \[11\] .* y.size\(0\) == 2 \* x.size\(0\)"),
    (given(5, 10, 6), r"input z has the size\] \[6\] .* z.size\(0\) == x.size\(0\)"),
    (given(5, 10, 5, (1, 0)), r"model computes at .*py:\d+: count = .* is\] \[1\] \[.* it >= 2"),
    (given(5, 10, 5, (10, 20)), r"model computes at .* is\] \[30\] \[but the model needs it <= 19"),
]


@pytest.mark.parametrize("kind", ["converted", "saved", "serving"])
def test_a_violated_constraint_is_named_at_the_call(
    models: dict[str, Callable[..., Any]], kind: str
) -> None:
    """The input, its dimension, its size and the rule, in the same words everywhere."""
    models[kind](*given(5, 10, 5))
    models[kind](*given(2, 4, 2))
    models[kind](*given(16, 32, 16))
    for inputs, words in REFUSED:
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            models[kind](*inputs)


def test_a_check_refuses_the_same_inputs_in_the_same_words() -> None:
    """Before anything is computed."""
    shapes = ({0: BATCH}, {0: 2 * BATCH}, {0: BATCH}, None)
    conversion = torch_to_tf(Sizes(), EXAMPLE, dynamic_shapes=shapes)
    inputs = [torch.from_numpy(t.numpy()) for t in given(5, 11, 5)]
    with pytest.raises(CheckError, match=r"The input y has the size 11 in dimension 0 and x has"):
        parity.check(Sizes(), conversion, inputs)
    (result,) = parity.check(Sizes(), conversion, EXAMPLE, gradients=False).results
    assert result.verdict.passes, result.summary


class Branching(nn.Module):
    """Decides by sizes, in the graph's favour."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Shapes: x (a,), y (b,) -> (a / 2, 2)."""
        return x.view(-1, 2) * (y.sum() if x.shape[0] != y.shape[0] else 0)


def test_what_capture_found_out_by_itself_is_checked_too() -> None:
    """With automatic dimensions: a multiple of two, and two sizes that differ."""
    auto = torch.export.Dim.AUTO
    conversion = torch_to_tf(
        Branching(), (torch.ones(6), torch.ones(5)), dynamic_shapes=({0: auto}, {0: auto})
    )
    conversion.model(tf.ones(8), tf.ones(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"x.size\(0\) % 2 == 0"):
        conversion.model(tf.ones(7), tf.ones(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="!="):
        conversion.model(tf.ones(4), tf.ones(4))


class Images(nn.Module):
    """A convolution, so that channels move."""

    def __init__(self) -> None:
        """Three channels."""
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)

    def forward(self, image: Tensor) -> Tensor:
        """Shapes: image (1, 3, height, width) -> (1, 4, height - 2, width - 2)."""
        return self.convolution(image)


def test_dimensions_are_the_sources_where_channels_come_last() -> None:
    """Dimension 2 is the height, wherever the converted model keeps it."""
    height = torch.export.Dim("height", min=8, max=12)
    conversion = torch_to_tf(
        Images(),
        (torch.ones(1, 3, 9, 9),),
        dynamic_shapes={"image": {2: height}},
        channels_last=True,
    )
    assert Constraint("image.size(2) >= 8") in conversion.source.constraints
    conversion.model(tf.ones((1, 8, 9, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[7\] \[in dimension 2"):
        conversion.model(tf.ones((1, 7, 9, 3)))


@pytest.mark.parametrize(
    "text",
    ["__import__('os').size(0) < 1", "x.size(0)", "x.size(0) < f(2)", "1 < x.size(0) < 3", "("],
)
def test_a_constraint_is_arithmetic_and_nothing_else(text: str) -> None:
    """It may come from a file."""
    with pytest.raises(ValueError, match="is"):
        Constraint(text)
