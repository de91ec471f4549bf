"""Sums of products: how large what was summed is, whatever the sum came to.

Source: Higham, "Accuracy and Stability of Numerical Algorithms", chapters 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
        *"BatchMatMul BatchMatMulV2 BatchMatMulV3 Conv2D Conv2DBackpropInput Conv3D".split(),
        *"Conv3DBackpropInputV2 DepthwiseConv2dNative Einsum MatMul".split(),
    ]
)
"""Operators that are linear in each of their tensor arguments, plus an addend."""


CANCELLING = frozenset(["gelu"])
"""Operators that add up terms which are positive where their arguments are: ``x/2 + x/2 erf(..)``.

Both frameworks compute gelu so, by ``1 + erf``, and lose the digits of its negative tail.
"""


def is_product(node: Node) -> bool:
    """Whether an operator is a sum of products of its arguments."""
    return is_named(node, PRODUCTS)


def is_sum(node: Node) -> bool:
    """Whether an operator, given its arguments by absolute value, gives the sum of ``|terms|``."""
    return is_named(node, PRODUCTS | CANCELLING)


def is_named(node: Node, names: frozenset[str]) -> bool:
    """Whether an operator is one of PyTorch's or TensorFlow's of these names, in any overload."""
    library, name, *_ = node.op.split(".")
    return library in ("aten", "tf") and name.strip("_") in names


def count(node: Node, arguments: Mapping[str, Any]) -> int:
    """How many products each element of a product's result is the sum of; 1 for other operators.

    Args:
        node: any.
        arguments: its tensors and numbers, by the names of its parameters.
    """
    if not is_product(node):
        return 1
    name = node.op.split(".")[1]
    shapes = {key: tuple(getattr(given, "shape", ())) for key, given in arguments.items()}
    if node.op.startswith("tf."):
        return _count_in_tensorflow(name, shapes, arguments)
    if name.startswith("conv"):
        weight = shapes["weight"]
        transposed = "transpose" in name or bool(arguments.get("transposed"))
        return math.prod(weight[2:]) * (weight[0] if transposed else weight[1])
    if name == "einsum":
        return _contracted(str(arguments["equation"]), arguments["tensors"])
    if name == "tensordot":
        return math.prod(shapes["x"][axis] for axis in arguments["dims_self"])
    if name == "bilinear":
        return math.prod(shapes["weight"][1:])
    if name == "addbmm":
        return shapes["batch1"][0] * shapes["batch1"][2]
    if name == "outer":
        return 1
    first = next((shapes[key] for key in _FIRST if shapes.get(key)), (1,))
    return first[-1]


def _count_in_tensorflow(
    name: str, shapes: Mapping[str, tuple[int, ...]], arguments: Mapping[str, Any]
) -> int:
    """The same for TensorFlow's products, whose kernels are (*spatial, in, out)."""
    if "filter" in shapes:
        *window, channels, _ = shapes["filter"]
        back = "Backprop" in name
        own = shapes["filter"][-1] if back else channels
        return math.prod(window) * (1 if name.startswith("Depthwise") else own)
    if name == "Einsum":
        return _contracted(str(arguments["equation"]), arguments["inputs"])
    first = shapes["a"] if "a" in shapes else shapes["x"]
    turned = arguments.get("transpose_a") or arguments.get("adj_x")
    return first[-2] if turned else first[-1]


_FIRST = ("mat1", "batch1", "input", "mat", "x")


def _contracted(equation: str, operands: Sequence[Any]) -> int:
    """The product of the sizes of those letters that the result of an einsum doesn't have."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for term, operand in zip(inputs.split(","), operands, strict=True):
        before, _, after = term.partition("...")
        sizes.update(zip(before, operand.shape, strict=False))
        sizes.update(zip(reversed(after), reversed(operand.shape), strict=False))
    letters = inputs.replace(",", "").replace("...", "")
    kept = output if arrow else "".join(c for c in letters if letters.count(c) == 1)
    return math.prod(size for letter, size in sizes.items() if letter not in kept)


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
