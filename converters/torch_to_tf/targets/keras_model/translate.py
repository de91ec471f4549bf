"""TensorFlow operations to ``keras.ops``: the walk, and the table of translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import sympy
import tensorflow as tf
from keras import ops
from tensorflow.python.eager.context import context as eager_context
from tensorflow.python.eager.execute import quick_execute

from converters.errors import ConversionError, UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.tracing import Trace
from converters.torch_to_tf.targets.keras_model.values import (
    Complex,
    Constant,
    Sizes,
    Tensor,
    Value,
)

_LARGEST_FOLD = 1 << 22


class UntranslatableError(ConversionError):
    """An operation of TensorFlow that ``keras.ops`` has nothing for."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One TensorFlow operation, as a translation sees it.

    ``half`` says that it stands for one of the two parts of a complex one.
    """

    builder: Builder
    trace: Trace
    operation: Any
    half: bool = False

    def attribute(self, name: str) -> Any:
        """An attribute; types by their names in the model, byte strings as text."""
        value = self.operation.get_attr(name)
        if isinstance(value, bytes):
            return value.decode()
        return value

    @property
    def dtype(self) -> str:
        """The type of the first result."""
        dtype = self.trace.dtype(self.operation.outputs[0])
        return real_type(dtype) if self.half else dtype


Translation = Callable[..., object]
Handler = TypeVar("Handler", bound=Translation)
TRANSLATIONS: dict[str, Translation] = {}


def translates(*kinds: str) -> Callable[[Handler], Handler]:
    """Register how operations of some types are translated: ``(call, *inputs) -> value(s)``."""

    def register(function: Handler) -> Handler:
        for kind in kinds:
            if kind in TRANSLATIONS:
                raise ValueError(f"{kind} has a translation already")
            TRANSLATIONS[kind] = function
        return function

    return register


def translated(builder: Builder, trace: Trace) -> list[object]:
    """The values of what a lowering returned.

    Raises:
        UntranslatableError: an operation has no counterpart.
    """
    results = _walk(builder, trace, trace.graph, dict(trace.inputs), _tensors(trace.outputs))
    found = iter(results)
    return [next(found) if tf.is_tensor(output) else output for output in trace.outputs]


def inlined(call: Call, function: str, inputs: Sequence[Value]) -> list[Value]:
    """The results of a function of the graph's library, called with values."""
    graph = call.trace.graph._get_function(function)
    inner = graph.graph if hasattr(graph, "graph") else graph
    values = {t.name: v for t, v in zip(inner.inputs, inputs, strict=True)}
    return _walk(call.builder, call.trace, inner, values, list(inner.outputs))


def _tensors(outputs: Sequence[object]) -> list[Any]:
    return [output for output in outputs if tf.is_tensor(output)]


def _walk(
    builder: Builder, trace: Trace, graph: Any, values: dict[str, Value], wanted: Sequence[Any]
) -> list[Value]:
    needed = _needed(wanted, values)
    for operation in graph.get_operations():
        if operation.name not in needed:
            continue
        call = Call(builder, trace, operation)
        inputs = [values[tensor.name] for tensor in operation.inputs]
        results = _one(call, inputs)
        for tensor, result in zip(operation.outputs, results, strict=False):
            values[tensor.name] = result
    return [values[tensor.name] for tensor in wanted]


def _needed(wanted: Sequence[Any], given: dict[str, Value]) -> set[str]:
    stack = [tensor.op for tensor in wanted if tensor.name not in given]
    found: set[str] = set()
    while stack:
        operation = stack.pop()
        if operation.name not in found:
            found.add(operation.name)
            stack.extend(t.op for t in operation.inputs if t.name not in given)
    return found


def _one(call: Call, inputs: list[Value]) -> Sequence[Value]:
    operation = call.operation
    if operation.type == "Const":
        return [_constant(call)]
    foldable = all(isinstance(value, Constant) for value in inputs)
    if inputs and foldable and operation.type not in _CALLS:
        return _folded(call, inputs)
    handler = TRANSLATIONS.get(operation.type)
    if handler is None:
        loop = operation.type.startswith("TensorList") or operation.type.endswith("While")
        raise UntranslatableError("a loop" if loop else f"TensorFlow's {operation.type}")
    if any(isinstance(value, Complex) for value in inputs) and operation.type in _MOVES:
        return _in_parts(call, handler, inputs)
    result = handler(call, *inputs)
    return list(result) if isinstance(result, list | tuple) else [result]  # type: ignore[list-item]


_MOVES = frozenset(
    {
        "BroadcastTo",
        "ConcatV2",
        "ExpandDims",
        "GatherV2",
        "Pack",
        "Pad",
        "Reshape",
        "ReverseV2",
        "Roll",
        "Split",
        "SplitV",
        "Squeeze",
        "StridedSlice",
        "Sum",
        "Tile",
        "Transpose",
        "Unpack",
    }
)


