"""What PyTorch leaves open: the order of equal elements, and memory that was never written.

Which of two equal elements comes first may change from one release, machine or size to another, and
what stands in fresh memory from one call to the next; nothing can be compared with that. The first
one first, and zeros, are among what PyTorch may return, and what the lowerings return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Pair = tuple[torch.Tensor, torch.Tensor]


def sort(x: torch.Tensor, dim: int = -1, descending: bool = False) -> Pair:
    """As ``torch.sort``, of equal elements the first one first."""
    values, index = torch.sort(x, dim=dim, descending=descending, stable=True)
    return values, index


def argsort(x: torch.Tensor, dim: int = -1, descending: bool = False) -> torch.Tensor:
    """As ``torch.argsort``, of equal elements the first one first."""
    return sort(x, dim, descending)[1]


def msort(x: torch.Tensor) -> torch.Tensor:
    """As ``torch.msort``, of equal elements the first one first."""
    return sort(x, 0)[0]


def topk(
    x: torch.Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,  # noqa: ARG001  # unsorted leaves the order open
) -> Pair:
    """As ``torch.topk``, of equal elements the first one first."""
    if x.dim() == 0:
        return x.clone(), torch.zeros([], dtype=torch.int64)
    values, index = sort(x, dim, largest)
    return values.narrow(dim, 0, k), index.narrow(dim, 0, k)


def kthvalue(x: torch.Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Pair:
    """As ``torch.kthvalue``, of equal elements the first one first."""
    if x.dim() == 0:
        return x.clone(), torch.zeros([], dtype=torch.int64)
    values, index = (part.narrow(dim, k - 1, 1) for part in sort(x, dim))
    return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))


STABLE: Mapping[str, Callable[..., Pair | torch.Tensor]] = {
    "aten.sort.default": sort,
    "aten.argsort.default": argsort,
    "aten.kthvalue.default": kthvalue,
    "aten.msort.default": msort,
    "aten.topk.default": topk,
}
"""By the names of the operators."""

UNWRITTEN = frozenset(
    f"aten.{name}"
    for name in (
        "empty.memory_format",
        "empty_like.default",
        "empty_permuted.default",
        "empty_strided.default",
        "new_empty.default",
        "new_empty_strided.default",
    )
)
"""Operators that return memory that was never written."""
