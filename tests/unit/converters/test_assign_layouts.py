"""Layouts: the numbers stay right for every axis order, and transposes stay where they must be."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn
from torch.nn import functional

from converters import (
    Conversion,
    DType,
    Graph,
    Input,
    Node,
    Output,
    Parameter,
    TensorSpec,
    UnsupportedVariantError,
    Value,
    torch_to_tf,
)
from converters.passes.assign_layouts import assign_layouts
from converters.torch_to_tf.lowerings import load

Forward = Callable[..., torch.Tensor]


class Convolved(nn.Module):
    """Two convolutions with something between them."""

    def __init__(self, between: Forward, rank: int = 4, channels: int = 4) -> None:
        super().__init__()
        kind = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}[rank]
        self.first = kind(channels, channels, 3, padding=1)
        self.second = kind(channels, channels, 3, padding=1)
        self.gate = nn.Linear(channels, channels)
        self.scale = nn.Parameter(torch.rand(channels, *[1] * (rank - 2)))
        self.between = between

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input through both."""
        return self.second(self.between(self, self.first(x)))


def transposes(conversion: Conversion) -> list[str]:
    """The transposes of the traced graph."""
    graph = conversion.model.__call__.get_concrete_function().graph
    return [node.name for node in graph.as_graph_def().node if node.op == "Transpose"]


def require_equal(module: nn.Module, conversion: Conversion, *inputs: torch.Tensor) -> None:
    """In float64, to rounding."""
    promoted = conversion.promoted()
    with torch.no_grad():
        expected = module.double()(*[x.double() for x in inputs])
    actual = promoted.model(*[tf.constant(x.double().numpy()) for x in inputs])
    module.float()
    np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-12, atol=1e-13)


def squeeze_and_excite(module: Convolved, x: torch.Tensor) -> torch.Tensor:
    """Gates from the mean over the image, as in EfficientNet."""
    gate = module.gate(x.mean((2, 3)))
    return x * gate.sigmoid()[:, :, None, None]


def permuted_block(module: Convolved, x: torch.Tensor) -> torch.Tensor:
    """Channels last by hand around a linear layer, as in ConvNeXt."""
    y = module.gate(functional.layer_norm(x.permute(0, 2, 3, 1), (4,)))
    return x + y.permute(0, 3, 1, 2)


FREE: dict[str, Forward] = {
    "activation": lambda module, x: functional.silu(x),
    "residual": lambda module, x: functional.relu(x + functional.max_pool2d(x, 3, 1, 1)),
    "layer scale": lambda module, x: x * module.scale,
    "concatenation and slice": lambda module, x: torch.cat([x, -x], 1)[:, 1:5],
    "split": lambda module, x: torch.cat(torch.chunk(x, 2, 1)[::-1], 1),
    "excitation by pool": lambda module, x: x * functional.adaptive_avg_pool2d(x, 1).sigmoid(),
    "excitation by mean": squeeze_and_excite,
    "permuted block": permuted_block,
    "padding": lambda module, x: functional.pad(x, (1, 0, 2, 1)),
    "softmax over channels": lambda module, x: x.softmax(1),
    "sum that keeps": lambda module, x: x / x.sum((1, 3), keepdim=True),
    "resize": lambda module, x: functional.interpolate(x, scale_factor=2, mode="bilinear"),
}
"""What needs no transpose between two convolutions."""

FORCED: dict[str, Forward] = {
    "scrambled reduction": lambda module, x: x + x.mean((0, 2)),
    "selected sample": lambda module, x: x + x[0],
    "flattened and back": lambda module, x: x.flatten(1).relu().reshape(x.shape),
    "reshaped across channels": lambda module, x: x.reshape(x.shape[0], -1, 2, x.shape[3]).reshape(
        x.shape
    ),
    "shuffled channels": lambda module, x: (
        x.view(x.shape[0], 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)
    ),
    "transposed image": lambda module, x: x.transpose(2, 3),
    "channels for rows": lambda module, x: x.transpose(1, 2),
    "cumulated": lambda module, x: x + x.reshape(-1).cumsum(0).reshape(x.shape),
}
"""What is right only in the source's order somewhere."""


@pytest.mark.parametrize("name", [*FREE, *FORCED])
def test_a_tensor_whose_sizes_are_all_equal_converts_right(name: str) -> None:
    torch.manual_seed(0)
    module = Convolved((FREE | FORCED)[name]).eval()
    x = torch.randn(4, 4, 4, 4)
    require_equal(module, torch_to_tf(module, (x,)), x)


@pytest.mark.parametrize("name", FREE)
def test_only_the_input_and_the_output_are_transposed(name: str) -> None:
    module = Convolved(FREE[name]).eval()
    conversion = torch_to_tf(module, (torch.randn(2, 4, 6, 5),))
    assert len(transposes(conversion)) == 2


