"""Operators of ATen as the Python expressions that call them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import fx

from converters.tf_to_torch.readable.table import literal

Name = Callable[[Any], str]
"""The text of an argument: a variable's name, or an expression of sizes."""

_BITS = {"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
_OPERATORS: Mapping[str, str] = {
    "add.Tensor": "+",
    "add.Scalar": "+",
    "sub.Tensor": "-",
    "sub.Scalar": "-",
    "mul.Tensor": "*",
    "mul.Scalar": "*",
    "div.Tensor": "/",
    "div.Scalar": "/",
    "pow.Tensor_Scalar": "**",
    "pow.Tensor_Tensor": "**",
    "matmul.default": "@",
    **{f"__{name}__.{kind}": sign for name, sign in _BITS.items() for kind in ("Tensor", "Scalar")},
    "eq.Tensor": "==",
    "eq.Scalar": "==",
    "ne.Tensor": "!=",
    "ne.Scalar": "!=",
    "lt.Tensor": "<",
    "lt.Scalar": "<",
    "le.Tensor": "<=",
    "le.Scalar": "<=",
    "gt.Tensor": ">",
    "gt.Scalar": ">",
    "ge.Tensor": ">=",
    "ge.Scalar": ">=",
    "bitwise_and.Tensor": "&",
    "bitwise_or.Tensor": "|",
    "bitwise_xor.Tensor": "^",
}

_FUNCTIONAL = frozenset(
    {
        *("conv1d.default", "conv2d.default", "conv3d.default", "linear.default"),
        *("conv_transpose1d.default", "conv_transpose2d.input", "conv_transpose3d.input"),
        *("max_pool1d.default", "max_pool2d.default", "max_pool3d.default"),
        *("avg_pool1d.default", "avg_pool2d.default", "avg_pool3d.default"),
        *("relu.default", "relu6.default", "gelu.default", "silu.default", "mish.default"),
        *("leaky_relu.default", "selu.default", "hardtanh.default", "softplus.default"),
        *("hardswish.default", "hardsigmoid.default", "log_sigmoid.default", "pad.default"),
        *("layer_norm.default", "scaled_dot_product_attention.default", "one_hot.default"),
    }
)
"""Operators that ``torch.nn.functional`` has by the same name, with the same arguments."""

_METHODS = frozenset(
    {
        *("permute", "reshape", "view", "flatten", "unsqueeze", "squeeze", "transpose", "expand"),
        *("contiguous", "mean", "sum", "amax", "amin", "prod", "any", "all", "argmax", "argmin"),
        *("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "abs", "neg", "sign"),
        *("sigmoid", "tanh", "erf", "sin", "cos", "clamp", "clamp_min", "clamp_max", "round"),
        *("floor", "ceil", "reciprocal", "softmax", "log_softmax", "cumsum", "flip", "detach"),
        *("gather", "logical_and", "logical_or", "logical_not", "bitwise_not", "to", "tril"),
        *("unbind", "tensor_split", "unflatten", "movedim", "select", "erfc"),
        *("triu", "var", "repeat_interleave", "masked_fill", "index_select", "clone", "narrow"),
        *(
            "maximum",
            "minimum",
            "new_zeros",
            "unbind",
            "tensor_split",
            "repeat",
            "logical_xor",
            "trunc",
            "sinh",
            "cosh",
        ),
    }
)
"""Operators that are methods of tensors, with the same arguments."""

_NATIVE = torch._C._VariableFunctions
"""What ``torch`` has functions for that PyTorch writes from its operators' own schemas."""

_TORCH = frozenset(
    {
        *("cat", "stack", "where", "arange", "full", "zeros", "ones", "full_like", "zeros_like"),
        *("ones_like", "batch_norm", "atan2", "floor_divide", "remainder", "fmod", "bmm", "addmm"),
        *("eye", "linspace", "roll", "scalar_tensor", "logsumexp", "baddbmm", "diag_embed"),
    }
)
"""Operators that ``torch`` has by the same name, with the same arguments."""


def expression(node: fx.Node, name: Name, device: str | None, *, exact: bool) -> str:
    """How a node of a traced graph is written.

    Args:
        node: a call of an operator.
        name: gives the text of an argument.
        device: how the device of the model's tensors is written, for new tensors.
        exact: whether numbers are written with all their digits.
    """
    target: Any = node.target
    own = str(target).removeprefix("aten.")
    kwargs: dict[str, Any] = {
        key: value
        for key, value in node.kwargs.items()
        if key not in _SPARE or value not in (False, torch.strided)
    }
    if isinstance(kwargs.get("device"), torch.device) and device is not None:
        kwargs["device"] = _Text(device)

    def text(argument: Any) -> str:
        if isinstance(argument, _Text):
            return argument
        if isinstance(argument, list | tuple):
            return f"[{', '.join(map(text, argument))}]"
        return name(argument) if isinstance(argument, fx.Node) else literal(argument, exact=exact)

    args: list[Any] = list(node.args)
    if not kwargs:
        found = _by_sign(own, args, text) or _indexed(own, args, text) or _short(own, args, text)
        if found is not None:
            return found
    if own == "_to_copy.default" and set(kwargs) == {"dtype"}:
        return f"{text(args[0])}.to({text(kwargs['dtype'])})"
    return _called(target, own, args, kwargs, text)


def written_over(node: fx.Node) -> tuple[str | None, str]:
    """How an operator is written that writes over what it is given.

    Returns:
        The sign before ``=``, None if it has none; and the method.
    """
    own = str(node.target).removeprefix("aten.")
    return _OPERATORS.get(own), f"{own.partition('.')[0]}_"


_SPARE = frozenset({"pin_memory", "layout", "implicit"})
"""Arguments that say nothing where they have their defaults."""

Text = Callable[[Any], str]


def _called(
    target: Any, own: str, args: Sequence[Any], kwargs: Mapping[str, Any], text: Text
) -> str:
    """A function of ``torch``, a method, or the operator itself."""
    packet, schema = own.split(".", maxsplit=1)[0], target._schema
    given = [text(arg) for arg in args] + [f"{key}={text(value)}" for key, value in kwargs.items()]
    if own in _FUNCTIONAL:
        return f"F.{packet}({', '.join(given)})"
    if packet in _METHODS and schema.arguments and schema.arguments[0].name == "self":
        many = packet in ("permute", "reshape", "view", "expand")
        if many and isinstance(args[1], list | tuple) and args[1]:
            given = [given[0], *map(text, args[1])]
        return f"{given[0]}.{packet}({', '.join(given[1:])})"
    native = target.namespace == "aten" and not packet.startswith("_")
    if packet in _TORCH or (native and hasattr(_NATIVE, packet)):
        return f"torch.{packet}({', '.join(given)})"
    return f"torch.ops.{target.namespace}.{own}({', '.join(given)})"


def _by_sign(own: str, args: Sequence[Any], text: Text) -> str | None:
    """Arithmetic and comparisons."""
    if own == "neg.default":
        return f"-{text(args[0])}"
    if len(args) != 2:
        return None
    if own == "rsub.Scalar":
        return f"{text(args[1])} - {text(args[0])}"
    sign = _OPERATORS.get(own)
    return None if sign is None else f"{_operand(text(args[0]))} {sign} {_operand(text(args[1]))}"


def _indexed(own: str, args: Sequence[Any], text: Text) -> str | None:
    """Indices and slices."""
    if own not in ("select.int", "slice.Tensor") or len(args) < 3 or args[1] < 0:
        return None
    index = text(args[2]) if own == "select.int" else _slice(args[2:], text)
    return f"{text(args[0])}[{', '.join([':'] * args[1] + [index])}]"


def _short(own: str, args: Sequence[Any], text: Text) -> str | None:
    """Operators whose Python function takes its arguments otherwise."""
    if own == "embedding.default" and len(args) == 2:
        return f"F.embedding({text(args[1])}, {text(args[0])})"
    if own == "pad.default" and (args[2:3] or ["constant"])[0] == "constant":
        value = args[3] if len(args) > 3 else None
        filled = "" if value in (None, 0) else f", value={text(value)}"
        return f"F.pad({text(args[0])}, {text(args[1])}{filled})"
    if own == "einsum.default":
        return f"torch.einsum({', '.join(map(text, [args[0], *args[1]]))})"
    if own == "to.dtype" and len(args) == 2:
        return f"{text(args[0])}.to({text(args[1])})"
    return None


class _Text(str):
    """A piece of source."""

    __slots__ = ()


def _operand(text: str) -> str:
    plain = text.lstrip("-").replace(".", "").replace("_", "").replace("[", "").replace("]", "")
    return text if plain.isalnum() and not text.startswith("-") else f"({text})"


def _slice(bounds: Sequence[Any], text: Text) -> str:
    start, end, step = [*bounds, None, None, None][:3]
    first = "" if start in (None, 0) else text(start)
    last = "" if end is None or (isinstance(end, int) and end >= 2**62) else text(end)
    return f"{first}:{last}" + ("" if step in (None, 1) else f":{text(step)}")


ALIASES = frozenset({"lift_fresh_copy.default", "lift_fresh.default", "detach_.default"})
"""What tracing adds to constants."""

SILENT = frozenset(
    {
        *("_assert_scalar.default", "_assert_async.msg", "_assert_tensor_metadata.default"),
        *("sym_constrain_range_for_size.default", "sym_constrain_range.default"),
    }
)
"""What only checks."""


def _infix(sign: str) -> Callable[..., str]:
    return lambda left, right: f"{_grouped(left)} {sign} {_grouped(right)}"


def _grouped(text: str) -> str:
    simple = " " not in text or (text.endswith(")") and text.startswith("torch.sym_"))
    return text if simple and not text.startswith("-") else f"({text})"


SIZES: Mapping[Any, Callable[..., str]] = {
    operator.add: _infix("+"),
    operator.sub: _infix("-"),
    operator.mul: _infix("*"),
    operator.floordiv: _infix("//"),
    operator.mod: _infix("%"),
    operator.neg: lambda size: f"-{_grouped(size)}",
    torch.sym_max: lambda *sizes: f"torch.sym_max({', '.join(sizes)})",
    torch.sym_min: lambda *sizes: f"torch.sym_min({', '.join(sizes)})",
}
"""How sizes are computed from others."""
