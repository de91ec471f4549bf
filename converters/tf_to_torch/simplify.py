"""What Keras writes in many operators as the one operator that it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from converters.dtypes import DType
from converters.graph import Graph, Node, TensorSpec, Value, map_argument
from converters.passes.dead_nodes import drop_dead_nodes


def simplified(graph: Graph) -> Graph:
    """The same function in fewer nodes.

    Batch normalisation by statistics that are kept, written as ``x * m + (beta - mean * m)`` with
    ``m = gamma / sqrt(variance + epsilon)``, becomes one node; a tensor that is reshaped and
    squeezed to the shape that it had is itself.
    """
    nodes = {node.name: node for node in graph.nodes}
    specs = graph.specs
    found: dict[str, Node] = {}
    same: dict[Value, Value] = {}
    for node in graph.nodes:
        normal = _batch_norm(node, nodes, specs)
        if normal is not None:
            found[node.name] = normal
        origin = _round_trip(node, nodes, specs)
        if origin is not None:
            same[Value(node.name)] = origin
    if not found and not same:
        return graph

    def swap(leaf: object) -> object:
        return same.get(leaf, leaf) if isinstance(leaf, Value) else leaf

    changed = tuple(
        replace(node, args={name: map_argument(swap, arg) for name, arg in node.args.items()})
        for node in (found.get(node.name, node) for node in graph.nodes)
    )
    outputs = tuple(replace(o, value=map_argument(swap, o.value)) for o in graph.outputs)
    mutations = {name: same.get(value, value) for name, value in graph.mutations.items()}
    return drop_dead_nodes(graph.replace(nodes=changed, outputs=outputs, mutations=mutations))


def _made_by(value: object, op: str, nodes: Mapping[str, Node]) -> Node | None:
    if not isinstance(value, Value):
        return None
    node = nodes.get(value.producer)
    return node if node is not None and node.op == op else None


def _round_trip(
    node: Node, nodes: Mapping[str, Node], specs: Mapping[Value, object]
) -> Value | None:
    """What a tensor was before it was reshaped and squeezed back."""
    if node.op != "tf.Squeeze":
        return None
    before = _made_by(node.args["input"], "tf.Reshape", nodes)
    origin = None if before is None else before.args["tensor"]
    if not isinstance(origin, Value):
        return None
    known = specs[origin]
    fixed = isinstance(known, TensorSpec) and all(isinstance(size, int) for size in known.shape)
    return origin if fixed and known == node.outputs[0] else None


def _batch_norm(
    node: Node, nodes: Mapping[str, Node], specs: Mapping[Value, object]
) -> Node | None:
    """The node as batch normalisation, if that is what it ends."""
    if node.op != "tf.AddV2":
        return None
    scaled = _made_by(node.args["x"], "tf.Mul", nodes)
    shift = _made_by(node.args["y"], "tf.Sub", nodes)
    centre = None if shift is None else _made_by(shift.args["y"], "tf.Mul", nodes)
    if scaled is None or shift is None or centre is None:
        return None
    factor = scaled.args["y"]
    product = _made_by(factor, "tf.Mul", nodes)
    root = None if product is None else _made_by(product.args["x"], "tf.Rsqrt", nodes)
    total = None if root is None else _made_by(root.args["x"], "tf.AddV2", nodes)
    if product is None or total is None or centre.args["y"] != factor:
        return None
    epsilon, image = total.args["y"], scaled.args["x"]
    vectors = (product.args["y"], shift.args["x"], centre.args["x"], total.args["x"])
    result = node.outputs[0]
    if not isinstance(epsilon, float) or not isinstance(result, TensorSpec):
        return None
    spec = specs.get(image) if isinstance(image, Value) else None
    if not isinstance(spec, TensorSpec) or spec.rank != 4 or spec.shape[-1] != result.shape[-1]:
        return None
    vector = TensorSpec((result.shape[-1],), DType.float32)
    plain = all(isinstance(v, Value) and specs[v] == vector for v in vectors)
    if result.rank != 4 or result.dtype is not DType.float32 or not plain:
        return None
    scale, offset, mean, variance = vectors
    args = {
        "x": image,
        "scale": scale,
        "offset": offset,
        "mean": mean,
        "variance": variance,
        "epsilon": epsilon,
        "exponential_avg_factor": 1.0,
        "data_format": "NHWC",
        "is_training": False,
    }
    unused = TensorSpec((0,), DType.float32)
    outputs = (result, vector, vector, vector, vector, unused)
    return replace(node, op="tf.FusedBatchNormV3", args=args, outputs=outputs)
