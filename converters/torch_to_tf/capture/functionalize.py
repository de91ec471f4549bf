"""In-place operators become out-of-place ones.

Nearly every in-place call in a model is an activation on a value of its own
(``ReLU(inplace=True)``); that is a change of name. Anything that may touch an alias goes through
PyTorch's functionalisation, which traces the program once more. So do the layers that update
running statistics, which their schemas don't say.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node

_MAY_ALIAS = frozenset(
    {"reshape", "contiguous", "to", "dropout", "feature_dropout", "alpha_dropout", "flatten",
    "identity",
     "expand_as", "view_as", "type_as", "reshape_as", "unflatten", "chunk", "tensor_split"}
)  # fmt: skip


_INSTANCE_NORM: Any = torch.ops.aten.instance_norm.default


def functional(program: ExportedProgram) -> ExportedProgram:
    """The same program without mutations of intermediate values."""
    graphs = [
        part.graph for part in program.graph_module.modules() if isinstance(part, GraphModule)
    ]
    nodes = [node for graph in graphs for node in graph.nodes]
    mutating = [node for node in nodes if _mutates(node)]
    hidden = [node for node in nodes if _updates_statistics(node)]
    if not mutating and not hidden:
        return program
    if not hidden and all(_is_rename(node) for node in mutating):
        for node in mutating:
            _rename(node)
        return program
    table: dict[Any, Any] = {}
    if any(node.target is _INSTANCE_NORM for node in hidden):
        table[_INSTANCE_NORM] = torch.export.default_decompositions()[_INSTANCE_NORM]
    logging.getLogger("torch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return program.run_decompositions(table)


def _updates_statistics(node: Node) -> bool:
    """Whether a normalisation overwrites the running mean and variance that it is given."""
    if node.target not in (torch.ops.aten.batch_norm.default, _INSTANCE_NORM):
        return False
    _, _, _, mean, _, training = node.args[:6]
    return mean is not None and training is True


def _mutates(node: Node) -> bool:
    target: Any = node.target
    return isinstance(target, torch._ops.OpOverload) and bool(target._schema.is_mutable)


def _may_alias(node: Node) -> bool:
    """Whether the result of a node may share memory with one of its arguments."""
    target: Any = node.target
    if node.op != "call_function" or not isinstance(target, torch._ops.OpOverload):
        return True
    if target._schema.name.split("::")[-1] in _MAY_ALIAS:
        return True
    return any(result.alias_info is not None for result in target._schema.returns)


def _out_of_place(node: Node) -> Any:
    """The operator without the trailing underscore, if it takes the same arguments."""
    target: Any = node.target
    name = target._schema.name.split("::")[-1]
    packet = getattr(torch.ops.aten, name.removesuffix("_"), None)
    twin = getattr(packet, target._overloadname, None)
    if not name.endswith("_") or twin is None:
        return None
    same = [a.name for a in twin._schema.arguments] == [a.name for a in target._schema.arguments]
    return twin if same and not twin._schema.is_mutable else None


def _is_rename(node: Node) -> bool:
    owner = node.args[0] if node.args else None
    if _out_of_place(node) is None or not isinstance(owner, Node):
        return False
    fresh = _mutates(owner) or not _may_alias(owner)
    return fresh and not any(
        _may_alias(user) and not _mutates(user) for user in owner.users if user < node
    )


def _rename(node: Node) -> None:
    owner: Any = node.args[0]
    node.target = _out_of_place(node)
    owner.replace_all_uses_with(node, delete_user_cb=lambda user: user is not node and node < user)
