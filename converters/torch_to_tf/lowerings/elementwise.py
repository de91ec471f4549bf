"""Elementary functions of one operand, and rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.arithmetic import sign_bit, truncated
from converters.torch_to_tf.promotion import Number, cast, computed

Unary = Callable[[tf.Tensor], tf.Tensor]


def _float_function(op: str, function: Unary, summary: str) -> None:
    """Register a function that computes integers and bools in the default floating-point type."""

    def lowering(x: tf.Tensor) -> tf.Tensor:
        return computed(function, x, floats=True)

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"{summary} Integers and bools are computed as floats."
    lower(op, layout=ANY)(lowering)


def _exp2(x: tf.Tensor) -> tf.Tensor:
    return tf.pow(cast(2, x.dtype), x)


def _log2(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) / math.log(2)


def _log10(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) / math.log(10)


def _erf(x: tf.Tensor) -> tf.Tensor:
    """TensorFlow 2.21's vectorised kernel gives NaN at minus infinity."""
    endless = tf.math.is_inf(x)
    return tf.where(endless, tf.sign(x), tf.math.erf(tf.where(endless, tf.zeros_like(x), x)))


for _op, _function, _summary in (
    ("aten.sqrt.default", tf.sqrt, "Square root; NaN below zero."),
    ("aten.rsqrt.default", tf.math.rsqrt, "Reciprocal of the square root."),
    ("aten.reciprocal.default", tf.math.reciprocal, "``1 / x``."),
    ("aten.exp.default", tf.exp, "``e ** x``."),
    ("aten.exp2.default", _exp2, "``2 ** x``."),
    ("aten.expm1.default", tf.math.expm1, "``e ** x - 1``, exact near zero."),
    ("aten.log.default", tf.math.log, "Natural logarithm."),
    ("aten.log1p.default", tf.math.log1p, "``log(1 + x)``, exact near zero."),
    ("aten.log2.default", _log2, "Logarithm to base 2."),
    ("aten.log10.default", _log10, "Logarithm to base 10."),
    ("aten.sin.default", tf.sin, "Sine."),
    ("aten.cos.default", tf.cos, "Cosine."),
    ("aten.tan.default", tf.tan, "Tangent."),
    ("aten.asin.default", tf.asin, "Inverse sine."),
    ("aten.acos.default", tf.acos, "Inverse cosine."),
    ("aten.atan.default", tf.atan, "Inverse tangent."),
    ("aten.sinh.default", tf.sinh, "Hyperbolic sine."),
    ("aten.cosh.default", tf.cosh, "Hyperbolic cosine."),
    ("aten.tanh.default", tf.tanh, "Hyperbolic tangent."),
    ("aten.asinh.default", tf.asinh, "Inverse hyperbolic sine."),
    ("aten.acosh.default", tf.acosh, "Inverse hyperbolic cosine."),
    ("aten.atanh.default", tf.atanh, "Inverse hyperbolic tangent."),
    ("aten.erf.default", _erf, "Error function."),
    ("aten.erfc.default", tf.math.erfc, "``1 - erf(x)``, exact in the tail."),
    ("aten.sigmoid.default", tf.sigmoid, "``1 / (1 + exp(-x))``."),
    (
        "aten.lgamma.default",
        tf.math.lgamma,
        "Logarithm of the absolute value of the gamma function.",
    ),
):
    _float_function(_op, _function, _summary)


@lower("aten.neg.default", layout=ANY)
def neg(x: tf.Tensor) -> tf.Tensor:
    """``-x``. Dtypes: all but bool; unsigned integers wrap."""
    if x.dtype.is_unsigned:  # TensorFlow's optimizer makes a Neg of 0 - x, which has no such kernel
        return tf.bitwise.invert(x) + tf.constant(1, x.dtype)
    return tf.negative(x)


@lower("aten.abs.default", layout=ANY)
def abs(x: tf.Tensor) -> tf.Tensor:
    """Absolute value. Its gradient is 0 at 0 and at NaN."""

    @tf.custom_gradient
    def size(a: tf.Tensor) -> object:
        return tf.abs(a), lambda dy: tf.cast(dy, a.dtype) * sgn(a)

    if x.dtype.is_floating or x.dtype.is_complex:
        return size(x)
    return x if x.dtype.is_unsigned else tf.abs(x)


@lower("aten.square.default", layout=ANY)
def square(x: tf.Tensor) -> tf.Tensor:
    """``x * x``; that of a bool is an int64."""
    if x.dtype.is_bool:
        return cast(x, tf.int64)
    return x * x if x.dtype.size < 4 else tf.square(x)


@lower("aten.sign.default", layout=ANY)
def sign(x: tf.Tensor) -> tf.Tensor:
    """-1, 0 or 1; 0 for NaN.

    Differs: ``tf.sign`` keeps NaN.
    """
    if x.dtype.is_bool or x.dtype.is_unsigned:
        return cast(x != tf.zeros_like(x), x.dtype)
    signs = tf.stop_gradient(tf.sign(x))
    return tf.where(tf.math.is_nan(x), tf.zeros_like(x), signs) if x.dtype.is_floating else signs


@lower("aten.sgn.default", layout=ANY)
def sgn(x: tf.Tensor) -> tf.Tensor:
    """As sign; for complex numbers ``x / abs(x)``, and 0 for 0.

    Differs: ``tf.sign`` squares the parts of small numbers to 0, and has no complex gradient.
    """
    if not x.dtype.is_complex:
        return sign(x)
    size = tf.abs(x)
    size = tf.where(size == 0, tf.ones_like(size), size)
    return tf.complex(tf.math.real(x) / size, tf.math.imag(x) / size)


