"""Complex numbers as pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.sizes import broadcast
from converters.torch_to_tf.targets.keras_model.translate import Call, real_type, translates
from converters.torch_to_tf.targets.keras_model.values import (
    Complex,
    Constant,
    Filled,
    Sizes,
    Tensor,
    Value,
    Weight,
)

Part = Tensor | Constant | Filled | Weight | Sizes


def as_complex(value: Value, dtype: str) -> Complex:
    """A value as a pair; what is real has zeros beside it."""
    if isinstance(value, Complex):
        return replace(value, dtype=dtype)
    if isinstance(value, Constant) and value.array.dtype.kind == "c":
        kind = real_type(dtype)
        real, imaginary = (np.asarray(p) for p in (value.array.real, value.array.imag))
        return Complex(Constant(real, kind), Constant(imaginary, kind), dtype)
    zero = Constant(np.zeros(()), real_type(dtype))
    return Complex(value, Filled(zero, tuple(value.dims)), dtype)


def _is_zero(part: Part) -> bool:
    return isinstance(part, Filled) and not part.value.array.any()


def _joined(builder: Builder, function: object, x: Part, y: Part) -> Part:
    dims = broadcast(x.dims, y.dims)
    if isinstance(x, Filled) and isinstance(y, Filled):
        x = builder.symbolic(x)
    return builder.call(function, x, y, dims=dims)  # type: ignore[arg-type, no-any-return]


def _product(builder: Builder, x: Part, y: Part) -> Part:
    if _is_zero(x) or _is_zero(y):
        zero = x if _is_zero(x) else y
        assert isinstance(zero, Filled)
        return Filled(zero.value, broadcast(x.dims, y.dims))
    return _joined(builder, ops.multiply, x, y)


def _sum(builder: Builder, x: Part, y: Part) -> Part:
    for one, other in ((x, y), (y, x)):
        if _is_zero(one) and tuple(other.dims) == broadcast(x.dims, y.dims):
            return other
    return _joined(builder, ops.add, x, y)


def _negated(builder: Builder, x: Part) -> Part:
    if _is_zero(x):
        return x
    return builder.call(ops.negative, x, dims=x.dims)  # type: ignore[no-any-return]


def complex_binary(call: Call, x: Value, y: Value) -> Value:
    """Sums, differences, products, and quotients by real numbers."""
    kind, builder = call.operation.type, call.builder
    a, b = as_complex(x, call.dtype), as_complex(y, call.dtype)
    if kind in ("AddV2", "Add"):
        parts = (_sum(builder, a.real, b.real), _sum(builder, a.imaginary, b.imaginary))
    elif kind == "Sub":
        parts = (
            _sum(builder, a.real, _negated(builder, b.real)),
            _sum(builder, a.imaginary, _negated(builder, b.imaginary)),
        )
    elif kind == "Mul":
        crossed = _negated(builder, _product(builder, a.imaginary, b.imaginary))
        parts = (
            _sum(builder, _product(builder, a.real, b.real), crossed),
            _sum(
                builder,
                _product(builder, a.real, b.imaginary),
                _product(builder, a.imaginary, b.real),
            ),
        )
    elif kind == "RealDiv" and _is_zero(b.imaginary):
        parts = (
            _joined(builder, ops.divide, a.real, b.real),
            _joined(builder, ops.divide, a.imaginary, b.real),
        )
    else:
        raise UnsupportedVariantError(f"{kind} of complex numbers")
    return Complex(*parts, call.dtype)


def complex_unary(call: Call, x: Complex) -> Value:
    """Negation; squares."""
    kind, builder = call.operation.type, call.builder
    if kind == "Neg":
        return Complex(_negated(builder, x.real), _negated(builder, x.imaginary), x.dtype)
    if kind == "Square":
        return complex_binary_square(call, x)
    if kind == "StopGradient":
        real, imaginary = (
            builder.call(ops.stop_gradient, p, dims=x.dims) for p in (x.real, x.imaginary)
        )
        return Complex(real, imaginary, x.dtype)
    raise UnsupportedVariantError(f"{kind} of complex numbers")


def complex_binary_square(call: Call, x: Complex) -> Value:
    """The square."""
    builder = call.builder
    crossed = _negated(builder, _product(builder, x.imaginary, x.imaginary))
    double = _product(builder, x.real, x.imaginary)
    return Complex(
        _sum(builder, _product(builder, x.real, x.real), crossed),
        _sum(builder, double, double),
        x.dtype,
    )


@translates("Complex")
def make_complex(call: Call, real: Value, imaginary: Value) -> Value:
    """From real and imaginary parts."""
    dims = broadcast(real.dims, imaginary.dims)
    parts = [
        part if tuple(part.dims) == dims else call.builder.spread(part, dims)
        for part in (real, imaginary)
    ]
    return Complex(parts[0], parts[1], call.dtype)  # type: ignore[arg-type]


@translates("Conj")
def conjugate(call: Call, x: Value) -> Value:
    """The conjugate."""
    pair = as_complex(x, call.dtype)
    return Complex(pair.real, _negated(call.builder, pair.imaginary), pair.dtype)


@translates("Real", "Imag")
def part(call: Call, x: Value) -> Value:
    """The real or the imaginary part."""
    if isinstance(x, Tensor):
        function = ops.real if call.operation.type == "Real" else ops.imag
        return call.builder.call(function, x, dims=x.dims, dtype=call.dtype)
    pair = as_complex(x, call.dtype)
    return pair.real if call.operation.type == "Real" else pair.imaginary


@translates("ComplexAbs")
def modulus(call: Call, x: Value) -> Value:
    """The modulus."""
    pair = as_complex(x, x.dtype)
    return _joined(call.builder, ops.hypot, pair.real, pair.imaginary)


@translates("Angle")
def angle(call: Call, x: Value) -> Value:
    """The phase."""
    pair = as_complex(x, x.dtype)
    return _joined(call.builder, ops.arctan2, pair.imaginary, pair.real)
