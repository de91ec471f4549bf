"""Complex numbers as pairs of real tensors, for TFLite has hardly a kernel for them.

A Fourier transform becomes a product with its matrix: its rounding errors grow with the length
where those of a fast transform grow with the logarithm, and so does its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from converters.errors import OutputError
from converters.torch_to_tf.targets.tflite_graph import Place

Pair: TypeAlias = tuple[str, str]
"""The edges of a real and of an imaginary part."""


def without_complex(graph_def: Any) -> Any:
    """An equal GraphDef in which no operation of the main graph takes or gives complex numbers.

    What yields a real result keeps its name; what yields a complex one has no node of its own any
    more. A graph without complex numbers is returned as it is.

    Args:
        graph_def: of a frozen graph; its inputs and outputs are real.

    Raises:
        OutputError: an operation of complex numbers has no such form here.
    """
    graph = tf.Graph()
    with graph.as_default():
        tf.graph_util.import_graph_def(graph_def, name="")
    concerned = [op for op in graph.get_operations() if _is_complex(*op.inputs, *op.outputs)]
    if not concerned:
        return graph_def
    if unknown := sorted({op.type for op in concerned} - set(_RULES)):
        raise OutputError(
            f"{', '.join(unknown)} of complex numbers can't be written as .tflite. Compute with "
            "real and imaginary parts, or write a SavedModel or a .pb."
        )
    result = type(graph_def)()
    result.CopyFrom(graph_def)
    gone = {op.name for op in concerned}
    kept = [node for node in result.node if node.name not in gone]
    del result.node[:]
    result.node.extend(kept)
    parts = _Parts(Place(result.node, inside=False))
    for op in concerned:
        _RULES[op.type](parts, op)
    return result


def _is_complex(*tensors: tf.Tensor) -> bool:
    return any(tensor.dtype.is_complex for tensor in tensors)


class _Parts:
    """The graph that is being written, and the parts of each complex tensor in it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.pairs: dict[str, Pair] = {}

    def of(self, tensor: tf.Tensor) -> Pair:
        return self.pairs[tensor.name]

    def call(self, name: str, op: str, *inputs: str, kind: tf.DType, **types: tf.DType) -> str:
        """A node with one result."""
        attributes = {"T": kind} | types
        numbers = {key: value.as_datatype_enum for key, value in attributes.items()}
        return str(self.place.add(name, op, list(inputs), **numbers).name)

    def constant(self, name: str, value: np.ndarray, kind: tf.DType) -> str:
        return self.place.constant(name, np.asarray(value, kind.as_numpy_dtype))

    def product(self, name: str, x: str, matrix: np.ndarray, rank: int, kind: tf.DType) -> str:
        """``x`` times a matrix, along its last axis."""
        weight = self.constant(f"{name}/matrix", matrix, kind)
        if rank > 1:
            return self.call(name, "BatchMatMulV2", x, weight, kind=kind)
        axis = self.constant(f"{name}/axis", np.array(0), tf.int32)
        row = self.call(f"{name}/row", "ExpandDims", x, axis, kind=kind, Tdim=tf.int32)
        wide = self.call(f"{name}/wide", "MatMul", row, weight, kind=kind)
        shape = self.constant(f"{name}/shape", np.array([-1]), tf.int32)
        return self.call(name, "Reshape", wide, shape, kind=kind, Tshape=tf.int32)


Rule: TypeAlias = Callable[[_Parts, tf.Operation], None]


def _real(op: tf.Operation) -> tf.DType:
    """The type of the parts."""
    tensors = (*op.inputs, *op.outputs)
    return next(t.dtype.real_dtype for t in tensors if t.dtype.is_complex)


def _edge(tensor: tf.Tensor) -> str:
    return str(tensor.name).removesuffix(":0")


def _each(parts: _Parts, op: tf.Operation) -> None:
    """What does the same to both parts: moves, sums, differences."""
    kinds = {tf.complex64.as_datatype_enum, tf.complex128.as_datatype_enum}
    names = []
    for which, suffix in enumerate(("real", "imaginary")):
        node = parts.place.nodes.add()
        node.CopyFrom(op.node_def)
        node.name = f"{op.name}/{suffix}"
        node.ClearField("input")
        node.input.extend(parts.of(t)[which] if t.dtype.is_complex else _edge(t) for t in op.inputs)
        for attribute in node.attr.values():
            if attribute.WhichOneof("value") == "type" and attribute.type in kinds:
                attribute.type = _real(op).as_datatype_enum
        names.append(node.name)
    for place, output in enumerate(op.outputs):
        tail = f":{place}" if place else ""
        parts.pairs[output.name] = (names[0] + tail, names[1] + tail)


def _constant(parts: _Parts, op: tf.Operation) -> None:
    value, kind = tf.make_ndarray(op.get_attr("value")), _real(op)
    parts.pairs[op.outputs[0].name] = (
        parts.constant(f"{op.name}/real", value.real, kind),
        parts.constant(f"{op.name}/imaginary", value.imag, kind),
    )


