"""Rounding in batch normalisation as it trains, which no movement of its arguments shows.

Its statistics are long sums: what rounds there moves a whole channel at once, where independent
errors of its elements would average out. And its gradient is what is left of three terms of one
size: over few values the normalised ones saturate (of two values they are -1 and 1), so that a
rounding error in them is far more than one in the argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from converters import Node

BATCH_NORM = "aten._native_batch_norm_legit_functional.default"
"""Batch normalisation with its running statistics among the results, as captures hold it."""


def is_batch_statistics(node: Node) -> bool:
    """Whether a node normalises by the statistics of the batch."""
    return node.op == BATCH_NORM and node.args.get("training") is True


def moved_channels(x: Any, unit: float, lanes: int, generator: Any) -> Any:
    """The argument with each channel moved as a whole, as the rounding of its sum moves its mean.

    Args:
        x: (N, C, ...), float64.
        unit: how large one rounding error is.
        lanes: in how many partial sums at once a kernel adds up (see ``parity.noise.LANES``).
        generator: of the rounding errors.
    """
    import torch

    axes = [axis for axis in range(x.ndim) if axis != 1]
    size = x.detach().abs().mean(axes, keepdim=True) / math.sqrt(2 * lanes)
    shape, double = size.shape, torch.float64
    shift, scale = (
        unit * (2 * torch.rand(shape, generator=generator, dtype=double) - 1) for _ in range(2)
    )
    return x * (1 + scale / math.sqrt(2 * lanes)) + shift * size


def kept_statistics(
    arguments: Mapping[str, Any], error: Callable[[Any], Any]
) -> Sequence[object] | None:
    """Batch normalisation whose gradient sees rounding errors in what it keeps and is given.

    Args:
        arguments: the operator's, in float64.
        error: for a tensor, one plus a rounding error for each element.

    Returns:
        The operator's results; the first has the gradient.
    """
    import torch

    x, weight, bias = arguments["input"], arguments["weight"], arguments["bias"]
    axes = [axis for axis in range(x.ndim) if axis != 1]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    given = dict(zip(_NAMES, (arguments[name] for name in _NAMES), strict=True))
    found = torch.ops.aten._native_batch_norm_legit_functional(
        *(part.detach() if isinstance(part, torch.Tensor) else part for part in given.values())
    )
    mean, reciprocal = found[1].view(shape), found[2].view(shape)

    class Kept(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any, weight: Any, bias: Any) -> Any:
            normal = (x - mean) * reciprocal
            context.save_for_backward(normal * error(normal), weight)
            context.affine = weight is not None, bias is not None
            return found[0]

        @staticmethod
        def backward(context: Any, upstream: Any) -> Any:
            normal, weight = context.saved_tensors
            slope = upstream if weight is None else upstream * weight.view(shape)
            slope = slope * error(slope)
            along = (slope * normal).mean(axes, keepdim=True)
            slope = reciprocal * (slope - slope.mean(axes, keepdim=True) - normal * along)
            has_weight, has_bias = context.affine
            scale = (upstream * normal).sum(axes) if has_weight else None
            return slope, scale, upstream.sum(axes) if has_bias else None

    return (Kept.apply(x, weight, bias), *found[1:])  # type: ignore[no-untyped-call]


_NAMES = (
    "input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps",
)  # fmt: skip