def _in_parts(call: Call, handler: Translation, inputs: list[Value]) -> list[Value]:
    """What only moves or adds up numbers does so to both parts of a complex one."""
    halves = []
    for name in ("real", "imaginary"):
        given = [getattr(v, name) if isinstance(v, Complex) else v for v in inputs]
        result = handler(replace(call, half=True), *given)
        halves.append(result if isinstance(result, list | tuple) else [result])
    return [
        Complex(real, imaginary, call.dtype)  # type: ignore[arg-type]
        for real, imaginary in zip(*halves, strict=True)
    ]


def real_type(dtype: str) -> str:
    """The type of the parts of complex numbers."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall", "StatelessIf", "If"})


def _constant(call: Call) -> Constant:
    tensor = call.operation.outputs[0]
    array = tf.make_ndarray(call.operation.get_attr("value"))
    full = call.trace.exact.get(tensor.name)
    if full is not None and full.shape == array.shape:
        with np.errstate(over="ignore"):  # names repeat in the functions of the graph's library
            if np.array_equal(full.astype(array.dtype), array, equal_nan=True):
                array = full
    return Constant(_widest(array), call.trace.dtype(tensor))


def _widest(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    if array.dtype.kind == "f" or array.dtype.name in ("bfloat16", "float16"):
        return array.astype(np.float64)
    return array


def _folded(call: Call, inputs: Sequence[Value]) -> list[Value]:
    """Run an operation whose inputs are known, in float64."""
    operation = call.operation
    arrays = [tf.constant(_typed(value)) for value in inputs]
    attributes: list[Any] = []
    for attribute in operation.op_def.attr:
        value = operation.get_attr(attribute.name)
        if attribute.type == "type":
            value = _WIDER.get(value, value).as_datatype_enum
        elif attribute.type == "list(type)":
            value = [_WIDER.get(entry, entry).as_datatype_enum for entry in value]
        attributes += [attribute.name, value]
    results = quick_execute(
        operation.type, len(operation.outputs), arrays, tuple(attributes), eager_context()
    )
    if sum(int(tf.size(result)) for result in results) > _LARGEST_FOLD:
        raise UnsupportedVariantError("a constant of more than 4 million elements")
    return [
        Constant(_widest(result.numpy()), call.trace.dtype(output))
        for result, output in zip(results, call.operation.outputs, strict=True)
    ]


_WIDER = {tf.float32: tf.float64, tf.float16: tf.float64, tf.bfloat16: tf.float64,
          tf.complex64: tf.complex128}  # fmt: skip


def _typed(value: Value) -> np.ndarray:
    assert isinstance(value, Constant)
    if value.array.dtype.kind in "fc":
        return value.array
    return value.array.astype(tf.as_dtype(value.dtype).as_numpy_dtype)


def integers(value: Value) -> np.ndarray | None:
    """An array of ints and sizes, if a value is one."""
    if isinstance(value, Sizes):
        return value.array
    if isinstance(value, Constant) and value.array.dtype.kind in "iu":
        return value.array.astype(object)
    return None


def symbolic_numbers(value: Value) -> np.ndarray | None:
    """:func:`integers`, and floats that were computed from sizes or are known."""
    found = integers(value)
    if found is None and isinstance(value, Constant) and value.array.dtype.kind == "f":
        held = np.empty(value.array.size, dtype=object)
        held[:] = [sympy.Rational(float(x)) if np.isfinite(x) else None for x in value.array.flat]
        found = None if None in held.tolist() else held.reshape(value.array.shape)
    return found


def as_sizes(array: np.ndarray, dtype: str) -> Value:
    """The value of an array of sizes: a constant where all are known."""
    from converters.torch_to_tf.targets.keras_model.sizes import known, normal

    flat = [normal(size) for size in array.reshape(-1)]
    fractions = dtype.startswith(("float", "bfloat"))
    if all(known(size) or (fractions and size.is_Rational) for size in flat):
        wide = np.float64 if fractions else dtype
        numbers = [float(size) if fractions else size for size in flat]
        return Constant(np.array(numbers, dtype=wide).reshape(array.shape), dtype)
    held = np.empty(len(flat), dtype=object)
    held[:] = flat
    return Sizes(held.reshape(array.shape), dtype)


def axes_of(value: Value, rank: int) -> tuple[int, ...]:
    """The axes that a constant input names, counted from the front.

    Raises:
        UnsupportedVariantError: they are computed.
    """
    if not isinstance(value, Constant):
        raise UnsupportedVariantError("axes that are computed")
    return tuple(int(axis) % max(rank, 1) for axis in value.array.reshape(-1))


def cast(builder: Builder, value: Tensor, dtype: str) -> Tensor:
    """The tensor in another type."""
    if value.dtype == dtype:
        return value
    return builder.call(ops.cast, value, dtype, dims=value.dims)  # type: ignore[no-any-return]
