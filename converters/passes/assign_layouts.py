"""Channels-last assignment as a minimum cut.

Every value of rank 3 to 5 gets one of two axis orders: the source's, or the source's axis 1 last.
Lowerings say what they want (:class:`~converters.layout.Layout`); where producer and consumer
disagree a transpose is needed, and its cost is the bytes that it moves. The cheapest assignment is
a minimum cut between the values that must stay and the values that must move (Picard and Queyranne,
1980). A transpose that several consumers share is paid once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

import networkx as nx

from converters.graph import (
    Dim,
    Graph,
    Input,
    Node,
    Output,
    Parameter,
    ScalarSpec,
    TensorSpec,
    Value,
    map_argument,
    values_in,
)
from converters.layout import (
    RANKS,
    Axes,
    Order,
    Preference,
    identity_axes,
    moved_dims,
)
from converters.passes.batch_axis import add_batch_axis
from converters.passes.layout_plans import (
    MOVE,
    STAY,
    LayoutPlan,
    activations,
    layout_plans,
    named_sizes,
)
from converters.registry import Registry


def assign_layouts(
    graph: Graph,
    registry: Registry,
    *,
    moved_inputs: Collection[str] = (),
    moved_outputs: Collection[str] = (),
) -> Graph:
    """Give every tensor its axis order, with the fewest bytes transposed.

    Args:
        graph: in the source's axis orders throughout.
        registry: the lowerings, which say what orders they accept.
        moved_inputs: inputs that the caller passes in the order that the target prefers.
        moved_outputs: outputs that the caller wants so.

    Returns:
        The graph with ``TensorSpec.axes`` set, arguments that name axes rewritten, and
        ``layout.transpose`` nodes where two orders meet. Branches and the bodies of loops take and
        return the source's orders.
    """
    graph = add_batch_axis(graph.map_inner(lambda inner: assign_layouts(inner, registry)), registry)
    plans = layout_plans(graph, registry)
    asked = moved_inputs or moved_outputs
    if not asked and not any(plan.side == MOVE or plan.layout.weights for plan in plans.values()):
        return graph
    moved = _cut(graph, plans, moved_inputs, moved_outputs)
    return _Rewriter(graph, registry, plans, moved, moved_outputs).rewrite()


def _cut(
    graph: Graph,
    plans: Mapping[str, LayoutPlan],
    moved_inputs: Collection[str],
    moved_outputs: Collection[str],
) -> frozenset[object]:
    """The vertices (values and node names) on the side of the preferred order."""
    specs = graph.specs
    pinned: dict[object, str] = {}
    same: dict[object, object] = {}
    for item in graph.inputs:
        pinned[Value(item.name)] = MOVE if item.name in moved_inputs else STAY
    for node in graph.nodes:
        plan = plans[node.name]
        if plan.side is not None:
            pinned[node.name] = plan.side
        for index, follows in enumerate(plan.follows):
            value = Value(node.name, index)
            if follows:
                same[value] = node.name
            elif plan.discount != "out":
                pinned[value] = STAY

    def vertex(item: object) -> object:
        item = same.get(item, item)
        return pinned.get(item, item)

    flow = nx.DiGraph()
    flow.add_nodes_from((STAY, MOVE))

    def pay(one: object, other: object, cost: float) -> None:
        """One direction: ``cost`` if ``one`` stays and ``other`` moves."""
        if one != other and other != STAY and one != MOVE:
            known = flow.get_edge_data(one, other, {"capacity": 0.0})["capacity"]
            flow.add_edge(one, other, capacity=known + cost)

    for value, consumers in _consumers(graph, plans, moved_outputs).items():
        spec = specs[value]
        if not isinstance(spec, TensorSpec) or spec.rank not in RANKS:
            continue
        producer, cost = vertex(value), float(max(spec.bytes, 1))
        ends = [vertex(consumer) for consumer in consumers]
        if len(ends) == 1:
            pay(producer, ends[0], cost)
            pay(ends[0], producer, cost)
            continue
        out, back = ("out", value), ("back", value)
        pay(producer, out, cost)
        pay(back, producer, cost)
        for end in ends:
            pay(out, end, float("inf"))
            pay(end, back, float("inf"))
    for node in graph.nodes:
        plan = plans[node.name]
        if plan.discount is not None:
            spec = node.outputs[0]
            cost = float(spec.bytes) if isinstance(spec, TensorSpec) else 1.0
            end = node.name if plan.discount == "in" else Value(node.name)
            pay(vertex(end), MOVE, cost)
    _, right = nx.minimum_cut(flow, STAY, MOVE, flow_func=nx.algorithms.flow.boykov_kolmogorov)[1]
    sides = {item: (vertex(item) in right) for item in (*specs, *plans)}
    return frozenset(item for item, moves in sides.items() if moves)


def _consumers(
    graph: Graph, plans: Mapping[str, LayoutPlan], moved_outputs: Collection[str]
) -> dict[Value, list[object]]:
    specs = graph.specs
    consumers: dict[Value, list[object]] = {}
    for node in graph.nodes:
        plan = plans[node.name]
        for value in values_in(activations(node, plan.layout)):
            spec = specs[value]
            if isinstance(spec, TensorSpec) and spec.rank == plan.rank:
                consumers.setdefault(value, []).append(node.name)
        for name in plan.layout.plain:
            for value in values_in((node.args.get(name),)):
                consumers.setdefault(value, []).append(STAY)
    for output in graph.outputs:
        for value in values_in((output.value,)):
            consumers.setdefault(value, []).append(MOVE if output.name in moved_outputs else STAY)
    for value in graph.mutations.values():
        consumers.setdefault(value, []).append(STAY)
    return consumers


class _Rewriter:
    """Carries the axis orders through the graph.

    A class only to share its tables among the methods.
    """

    def __init__(
        self,
        graph: Graph,
        registry: Registry,
        plans: Mapping[str, LayoutPlan],
        moved: Collection[object],
        moved_outputs: Collection[str],
    ) -> None:
        self.graph, self.registry, self.plans, self.moved = graph, registry, plans, moved
        self.moved_outputs, self.preference = moved_outputs, registry.preference
        self.specs = graph.specs
        self.weights = self._weight_orders()
        self.nodes: list[Node] = []
        self.changed: dict[tuple[Value, Axes, int], Value] = {}

    def rewrite(self) -> Graph:
        inputs = tuple(
            Input(i.name, self._placed(Value(i.name), i.spec)) for i in self.graph.inputs
        )
        parameters = tuple(
            replace_spec(p, replace(p.spec, axes=self._have(Value(p.name), p.spec)))
            for p in self.graph.parameters
        )
        for node in self.graph.nodes:
            self.nodes.append(self._node(node))
        outputs = tuple(Output(o.name, self._output(o)) for o in self.graph.outputs)
        mutations = {
            name: self._as(value, self._have(Value(name), self.specs[Value(name)]))
            for name, value in self.graph.mutations.items()
        }
        return self.graph.replace(
            inputs=inputs,
            parameters=parameters,
            nodes=tuple(self.nodes),
            outputs=outputs,
            mutations=mutations,
        )

    def _weight_orders(self) -> dict[Value, Axes]:
        """The order that all consumers of a weight want; the source's where they differ.

        A weight tied to an embedding is also gathered from: it stays, and TensorFlow folds the
        transpose of the product's operand into the product.
        """
        specs = {Value(parameter.name): parameter.spec for parameter in self.graph.parameters}
        wanted: dict[Value, set[Axes]] = {}
        weights: set[Value] = set()
        for node in self.graph.nodes:
            orders = self.plans[node.name].layout.weights
            for argument, given in node.args.items():
                for value in specs.keys() & set(values_in((given,))):
                    order = orders.get(argument, identity_axes)
                    wanted.setdefault(value, set()).add(order(specs[value].rank))
                    if argument in orders:
                        weights.add(value)
        return {
            value: wanted[value].pop()
            if len(wanted[value]) == 1
            else identity_axes(specs[value].rank)
            for value in weights
        }

    def _have(self, value: Value, spec: object) -> Axes | None:
        """The order in which the target holds a value; None for the source's."""
        if not isinstance(spec, TensorSpec):
            return None
        if value in self.weights:
            axes = self.weights[value]
            return None if axes == identity_axes(spec.rank) else axes
        if value in self.moved and spec.rank in RANKS:
            return self.preference.axes(spec.rank)
        return None

    def _placed(self, value: Value, spec: TensorSpec) -> TensorSpec:
        if not isinstance(spec, TensorSpec):  # a list, handed to a branch
            return spec
        return replace(spec, axes=self._have(value, spec))

    def _as(self, value: Value, axes: Axes | None, rank: int | None = None) -> Value:
        """The value in another order (and, for broadcasting, with leading axes up to ``rank``)."""
        spec = self.specs[value]
        if not isinstance(spec, TensorSpec):
            return value
        rank = rank or spec.rank
        have = self._have(value, spec) or identity_axes(spec.rank)
        want = axes or identity_axes(rank)
        if rank == spec.rank and have == want:
            return value
        key = (value, want, rank)
        if key not in self.changed:
            lead = rank - spec.rank
            have = (*range(lead), *(axis + lead for axis in have))
            permutation = tuple(have.index(axis) for axis in want)
            name = f"{value.producer}.{value.index}.axes_" + "".join(map(str, want))
            shape = (1,) * lead + spec.shape
            self.nodes.append(
                Node(
                    name,
                    "layout.transpose",
                    {"x": value, "axes": permutation, "lead": lead},
                    (TensorSpec(shape, spec.dtype, want),),
                )
            )
            self.changed[key] = Value(name)
        return self.changed[key]

    def _node(self, node: Node) -> Node:
        plan = self.plans[node.name]
        outputs = tuple(
            self._placed(Value(node.name, i), s) if isinstance(s, TensorSpec) else s
            for i, s in enumerate(node.outputs)
        )
        if plan.permutation is not None:
            return self._permutation(node, plan, outputs)
        if node.name not in self.moved:
            return replace(node, args=self._arguments(node.args, plan, None), outputs=outputs)
        axes = self.preference.axes(plan.rank)
        if plan.reshape:
            spatial = _spatial(node, self.preference)
            args = {"x": next(values_in(node.args)), "spatial": spatial}
            node = replace(node, op="layout.reshape", args=args)
        elif plan.layout.order is Order.any:
            node = replace(node, args=self._renamed(node, plan, axes))
        return replace(node, args=self._arguments(node.args, plan, axes), outputs=outputs)

    def _arguments(
        self, args: Mapping[str, object], plan: LayoutPlan, axes: Axes | None
    ) -> dict[str, object]:
        def place(want: Callable[[TensorSpec], Axes | None]) -> Callable[[object], object]:
            def at(leaf: object) -> object:
                if not isinstance(leaf, Value) or not isinstance(
                    spec := self.specs[leaf], TensorSpec
                ):
                    return leaf
                broadcasts = plan.layout.order is Order.any and want is activation
                if axes is not None and broadcasts and spec.rank not in (0, plan.rank):
                    return self._as(leaf, axes, plan.rank)
                return self._as(leaf, want(spec))

            return at

        def activation(spec: TensorSpec) -> Axes | None:
            return axes if axes is not None and spec.rank == plan.rank else None

        result = {}
        for name, argument in args.items():
            if name in plan.layout.weights:
                order = plan.layout.weights[name]
                result[name] = map_argument(place(partial(_ordered, order)), argument)
            elif name in plan.layout.plain:
                result[name] = map_argument(place(_unordered), argument)
            else:
                result[name] = map_argument(place(activation), argument)
        return result

    def _renamed(self, node: Node, plan: LayoutPlan, axes: Axes) -> dict[str, object]:
        """The arguments with every axis number as it is in the target."""
        args = dict(node.args)
        lowering = self.registry.get(node.op)
        assert lowering is not None
        defaults = inspect.signature(lowering.function).parameters
        for name in plan.layout.dims:
            dims = args.get(name, defaults[name].default)
            args[name] = moved_dims(dims, axes)
        for name in plan.layout.per_axis:
            entries = args.get(name)
            if isinstance(entries, tuple):
                args[name] = tuple(entries[axis] for axis in axes)
        if plan.layout.remap is not None:
            args = dict(plan.layout.remap(args, axes))
        return args

    def _permutation(
        self, node: Node, plan: LayoutPlan, outputs: tuple[TensorSpec | ScalarSpec, ...]
    ) -> Node:
        source = next(values_in((node.args["x"],)))
        want = self.preference.axes(plan.rank) if node.name in self.moved else None
        have = want or identity_axes(plan.rank)
        value = self._as(source, want)
        assert plan.permutation is not None
        spec = outputs[0]
        assert isinstance(spec, TensorSpec)
        result = spec.axes or identity_axes(plan.rank)
        axes = tuple(have.index(plan.permutation[axis]) for axis in result)
        return replace(
            node,
            op="layout.transpose",
            args={"x": value, "axes": axes, "lead": 0},
            outputs=outputs,
        )

    def _output(self, output: Output) -> object:
        def place(leaf: object) -> object:
            if not isinstance(leaf, Value):
                return leaf
            spec = self.specs[leaf]
            if not isinstance(spec, TensorSpec):
                return leaf
            moved = output.name in self.moved_outputs and spec.rank in RANKS
            return self._as(leaf, self.preference.axes(spec.rank) if moved else None)

        return map_argument(place, output.value)


def _spatial(node: Node, preference: Preference) -> tuple[object, ...]:
    """The sizes beside batch and channels that a reshape asks for, with -1 for one that follows."""
    named = named_sizes(node)
    if named is not None:
        return preference.spatial(named)
    spec = node.outputs[0]
    assert isinstance(spec, TensorSpec)
    sizes = preference.spatial(spec.shape)
    return tuple(-1 if isinstance(dim, Dim) else dim for dim in sizes)


def replace_spec(parameter: Parameter, spec: TensorSpec) -> Parameter:
    """The parameter with another spec, its numbers untouched."""
    return replace(parameter, spec=spec)


def _ordered(order: Callable[[int], Axes], spec: TensorSpec) -> Axes:
    return order(spec.rank)


def _unordered(spec: TensorSpec) -> None:  # noqa: ARG001  # the source's order, whatever the tensor
    return None
