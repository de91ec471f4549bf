"""What is computed element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from keras import ops

from converters.torch_to_tf.targets.keras_model.sizes import broadcast, normal
from converters.torch_to_tf.targets.keras_model.translate import (
    Call,
    as_sizes,
    symbolic_numbers,
    translates,
)
from converters.torch_to_tf.targets.keras_model.translations.complexes import (
    as_complex,
    complex_binary,
    complex_unary,
)
from converters.torch_to_tf.targets.keras_model.values import (
    Complex,
    Constant,
    Filled,
    Sizes,
    Tensor,
    Value,
)

_UNARY: dict[str, Callable[..., Any]] = {
    "Abs": ops.absolute,
    "Acos": ops.arccos,
    "Acosh": ops.arccosh,
    "Asin": ops.arcsin,
    "Asinh": ops.arcsinh,
    "Atan": ops.arctan,
    "Atanh": ops.arctanh,
    "Ceil": ops.ceil,
    "Cos": ops.cos,
    "Cosh": ops.cosh,
    "Elu": ops.elu,
    "Erf": ops.erf,
    "Erfinv": ops.erfinv,
    "Exp": ops.exp,
    "Expm1": ops.expm1,
    "Floor": ops.floor,
    "Inv": ops.reciprocal,
    "Invert": ops.bitwise_not,
    "IsFinite": ops.isfinite,
    "IsInf": ops.isinf,
    "IsNan": ops.isnan,
    "Log": ops.log,
    "Log1p": ops.log1p,
    "LogicalNot": ops.logical_not,
    "Neg": ops.negative,
    "Reciprocal": ops.reciprocal,
    "Relu": ops.relu,
    "Relu6": ops.relu6,
    "Rint": ops.round,
    "Round": ops.round,
    "Rsqrt": ops.rsqrt,
    "Selu": ops.selu,
    "Sigmoid": ops.sigmoid,
    "Sign": ops.sign,
    "Sin": ops.sin,
    "Sinh": ops.sinh,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Sqrt": ops.sqrt,
    "Square": ops.square,
    "StopGradient": ops.stop_gradient,
    "Tan": ops.tan,
    "Tanh": ops.tanh,
    "ZerosLike": ops.zeros_like,
    "OnesLike": ops.ones_like,
}
_BINARY: dict[str, Callable[..., Any]] = {
    "Add": ops.add,
    "AddV2": ops.add,
    "Atan2": ops.arctan2,
    "BiasAdd": ops.add,
    "BitwiseAnd": ops.bitwise_and,
    "BitwiseOr": ops.bitwise_or,
    "BitwiseXor": ops.bitwise_xor,
    "DivNoNan": ops.divide_no_nan,
    "Equal": ops.equal,
    "FloorDiv": ops.floor_divide,
    "FloorMod": ops.mod,
    "Greater": ops.greater,
    "GreaterEqual": ops.greater_equal,
    "LeftShift": ops.left_shift,
    "Less": ops.less,
    "LessEqual": ops.less_equal,
    "LogicalAnd": ops.logical_and,
    "LogicalOr": ops.logical_or,
    "Maximum": ops.maximum,
    "Minimum": ops.minimum,
    "Mul": ops.multiply,
    "NextAfter": ops.nextafter,
    "NotEqual": ops.not_equal,
    "Pow": ops.power,
    "RealDiv": ops.divide,
    "RightShift": ops.right_shift,
    "Sub": ops.subtract,
}
_ON_SIZES: dict[str, Callable[[Any, Any], Any]] = {
    "AddV2": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "FloorDiv": lambda a, b: sympy.floor(sympy.sympify(a) / b),
    "FloorMod": lambda a, b: sympy.sympify(a) - b * sympy.floor(sympy.sympify(a) / b),
    "Maximum": sympy.Max,
    "Minimum": sympy.Min,
}
_COMPARED: dict[str, Callable[[int], bool]] = {
    "Equal": lambda gap: gap == 0,
    "NotEqual": lambda gap: gap != 0,
    "Less": lambda gap: gap < 0,
    "LessEqual": lambda gap: gap <= 0,
    "Greater": lambda gap: gap > 0,
    "GreaterEqual": lambda gap: gap >= 0,
}
_MANTISSA = ("float16", "bfloat16", "float32", "float64")


@translates(*_UNARY)
def unary(call: Call, x: Value) -> Value:
    """One operand."""
    kind = call.operation.type
    if isinstance(x, Complex):
        return complex_unary(call, x)
    if kind == "Neg" and isinstance(x, Sizes):
        return as_sizes(-x.array, x.dtype)
    if kind == "StopGradient" and not isinstance(x, Tensor):
        return x
    if kind in ("ZerosLike", "OnesLike"):
        number = np.asarray(kind == "OnesLike", np.float64 if call.dtype in _MANTISSA else bool)
        if number.dtype == bool and call.dtype != "bool":
            number = number.astype(call.dtype)
        return Filled(Constant(number, call.dtype), x.dims)
    return call.builder.call(_UNARY[kind], x, dims=x.dims, dtype=call.dtype)


@translates(*_BINARY)
def binary(call: Call, x: Value, y: Value) -> Value:
    """Two operands, broadcast."""
    kind = call.operation.type
    if isinstance(x, Complex) or isinstance(y, Complex):
        return complex_binary(call, x, y)
    if isinstance(x, Sizes) or isinstance(y, Sizes):
        found = _on_sizes(kind, x, y)
        if found is not None:
            return found
    dims = broadcast(x.dims, y.dims)
    if isinstance(x, Filled) and isinstance(y, Filled | Constant):
        x = call.builder.symbolic(x)
    x, y = _thin(x, y, dims), _thin(y, x, dims)
    if isinstance(x, Constant) and isinstance(y, Constant):
        x = call.builder.symbolic(x)
    return call.builder.call(_BINARY[kind], x, y, dims=dims, dtype=call.dtype)


def _thin(value: Value, other: Value, dims: tuple[Any, ...]) -> Value:
    """A filled operand as a number, where the other one has the result's shape."""
    return value.value if isinstance(value, Filled) and tuple(other.dims) == dims else value


