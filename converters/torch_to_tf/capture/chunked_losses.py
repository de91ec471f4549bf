"""A linear layer and its cross entropy, which PyTorch computes in chunks to save memory.

``torch.nn.functional.linear_cross_entropy`` with options is an operator of ``torch.nn`` that keeps
its own gradients among its results. In a graph it is the two operators that it stands for.

Source: PyTorch's documentation of linear_cross_entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.export import ExportedProgram

Results = tuple[torch.Tensor, ...]


def chunked_losses(program: ExportedProgram) -> dict[Any, Callable[..., Any]]:
    """A decomposition for each such operator of a program."""
    found = {node.target for node in program.graph.nodes if node.op == "call_function"}
    return {op: _LOSSES[str(op)] for op in found if str(op) in _LOSSES}


def _reduced(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    linear_bias: torch.Tensor | None,
    weight: torch.Tensor | None,
    reduction: str,
    ignore_index: int,
    label_smoothing: float,
    *_: object,
) -> Results:
    """The loss, and in place of the kept gradients, which nothing else reads, nothing."""
    loss = torch.nn.functional.cross_entropy(
        _logits(input, linear_weight, linear_bias),
        target,
        weight,
        ignore_index=ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
    return loss, input.new_empty((0, 0)), input.new_empty((0, 0)), input.new_empty((0,))


def _of_each(
    input: torch.Tensor,
    linear_weight: torch.Tensor,
    target: torch.Tensor,
    linear_bias: torch.Tensor | None,
    weight: torch.Tensor | None,
    ignore_index: int,
    *_: object,
) -> torch.Tensor:
    logits = _logits(input, linear_weight, linear_bias)
    return torch.nn.functional.cross_entropy(
        logits, target, weight, ignore_index=ignore_index, reduction="none"
    )


def _logits(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.nn.functional.linear(
        x, weight.to(x.dtype), None if bias is None else bias.to(x.dtype)
    )


_LOSSES: Mapping[str, Callable[..., Any]] = {
    "torch_nn._linear_cross_entropy_batch_chunked.default": _reduced,
    "torch_nn._linear_cross_entropy_batch_chunked_no_reduction.default": _of_each,
}