@lower("aten.signbit.default", layout=ANY)
def signbit(x: tf.Tensor) -> tf.Tensor:
    """Whether the sign bit is set, also of -0."""
    if x.dtype.is_floating:
        return sign_bit(x)
    return tf.zeros_like(x, tf.bool) if x.dtype.is_bool or x.dtype.is_unsigned else x < 0


def _rounding(op: str, function: Unary, summary: str) -> None:
    """Register a rounding of floats; integers are whole already."""

    def lowering(x: tf.Tensor) -> tf.Tensor:
        return tf.stop_gradient(function(x)) if x.dtype.is_floating else x

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"{summary} It has no gradient."
    lower(op, layout=ANY)(lowering)


for _op, _function, _summary in (
    ("aten.floor.default", tf.floor, "Round down."),
    ("aten.ceil.default", tf.math.ceil, "Round up."),
    ("aten.round.default", tf.round, "Round to the nearest integer, halves to even."),
    ("aten.trunc.default", truncated, "Round toward zero."),
    ("aten.fix.default", truncated, "Round toward zero."),
):
    _rounding(_op, _function, _summary)


@lower("aten.round.decimals", layout=ANY)
def round_decimals(x: tf.Tensor, decimals: int) -> tf.Tensor:
    """Round to ``decimals`` digits behind the point, or before it where negative.

    Source: ATen UnaryOpsKernel.cpp, round_decimals_kernel.
    """
    if not x.dtype.is_floating or decimals == 0:
        return tf.stop_gradient(tf.round(x)) if x.dtype.is_floating else x
    scale = 10.0 ** builtin_abs(decimals)

    def rounded(a: tf.Tensor) -> tf.Tensor:
        return tf.round(a * scale) / scale if decimals > 0 else tf.round(a / scale) * scale

    return tf.stop_gradient(computed(rounded, x))


def builtin_abs(number: int) -> int:
    """The absolute value of a Python integer (the name ``abs`` is an operator's in this file)."""
    return number if number >= 0 else -number


@lower("aten.frac.default", layout=ANY)
def frac(x: tf.Tensor) -> tf.Tensor:
    """What is behind the point, with the sign of ``x``."""
    return x - tf.stop_gradient(truncated(x))


@lower("aten.logit.default", layout=ANY)
def logit(x: tf.Tensor, eps: float | None = None) -> tf.Tensor:
    """``log(x / (1 - x))``, with x first brought into [eps, 1 - eps]."""

    def odds(a: tf.Tensor) -> tf.Tensor:
        if eps is not None:
            a = tf.minimum(tf.maximum(a, cast(eps, a.dtype)), cast(1 - eps, a.dtype))
        return tf.math.log(a / (1 - a))

    return computed(odds, x, floats=True)


@lower("aten.sinc.default", layout=ANY)
def sinc(x: tf.Tensor) -> tf.Tensor:
    """``sin(pi x) / (pi x)``, 1 at 0."""

    def ratio(a: tf.Tensor) -> tf.Tensor:
        one = tf.ones_like(a)
        angle = math.pi * tf.where(a == 0, one, a)
        return tf.where(a == 0, one, tf.sin(angle) / angle)

    return computed(ratio, x, floats=True)


@lower("aten.erfinv.default", layout=ANY)
def erfinv(x: tf.Tensor) -> tf.Tensor:
    """The inverse of the error function.

    Differs: ``tf.math.erfinv`` goes through ``ndtri((x + 1) / 2)`` and loses small arguments; here
    it is only the start of two Newton steps in float64.
    """

    @tf.custom_gradient
    def inverse(a: tf.Tensor) -> object:
        wide = tf.cast(a, tf.float64)
        inside = tf.abs(wide) < 1
        safe = tf.where(inside, wide, tf.zeros_like(wide))
        y = tf.where(tf.abs(safe) < 1e-3, safe * (math.sqrt(math.pi) / 2), tf.math.erfinv(safe))
        for _ in range(2):
            slope = tf.exp(-y * y) * (2 / math.sqrt(math.pi))
            upper = tf.math.erfc(tf.abs(y)) - (1 - tf.abs(safe))
            error = tf.where(tf.abs(safe) > 0.5, -tf.sign(safe) * upper, tf.math.erf(y) - safe)
            y = y - tf.math.divide_no_nan(error, slope)
        y = tf.where(inside, y, tf.math.erfinv(wide))

        def gradient(dy: tf.Tensor) -> tf.Tensor:
            return dy * tf.cast(tf.exp(y * y) * (math.sqrt(math.pi) / 2), dy.dtype)

        return tf.cast(y, a.dtype), gradient

    return computed(inverse, x, floats=True)


@lower("aten.nan_to_num.default", layout=ANY)
def nan_to_num(
    x: tf.Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> tf.Tensor:
    """NaN by ``nan`` (0), infinities by ``posinf`` and ``neginf`` (the type's largest numbers)."""
    if not x.dtype.is_floating:
        return x

    def number(value: Number | None, default: Number) -> tf.Tensor:
        return cast(default if value is None else value, x.dtype)

    infinite = tf.math.is_inf(x)
    x = tf.where(tf.math.is_nan(x), number(nan, 0.0), x)
    x = tf.where(infinite & (x > 0), number(posinf, float(x.dtype.max)), x)
    return tf.where(infinite & (x < 0), number(neginf, float(x.dtype.min)), x)


@lower("aten.deg2rad.default", layout=ANY)
def deg2rad(x: tf.Tensor) -> tf.Tensor:
    """Degrees to radians."""
    return computed(lambda a: a * (math.pi / 180), x, floats=True)


@lower("aten.rad2deg.default", layout=ANY)
def rad2deg(x: tf.Tensor) -> tf.Tensor:
    """Radians to degrees."""
    return computed(lambda a: a * (180 / math.pi), x, floats=True)
