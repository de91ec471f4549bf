"""Layers with a counterpart in ``torch.nn`` as one node each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from converters.graph import Graph, Node, Value, map_argument, values_in
from converters.passes.dead_nodes import drop_dead_nodes
from converters.tf_to_torch.capture import Captured
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Written, written

INSIDE = ".inside"
"""What is added to the name of a node whose name a layer has taken."""

PREFIX = "layer."
"""What the names of such nodes' operators begin with; the number of the call follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A call that becomes one call of a module.

    Attributes:
        call: the call.
        written: the module, and what is around it.
        node: the name of its node.
        results: the names of the marks that its node's outputs stand for.
    """

    call: LayerCall
    written: Written
    node: str
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A graph in which some calls are one node each.

    Attributes:
        graph: without marks.
        kept: by the operator of the node.
        scopes: for each node the call that it is part of; None for the model's own.
    """

    graph: Graph
    kept: Mapping[str, Kept]
    scopes: Mapping[str, int | None]


def unmarked(graph: Graph, marks: Collection[str]) -> Graph:
    """The graph without the marks, and without what nothing uses."""
    origin: dict[Value, Value] = {}
    for node in graph.nodes:
        if node.name in marks:
            (value,) = values_in(node.args)
            origin[Value(node.name)] = origin.get(value, value)

    def swap(leaf: object) -> object:
        return origin.get(leaf, leaf) if isinstance(leaf, Value) else leaf

    nodes = tuple(
        replace(node, args={name: map_argument(swap, arg) for name, arg in node.args.items()})
        for node in graph.nodes
        if node.name not in marks
    )
    outputs = tuple(replace(o, value=map_argument(swap, o.value)) for o in graph.outputs)
    mutations = {name: origin.get(value, value) for name, value in graph.mutations.items()}
    return drop_dead_nodes(graph.replace(nodes=nodes, outputs=outputs, mutations=mutations))


def folded(captured: Captured) -> Folded:
    """The graph with every layer that has an exact counterpart as one node."""
    refused: set[int] = set()
    while True:
        kept = _Folding(captured, refused).kept()
        graph = unmarked(_with_nodes(captured.graph, kept), captured.recorder.marks)
        torn = _torn(graph, kept, captured)
        if not torn:
            break
        refused |= torn
    graph = _without_draws(graph, kept, captured)
    by_op = {f"{PREFIX}{one.call.index}": one for one in kept}
    return Folded(graph, by_op, _scopes(graph, captured, by_op))


def _without_draws(graph: Graph, kept: Sequence[Kept], captured: Captured) -> Graph:
    """The graph without the states of random numbers that modules of PyTorch draw themselves."""
    names = {handle: name for name, handle in captured.handles.items()}
    drawn = {
        names.get(id(generator.state.value.handle))
        for one in kept
        for layer in one.call.layer._flatten_layers()
        for generator in layer._seed_generators
    }
    if not drawn & set(graph.mutations):
        return graph
    mutations = {name: value for name, value in graph.mutations.items() if name not in drawn}
    return drop_dead_nodes(graph.replace(mutations=mutations))


def _torn(graph: Graph, kept: Sequence[Kept], captured: Captured) -> set[int]:
    """Calls whose parameters something else uses too."""
    names = {handle: name for name, handle in captured.handles.items()}
    used = {value.producer for node in graph.nodes for value in values_in(node.args)}
    used |= {value.producer for output in graph.outputs for value in values_in((output.value,))}
    used |= set(graph.mutations)
    owners: dict[str, list[Kept]] = {}
    for one in kept:
        for moved in one.written.weights:
            name = names.get(id(moved.variable.value.handle), "")
            owners.setdefault(name, []).append(one)
    torn = set()
    for name, found in owners.items():
        layers = {id(one.call.layer) for one in found}
        parts = {one.written.part.text() for one in found}
        if name in used or len(layers) > 1 or len(parts) > 1:
            torn |= {one.call.index for one in found}
    return torn


