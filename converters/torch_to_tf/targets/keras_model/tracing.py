"""One node as the TensorFlow operations that its lowering writes.

It is traced twice, in its own types and promoted to float64: the second trace gives the constants
in full, and stands in for the first where that uses kernels which exist in single precision only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from converters.graph import Node, map_argument
from converters.registry import Registry
from converters.torch_to_tf.emit import lowered
from converters.torch_to_tf.loops import loops_written_out
from converters.torch_to_tf.promotion import default_float, runtime_number
from converters.torch_to_tf.targets.keras_model.sizes import static
from converters.torch_to_tf.targets.keras_model.values import (
    VALUES,
    Constant,
    Sizes,
    Value,
)

_SINGLE = frozenset({"FusedBatchNormV3", "ResizeBilinear", "ResizeBicubic"})
_WIDE = {
    "float16": "float64",
    "bfloat16": "float64",
    "float32": "float64",
    "complex64": "complex128",
}


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The operations of one node.

    Attributes:
        graph: TensorFlow's.
        inputs: the values of its placeholders, by tensor name.
        outputs: what the lowering returned: tensors of the graph, or numbers.
        exact: by tensor name, constants in float64.
        narrowed: whether the graph is in float64 and stands for the same in float32.
    """

    graph: Any
    inputs: Mapping[str, Value]
    outputs: Sequence[object]
    exact: Mapping[str, np.ndarray]
    narrowed: bool

    def dtype(self, tensor: Any) -> str:
        """The type that a tensor of the graph has in the model."""
        name = str(tensor.dtype.name)
        return (
            {"float64": "float32", "complex128": "complex64"}.get(name, name)
            if (self.narrowed)
            else name
        )


def trace(
    node: Node,
    promoted: Node,
    arguments: Mapping[str, object],
    registry: Registry,
    default: str,
) -> Trace:
    """Trace a node's lowering.

    Args:
        node: the node; ``promoted`` is the same in float64.
        promoted: gives the arguments that are not tensors.
        arguments: the node's, with values of this package in the places of tensors.
        registry: the lowerings.
        default: the type of numbers without one.
    """
    graph, inputs, outputs = _traced(node, arguments, registry, default, wide=False)
    plain = {str(t.dtype.name) for op in graph.get_operations() for t in op.outputs}
    if not plain & {"float32", "complex64"} or plain & {"float16", "bfloat16", "float64"}:
        return Trace(graph, inputs, outputs, {}, narrowed=False)
    merged = _with_tensors(promoted.args, arguments)
    wide, wide_inputs, wide_outputs = _traced(promoted, merged, registry, "float64", wide=True)
    if any(op.type in _SINGLE for op in graph.get_operations()):
        return Trace(wide, wide_inputs, wide_outputs, {}, narrowed=True)
    return Trace(graph, inputs, outputs, _exact(graph, wide), narrowed=False)


def _with_tensors(own: Any, arguments: Any) -> Any:
    """The promoted node's numbers and types, with the values of the node's tensors."""
    if isinstance(own, Mapping):
        return {name: _with_tensors(item, arguments[name]) for name, item in own.items()}
    if isinstance(own, tuple) and isinstance(arguments, tuple):
        return tuple(_with_tensors(o, a) for o, a in zip(own, arguments, strict=True))
    return arguments if isinstance(arguments, VALUES) else own


def _traced(
    node: Node, arguments: Mapping[str, object], registry: Registry, default: str, *, wide: bool
) -> tuple[Any, dict[str, Value], list[object]]:
    graph = FuncGraph("node")
    inputs: dict[str, Value] = {}

    def placed(leaf: object) -> object:
        if not isinstance(leaf, VALUES):
            return leaf
        dtype = _WIDE.get(leaf.dtype, leaf.dtype) if wide else leaf.dtype
        if isinstance(leaf, Constant):
            return tf.constant(leaf.array.astype(tf.as_dtype(dtype).as_numpy_dtype))
        tensor = tf.compat.v1.placeholder(tf.as_dtype(dtype), static(leaf.dims))
        inputs[tensor.name] = leaf
        number = isinstance(leaf, Sizes) and not leaf.dims
        return runtime_number(tensor) if number else tensor

    with graph.as_default(), default_float(tf.as_dtype(default)), loops_written_out():
        given = {name: map_argument(placed, argument) for name, argument in arguments.items()}
        outputs = list(lowered(registry)(node, given))
    return graph, inputs, outputs


def _exact(graph: Any, wide: Any) -> dict[str, np.ndarray]:
    ours, theirs = graph.get_operations(), wide.get_operations()
    if [op.type for op in ours] != [op.type for op in theirs]:
        return {}
    found = {}
    for one, other in zip(ours, theirs, strict=True):
        if one.type != "Const" or one.outputs[0].dtype not in (tf.float32, tf.complex64):
            continue
        value, full = (tf.make_ndarray(op.get_attr("value")) for op in (one, other))
        with np.errstate(over="ignore"):
            same = full.shape == value.shape and np.array_equal(
                full.astype(value.dtype), value, equal_nan=True
            )
        if same:
            found[one.outputs[0].name] = full
    return found