def _joined(parts: _Parts, op: tf.Operation) -> None:
    real, imaginary = map(_edge, op.inputs)
    parts.pairs[op.outputs[0].name] = (real, imaginary)


def _cast(parts: _Parts, op: tf.Operation) -> None:
    (x,), (y,), kind = op.inputs, op.outputs, _real(op)
    if not y.dtype.is_complex:
        types = {"SrcT": kind, "DstT": y.dtype}
        parts.call(op.name, "Cast", parts.of(x)[0], kind=kind, **types)
    elif x.dtype.is_complex:
        _each(parts, op)
    else:
        types = {"SrcT": x.dtype, "DstT": kind}
        real = parts.call(f"{op.name}/real", "Cast", _edge(x), kind=kind, **types)
        zeros = parts.call(f"{op.name}/imaginary", "ZerosLike", real, kind=kind)
        parts.pairs[y.name] = (real, zeros)


def _handed_on(parts: _Parts, op: tf.Operation) -> None:
    """Several tensors, real ones among them: the imaginary parts go past the node."""
    first = [parts.of(x)[0] if x.dtype.is_complex else _edge(x) for x in op.inputs]
    node = parts.place.add(op.name, op.type, first)
    node.attr["T"].list.type.extend(x.dtype.real_dtype.as_datatype_enum for x in op.inputs)
    for place, (x, y) in enumerate(zip(op.inputs, op.outputs, strict=True)):
        if x.dtype.is_complex:
            parts.pairs[y.name] = (f"{op.name}:{place}", parts.of(x)[1])


def _conjugate(parts: _Parts, op: tf.Operation) -> None:
    real, imaginary = parts.of(op.inputs[0])
    negative = parts.call(f"{op.name}/imaginary", "Neg", imaginary, kind=_real(op))
    parts.pairs[op.outputs[0].name] = (real, negative)


def _multiplied(parts: _Parts, op: tf.Operation) -> None:
    """(a + bi)(c + di), elementwise or as matrices."""
    (a, b), (c, d) = (parts.of(x) for x in (op.inputs[0], op.inputs[-1]))
    multiply, name, kind = "Mul" if op.type == "Square" else op.type, op.name, _real(op)
    ac, bd, ad, bc = (
        parts.call(f"{name}/{which}", multiply, x, y, kind=kind)
        for which, x, y in (("ac", a, c), ("bd", b, d), ("ad", a, d), ("bc", b, c))
    )
    parts.pairs[op.outputs[0].name] = (
        parts.call(f"{name}/real", "Sub", ac, bd, kind=kind),
        parts.call(f"{name}/imaginary", "AddV2", ad, bc, kind=kind),
    )


def _divided(parts: _Parts, op: tf.Operation) -> None:
    """(a + bi) / (c + di), the divisor scaled so that its square can't overflow."""
    (a, b), (c, d) = map(parts.of, op.inputs)
    name, kind = op.name, _real(op)

    def call(what: str, kernel: str, *inputs: str) -> str:
        return parts.call(f"{name}/{what}", kernel, *inputs, kind=kind)

    largest = call("largest", "Maximum", call("abs_c", "Abs", c), call("abs_d", "Abs", d))
    c1, d1 = call("c", "RealDiv", c, largest), call("d", "RealDiv", d, largest)
    norm = call("norm", "AddV2", call("cc", "Mul", c, c1), call("dd", "Mul", d, d1))
    above = call("above_r", "AddV2", call("ac", "Mul", a, c1), call("bd", "Mul", b, d1))
    beside = call("above_i", "Sub", call("bc", "Mul", b, c1), call("ad", "Mul", a, d1))
    parts.pairs[op.outputs[0].name] = (
        call("real", "RealDiv", above, norm),
        call("imaginary", "RealDiv", beside, norm),
    )


def _part(parts: _Parts, op: tf.Operation) -> None:
    edge = parts.of(op.inputs[0])[op.type == "Imag"]
    parts.call(op.name, "Identity", edge, kind=_real(op))


def _modulus(parts: _Parts, op: tf.Operation) -> None:
    """The larger part times sqrt(1 + the square of their ratio), so that nothing overflows."""
    real, imaginary = parts.of(op.inputs[0])
    kind = _real(op)

    def call(what: str, kernel: str, *inputs: str) -> str:
        return parts.call(f"{op.name}/{what}", kernel, *inputs, kind=kind)

    a, b = call("abs_real", "Abs", real), call("abs_imaginary", "Abs", imaginary)
    larger, smaller = call("larger", "Maximum", a, b), call("smaller", "Minimum", a, b)
    tiny = parts.constant(f"{op.name}/tiny", np.finfo(kind.as_numpy_dtype).tiny, kind)
    ratio = call("ratio", "RealDiv", smaller, call("divisor", "Maximum", larger, tiny))
    one = parts.constant(f"{op.name}/one", np.array(1), kind)
    square = call("square", "AddV2", call("ratio_2", "Mul", ratio, ratio), one)
    parts.call(op.name, "Mul", larger, call("root", "Sqrt", square), kind=kind)


