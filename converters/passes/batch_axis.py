"""Give every image-like tensor a batch axis.

PyTorch's convolutions and pools take (C, *spatial) as well as (N, C, *spatial); lowerings see the
second only. The node that stands for the unbatched result keeps the source's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from converters.graph import Graph, Node, TensorSpec, Value, map_argument, values_in
from converters.registry import Registry


def add_batch_axis(graph: Graph, registry: Registry) -> Graph:
    """Put ``layout.batch`` before and ``layout.unbatch`` behind every node without a batch axis."""
    specs = graph.specs
    nodes = tuple(part for node in graph.nodes for part in _batched(node, registry, specs))
    return graph if len(nodes) == len(graph.nodes) else graph.replace(nodes=nodes)


def _batched(node: Node, registry: Registry, specs: Mapping[Value, object]) -> Iterator[Node]:
    lowering = registry.get(node.op)
    spatial = lowering.layout.spatial if lowering else None
    if lowering is None or spatial is None:
        yield node
        return
    apart = {*lowering.layout.weights, *lowering.layout.plain}
    activations = {name: value for name, value in node.args.items() if name not in apart}
    unbatched = [value for value in values_in(activations) if _rank(specs[value]) == spatial + 1]
    if not unbatched:
        yield node
        return
    names = {}
    for place, value in enumerate(dict.fromkeys(unbatched)):
        spec = specs[value]
        assert isinstance(spec, TensorSpec)
        names[value] = Value(f"{node.name}.batch{place}")
        yield replace(
            node,
            name=names[value].producer,
            op="layout.batch",
            args={"x": value},
            outputs=(_with_batch(spec),),
        )
    args = {
        name: argument
        if name in apart
        else map_argument(lambda leaf: _swapped(leaf, names), argument)
        for name, argument in node.args.items()
    }
    inner = f"{node.name}.batched"
    yield replace(
        node, name=inner, args=args, outputs=tuple(_with_batch(spec) for spec in node.outputs)
    )
    results = tuple(Value(inner, index) for index in range(len(node.outputs)))
    yield replace(node, op="layout.unbatch", args={"xs": results})


def _swapped(leaf: object, names: dict[Value, Value]) -> object:
    return names.get(leaf, leaf) if isinstance(leaf, Value) else leaf


def _rank(spec: object) -> int | None:
    return spec.rank if isinstance(spec, TensorSpec) else None


def _with_batch(spec: object) -> TensorSpec:
    assert isinstance(spec, TensorSpec)
    return replace(spec, shape=(1, *spec.shape))
