"""Lift every floating-point type of a TensorFlow graph to float64.

For graphs that no capture stands behind: a Keras model, a SavedModel of unknown origin. Constants
keep the value that they have in the graph, that is, rounded to float32.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

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
    inference, and ``ResizeBilinear``.

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


def nudged_graph_def(graph_def: Any, seed: int) -> Any:
    """A copy of a GraphDef in float64 whose single numbers have one float32 rounding error more.

    Numbers that float32 holds exactly whatever they came from (1, 0.5, -100) are left alone, and so
    are arrays, which are parameters.

    Args:
        graph_def: in float64.
        seed: of the errors.
    """
    result = type(graph_def)()
    result.CopyFrom(graph_def)
    generator = np.random.default_rng(seed)
    for nodes in (result.node, *(function.node_def for function in result.library.function)):
        for node in nodes:
            if node.op == "Const" and node.attr["dtype"].type == tf.float64.as_datatype_enum:
                _nudge(node.attr["value"].tensor, generator)
    return result


def _nudge(tensor: Any, generator: np.random.Generator) -> None:
    array = tf.make_ndarray(tensor)
    if array.size != 1 or not np.isfinite(array).all():
        return
    significand = np.frexp(array)[0] * 2.0**12
    if (significand != np.round(significand)).any():
        moved = array * (1 + 2.0**-24 * generator.uniform(-1, 1))
        tensor.CopyFrom(tf.make_tensor_proto(moved, tf.float64, array.shape))


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
    compose = _COMPOSED.get(node.op)
    if compose is None or node.attr["is_training"].b:
        raise ProgramError(f"{node.op} at {node.name} has no float64 kernel")
    function, kinds = compose(node)
    specs = [tf.TensorSpec(None, kind) for kind in kinds]
    definition = tf.function(function, autograph=False).get_concrete_function(*specs).function_def
    graph_def.library.function.append(definition)
    name, inputs = node.name, list(node.input)
    control = [entry for entry in inputs if entry.startswith("^")]
    given = [entry for entry in inputs if not entry.startswith("^")]
    node.Clear()
    node.name, node.op = name, "PartitionedCall"
    node.input.extend([*given[: len(kinds)], *control])
    node.attr["Tin"].list.type.extend(kind.as_datatype_enum for kind in kinds)
    node.attr["Tout"].list.type.extend([tf.float64.as_datatype_enum])
    node.attr["f"].func.name = definition.signature.name


Composition: TypeAlias = tuple[Callable[..., Any], list[tf.DType]]
"""A function of an operator's inputs, and their types."""


def _normalisation(node: Any) -> Composition:
    """Batch normalisation in inference."""
    epsilon = float(np.float32(node.attr["epsilon"].f))
    last = node.attr["data_format"].s in (b"NHWC", b"NDHWC")

    def normalize(x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> Any:
        shape = [-1] if last else [1, -1, 1, 1]
        factor = scale / tf.sqrt(variance + tf.constant(epsilon, tf.float64))
        return x * tf.reshape(factor, shape) + tf.reshape(offset - mean * factor, shape)

    return normalize, [tf.float64] * 5


def _bilinear(node: Any) -> Composition:
    """Bilinear resizing, one axis after the other.

    Source: TensorFlow, image_resizer_state.h and resize_bilinear_op.cc, which has positions in
    float32 where these are in float64.
    """
    align, half = node.attr["align_corners"].b, node.attr["half_pixel_centers"].b

    def along(x: Any, size: Any, axis: int) -> Any:
        have = tf.shape(x)[axis]
        given, wanted = (tf.cast(number, tf.float64) for number in (have, size))
        spread = (given - 1) / tf.maximum(wanted - 1, 1)
        scale = tf.where(size > 1, spread, given / wanted) if align else given / wanted
        places = tf.range(wanted, dtype=tf.float64)
        places = (places + 0.5) * scale - 0.5 if half else places * scale
        low = tf.floor(places)
        ends = (tf.clip_by_value(tf.cast(end, tf.int32), 0, have - 1) for end in (low, low + 1))
        first, second = (tf.gather(x, end, axis=axis) for end in ends)
        weight = tf.reshape(places - low, [-1] + [1] * (3 - axis))
        return first + (second - first) * weight

    def resize(x: Any, size: Any) -> Any:
        return along(along(x, size[0], 1), size[1], 2)

    return resize, [tf.float64, tf.int32]


_COMPOSED: Mapping[str, Callable[[Any], Composition]] = {
    "FusedBatchNormV2": _normalisation,
    "FusedBatchNormV3": _normalisation,
    "ResizeBilinear": _bilinear,
}
