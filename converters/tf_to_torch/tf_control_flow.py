"""Branches and loops of TensorFlow's as captures write them, run step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from converters.dtypes import DType
from converters.graph import Node
from converters.tf_to_torch.lowerings import load


def _if(_: Node, arguments: Mapping[str, Any]) -> Sequence[object]:
    branch = "then_branch" if bool(arguments["cond"]) else "else_branch"
    return arguments[branch](*arguments["input"])


def _while(_: Node, arguments: Mapping[str, Any]) -> Sequence[object]:
    carried, captured = list(arguments["input"]), arguments["captured"]
    while bool(arguments["cond"](*carried, *captured)[0]):
        carried = arguments["body"](*carried, *captured)
    return carried


def _const(_: Node, arguments: Mapping[str, Any]) -> Sequence[object]:
    return [torch.tensor(arguments["value"], dtype=getattr(torch, arguments["dtype"].value))]


def _numbers(argument: Any) -> Any:
    """Sizes and places of a list as numbers."""
    if isinstance(argument, torch.Tensor) and not argument.is_floating_point():
        return argument.tolist()
    return getattr(torch, argument.value) if isinstance(argument, DType) else argument


_TENSORS = frozenset({"tensor", "item", "input_handle"})


def _of_lists(node: Node, arguments: Mapping[str, Any]) -> Sequence[object]:
    """What works on lists of tensors moves them only, and does so here as in the target."""
    lowering = load().get(node.op)
    assert lowering is not None
    given = {k: a if k in _TENSORS else _numbers(a) for k, a in arguments.items()}
    result = lowering.function(**given)
    return result if isinstance(result, list) else [result]


_LISTS = (
    "tf.TensorListReserve tf.EmptyTensorList tf.TensorListFromTensor tf.TensorListGetItem "
    "tf.TensorListSetItem tf.TensorListStack tf.TensorListLength tf.TensorListPushBack "
    "tf.TensorListPopBack tf.TensorListGather tf.TensorListScatterV2"
).split()

FUNCTIONS: Mapping[str, Callable[[Node, Mapping[str, Any]], Sequence[object]]] = {
    "tf.If": _if,
    "tf.While": _while,
    "tf.Const": _const,
    **dict.fromkeys(_LISTS, _of_lists),
}
"""What computes an operator that takes functions, or that holds what it returns."""
