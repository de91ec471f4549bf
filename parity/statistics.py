"""Rounding in normalisations, which no movement of their arguments shows.

Statistics of a batch are long sums: what rounds there moves a whole channel at once, where
independent errors of its elements would average out. Of few values the mean moves as they do (of
one value it is that value), so that its own rounding is all that is left of them. And the gradient
is what is left of three terms of one size: over few values the normalised ones saturate (of two
values they are -1 and 1), so that a rounding error in them is far more than one in the argument.
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


KEPT: Mapping[str, tuple[str, str, str, str, str]] = {
    "aten.batch_norm.default": ("weight", "bias", "running_mean", "running_var", "eps"),
    "aten._native_batch_norm_legit_no_training.default": (
        "weight", "bias", "running_mean", "running_var", "eps",
    ),
    "tf.FusedBatchNormV3": ("scale", "offset", "mean", "variance", "epsilon"),
}  # fmt: skip
"""Batch normalisation that may be by kept statistics, and what its arguments are called."""


def is_kept_statistics(node: Node) -> bool:
    """Whether a node normalises by statistics that it is given."""
    training = any(node.args.get(name) is True for name in ("training", "is_training"))
    return node.op in KEPT and not training


def moved_addends(
    op: str, arguments: Mapping[str, Any], unit: float, generator: Any
) -> dict[str, Any]:
    """A batch norm's addends, moved by the rounding of ``bias - mean * factor``.

    Where a channel's argument is small and the two cancel, nothing else rounds as much.

    Args:
        op: one of :data:`KEPT`.
        arguments: the operator's, in float64.
        unit: how large one rounding error is.
        generator: of the rounding errors.
    """
    import torch

    scale, offset, mean, variance, epsilon = KEPT[op]
    factor = (arguments[variance].detach() + arguments[epsilon]).rsqrt()
    if arguments[scale] is not None:
        factor = factor * arguments[scale].detach()
    bias = torch.zeros_like(factor) if arguments[offset] is None else arguments[offset]
    addend = bias.detach().abs() + (arguments[mean].detach() * factor).abs()
    xi = 2 * torch.rand(factor.shape, generator=generator, dtype=torch.float64) - 1
    return {offset: bias + unit * xi * addend}


def moved_channels(
    arguments: Mapping[str, Any], unit: float, lanes: int, generator: Any
) -> dict[str, Any]:
    """Arguments with each channel moved as a whole.

    The mean moves as the rounding of its sum moves it. And the normalised values are the argument
    times one factor plus one addend of the channel, ``bias - mean * factor``: both are rounded, so
    that no average over the channel's elements takes that error away again.

    Args:
        arguments: the operator's, in float64; the input is (N, C, ...).
        unit: how large one rounding error is.
        lanes: in how many partial sums at once a kernel adds up (see ``parity.noise.LANES``).
        generator: of the rounding errors.
    """
    import torch

    x, weight, bias = arguments["input"], arguments["weight"], arguments["bias"]
    still = x.detach()
    axes = [axis for axis in range(x.ndim) if axis != 1]
    size = still.abs().mean(axes, keepdim=True) / math.sqrt(2 * lanes)

    def error(like: Any) -> Any:
        return unit * (2 * torch.rand(like.shape, generator=generator, dtype=torch.float64) - 1)

    mean = still.mean(axes)
    factor = (still.var(axes, correction=0) + arguments["eps"]).rsqrt()
    weight = torch.ones_like(factor) if weight is None else weight
    bias = torch.zeros_like(factor) if bias is None else bias
    addend = bias.detach().abs() + (mean * factor * weight.detach()).abs()
    return {
        "input": x * (1 + error(size) / math.sqrt(2 * lanes)) + error(size) * size,
        "weight": weight * (1 + error(weight)),
        "bias": bias + error(bias) * addend,
    }


def normalised(
    node: Node, arguments: Mapping[str, Any], error: Callable[[Any], Any]
) -> Sequence[object] | None:
    """A normalisation with rounding errors in its mean, and in what its gradient keeps.

    Args:
        node: any.
        arguments: the operator's, in float64.
        error: for a tensor, one plus a rounding error for each element.

    Returns:
        The operator's results; None if it doesn't normalise by its argument's own statistics.
    """
    import torch

    library, name, *_ = node.op.split(".")
    whole = is_batch_statistics(node)
    if library != "aten" or not (whole or name in _ROWS):
        return None
    x, weight, bias = (arguments.get(key) for key in ("input", "weight", "bias"))
    if not isinstance(x, torch.Tensor) or x.dtype != torch.float64 or not x.numel():
        return None
    if name == "instance_norm" and arguments["running_mean"] is not None:
        return None
    ordered = x.transpose(0, 1) if whole else x
    rows = ordered.reshape(x.shape[1] if whole else _ROWS[name](arguments), -1)
    eps = arguments.get("eps", 1e-5)
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    y = _standardised(rows, eps, error, centred="rms" not in name).view(ordered.shape)
    y = y.transpose(0, 1) if whole else y
    shape = arguments.get("normalized_shape", (-1, *[1] * (x.ndim - 2)))
    y = y if weight is None else y * weight.view(shape)
    y = y if bias is None else y + bias.view(shape)
    others = () if len(node.outputs) == 1 else getattr(torch.ops.aten, name)(**arguments)[1:]
    return (y, *others)


def _standardised(x: Any, eps: float, error: Callable[[Any], Any], *, centred: bool) -> Any:
    """Each row less its mean, over its deviation; or just over its root mean square.

    Shapes: x (rows, n) -> as x.
    """
    import torch

    class Kept(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            mean = x.mean(-1, keepdim=True) if centred else torch.zeros_like(x[:, :1])
            rest = x - mean
            reciprocal = (rest.square().mean(-1, keepdim=True) + eps).rsqrt()
            result = (rest + mean * (1 - error(mean))) * reciprocal
            context.save_for_backward(result * error(result), reciprocal)
            return result

        @staticmethod
        def backward(context: Any, upstream: Any) -> Any:
            normal, reciprocal = context.saved_tensors
            slope = upstream * error(upstream)
            along = (slope * normal).mean(-1, keepdim=True)
            mean = slope.mean(-1, keepdim=True) if centred else 0.0
            return reciprocal * (slope - mean - normal * along)

    return Kept.apply(x)  # type: ignore[no-untyped-call]


def _samples(arguments: Mapping[str, Any]) -> int:
    x, shape = arguments["input"], arguments["normalized_shape"]
    return math.prod(x.shape[: x.ndim - len(shape)])


_ROWS: Mapping[str, Callable[[Mapping[str, Any]], int]] = {
    **dict.fromkeys(("layer_norm", "native_layer_norm", "rms_norm", "_fused_rms_norm"), _samples),
    "group_norm": lambda given: int(given["input"].shape[0] * given["num_groups"]),
    "native_group_norm": lambda given: int(given["N"] * given["group"]),
    "instance_norm": lambda given: math.prod(given["input"].shape[:2]),
}
"""How many sets of values with statistics of their own an operator's argument consists of."""
