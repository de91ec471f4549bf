"""Run a captured graph in PyTorch, one ATen operator after another."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from converters.dtypes import DType
from converters.graph import Graph, Node, flat_results, map_argument
from converters.interpreter import Call
from converters.passes.expose_draws import is_draw
from converters.torch_to_tf.leaves import PREFIX
from converters.torch_to_tf.schema import argument_name, overload
from converters.torch_to_tf.torch_control_flow import FUNCTIONS
from converters.torch_to_tf.torch_unspecified import STABLE, UNWRITTEN

_VIEWS = frozenset(
    {
        "aten.view.default",
        "aten._unsafe_view.default",
        "aten.as_strided.default",
        "aten.as_strided_copy.default",
        "aten.as_strided_scatter.default",
    }
)
"""Operators that depend on strides.

A graph does not hold strides, nor the memory formats of copies.
"""


@contextmanager
def calls(graph: Graph) -> Iterator[Call]:
    """The ``call`` of the interpreter that applies PyTorch's own operators to its tensors."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, graph.default_float.value))
    try:
        yield call_aten
    finally:
        torch.set_default_dtype(default)


def call_aten(node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
    """Apply a node's operator to torch tensors."""
    given = {name: map_argument(_torch_dtype, argument) for name, argument in arguments.items()}
    if is_draw(node):  # some have no derivative and refuse arguments that want one
        given = {name: map_argument(_detached, argument) for name, argument in given.items()}
    if node.op in _VIEWS:
        given["x"] = given["x"].contiguous()  # type: ignore[attr-defined]
    found = overload(node.op)
    if node.op.startswith(PREFIX):
        leaf, wide = arguments["leaf"], torch.get_default_dtype() == torch.float64
        return leaf.run(given["weights"], given["inputs"], wide=wide)  # type: ignore[attr-defined]
    if node.op in _DIFFERENTIABLE:
        result: object = _DIFFERENTIABLE[node.op](**given)
    elif node.op in STABLE:
        result = STABLE[node.op](**given)
    elif node.op in FUNCTIONS:
        result = FUNCTIONS[node.op](**given)
    elif found is None:
        result = _python_function(node.op)(*given.values())
    else:
        result = found(**_schema_arguments(found, given))
    if node.op in UNWRITTEN:
        result = torch.zeros_like(result)  # type: ignore[arg-type]
    return flat_results(result)


def _copied(x: Any, src: Any, non_blocking: Any = False) -> torch.Tensor:  # noqa: ARG001
    return torch.broadcast_to(src.to(x.dtype), x.shape).clone()


def _converted(a: Any, dtype: torch.dtype) -> torch.Tensor:
    return a.to(dtype)


_DIFFERENTIABLE: Mapping[str, Callable[..., torch.Tensor]] = {
    "aten.copy.default": _copied,
    "prims.convert_element_type.default": _converted,
}
"""Operators that have no derivative, by others that have one."""


def _schema_arguments(found: Any, given: Mapping[str, object]) -> dict[str, object]:
    arguments = {}
    for argument in found._schema.arguments:
        name = argument_name(argument.name)
        if name in given:
            arguments[argument.name] = given[name]
        elif argument.name == "device" and not argument.has_default_value():
            arguments["device"] = torch.device("cpu")
    return arguments


def _detached(leaf: object) -> object:
    return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf


def _torch_dtype(leaf: object) -> object:
    return getattr(torch, leaf.value) if isinstance(leaf, DType) else leaf


def _python_function(op: str) -> Callable[..., object]:
    module, name = op.rsplit(".", 1)
    found = getattr(importlib.import_module(module), name)
    assert callable(found)
    return found