def _angle(parts: _Parts, op: tf.Operation) -> None:
    real, imaginary = parts.of(op.inputs[0])
    parts.call(op.name, "Atan2", imaginary, real, kind=_real(op))


def _rfft(parts: _Parts, op: tf.Operation) -> None:
    """A cosine and a sine for each coefficient; elements behind the length count as 0."""
    x, length = op.inputs
    n, given = _length(op, length), _size(op, x)
    angles = _angles(n, n // 2 + 1)
    rows = np.zeros((max(given - n, 0), n // 2 + 1))
    kind, rank = _real(op), x.shape.rank
    parts.pairs[op.outputs[0].name] = (
        parts.product(
            f"{op.name}/real", _edge(x), np.vstack([np.cos(angles), rows])[:given], rank, kind
        ),
        parts.product(
            f"{op.name}/imaginary", _edge(x), np.vstack([-np.sin(angles), rows])[:given], rank, kind
        ),
    )


def _irfft(parts: _Parts, op: tf.Operation) -> None:
    """Every coefficient but the first and, of an even length, the last stands for two."""
    x, length = op.inputs
    n, given = _length(op, length), _size(op, x)
    count = n // 2 + 1
    twice = np.full((count, 1), 2.0)
    twice[0] = 1
    twice[n // 2] = 2 - (n % 2 == 0) if n > 1 else 1
    angles, rows = _angles(count, n, n), np.zeros((max(given - count, 0), n))
    kind, rank, name = _real(op), x.shape.rank, op.name
    real, imaginary = parts.of(x)
    cosines = np.vstack([twice * np.cos(angles) / n, rows])[:given]
    sines = np.vstack([-twice * np.sin(angles) / n, rows])[:given]
    even = parts.product(f"{name}/even", real, cosines, rank, kind)
    odd = parts.product(f"{name}/odd", imaginary, sines, rank, kind)
    parts.call(name, "AddV2", even, odd, kind=kind)


def _fft(parts: _Parts, op: tf.Operation) -> None:
    (x,), name, kind = op.inputs, op.name, _real(op)
    n = _size(op, x)
    angles = _angles(n, n)
    sign, scale = (-1, 1.0) if op.type == "FFT" else (1, 1.0 / n)
    cosines, sines = np.cos(angles) * scale, sign * np.sin(angles) * scale
    a, b = parts.of(x)
    rank = x.shape.rank
    ac, bs, sa, cb = (
        parts.product(f"{name}/{which}", part, matrix, rank, kind)
        for which, part, matrix in (
            ("ac", a, cosines),
            ("bs", b, sines),
            ("as", a, sines),
            ("bc", b, cosines),
        )
    )
    parts.pairs[op.outputs[0].name] = (
        parts.call(f"{name}/real", "Sub", ac, bs, kind=kind),
        parts.call(f"{name}/imaginary", "AddV2", sa, cb, kind=kind),
    )


def _angles(rows: int, columns: int, period: int | None = None) -> np.ndarray:
    """2 pi j k / n, the product taken modulo n so that nothing is lost at great lengths."""
    n = period or rows
    turns = np.outer(np.arange(rows), np.arange(columns)) % n
    return np.asarray(2 * np.pi * turns / n)


def _length(op: tf.Operation, tensor: tf.Tensor) -> int:
    """The length of a transform, which the graph has to know."""
    known = tf.get_static_value(tensor)
    return _fixed(op, None if known is None else int(known.ravel()[0]))


def _size(op: tf.Operation, x: tf.Tensor) -> int:
    return _fixed(op, x.shape[-1])


def _fixed(op: tf.Operation, size: int | None) -> int:
    if size is None:
        raise OutputError(
            f"{op.type} along an open dimension can't be written as .tflite, which has no kernel "
            "for it. Fix that dimension, or write a SavedModel or a .pb."
        )
    return size


_SAME_TO_BOTH = (
    "Identity StopGradient Snapshot EnsureShape Reshape Transpose ExpandDims Squeeze StridedSlice "
    "Slice Pad PadV2 ConcatV2 Pack Unpack Split SplitV GatherV2 GatherNd Tile BroadcastTo "
    "ReverseV2 SelectV2 ZerosLike Add AddV2 AddN Sub Neg Sum Mean Cumsum"
).split()

_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME_TO_BOTH, _each),
    **dict.fromkeys(("Mul", "Square", "MatMul", "BatchMatMulV2"), _multiplied),
    **dict.fromkeys(("Real", "Imag"), _part),
    **dict.fromkeys(("FFT", "IFFT"), _fft),
    "Const": _constant,
    "Complex": _joined,
    "Cast": _cast,
    "IdentityN": _handed_on,
    "Conj": _conjugate,
    "RealDiv": _divided,
    "ComplexAbs": _modulus,
    "Angle": _angle,
    "RFFT": _rfft,
    "IRFFT": _irfft,
}
