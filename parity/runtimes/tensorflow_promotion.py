"""Lift every floating-point type of a TensorFlow graph to float64.

For graphs that no capture stands behind: a Keras model, a SavedModel of unknown origin. Constants
keep the value that they have in the graph, that is, rounded to float32.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import tensorflow as tf

from parity.errors import ProgramError

_WIDE = {
    tf.float16.as_datatype_enum: tf.float64.as_datatype_enum,
    tf.bfloat16.as_datatype_enum: tf.float64.as_datatype_enum,
    tf.float32.as_datatype_enum: tf.float64.as_datatype_enum,
    tf.complex64.as_datatype_enum: tf.complex128.as_datatype_enum,
}


def promoted_graph_def(graph_def: Any) -> Any:
    """A copy of a GraphDef in float64, its function library included.

    Operators without a float64 kernel are replaced by compositions: ``FusedBatchNormV3`` in
    inference.

    Raises:
        ProgramError: an operator has no float64 kernel and no composition here.
    """
    result = type(graph_def)()
    result.CopyFrom(graph_def)
    for function in result.library.function:
        for argument in (*function.signature.input_arg, *function.signature.output_arg):
            argument.type = _WIDE.get(argument.type, argument.type)
        _lift_nodes(function.node_def)
    _lift_nodes(result.node)
    _replace(result)
    return result


def _lift_nodes(nodes: Any) -> None:
    for node in nodes:
        for attribute in node.attr.values():
            _lift(attribute)
        node.attr.pop("_output_shapes", None)


def _lift(attribute: Any) -> None:
    kind = attribute.WhichOneof("value")
    if kind == "type":
        attribute.type = _WIDE.get(attribute.type, attribute.type)
    elif kind == "tensor" and attribute.tensor.dtype in _WIDE:
        wide = tf.as_dtype(_WIDE[attribute.tensor.dtype]).as_numpy_dtype
        array = tf.make_ndarray(attribute.tensor)
        attribute.tensor.CopyFrom(tf.make_tensor_proto(array.astype(wide), shape=array.shape))
    elif kind == "list":
        for place, entry in enumerate(attribute.list.type):
            attribute.list.type[place] = _WIDE.get(entry, entry)


_SINGLE = frozenset({"FusedBatchNormV3", "ResizeBilinear", "ResizeBicubic", "FusedBatchNormV2"})


def _replace(graph_def: Any) -> None:
    """Swap operators without a float64 kernel for calls of equal functions."""
    for node in graph_def.node:
        if node.op in _SINGLE:
            _swap(graph_def, node)
    for function in list(graph_def.library.function):
        swapped = {node.name for node in function.node_def if node.op in _SINGLE}
        for node in function.node_def:
            if node.name in swapped:
                _swap(graph_def, node)
        for node in function.node_def:
            node.input[:] = [_renamed(entry, swapped) for entry in node.input]
        for name, entry in function.ret.items():
            function.ret[name] = _renamed(entry, swapped)


def _renamed(entry: str, swapped: Collection[str]) -> str:
    """A function body's reference to a result: by the name of the operator's output."""
    name, _, output = entry.partition(":")
    return f"{name}:output:{output.rpartition(':')[2]}" if name in swapped and output else entry


def _swap(graph_def: Any, node: Any) -> None:
    if not node.op.startswith("FusedBatchNorm") or node.attr["is_training"].b:
        raise ProgramError(f"{node.op} at {node.name} has no float64 kernel")
    epsilon = float(np.float32(node.attr["epsilon"].f))
    last = node.attr["data_format"].s in (b"NHWC", b"NDHWC")

    def normalize(x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> Any:
        shape = [-1] if last else [1, -1, 1, 1]
        factor = scale / tf.sqrt(variance + tf.constant(epsilon, tf.float64))
        return x * tf.reshape(factor, shape) + tf.reshape(offset - mean * factor, shape)

    spec = tf.TensorSpec(None, tf.float64)
    concrete = tf.function(normalize, autograph=False).get_concrete_function(
        spec, spec, spec, spec, spec
    )
    definition = concrete.function_def
    graph_def.library.function.append(definition)
    name, inputs = node.name, list(node.input)
    control = [entry for entry in inputs if entry.startswith("^")]
    node.Clear()
    node.name, node.op = name, "PartitionedCall"
    node.input.extend([*[entry for entry in inputs if not entry.startswith("^")][:5], *control])
    wide = tf.float64.as_datatype_enum
    node.attr["Tin"].list.type.extend([wide] * 5)
    node.attr["Tout"].list.type.extend([wide])
    node.attr["f"].func.name = definition.signature.name