@pytest.mark.parametrize("name", FREE)
def test_a_model_that_takes_and_gives_channels_last_has_no_transpose(name: str) -> None:
    torch.manual_seed(0)
    module = Convolved(FREE[name]).eval()
    x = torch.randn(2, 4, 6, 5)
    conversion = torch_to_tf(module, (x,), channels_last=True)
    assert transposes(conversion) == []
    actual = conversion.model(tf.constant(x.permute(0, 2, 3, 1).numpy()))
    with torch.no_grad():
        expected = module(x).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(actual.numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("name", ["activation", "layer scale", "concatenation and slice"])
def test_every_rank_of_image(name: str, rank: int) -> None:
    torch.manual_seed(0)
    module = Convolved(FREE[name], rank).eval()
    x = torch.randn(*[4] * rank)
    conversion = torch_to_tf(module, (x,))
    require_equal(module, conversion, x)
    assert len(transposes(conversion)) == 2


def test_open_sizes_keep_the_layout() -> None:
    torch.manual_seed(0)
    module = Convolved(permuted_block).eval()
    sizes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    conversion = torch_to_tf(module, (torch.randn(2, 4, 6, 5),), dynamic_shapes=((sizes),))
    assert len(transposes(conversion)) == 2
    require_equal(module, conversion, torch.randn(3, 4, 7, 9))


def test_patches_become_a_sequence_for_one_transpose() -> None:
    """Of the image; the sequence is the convolution's result as it lies in memory."""

    class Patches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patch, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.patch(x).flatten(2).transpose(1, 2))

    torch.manual_seed(0)
    module, x = Patches().eval(), torch.randn(2, 3, 8, 12)
    conversion = torch_to_tf(module, (x,))
    assert len(transposes(conversion)) == 1
    require_equal(module, conversion, x)


def test_a_sequence_passes_a_convolution_without_transposes() -> None:
    """(N, L, C) to (N, C, L) and back around a 1-D convolution, as in Wav2Vec2."""

    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.after = nn.Linear(4, 4), nn.Linear(4, 4)
            self.conv = nn.Conv1d(4, 4, 3, padding=1, groups=2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.before(x)
            return self.after(x + functional.gelu(self.conv(x.transpose(1, 2)).transpose(1, 2)))

    torch.manual_seed(0)
    module, x = Positions().eval(), torch.randn(4, 4, 4)
    conversion = torch_to_tf(module, (x,))
    assert transposes(conversion) == []
    require_equal(module, conversion, x)


def test_a_kernel_used_twice_and_by_another_operator() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 4, 3, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = functional.conv2d(functional.conv2d(x, self.weight), self.weight)
            return functional.conv_transpose2d(y, self.weight) * self.weight.mean()

    torch.manual_seed(0)
    module, x = Tied().eval(), torch.randn(4, 4, 6, 6)
    require_equal(module, torch_to_tf(module, (x,)), x)


def test_images_without_a_batch_axis() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2)
    ).eval()
    x = torch.randn(3, 8, 8)
    require_equal(layers, torch_to_tf(layers, (x,)), x)


def chain(count: int) -> Graph:
    """Residual blocks with a reshape, which wants the source's order, now and then."""
    spec = TensorSpec((2, 8, 8, 8), DType.float32)
    weight = Parameter(
        "w", TensorSpec((8, 8, 1, 1), DType.float32), np.zeros((8, 8, 1, 1), np.float32), True
    )
    nodes: list[Node] = []
    value = skip = Value("x")
    for place in range(count):
        name = f"n{place}"
        if place % 11 == 0:
            op, args = "aten.conv2d.default", {"input": value, "weight": Value("w"), "bias": None}
            skip = Value(name)
        elif place % 11 == 7:
            op, args = "aten.view.default", {"x": value, "size": (2, 8, 64)}
            nodes.append(Node(f"{name}.flat", op, args, (TensorSpec((2, 8, 64), DType.float32),)))
            args = {"x": Value(f"{name}.flat"), "size": (2, 8, 8, 8)}
        elif place % 11 == 9:
            op, args = "aten.add.Tensor", {"x": value, "other": skip}
        else:
            op, args = "aten.relu.default", {"x": value}
        nodes.append(Node(name, op, args, (spec,)))
        value = Value(name)
    return Graph((Input("x", spec),), (weight,), tuple(nodes), (Output("y", value),))


def test_the_cost_is_near_linear_in_the_number_of_nodes() -> None:
    """Ten times the nodes take less than thirty times as long; a quadratic pass takes a hundred."""
    registry = load()

    def seconds(count: int) -> float:
        graph = chain(count)
        taken = []
        for _ in range(3):
            start = time.process_time()
            assign_layouts(graph, registry)
            taken.append(time.process_time() - start)
        return min(taken)

    assert seconds(3000) < 30 * seconds(300)


def test_two_open_sizes_that_a_reshape_names_keep_the_layout() -> None:
    def there_and_back(module: Convolved, x: torch.Tensor) -> torch.Tensor:
        n, c, h, w = x.shape
        return x.reshape(n, c, h * w).relu().view(n, c, h, w)

    torch.manual_seed(0)
    module = Convolved(there_and_back).eval()
    sizes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    conversion = torch_to_tf(module, (torch.randn(2, 4, 6, 5),), dynamic_shapes=((sizes),))
    assert len(transposes(conversion)) == 2
    require_equal(module, conversion, torch.randn(3, 4, 7, 9))


def test_a_rank_without_channels_last_order_is_refused() -> None:
    class Normalised(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.group_norm(x, 2)

    with pytest.raises(UnsupportedVariantError, match="rank 6"):
        torch_to_tf(Normalised(), (torch.randn(2, 4, 2, 2, 2, 2),))
