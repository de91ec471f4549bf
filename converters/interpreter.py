"""The one walk over a graph.

Under a target framework's tracer the walk writes the target graph; run eagerly it computes; with an
observer it records. It knows no framework: what a node does is given by ``call``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from converters.graph import (
    Graph,
    Node,
    ScalarSpec,
    TensorSpec,
    Value,
    map_argument,
    values_in,
)

Call = Callable[[Node, Mapping[str, object]], Sequence[object]]
Observer = Callable[[Node, Sequence[object]], None]


@dataclass(frozen=True, slots=True)
class Branch:
    """What a :class:`Graph` among a node's arguments is to the node's operator: a function.

    Attributes:
        graph: a branch, or the condition or body of a loop.
        call: computes its nodes, as it does those of the graph around it.
        observe: sees them.
    """

    graph: Graph
    call: Call
    observe: Observer | None = None

    def __call__(self, *operands: object) -> list[object]:
        """The outputs for some operands, one for each input."""
        names = [item.name for item in self.graph.inputs]
        values = dict(zip(names, operands, strict=True))
        return evaluate(self.graph, values, self.call, self.observe, self.observe)[0]

    @property
    def inputs(self) -> list[TensorSpec | ScalarSpec]:
        """What it is called with."""
        return [item.spec for item in self.graph.inputs]

    @property
    def outputs(self) -> list[TensorSpec | ScalarSpec | None]:
        """What it returns; None for what is no value."""
        specs = self.graph.specs
        return [specs[o.value] if isinstance(o.value, Value) else None for o in self.graph.outputs]


def evaluate(
    graph: Graph,
    values: Mapping[str, object],
    call: Call,
    observe: Observer | None = None,
    inside: Observer | None = None,
) -> tuple[list[object], dict[str, object]]:
    """Walk a graph.

    Args:
        graph: what to compute.
        values: a value for each input and parameter of the graph, by name.
        call: computes a node from its arguments; returns its outputs in order.
        observe: sees each node with its outputs.
        inside: sees the nodes of branches and of loops' bodies, each as often as it is computed.

    Returns:
        The graph's outputs in order, and for each mutated buffer the value it holds afterwards. A
        value is let go after its last use.
    """
    environment: dict[Value, object] = {Value(name): value for name, value in values.items()}
    dead = _last_uses(graph)

    def resolve(leaf: object) -> object:
        if isinstance(leaf, Graph):
            return Branch(leaf, call, inside)
        return environment[leaf] if isinstance(leaf, Value) else leaf

    for place, node in enumerate(graph.nodes):
        arguments = {name: map_argument(resolve, argument) for name, argument in node.args.items()}
        outputs = call(node, arguments)
        for index, output in enumerate(outputs):
            environment[Value(node.name, index)] = output
        if observe is not None:
            observe(node, outputs)
        for value in dead.get(place, ()):
            environment.pop(value, None)
    results = [map_argument(resolve, output.value) for output in graph.outputs]
    return results, {name: environment[value] for name, value in graph.mutations.items()}


def _last_uses(graph: Graph) -> dict[int, list[Value]]:
    last: dict[Value, int] = {}
    for place, node in enumerate(graph.nodes):
        for index in range(len(node.outputs)):
            last[Value(node.name, index)] = place
        for value in values_in(node.args):
            last[value] = place
    kept = {value for output in graph.outputs for value in values_in((output.value,))}
    kept.update(graph.mutations.values())
    dead: dict[int, list[Value]] = {}
    for value, place in last.items():
        if value not in kept:
            dead.setdefault(place, []).append(value)
    return dead
