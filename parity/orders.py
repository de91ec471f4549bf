"""Results whose order is left open: a library may return them in any.

LAPACK and Eigen find the eigenvalues of a general matrix in orders of their own, and both are as
good. Two implementations agree if they do once both are sorted, vectors along with their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from converters import DType, Graph, Node, Output, TensorSpec, Value

ORDERLESS = frozenset({"aten.linalg_eig.default", "aten.linalg_eigvals.default"})
"""Operators whose first result is complex numbers in any order; the second is a matrix of which
each column belongs to one of them."""

_SLANT = 0.6180339887498949
"""How much the imaginary part counts in the order. Different numbers hardly ever tie by it, and
conjugates, which rounding could swap if only the real parts counted, never do."""


def is_orderless(node: Node) -> bool:
    """Whether an operator leaves open in which order its results come."""
    return node.op in ORDERLESS


def in_one_order(graph: Graph) -> Graph:
    """The same graph with whatever comes in any order sorted as soon as it is there."""
    nodes: list[Node] = []
    moved: dict[Value, Value] = {}
    for node in graph.nodes:
        args = {name: _renamed(argument, moved) for name, argument in node.args.items()}
        nodes.append(replace(node, args=args))
        if is_orderless(node):
            nodes += _sorted(node)
            moved |= {
                Value(node.name, place): Value(f"{node.name}_sorted{place}")
                for place in range(len(node.outputs))
            }
    outputs = tuple(Output(o.name, _renamed(o.value, moved)) for o in graph.outputs)
    mutations = {name: moved.get(value, value) for name, value in graph.mutations.items()}
    return graph.replace(nodes=tuple(nodes), outputs=outputs, mutations=mutations)


def _sorted(node: Node) -> list[Node]:
    """What puts a node's results in one order."""
    spec = node.outputs[0]
    assert isinstance(spec, TensorSpec)
    part = DType.float64 if spec.dtype is DType.complex128 else DType.float32
    real, order = replace(spec, dtype=part), replace(spec, dtype=DType.int64)
    found: list[Node] = []

    def add(suffix: str, op: str, spec: TensorSpec, **args: object) -> Value:
        name = f"{node.name}_{suffix}"
        found.append(replace(node, name=name, op=f"aten.{op}", args=args, outputs=(spec,)))
        return Value(name)

    values = Value(node.name)
    parts = [add(name, f"{name}.default", real, x=values) for name in ("real", "imag")]
    key = add("key", "add.Tensor", real, x=parts[0], other=parts[1], alpha=_SLANT)
    index = add("order", "argsort.default", order, x=key, dim=-1)
    add("sorted0", "gather.default", spec, x=values, dim=-1, index=index)
    for place, other in enumerate(node.outputs[1:], 1):
        assert isinstance(other, TensorSpec)
        shape = (*spec.shape[:-1], 1, spec.shape[-1])
        row = add(f"row{place}", "unsqueeze.default", replace(order, shape=shape), x=index, dim=-2)
        wide = replace(other, dtype=DType.int64)
        vectors = Value(node.name, place)
        rows = add(f"rows{place}", "expand_as.default", wide, x=row, other=vectors)
        add(f"sorted{place}", "gather.default", other, x=vectors, dim=-1, index=rows)
    return found


def _renamed(argument: object, moved: Mapping[Value, Value]) -> object:
    if isinstance(argument, tuple):
        return tuple(_renamed(item, moved) for item in argument)
    return moved.get(argument, argument) if isinstance(argument, Value) else argument
