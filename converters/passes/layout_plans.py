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
    Preference,
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
        "tf.Reshape",
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
        layout = lowering.layout if lowering else SOURCE
        plan = _plan(node, layout, specs, convolutional, registry.preference)
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
    preference: Preference,
) -> LayoutPlan:
    none = tuple(False for _ in node.outputs)
    values = list(values_in(activations(node, layout)))
    ranks = [spec.rank for v in values if isinstance(spec := specs[v], TensorSpec)]
    rank = max(ranks, default=0)
    permutation = _permutation(node, rank)
    if permutation is not None and rank in RANKS:
        convolved = values[0] in convolutional
        return _rearrangement(layout, rank, permutation, preference, from_convolution=convolved)
    if node.op in _RESHAPES and ranks:
        kept = _keeps_channels(specs[values[0]], node, preference)
        return LayoutPlan(layout, rank, None if kept else STAY, (kept,), reshape=kept)
    if layout.order is Order.preferred and rank > max(RANKS):
        raise UnsupportedVariantError(
            f"{node.op} of a tensor of rank {rank} is not supported: channels are moved for rank "
            f"{min(RANKS)} to {max(RANKS)}. Flatten some of its spatial axes first."
        )
    if rank not in RANKS or layout.order is Order.source:
        return LayoutPlan(layout, rank, STAY, none)
    if layout.order is Order.preferred:
        follows = tuple(isinstance(s, TensorSpec) and s.rank == rank for s in node.outputs)
        return LayoutPlan(layout, rank, MOVE, follows)
    if any(isinstance(s, TensorSpec) and s.rank > rank for s in node.outputs):
        return LayoutPlan(layout, rank, STAY, none)
    if any(len(entry) != rank for entry in _per_axis(node, layout)):
        return LayoutPlan(layout, rank, STAY, none)
    if any(node.args.get(name) in (None, ()) for name in layout.required):
        return LayoutPlan(layout, rank, STAY, none)
    if any(True for name in layout.dims for _ in values_in(node.args.get(name))):
        return LayoutPlan(layout, rank, STAY, none)  # axes that are computed
    if any(_scrambled(node, layout, rank, spec, preference) for spec in node.outputs):
        return LayoutPlan(layout, rank, STAY, none)
    return LayoutPlan(
        layout,
        rank,
        None,
        tuple(_follows(node, layout, rank, s, preference) for s in node.outputs),
    )


def _rearrangement(
    layout: Layout, rank: int, permutation: Axes, preference: Preference, *, from_convolution: bool
) -> LayoutPlan:
    """A permutation may swallow one change of order: on its way in or on its way out."""
    moved = preference.axes(rank)
    if permutation == moved and (from_convolution or permutation != _inverse(moved)):
        return LayoutPlan(layout, rank, None, (False,), permutation=permutation, discount="in")
    if permutation == _inverse(moved):
        return LayoutPlan(
            layout, rank, STAY, (False,), None, permutation=permutation, discount="out"
        )
    return LayoutPlan(layout, rank, STAY, (False,), permutation=permutation)


def _inverse(axes: Axes) -> Axes:
    return tuple(axes.index(place) for place in range(len(axes)))


def _permutation(node: Node, rank: int) -> Axes | None:
    if node.op in ("aten.permute.default", "tf.Transpose"):
        dims = node.args["dims" if node.op == "aten.permute.default" else "perm"]
        if not isinstance(dims, tuple) or any(values_in(dims)):
            return None  # it is computed
        return tuple(dim % rank for dim in dims) if rank else None
    if node.op == "aten.transpose.int" and rank:
        first, second = (int(node.args[name]) % rank for name in ("dim0", "dim1"))  # type: ignore[call-overload]
        order = list(range(rank))
        order[first], order[second] = order[second], order[first]
        return tuple(order)
    return None


def _keeps_channels(before: object, node: Node, preference: Preference) -> bool:
    """Whether a reshape leaves batch and channels alone and only rearranges the other axes."""
    after = node.outputs[0]
    return (
        isinstance(before, TensorSpec)
        and isinstance(after, TensorSpec)
        and before.rank in RANKS
        and after.rank in RANKS
        and preference.kept(before.shape) == preference.kept(after.shape)
        and (
            named_sizes(node) is not None
            or sum(isinstance(dim, Dim) for dim in preference.spatial(after.shape)) <= 1
        )
    )


def named_sizes(node: Node) -> tuple[object, ...] | None:
    """The sizes that a reshape names, computed ones among them."""
    sizes = node.args.get("size", node.args.get("shape"))
    return sizes if isinstance(sizes, tuple) else None


def _follows(node: Node, layout: Layout, rank: int, spec: object, preference: Preference) -> bool:
    """Whether an output has the order of the node's inputs (rather than the source's)."""
    if not isinstance(spec, TensorSpec) or spec.rank not in RANKS:
        return False
    kept = _remaining(node, layout, rank, spec.rank, preference)
    return kept == preference.axes(spec.rank)


def _scrambled(node: Node, layout: Layout, rank: int, spec: object, preference: Preference) -> bool:
    """Whether an output would have neither the source's order nor the preferred one."""
    if not isinstance(spec, TensorSpec) or spec.rank < 2:
        return False
    axes = _remaining(node, layout, rank, spec.rank, preference)
    if axes == identity_axes(spec.rank):
        return False
    return not _follows(node, layout, rank, spec, preference)


def _remaining(node: Node, layout: Layout, rank: int, kept: int, preference: Preference) -> Axes:
    """The order of a result's axes, the input in the preferred one and ``dims`` reduced away."""
    moved = preference.axes(rank)
    if kept == rank:
        return moved
    gone = {dim % rank for name in layout.dims for dim in _ints(_argument(node, name))}
    left = [axis for axis in moved if axis not in gone]
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
