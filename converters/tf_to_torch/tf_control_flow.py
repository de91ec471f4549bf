"""Branches and loops of TensorFlow's as captures write them, run step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from converters.graph import Node


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


FUNCTIONS: Mapping[str, Callable[[Node, Mapping[str, Any]], Sequence[object]]] = {
    "tf.If": _if,
    "tf.While": _while,
    "tf.Const": _const,
}
"""What computes an operator that takes functions, or that holds what it returns."""
