"""Equal graphs for what TensorFlow's TFLite converter does not take as it is.

Each rewrite keeps the name of the operation that yields the result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Place:
    """Where nodes are added: the main graph, or a function, whose edges name outputs."""

    nodes: Any
    inside: bool

    def edge(self, node: Any, output: str) -> str:
        """What stands for a node's result, by its name in the operator's definition."""
        return f"{node.name}:{output}:0" if self.inside else str(node.name)

    def constant(self, name: str, value: np.ndarray) -> str:
        """The edge of a new constant."""
        node = self.nodes.add(name=name, op="Const")
        node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, shape=value.shape))
        return self.edge(node, "output")

    def add(self, name: str, op: str, inputs: list[str], **types: int) -> Any:
        """A new node, with the types of its attributes."""
        node = self.nodes.add(name=name, op=op, input=inputs)
        for key, value in types.items():
            node.attr[key].type = value
        return node


def legalized(graph_def: Any, *, finite: bool = False) -> Any:
    """A copy of a GraphDef, its function library included, that the converter takes.

    Args:
        graph_def: the graph.
        finite: whether no tensor of the file can hold an infinity or NaN, because it holds integers
            of 8 bits: what is there for those numbers alone is left out.
    """
    result = type(graph_def)()
    result.CopyFrom(graph_def)
    if finite:
        _assume_finite(result.node)
    places = [Place(result.node, inside=False)]
    places += [Place(function.node_def, inside=True) for function in result.library.function]
    for place in places:
        for node in list(_with_rewrites(place.nodes)):
            _REWRITES[node.op](place, node)
    _rename_functions(result)
    return result


def _assume_finite(nodes: Any) -> None:
    """Branches on whether everything is finite become calls of the one for finite numbers.

    The other one of a maximum over windows pads with the lowest float, which would stretch the
    range of the tensor that it pads until all else is 0 in it.
    """
    tests = {node.name for node in nodes if node.op == "IsFinite"}
    for node in nodes:
        if node.op in ("If", "StatelessIf") and node.input[0].split(":")[0] in tests:
            taken, inputs = node.attr["then_branch"].func.name, list(node.input[1:])
            call = type(node)(name=node.name, op="PartitionedCall", input=inputs)
            for name in ("Tin", "Tout"):
                call.attr[name].CopyFrom(node.attr[name])
            call.attr["f"].func.name = taken
            node.CopyFrom(call)


def _rename_functions(graph_def: Any) -> None:
    """Functions that differ from those of the trace need other names: TensorFlow keeps one list."""
    names = {
        function.signature.name: f"{function.signature.name}_{_digest(function)}"
        for function in graph_def.library.function
    }
    for function in graph_def.library.function:
        function.signature.name = names[function.signature.name]
    graph_def.library.ClearField("gradient")
    for nodes in (graph_def.node, *(f.node_def for f in graph_def.library.function)):
        for attribute in (a for node in nodes for a in node.attr.values()):
            own = [attribute.func] if attribute.HasField("func") else []
            for called in (*own, *attribute.list.func):
                if called.name in names:
                    called.name = names[called.name]


def _digest(function: Any) -> str:
    data = function.SerializeToString(deterministic=True)
    return hashlib.sha256(data).hexdigest()[:12]


def _with_rewrites(nodes: Any) -> Iterator[Any]:
    return (node for node in nodes if node.op in _REWRITES)


def _unchecked(_: Place, node: Any) -> None:
    """``EnsureShape`` only checks what the trace knew already."""
    node.op = "Identity"
    node.attr.pop("shape", None)


def _padded_pool(place: Place, node: Any) -> None:
    """Max pooling with explicit padding pads first: with elements that the window holds anyway.

    Mirrored at its edge, an axis is continued by numbers from within the same window as long as the
    padding is at most half as wide as the window. So the padding needs no number of its own, which
    would stretch the range of an 8-bit tensor to the lowest float.
    """
    pads = np.array(node.attr["explicit_paddings"].list.i, np.int32).reshape(-1, 2)
    sizes = list(node.attr["ksize"].list.i)
    if node.attr["padding"].s != b"EXPLICIT" or any(
        2 * pad.max() > size for pad, size in zip(pads, sizes, strict=True)
    ):
        return
    kind, int32 = node.attr["T"].type, tf.int32.as_datatype_enum
    inputs = [node.input[0], place.constant(f"{node.name}/paddings", pads)]
    padded = place.add(f"{node.name}/padded", "MirrorPad", inputs, T=kind, Tpaddings=int32)
    padded.attr["mode"].s = b"SYMMETRIC"
    node.input[0] = place.edge(padded, "output")
    node.attr["padding"].s = b"VALID"
    node.attr.pop("explicit_paddings")


def _cropped_transpose(place: Place, node: Any) -> None:
    """A transposed convolution with explicit padding is one without, cropped."""
    if node.attr["padding"].s != b"EXPLICIT":
        return
    kind, name = node.attr["T"].type, str(node.name)
    pads = np.array(node.attr["explicit_paddings"].list.i, np.int32).reshape(-1, 2)
    int32 = tf.int32.as_datatype_enum
    sizes = node.input[0]
    margin = place.constant(f"{name}/margin", pads.sum(1, dtype=np.int32))
    whole = place.add(f"{name}/whole_sizes", "AddV2", [sizes, margin], T=int32)
    full = place.nodes.add()
    full.CopyFrom(node)
    full.name = f"{name}/whole"
    full.input[0] = place.edge(whole, "z")
    full.attr["padding"].s = b"VALID"
    full.attr.pop("explicit_paddings")
    begin = place.constant(f"{name}/begin", pads[:, 0].copy())
    inputs = [place.edge(full, "output"), begin, sizes]
    node.Clear()
    node.name, node.op = name, "Slice"
    node.input.extend(inputs)
    node.attr["T"].type, node.attr["Index"].type = kind, int32


def _gathered_roll(place: Place, node: Any) -> None:
    """A roll along known axes gathers from places that wrap around."""
    shift, axis = (_known(place, node.input[i]) for i in (1, 2))
    if shift is None or axis is None:
        return
    kind, name, int32 = node.attr["T"].type, str(node.name), tf.int32.as_datatype_enum
    result = str(node.input[0])
    for turn, (step, along) in enumerate(zip(shift.ravel(), axis.ravel(), strict=True)):
        part = f"{name}/{turn}"
        shape = place.add(f"{part}/shape", "Shape", [result], T=kind, out_type=int32)
        which = place.constant(f"{part}/axis", np.array(along, np.int32))
        size = place.add(
            f"{part}/size",
            "GatherV2",
            [
                place.edge(shape, "output"),
                which,
                place.constant(f"{part}/zero", np.array(0, np.int32)),
            ],
            Tparams=int32,
            Tindices=int32,
            Taxis=int32,
        )
        size_edge = place.edge(size, "output")
        numbers = [
            place.constant(f"{part}/start", np.array(-step, np.int32)),
            place.constant(f"{part}/one", np.array(1, np.int32)),
        ]
        end = place.add(f"{part}/end", "AddV2", [numbers[0], size_edge], T=int32)
        spread = [numbers[0], place.edge(end, "z"), numbers[1]]
        places = place.add(f"{part}/range", "Range", spread, Tidx=int32)
        wrapped = place.add(
            f"{part}/wrapped", "FloorMod", [place.edge(places, "output"), size_edge], T=int32
        )
        inputs = [result, place.edge(wrapped, "z"), which]
        kinds = {"Tparams": kind, "Tindices": int32, "Taxis": int32}
        rolled = place.add(f"{part}/rolled", "GatherV2", inputs, **kinds)
        result = place.edge(rolled, "output")
    node.Clear()
    node.name, node.op = name, "Identity"
    node.input.append(result)
    node.attr["T"].type = kind


def _known(place: Place, edge: str) -> np.ndarray | None:
    """A constant's value."""
    name = edge.split(":", maxsplit=1)[0]
    node = next((n for n in place.nodes if n.name == name and n.op == "Const"), None)
    return None if node is None else np.asarray(tf.make_ndarray(node.attr["value"].tensor))


def _larger_of_both(place: Place, node: Any) -> None:
    """The absolute value of an int64 is the larger of it and its negative."""
    kind, name = node.attr["T"].type, str(node.name)
    if kind != tf.int64.as_datatype_enum:
        return
    x = str(node.input[0])
    negative = place.add(f"{name}/negative", "Neg", [x], T=kind)
    node.op = "Maximum"
    node.input.append(place.edge(negative, "y"))


_REWRITES: dict[str, Callable[[Place, Any], None]] = {
    "Abs": _larger_of_both,
    "EnsureShape": _unchecked,
    "Roll": _gathered_roll,
    "MaxPool": _padded_pool,
    "Conv2DBackpropInput": _cropped_transpose,
}
