"""Regions without gradients (``torch.no_grad``) keep that when a program is flattened.

``torch.export`` keeps such a region as a graph of its own; PyTorch's decompositions put its nodes
among the others and forget what it was. So its results are detached.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

_DETACH: Any = torch.ops.aten.detach.default


def detach_regions(program: ExportedProgram) -> None:
    """Detach what leaves each region without gradients; done once, however often it is called."""
    for graph_module in list(program.graph_module.modules()):
        if isinstance(graph_module, GraphModule):
            for node in graph_module.graph.nodes:
                if _is_region(node):
                    _detach_results(getattr(graph_module, node.args[1].target))


def _is_region(node: Node) -> bool:
    name = getattr(node.target, "_name", "") if node.op == "call_function" else ""
    return name == "wrap_with_set_grad_enabled" and node.args[0] is False


def _detach_results(region: GraphModule) -> None:
    output = next(node for node in region.graph.nodes if node.op == "output")

    def detached(result: Node) -> Node:
        value = result.meta.get("val")
        if not isinstance(value, torch.Tensor) or result.target is _DETACH:
            return result
        made = region.graph.call_function(_DETACH, (result,))
        made.meta = dict(result.meta)
        return made

    with region.graph.inserting_before(output):
        output.args = (map_arg(output.args[0], detached),)
    region.recompile()
