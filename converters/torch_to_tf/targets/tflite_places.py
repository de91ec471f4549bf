"""Which tensor of a ``.tflite`` file stands for which node, by the names that it carries.

A tensor is named after the operation that it is the result of, or after several, separated by
semicolons, that were fused into one: then it is the result of the last of them. A name is not
believed where the converter may have used it for something else: when it holds an operation that
the graph has not, when an activation that is not among its operations was fused in, when it made up
further tensors of the same name by appending a number, and when the shape is another, because a
transposition was moved past it.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from converters.torch_to_tf.targets.frozen_graph import Frozen

_ACTIVATIONS = {1: "Relu", 2: "ReluN1To1", 3: "Relu6", 4: "Tanh"}


def tflite_places(model: Any, frozen: Frozen) -> dict[str, tuple[str | None, ...]]:
    """For each node of the source graph the names of the file's tensors that stand for it.

    Args:
        model: the file's object tree.
        frozen: the graph that it was written from, with the nodes' tensors in it.
    """
    order = _order(frozen.graph_def)
    kinds = {node.name: node.op for node in frozen.graph_def.node}
    stands: dict[str, tuple[str, tuple[int, ...]]] = {}
    names = {_text(tensor.name) for tensor in model.subgraphs[0].tensors}
    doubtful = {re.sub(r"\d+$", "", name) for name in names if name not in order}
    for name, shape, activation in _computed(model):
        parts = [p for p in name.split(";") if kinds.get(p.rstrip("0123456789")) != "Const"]
        if name in doubtful or not parts or not all(part in order for part in parts):
            continue
        last = max(parts, key=order.__getitem__)
        if activation is None or kinds[last] == activation:
            stands.setdefault(last, (name, shape))
    for output, tensor in zip(frozen.outputs.values(), model.subgraphs[0].outputs, strict=True):
        operation = _behind(output.split(":")[0], frozen.graph_def)
        stands[operation] = _named(model.subgraphs[0].tensors[tensor])
    return {
        node: tuple(None if t is None else _standing(t, frozen, stands) for t in tensors)
        for node, tensors in frozen.places.items()
    }


def _standing(
    tensor: str, frozen: Frozen, stands: Mapping[str, tuple[str, tuple[int, ...]]]
) -> str | None:
    operation, _, output = tensor.partition(":")
    if output not in ("", "0") or operation not in stands:
        return None
    name, shape = stands[operation]
    return name if shape == frozen.shapes[tensor] else None


def _behind(name: str, graph_def: Any) -> str:
    """The operation that an identity hands on."""
    nodes = {node.name: node for node in graph_def.node}
    while nodes[name].op == "Identity":
        name = nodes[name].input[0].split(":")[0]
    return name


def _order(graph_def: Any) -> dict[str, int]:
    """The operations in an order in which each comes after what it needs."""
    edges = {
        node.name: [edge.lstrip("^").split(":")[0] for edge in node.input]
        for node in graph_def.node
    }
    return {name: n for n, name in enumerate(graphlib.TopologicalSorter(edges).static_order())}


def _computed(model: Any) -> Iterator[tuple[str, tuple[int, ...], str | None]]:
    """The name and shape of every result, and the activation that was fused into it."""
    part = model.subgraphs[0]
    for operator in part.operators or []:
        fused = getattr(operator.builtinOptions, "fusedActivationFunction", 0)
        outputs = list(operator.outputs)
        if len(outputs) == 1:
            yield (*_named(part.tensors[outputs[0]]), _ACTIVATIONS.get(fused))


def _named(tensor: Any) -> tuple[str, tuple[int, ...]]:
    """The name and shape of a tensor."""
    shape = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    return _text(tensor.name), () if shape is None else tuple(int(size) for size in shape)


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
