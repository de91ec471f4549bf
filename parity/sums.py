"""Sums of products: how large what was summed is, whatever the sum came to.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters import Node

PRODUCTS = frozenset(
    [
        "linear",
        "matmul",
        "mm",
        "bmm",
        "mv",
        "dot",
        "addmm",
        "baddbmm",
        "addbmm",
        "addmv",
        "bilinear",
        "einsum",
        "conv1d",
        "conv2d",
        "conv3d",
        "convolution",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "outer",
        "tensordot",
        "inner",
        "vdot",
    ]
)
"""Operators that are linear in each of their tensor arguments, plus an addend."""


CANCELLING = frozenset(["gelu"])
"""Operators that add up terms which are positive where their arguments are: ``x/2 + x/2 erf(..)``.

Both frameworks compute gelu so, by ``1 + erf``, and lose the digits of its negative tail.
"""


def is_product(node: Node) -> bool:
    """Whether an operator is a sum of products of its arguments."""
    return _named(node, PRODUCTS)


def is_sum(node: Node) -> bool:
    """Whether an operator, given its arguments by absolute value, gives the sum of ``|terms|``."""
    return _named(node, PRODUCTS | CANCELLING)


def _named(node: Node, names: frozenset[str]) -> bool:
    parts = node.op.split(".")
    return parts[0] == "aten" and parts[1].strip("_") in names


def absolute(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by absolute value: the operator then gives ``sum |a_i b_i|``."""
    import torch

    def positive(name: str, argument: Any) -> Any:
        if isinstance(argument, torch.Tensor):
            return (
                argument.abs()
                if argument.is_floating_point() or argument.is_complex()
                else argument
            )
        if isinstance(argument, tuple | list):
            return tuple(positive(name, item) for item in argument)
        return abs(argument) if name in ("alpha", "beta") else argument

    return {name: positive(name, argument) for name, argument in arguments.items()}


def ones(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with every number replaced by 1: the operator then counts what it sums up."""
    import torch

    def one(argument: Any) -> Any:
        if isinstance(argument, torch.Tensor):
            numeric = argument.is_floating_point() or argument.is_complex()
            return torch.ones_like(argument) if numeric else argument
        return tuple(one(item) for item in argument) if isinstance(argument, tuple) else argument

    scales = {name: 1 for name in ("alpha", "beta") if name in arguments}
    return {name: one(argument) for name, argument in arguments.items()} | scales
