"""Operators on images with the channels first, as the same operators with the channels last.

TensorFlow has many of them on a GPU only; PyTorch has only these. Written with a transpose before
and one behind, both frameworks run them, and where the transposes go is the layout pass's matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from converters.graph import Graph, Node, ScalarSpec, TensorSpec, Value, map_argument
from converters.layout import channels_first_axes, channels_last_axes


@dataclass(frozen=True, slots=True)
class _Format:
    """Where an operator holds what follows the order of the axes.

    Attributes:
        image: the input that is an image; the first result is one too.
        entries: attributes with an entry for each axis.
        sizes: an input that is the shape of an image.
    """

    image: str
    entries: tuple[str, ...] = ()
    sizes: str = ""


_CONVOLUTION = _Format("input", ("strides", "dilations"))
_BACK = _Format("out_backprop", ("strides", "dilations"), "input_sizes")
_POOL = ("ksize", "strides")

FORMATS: Mapping[str, _Format] = {
    "tf.Conv2D": _CONVOLUTION,
    "tf.Conv3D": _CONVOLUTION,
    "tf.DepthwiseConv2dNative": _CONVOLUTION,
    "tf.Conv2DBackpropInput": _BACK,
    "tf.Conv3DBackpropInputV2": _BACK,
    "tf.MaxPool": _Format("input", _POOL),
    "tf.AvgPool": _Format("value", _POOL),
    "tf.MaxPool3D": _Format("input", _POOL),
    "tf.AvgPool3D": _Format("input", _POOL),
    "tf.FusedBatchNormV3": _Format("x"),
    "tf.BiasAdd": _Format("value"),
    "tf.DepthToSpace": _Format("input"),
    "tf.SpaceToDepth": _Format("input"),
}


def with_channels_last(graph: Graph) -> Graph:
    """The same function without operators that have the channels first."""
    if not any(map(_is_first, graph.all_nodes)):
        return graph
    graph = graph.map_inner(with_channels_last)
    specs, moved = graph.specs, dict[Value, Value]()
    nodes: list[Node] = []
    for node in graph.nodes:
        if _is_first(node):
            nodes += _rewritten(node, specs)
            own = nodes[-2].name
            moved |= {Value(node.name, i): Value(own, i) for i in range(1, len(node.outputs))}
        else:
            nodes.append(node)

    def swap(leaf: object) -> object:
        return moved.get(leaf, leaf) if isinstance(leaf, Value) else leaf

    changed = tuple(
        replace(n, args={name: map_argument(swap, arg) for name, arg in n.args.items()})
        for n in nodes
    )
    outputs = tuple(replace(o, value=map_argument(swap, o.value)) for o in graph.outputs)
    mutations = {name: moved.get(value, value) for name, value in graph.mutations.items()}
    return graph.replace(nodes=changed, outputs=outputs, mutations=mutations)


def _is_first(node: Node) -> bool:
    return node.op in FORMATS and str(node.args["data_format"]).startswith("NC")


def _rewritten(node: Node, specs: Mapping[Value, object]) -> list[Node]:
    """A node as a transpose, the node with the channels last and another transpose."""
    form, args = FORMATS[node.op], dict(node.args)
    image, result = args[form.image], node.outputs[0]
    spec = specs[image] if isinstance(image, Value) else None
    assert isinstance(spec, TensorSpec)
    assert isinstance(result, TensorSpec)
    last, first = channels_last_axes(spec.rank), channels_first_axes(spec.rank)
    behind = f"{node.name}/channels_last"
    nodes = [Node(behind, "tf.Transpose", {"x": image, "perm": last}, (_in(spec, last),))]
    args[form.image] = Value(behind)
    for name in form.entries:
        args[name] = _picked(args[name], last)
    if args.get("explicit_paddings"):
        args["explicit_paddings"] = _picked(args["explicit_paddings"], _pairs(last))
    if form.sizes and isinstance(args[form.sizes], Value):
        gather = {"params": args[form.sizes], "indices": last, "axis": 0, "batch_dims": 0}
        nodes.append(Node(f"{node.name}/sizes", "tf.GatherV2", gather, (ScalarSpec("int32"),)))
        args[form.sizes] = Value(nodes[-1].name)
    elif form.sizes:
        args[form.sizes] = _picked(args[form.sizes], last)
    args["data_format"] = "NDHWC" if spec.rank == 5 else "NHWC"
    own = f"{node.name}/computed"
    nodes.append(replace(node, name=own, args=args, outputs=(_in(result, last), *node.outputs[1:])))
    nodes.append(Node(node.name, "tf.Transpose", {"x": Value(own), "perm": first}, (result,)))
    return [replace(one, module=node.module, source=node.source) for one in nodes]


def _in(spec: TensorSpec, axes: Sequence[int]) -> TensorSpec:
    return replace(spec, shape=tuple(spec.shape[axis] for axis in axes))


def _pairs(axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(2 * axis + side for axis in axes for side in (0, 1))


def _picked(entries: object, places: Sequence[int]) -> tuple[object, ...]:
    assert isinstance(entries, tuple)
    return tuple(entries[place] for place in places)