class _Folding:
    """One round, in which the calls in ``refused`` stay operations."""

    def __init__(self, captured: Captured, refused: Collection[int]) -> None:
        self.captured, self.refused = captured, refused
        self.nodes = {node.name: node for node in captured.graph.nodes}
        self.parameters = {p.name for p in captured.graph.parameters}
        self.used = {v.producer for node in captured.graph.nodes for v in values_in(node.args)}
        ends = (output.value for output in captured.graph.outputs)
        self.used |= {value.producer for end in ends for value in values_in((end,))}

    def kept(self) -> list[Kept]:
        found: dict[int, Kept] = {}
        for call in self.captured.recorder.calls:
            if call.index in self.refused or self._inside(call, found):
                continue
            one = self._one(call)
            if one is not None:
                found[call.index] = one
        return list(found.values())

    def _inside(self, call: LayerCall, found: Mapping[int, Kept]) -> bool:
        parent = call.parent
        while parent is not None:
            if parent in found:
                return True
            parent = self.captured.recorder.calls[parent].parent
        return False

    def _one(self, call: LayerCall) -> Kept | None:
        made = written(call)
        if made is None:
            return None
        marks = [call.before] if made.before and call.before is not None else call.outputs
        results = tuple(name for name in marks if name in self.nodes)
        if len(results) != len(marks) or not set(made.inputs) <= self.nodes.keys():
            return None
        if not any(name in self.used for name in results) or not self._closed(call, made, results):
            return None
        return Kept(call, made, self._name(call, results), results)

    def _closed(self, call: LayerCall, made: Written, results: Sequence[str]) -> bool:
        """Whether nothing but the inputs that are known, and own variables, go into the results."""
        own = {id(variable.value.handle) for variable in call.layer.variables}
        seen, open_ = set(made.inputs), list(results)
        while open_:
            name = open_.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.parameters:
                if self.captured.handles.get(name) not in own:
                    return False
                continue
            node = self.nodes.get(name)
            if node is None or name in call.inputs:
                return False
            outside = not call.span[0] <= self.captured.places[name] < call.span[1]
            if outside and any(values_in(node.args)) and name not in results:
                return False
            open_ += [value.producer for value in values_in(node.args)]
        return True

    def _name(self, call: LayerCall, results: Sequence[str]) -> str:
        """That of the node that it stands for, if that is one with one result."""
        if len(results) == 1:
            (value,) = values_in(self.nodes[results[0]].args)
            while value.producer in self.captured.recorder.marks:
                (value,) = values_in(self.nodes[value.producer].args)
            node = self.nodes.get(value.producer)
            inside = node is not None and (
                call.span[0] <= self.captured.places[node.name] < call.span[1]
            )
            if node is not None and inside and len(node.outputs) == 1:
                return node.name
        return f"{PREFIX}{call.index}"


def _with_nodes(graph: Graph, kept: Sequence[Kept]) -> Graph:
    """The graph in which the marks of results are those of the layers' nodes."""
    ends = {name: (one, place) for one in kept for place, name in enumerate(one.results)}
    made: set[str] = set()
    nodes: list[Node] = []
    stood = {one.node for one in kept}
    renamed = {name: f"{name}{INSIDE}" for name in stood}
    specs = graph.specs

    def swap(leaf: object) -> object:
        if isinstance(leaf, Value) and leaf.producer in renamed:
            return Value(renamed[leaf.producer], leaf.index)
        return leaf

    for node in graph.nodes:
        args = {name: map_argument(swap, arg) for name, arg in node.args.items()}
        if node.name not in ends:
            nodes.append(replace(node, name=renamed.get(node.name, node.name), args=args))
            continue
        one, place = ends[node.name]
        if one.node not in made:
            made.add(one.node)
            nodes.append(
                Node(
                    one.node,
                    f"{PREFIX}{one.call.index}",
                    {"inputs": tuple(Value(name) for name in one.written.inputs)},
                    tuple(specs[Value(name)] for name in one.results),
                    node.module,
                )
            )
        nodes.append(replace(node, args={"x": Value(one.node, place)}))
    return graph.replace(nodes=tuple(nodes))


def _scopes(graph: Graph, captured: Captured, kept: Mapping[str, Kept]) -> dict[str, int | None]:
    """For each node the innermost call around it that is not one node itself."""
    calls = captured.recorder.calls
    owners: dict[int, int] = {}
    for call in calls:
        owners.update(dict.fromkeys(range(*call.span), call.index))
    folded_calls = {one.call.index for one in kept.values()}

    def scope(index: int | None) -> int | None:
        while index is not None and _is_folded(index):
            index = calls[index].parent
        return index

    def _is_folded(index: int | None) -> bool:
        while index is not None:
            if index in folded_calls:
                return True
            index = calls[index].parent
        return False

    found: dict[str, int | None] = {}
    for node in graph.nodes:
        if node.op in kept:
            found[node.name] = scope(kept[node.op].call.parent)
        else:
            place = captured.places.get(node.name.removesuffix(INSIDE))
            found[node.name] = scope(None if place is None else owners.get(place))
    return found
