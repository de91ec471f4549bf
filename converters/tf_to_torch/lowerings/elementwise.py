"""Elementary functions of one operand, and rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from converters.layout import ANY
from converters.tf_to_torch.lowerings import Operand, Tensor, lower

Unary = Callable[[Tensor], Tensor]


def _sign(x: Tensor) -> Tensor:
    return torch.sgn(x)


def _register(op: str, function: Unary, summary: str) -> None:
    def lowering(x: Tensor) -> Tensor:
        return function(x)

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = summary
    lower(op, layout=ANY)(lowering)


for _op, _function, _summary in (
    ("tf.Neg", torch.neg, "``-x``."),
    ("tf.Abs", torch.abs, "The size."),
    ("tf.Sign", _sign, "-1, 0 or 1."),
    ("tf.Square", lambda x: x * x, "``x ** 2``."),
    ("tf.Sqrt", torch.sqrt, "Square root; NaN below zero."),
    ("tf.Rsqrt", torch.rsqrt, "Reciprocal of the square root."),
    ("tf.Reciprocal", torch.reciprocal, "``1 / x``."),
    ("tf.Inv", torch.reciprocal, "``1 / x``."),
    ("tf.Exp", torch.exp, "``e ** x``."),
    ("tf.Expm1", torch.expm1, "``e ** x - 1``, exact near zero."),
    ("tf.Log", torch.log, "Natural logarithm."),
    ("tf.Log1p", torch.log1p, "``log(1 + x)``, exact near zero."),
    ("tf.Sin", torch.sin, "Sine."),
    ("tf.Cos", torch.cos, "Cosine."),
    ("tf.Tan", torch.tan, "Tangent."),
    ("tf.Asin", torch.asin, "Inverse sine."),
    ("tf.Acos", torch.acos, "Inverse cosine."),
    ("tf.Atan", torch.atan, "Inverse tangent."),
    ("tf.Sinh", torch.sinh, "Hyperbolic sine."),
    ("tf.Cosh", torch.cosh, "Hyperbolic cosine."),
    ("tf.Tanh", torch.tanh, "Hyperbolic tangent."),
    ("tf.Asinh", torch.asinh, "Inverse hyperbolic sine."),
    ("tf.Acosh", torch.acosh, "Inverse hyperbolic cosine."),
    ("tf.Atanh", torch.atanh, "Inverse hyperbolic tangent."),
    ("tf.Sigmoid", torch.sigmoid, "``1 / (1 + e ** -x)``."),
    ("tf.Erf", torch.erf, "The error function."),
    ("tf.Erfc", torch.erfc, "One minus the error function."),
    ("tf.Erfinv", torch.erfinv, "The inverse of the error function."),
    ("tf.Ndtri", torch.special.ndtri, "The quantile function of the normal distribution."),
    ("tf.Lgamma", torch.lgamma, "The logarithm of the size of the gamma function."),
    ("tf.Digamma", torch.digamma, "The derivative of that logarithm."),
    ("tf.Floor", torch.floor, "Rounded down."),
    ("tf.Ceil", torch.ceil, "Rounded up."),
    ("tf.Round", torch.round, "Rounded, a half to the even neighbour."),
    ("tf.Rint", torch.round, "Rounded, a half to the even neighbour."),
    ("tf.IsNan", torch.isnan, "Whether it is not a number."),
    ("tf.IsInf", torch.isinf, "Whether it is infinite."),
    ("tf.IsFinite", torch.isfinite, "Whether it is neither infinite nor not a number."),
    ("tf.Invert", torch.bitwise_not, "Every bit turned round."),
    ("tf.BesselI0e", torch.special.i0e, "The scaled modified Bessel function of order 0."),
    ("tf.BesselI1e", torch.special.i1e, "The scaled modified Bessel function of order 1."),
):
    _register(_op, _function, _summary)


@lower("tf.LogicalNot", layout=ANY)
def logical_not(x: Tensor) -> Tensor:
    """True where x is false. Shapes: x (...) -> (...). Dtypes: bool."""
    return torch.logical_not(x)


@lower("tf.StopGradient", layout=ANY)
def stop_gradient(input: Tensor) -> Tensor:
    """The same numbers without a gradient. Shapes: input (...) -> (...). Dtypes: all."""
    return input.detach()


@lower("tf.Cast", layout=ANY)
def cast(x: Tensor, DstT: torch.dtype, Truncate: bool = False) -> Tensor:
    """Another element type; floats become integers by cutting off.

    Shapes: x (...) -> (...). Dtypes: all.
    """
    if x.is_complex() and not DstT.is_complex:
        x = x.real
    return x.to(DstT)


@lower("tf.ClipByValue", layout=ANY)
def clip_by_value(t: Tensor, clip_value_min: Operand, clip_value_max: Operand) -> Tensor:
    """Bounded on both sides. Shapes: broadcast. Dtypes: all real."""
    return torch.clamp(t, clip_value_min, clip_value_max)  # type: ignore[arg-type]


@lower("tf.Complex", layout=ANY)
def complex_(real: Tensor, imag: Tensor, Tout: torch.dtype) -> Tensor:
    """A complex number of its parts. Shapes: broadcast. Dtypes: float32, float64."""
    broadcast: Any = torch.broadcast_tensors
    return torch.complex(*broadcast(real, imag))


@lower("tf.Real", layout=ANY)
def real(input: Tensor, Tout: torch.dtype) -> Tensor:
    """The real part. Shapes: input (...) -> (...). Dtypes: complex."""
    return input.real if input.is_complex() else input


@lower("tf.Imag", layout=ANY)
def imag(input: Tensor, Tout: torch.dtype) -> Tensor:
    """The imaginary part. Shapes: input (...) -> (...). Dtypes: complex."""
    return input.imag if input.is_complex() else torch.zeros_like(input)


@lower("tf.Conj", layout=ANY)
def conj(input: Tensor) -> Tensor:
    """The conjugate. Shapes: input (...) -> (...). Dtypes: all."""
    return torch.conj(input).resolve_conj()


@lower("tf.ComplexAbs", layout=ANY)
def complex_abs(x: Tensor, Tout: torch.dtype) -> Tensor:
    """The size. Shapes: x (...) -> (...). Dtypes: complex."""
    return torch.abs(x)


@lower("tf.Angle", layout=ANY)
def angle(input: Tensor, Tout: torch.dtype) -> Tensor:
    """The angle. Shapes: input (...) -> (...). Dtypes: complex."""
    return (
        torch.where(input == 0, torch.zeros((), dtype=input.dtype).real, torch.angle(input))
        if input.is_complex()
        else torch.where(input < 0, math.pi, 0.0).to(input.dtype)
    )
