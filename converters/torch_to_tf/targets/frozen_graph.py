"""A frozen ``GraphDef``: one protocol buffer with the weights as constants.

Inputs are placeholders and outputs are identities, named like the source's. The file's record of
its origin is a string constant that nothing consumes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from converters.errors import OutputError
from converters.structure import flat_names
from converters.torch_to_tf.targets.traced import Traced

RECORD_NODE = "conversion/record"
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Frozen:
    """A graph without variables.

    Attributes:
        graph_def: its nodes and function library.
        inputs: for each input of the source the tensor that it is fed to.
        outputs: for each tensor that the source returns the tensor that holds it.
        places: for each node of the source graph the tensors that stand for it.
        shapes: of those tensors, as far as the trace knows them; -1 for an open dimension.
    """

    graph_def: Any
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    places: Mapping[str, tuple[str | None, ...]]
    shapes: Mapping[str, tuple[int, ...] | None]


def write(traced: Traced, path: Path) -> None:
    """Write a frozen graph.

    Raises:
        OutputError: the model updates buffers while it runs, or is too large for the format.
    """
    frozen = freeze(traced, ".pb")
    record = frozen.graph_def.node.add(name=RECORD_NODE, op="Const")
    record.attr["dtype"].type = tf.string.as_datatype_enum
    text = traced.record(frozen.places, inputs=frozen.inputs, outputs=frozen.outputs)
    record.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))
    path.write_bytes(frozen.graph_def.SerializeToString(deterministic=True))


def freeze(traced: Traced, suffix: str) -> Frozen:
    """A model's graph with its variables' values as constants.

    Args:
        traced: the model.
        suffix: of the file that is being written, for messages.

    Raises:
        OutputError: the model updates buffers while it runs, or has more than 2 GB of weights.
    """
    if traced.graph.mutations:
        first = next(iter(traced.graph.mutations))
        raise OutputError(
            f"{suffix} files hold constants, but this model updates {first} while it runs. Convert "
            "it without training=True, or write a SavedModel."
        )
    if sum(variable.numpy().nbytes for variable in traced.module.variables) > _LARGEST:
        raise OutputError(
            f"{suffix} files can't exceed 2 GB, but this model's weights do. Write a SavedModel."
        )
    function = traced.module.__call__.get_concrete_function()
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    graph_def = frozen.graph.as_graph_def()
    wanted = flat_names([traced.graph.result], constants=True)
    ends = {
        key: tensor
        for key, tensor in zip(wanted, frozen.outputs, strict=True)
        if key in {item.name for item in traced.graph.outputs}
    }
    given = flat_names(traced.signature.values())
    begins = dict(zip((tensor.op.name for tensor in frozen.inputs), given, strict=True))
    names = _names(graph_def, begins, list(ends))
    _rename(graph_def, names)
    outputs = {}
    for key, tensor in ends.items():
        name = _legal(key)
        name = f"{name}/output" if name in names.values() else name  # an input has that name
        node = graph_def.node.add(name=name, op="Identity", input=[_moved(tensor.name, names)])
        node.attr["T"].type = tensor.dtype.as_datatype_enum
        outputs[key] = f"{node.name}:0"
    known = {node.name for node in graph_def.node}
    places = {
        key: tuple(_known(_moved(tensor, names), known) for tensor in tensors)
        for key, tensors in traced.provenance.items()
    }
    shapes = {
        _moved(tensor, names): _shape(function.graph.get_tensor_by_name(tensor).shape)
        for tensors in traced.provenance.values()
        for tensor in tensors
        if tensor is not None
    }
    inputs = {name: f"{names[placeholder]}:0" for placeholder, name in begins.items()}
    return Frozen(graph_def, inputs, outputs, places, shapes)


def _shape(shape: tf.TensorShape) -> tuple[int, ...] | None:
    if shape.rank is None:
        return None
    return tuple(-1 if size is None else size for size in shape.as_list())


def _names(graph_def: Any, begins: Mapping[str, str], ends: list[str]) -> dict[str, str]:
    """New names of the nodes that get one: inputs, and whatever stands where an end belongs."""
    names = {placeholder: _legal(name) for placeholder, name in begins.items()}
    reserved = {*names.values(), *map(_legal, ends), RECORD_NODE}
    taken = {node.name for node in graph_def.node} | reserved
    for node in graph_def.node:
        if node.name in reserved and node.name not in names:
            new = next(name for name in _numbered(node.name) if name not in taken)
            names[node.name] = new
            taken.add(new)
    return names


def _numbered(name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{name}/node_{number}"


def _rename(graph_def: Any, names: Mapping[str, str]) -> None:
    for node in graph_def.node:
        node.name = names.get(node.name, node.name)
        node.attr.pop("_class", None)  # where it was to be placed, by names that may be old
        for place, edge in enumerate(node.input):
            node.input[place] = _moved(edge, names)


def _moved(edge: str | None, names: Mapping[str, str]) -> str:
    """An edge (``name``, ``name:1`` or ``^name``) after renaming."""
    mark, name, output = re.fullmatch(r"(\^?)([^:]+)(:\d+)?", edge or "none").groups()  # type: ignore[union-attr]
    return f"{mark}{names.get(name, name)}{output or ''}"


def _known(tensor: str, known: set[str]) -> str | None:
    return tensor if tensor.split(":", maxsplit=1)[0] in known else None


def _legal(name: str) -> str:
    """A name that TensorFlow accepts for a node."""
    name = re.sub(r"[^A-Za-z0-9_./\\-]", "_", name)
    return name if re.match(r"[A-Za-z0-9.]", name) else f"n{name}"
