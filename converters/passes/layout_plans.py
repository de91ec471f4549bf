"""How each node takes part in the assignment of axis orders: pinned, free or following."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from converters.errors import UnsupportedVariantError
from converters.graph import (
    Dim,
    Graph,
    Node,
    TensorSpec,
    Value,
    values_in,
)
from converters.layout import (
    RANKS,
    SOURCE,
    Axes,
    Layout,
    Order,
    channels_last_axes,
    identity_axes,
)
from converters.registry import Registry

STAY, MOVE = "stay", "move"
_RESHAPES = frozenset(
    {
        "aten.view.default",
        "aten.reshape.default",
        "aten.flatten.using_ints",
        "aten._unsafe_view.default",
    }
)


@dataclass(frozen=True, slots=True)
class LayoutPlan:
    """How one node takes part.

    Its side if it is pinned, its rank, and what becomes of its outputs.
    """

    layout: Layout
    rank: int
    side: str | None
    follows: tuple[bool, ...]
    outputs_side: str | None = STAY
    permutation: Axes | None = None
    reshape: bool = False
    discount: str | None = None


def layout_plans(graph: Graph, registry: Registry) -> dict[str, LayoutPlan]:
    """A plan for each node, by name."""
    specs = graph.specs
    convolutional: set[Value] = set()
    plans = {}
    for node in graph.nodes:
        lowering = registry.get(node.op)
        plan = _plan(node, lowering.layout if lowering else SOURCE, specs, convolutional)
        plans[node.name] = plan
        upstream = any(value in convolutional for value in values_in(node.args))
        if plan.side == MOVE or (upstream and plan.side is None and plan.permutation is None):
            convolutional.update(Value(node.name, index) for index in range(len(node.outputs)))
    return plans


def _plan(
    node: Node,
    layout: Layout,
    specs: Mapping[Value, object],
    convolutional: Collection[Value],
) -> LayoutPlan:
    none = tuple(False for _ in node.outputs)
    values = list(values_in(activations(node, layout)))
    ranks = [spec.rank for v in values if isinstance(spec := specs[v], TensorSpec)]
    rank = max(ranks, default=0)
    permutation = _permutation(node, rank)
    if permutation is not None and rank in RANKS:
        return _rearrangement(layout, rank, permutation, values[0] in convolutional)
    if node.op in _RESHAPES:
        kept = _keeps_channels(specs[values[0]], node)
        return LayoutPlan(layout, rank, None if kept else STAY, (kept,), reshape=kept)
    if layout.order is Order.channels_last and rank > max(RANKS):
        raise UnsupportedVariantError(
            f"{node.op} of a tensor of rank {rank} is not supported: channels are moved for rank "
            f"{min(RANKS)} to {max(RANKS)}. Flatten some of its spatial axes first."
        )
    if rank not in RANKS or layout.order is Order.source:
        return LayoutPlan(layout, rank, STAY, none)
    if layout.order is Order.channels_last:
        follows = tuple(isinstance(s, TensorSpec) and s.rank == rank for s in node.outputs)
        return LayoutPlan(layout, rank, MOVE, follows)
    if any(isinstance(s, TensorSpec) and s.rank > rank for s in node.outputs):
        return LayoutPlan(layout, rank, STAY, none)
    if any(len(entry) != rank for entry in _per_axis(node, layout)):
        return LayoutPlan(layout, rank, STAY, none)
    if any(node.args.get(name) in (None, ()) for name in layout.required):
        return LayoutPlan(layout, rank, STAY, none)
    if any(_scrambled(node, layout, rank, spec) for spec in node.outputs):
        return LayoutPlan(layout, rank, STAY, none)
    return LayoutPlan(
        layout, rank, None, tuple(_follows(node, layout, rank, s) for s in node.outputs)
    )


def _rearrangement(
    layout: Layout, rank: int, permutation: Axes, from_convolution: bool
) -> LayoutPlan:
    """A permutation may swallow one change of order: on its way in or on its way out."""
    last = channels_last_axes(rank)
    if permutation == last and (from_convolution or permutation != _inverse(last)):
        return LayoutPlan(layout, rank, None, (False,), permutation=permutation, discount="in")
    if permutation == _inverse(last):
        return LayoutPlan(
            layout, rank, STAY, (False,), None, permutation=permutation, discount="out"
        )
    return LayoutPlan(layout, rank, STAY, (False,), permutation=permutation)


def _inverse(axes: Axes) -> Axes:
    return tuple(axes.index(place) for place in range(len(axes)))


def _permutation(node: Node, rank: int) -> Axes | None:
    if node.op == "aten.permute.default":
        dims = node.args["dims"]
        assert isinstance(dims, tuple)
        return tuple(dim % rank for dim in dims) if rank else None
    if node.op == "aten.transpose.int" and rank:
        first, second = (int(node.args[name]) % rank for name in ("dim0", "dim1"))  # type: ignore[call-overload]
        order = list(range(rank))
        order[first], order[second] = order[second], order[first]
        return tuple(order)
    return None


def _keeps_channels(before: object, node: Node) -> bool:
    """Whether a reshape leaves axes 0 and 1 alone and only rearranges what follows them."""
    after = node.outputs[0]
    return (
        isinstance(before, TensorSpec)
        and isinstance(after, TensorSpec)
        and before.rank in RANKS
        and after.rank in RANKS
        and before.shape[:2] == after.shape[:2]
        and (named_sizes(node) is not None or sum(isinstance(d, Dim) for d in after.shape[2:]) <= 1)
    )


def named_sizes(node: Node) -> tuple[object, ...] | None:
    """The sizes that a reshape names, computed ones among them."""
    sizes = node.args.get("size", node.args.get("shape"))
    return sizes if isinstance(sizes, tuple) else None


def _follows(node: Node, layout: Layout, rank: int, spec: object) -> bool:
    """Whether an output has the order of the node's inputs (rather than the source's)."""
    if not isinstance(spec, TensorSpec) or spec.rank not in RANKS:
        return False
    return _remaining(node, layout, rank, spec.rank) == channels_last_axes(spec.rank)


def _scrambled(node: Node, layout: Layout, rank: int, spec: object) -> bool:
    """Whether an output would have neither the source's order nor channels last."""
    if not isinstance(spec, TensorSpec) or spec.rank < 2:
        return False
    axes = _remaining(node, layout, rank, spec.rank)
    return axes != identity_axes(spec.rank) and not _follows(node, layout, rank, spec)


def _remaining(node: Node, layout: Layout, rank: int, kept: int) -> Axes:
    """The order of a result's axes, the input channels last and ``dims`` reduced away."""
    last = channels_last_axes(rank)
    if kept == rank:
        return last
    gone = {dim % rank for name in layout.dims for dim in _ints(_argument(node, name))}
    left = [axis for axis in last if axis not in gone]
    order = sorted(left)
    return tuple(order.index(axis) for axis in left) if len(left) == kept else identity_axes(kept)


def _ints(dims: object) -> Iterator[int]:
    if isinstance(dims, int) and not isinstance(dims, bool):
        yield dims
    elif isinstance(dims, tuple | list):
        for dim in dims:
            yield from _ints(dim)


def _argument(node: Node, name: str) -> object:
    return node.args.get(name)


def _per_axis(node: Node, layout: Layout) -> list[tuple[object, ...]]:
    return [entry for name in layout.per_axis if isinstance(entry := node.args.get(name), tuple)]


def activations(node: Node, layout: Layout) -> dict[str, object]:
    """The arguments whose axis order is chosen: neither weights nor plain ones."""
    return {k: v for k, v in node.args.items() if k not in layout.weights and k not in layout.plain}
