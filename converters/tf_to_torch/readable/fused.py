"""What Keras writes in many operators in fewer: attention, gelu."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F

from converters.graph import Graph, Node, Value, values_in
from converters.layout import ANY, SOURCE
from converters.passes.dead_nodes import drop_dead_nodes
from converters.registry import Lowering
from converters.tf_to_torch.lowerings import Tensor

ATTENTION = "fused.attention"
GELU = "fused.gelu"

_SCORES = ("BTNH,BSNH->BNTS", "BNTS,BSNH->BTNH")
_NOTHING = -1e30
"""A score below this weighs nothing beside any other."""


def fused(graph: Graph) -> Graph:
    """The same function in fewer nodes, which no operator of TensorFlow's stands for."""
    nodes = {node.name: node for node in graph.nodes}
    uses = Counter(value.producer for node in graph.nodes for value in values_in(node.args))
    uses.update(v.producer for o in graph.outputs for v in values_in((o.value,)))
    found = _Found(nodes, uses)
    changed = tuple(found.attention(n) or found.gelu(n) or n for n in graph.nodes)
    return drop_dead_nodes(graph.replace(nodes=changed)) if changed != graph.nodes else graph


class _Found:
    """Looks backwards from a node."""

    def __init__(self, nodes: Mapping[str, Node], uses: Mapping[str, int]) -> None:
        self.nodes, self.uses = nodes, uses

    def attention(self, node: Node) -> Node | None:
        """Softmax of scaled products of queries and keys, times values."""
        if node.op != "tf.Einsum" or node.args["equation"] != _SCORES[1]:
            return None
        weights, value = _two(node.args["inputs"])
        softmax = self._once(weights, "tf.Softmax")
        if softmax is None:
            return None
        scores, mask = softmax.args["logits"], None
        chosen = self._once(scores, "tf.SelectV2")
        if chosen is not None:
            low = chosen.args["e"]
            if not isinstance(low, float) or not -math.inf < low < _NOTHING:
                return None
            scores, mask = chosen.args["t"], self._without_ones(chosen.args["condition"])
        scaled = self._made(scores, "tf.Mul")
        product = None if scaled is None else self._once(scaled.args["x"], "tf.Einsum")
        if scaled is None or product is None or product.args["equation"] != _SCORES[0]:
            return None
        scale = scaled.args["y"]
        if not isinstance(scale, float):
            return None
        query, key = _two(product.args["inputs"])
        args = {"query": query, "key": key, "value": value, "mask": mask}
        return replace(node, op=ATTENTION, args={**args, "scale": scale})

    def gelu(self, node: Node) -> Node | None:
        """``0.5 * x * erfc(-x * root)``."""
        half = self._once(node.args.get("x"), "tf.Mul") if node.op == "tf.Mul" else None
        tail = None if half is None else self._once(node.args["y"], "tf.Erfc")
        if half is None or tail is None or half.args["x"] != 0.5:
            return None
        scaled = self._once(tail.args["x"], "tf.Mul")
        turned = None if scaled is None else self._once(scaled.args["x"], "tf.Neg")
        if scaled is None or turned is None or turned.args["x"] != half.args["y"]:
            return None
        root = scaled.args["y"]
        if not isinstance(root, float) or not math.isclose(root, math.sqrt(0.5), rel_tol=1e-7):
            return None
        return replace(node, op=GELU, args={"x": half.args["y"], "root": root})

    def _made(self, value: object, op: str) -> Node | None:
        node = self.nodes.get(value.producer) if isinstance(value, Value) else None
        return node if node is not None and node.op == op else None

    def _once(self, value: object, op: str) -> Node | None:
        """What made a value that nothing else uses."""
        node = self._made(value, op)
        return node if node is not None and self.uses[node.name] == 1 else None

    def _without_ones(self, mask: object) -> object:
        """A mask that isn't broadcast to the scores first."""
        both = self._once(mask, "tf.LogicalAnd")
        ones = None if both is None else self._made(both.args["x"], "tf.Fill")
        return both.args["y"] if both and ones and ones.args["value"] is True else mask


def _two(argument: object) -> tuple[object, object]:
    """The two tensors of a product."""
    assert isinstance(argument, tuple)
    first, second = argument
    return first, second


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float
) -> Tensor:
    """Attention of several heads.

    Where everything is masked, all count alike as in Keras: such a query is zeros, and sees all.

    Shapes: query (N, T, H, C), key (N, S, H, C), value (N, S, H, D), mask any that broadcasts to
    (N, H, T, S) -> (N, T, H, D).
    """
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    if mask is not None:
        blind = mask.any(-1, keepdim=True).logical_not()
        query, mask = query.masked_fill(blind, 0.0), mask.logical_or(blind)
    result = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    return result.transpose(1, 2)


def gelu(x: Tensor, root: float) -> Tensor:
    """Gelu by erfc, as TensorFlow has it: ``F.gelu`` loses what is left far below zero.

    Shapes: (...) -> (...).
    """
    return x * 0.5 * torch.erfc(x * -root)


LOWERINGS = (Lowering(ATTENTION, attention, SOURCE), Lowering(GELU, gelu, ANY))