def _on_sizes(kind: str, x: Value, y: Value) -> Value | None:
    one, other = symbolic_numbers(x), symbolic_numbers(y)
    if one is None or other is None:
        return None
    pairs = np.broadcast(one, other)
    if kind in ("RealDiv", "DivNoNan") and not any(normal(b) == 0 for b in other.flat):
        held = np.empty(pairs.size, dtype=object)
        held[:] = [sympy.cancel(sympy.sympify(a) / b) for a, b in pairs]
        return as_sizes(held.reshape(pairs.shape), x.dtype)
    if kind in _ON_SIZES:
        held = np.empty(pairs.size, dtype=object)
        held[:] = [_ON_SIZES[kind](a, b) for a, b in pairs]
        return as_sizes(held.reshape(pairs.shape), x.dtype)
    if kind in _COMPARED:
        gaps = [sympy.expand(sympy.sympify(a) - b) for a, b in pairs]
        decided = [_decided(kind, gap) for gap in gaps]
        if None not in decided:
            return Constant(np.array(decided, bool).reshape(pairs.shape), "bool")
    return None


def _decided(kind: str, gap: Any) -> bool | None:
    """Whether a comparison holds whatever the open sizes are; None where it depends on them."""
    if gap.is_Integer:
        return _COMPARED[kind](int(gap))
    signs = {1: gap.is_positive, -1: gap.is_negative}
    for sign, holds in signs.items():
        if holds:
            return _COMPARED[kind](sign)
    return None


@translates("LogicalXor")
def logical_xor(call: Call, x: Value, y: Value) -> Value:
    """Exclusive or."""
    return call.builder.call(ops.logical_xor, x, y, dims=broadcast(x.dims, y.dims))


@translates("SquaredDifference")
def squared_difference(call: Call, x: Value, y: Value) -> Value:
    """``(x - y)**2``."""
    dims = broadcast(x.dims, y.dims)
    return call.builder.call(
        ops.square, call.builder.call(ops.subtract, x, y, dims=dims), dims=dims
    )


@translates("Erfc")
def erfc(call: Call, x: Value) -> Value:
    """The complement of the error function, without cancellation."""
    return call.builder.call(ops.erfc, x, dims=x.dims)


@translates("Xlogy", "Xdivy", "MulNoNan", "Xlog1py")
def zero_wins(call: Call, x: Value, y: Value) -> Value:
    """``x log y``, ``x / y``, ``x y`` and ``x log(1 + y)`` that are 0 where the zero stands."""
    builder, kind = call.builder, call.operation.type
    dims = broadcast(x.dims, y.dims)
    if kind == "MulNoNan":
        zero, safe = builder.call(ops.equal, y, 0, dims=y.dims), x
        value = builder.call(ops.multiply, safe, y, dims=dims)
    else:
        zero = builder.call(ops.equal, x, 0, dims=x.dims)
        one = builder.call(ops.where, zero, 1.0, y, dims=dims)
        if kind == "Xdivy":
            value = builder.call(ops.divide, x, one, dims=dims)
        else:
            log = ops.log if kind == "Xlogy" else ops.log1p
            value = builder.call(ops.multiply, x, builder.call(log, one, dims=dims), dims=dims)
    return builder.call(ops.where, zero, 0.0, value, dims=dims, dtype=call.dtype)


@translates("LeakyRelu")
def leaky_relu(call: Call, x: Value) -> Value:
    """A slope for negative numbers."""
    slope = float(call.attribute("alpha"))
    return call.builder.call(ops.leaky_relu, x, negative_slope=slope, dims=x.dims)


@translates("Cast")
def cast(call: Call, x: Value) -> Value:
    """Another element type."""
    if isinstance(x, Sizes) and call.dtype in ("int32", "int64", *_MANTISSA):
        return Sizes(x.array, call.dtype)
    if call.dtype.startswith("complex"):
        return as_complex(x, call.dtype)
    if isinstance(x, Filled):
        wide = np.float64 if call.dtype in _MANTISSA else call.dtype
        return Filled(Constant(x.value.array.astype(wide), call.dtype), x.dims)
    if x.dtype == call.dtype:
        return x
    return call.builder.call(ops.cast, x, call.dtype, dims=x.dims)


@translates("SelectV2", "Select")
def select(call: Call, condition: Value, x: Value, y: Value) -> Value:
    """One or the other, by a condition."""
    if isinstance(condition, Constant) and condition.array.ndim == 0:
        chosen = x if bool(condition.array) else y
        if tuple(chosen.dims) == broadcast(x.dims, y.dims):
            return chosen
    dims = broadcast(condition.dims, x.dims, y.dims)
    if not isinstance(condition, Tensor):
        condition = call.builder.symbolic(condition)
    x = x.value if isinstance(x, Filled) and _covers(dims, condition, y) else x
    y = y.value if isinstance(y, Filled) and _covers(dims, condition, x) else y
    if isinstance(x, Constant) and isinstance(y, Constant):
        x = call.builder.symbolic(x)
    return call.builder.call(ops.where, condition, x, y, dims=dims, dtype=call.dtype)


def _covers(dims: tuple[Any, ...], *others: Value) -> bool:
    return broadcast(*(other.dims for other in others)) == dims


@translates("ClipByValue")
def clip_by_value(call: Call, x: Value, low: Value, high: Value) -> Value:
    """Limits on both sides."""
    builder = call.builder
    below = builder.call(ops.minimum, x, high, dims=x.dims)
    return builder.call(ops.maximum, below, low, dims=x.dims, dtype=call.dtype)


@translates("LogSoftmax", "Softmax")
def softmax(call: Call, x: Value) -> Value:
    """Over the last axis."""
    function = ops.softmax if call.operation.type == "Softmax" else ops.log_softmax
    return call.builder.call(function, x, axis=-1, dims=x.dims)


@translates("AddN")
def add_n(call: Call, *xs: Value) -> Value:
    """A sum of tensors of one shape."""
    total = xs[0]
    for x in xs[1:]:
        total = call.builder.call(ops.add, total, x, dims=x.dims)
    return total
