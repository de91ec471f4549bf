"""Activation functions."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import ANY, RANKS, along, channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    computed,
    normalized,
    opmath,
)


@lower("aten.relu.default", layout=ANY)
def relu(x: tf.Tensor) -> tf.Tensor:
    """``max(x, 0)``; NaN stays NaN.

    Differs: -0 becomes 0 in those elements that TensorFlow's vector kernel computes.
    """
    return tf.nn.relu(x)


@lower("aten.relu6.default", layout=ANY)
def relu6(x: tf.Tensor) -> tf.Tensor:
    """x brought into [0, 6]."""
    return tf.nn.relu6(x)


@lower("aten.hardtanh.default", layout=ANY)
def hardtanh(x: tf.Tensor, min_val: Number = -1, max_val: Number = 1) -> tf.Tensor:
    """x brought into [min_val, max_val]. Its gradient at the bounds is 0."""
    if (min_val, max_val) == (0, 6) and x.dtype.is_floating:
        return tf.nn.relu6(x)
    low, high = cast(min_val, x.dtype), cast(max_val, x.dtype)
    return tf.where(x <= low, low, tf.where(x >= high, high, x))


@lower("aten.hardsigmoid.default", layout=ANY)
def hardsigmoid(x: tf.Tensor) -> tf.Tensor:
    """``relu6(x + 3) / 6``.

    Source: ATen Activation.cpp, whose gradient is 1/6 as rounded to float32, in float64 too.
    """

    @tf.custom_gradient
    def bent(a: tf.Tensor) -> object:
        slope = float(np.float32(1) / np.float32(6))
        inside = (a > -3) & (a < 3)
        return tf.nn.relu6(a + 3) / 6, lambda dy: tf.where(inside, dy * slope, tf.zeros_like(dy))

    return computed(bent, x)


@lower("aten.hardswish.default", layout=ANY)
def hardswish(x: tf.Tensor) -> tf.Tensor:
    """``x * relu6(x + 3) / 6``.

    Source: Howard et al., arXiv:1905.02244.
    Differs: nothing known; the gradient is 0 at -3 and 1 at 3, as in PyTorch.
    """

    @tf.custom_gradient
    def swish(a: tf.Tensor) -> object:
        def gradient(dy: tf.Tensor) -> tf.Tensor:
            bend = tf.where(a < 3, dy * (a / 3 + 0.5), dy)
            return tf.where(a <= -3, tf.zeros_like(dy), bend)

        return a * tf.nn.relu6(a + 3) / 6, gradient

    return computed(swish, x)


@lower("aten.silu.default", layout=ANY)
def silu(x: tf.Tensor) -> tf.Tensor:
    """``x * sigmoid(x)``, written as ``x / (1 + exp(-x))``, which keeps the far negative tail."""

    @tf.custom_gradient
    def swish(a: tf.Tensor) -> object:
        below = 1 + tf.exp(-a)

        def gradient(dy: tf.Tensor) -> tf.Tensor:
            gate = 1 / below
            return dy * gate * (1 + a * (1 - gate))

        return a / below, gradient

    return computed(swish, x)


@lower("aten.gelu.default", layout=ANY)
def gelu(x: tf.Tensor, approximate: str = "none") -> tf.Tensor:
    """Gaussian error linear unit, exact or by tanh.

    Differs: ``tf.nn.gelu`` passes sqrt(2) through float32, which shows in float64; written out
    here, with PyTorch's ``1 + erf``, which cancels in the negative tail.
    Source: Hendrycks and Gimpel, arXiv:1606.08415.
    """
    if approximate == "tanh":
        scale = math.sqrt(2 / math.pi)
        return computed(lambda a: 0.5 * a * (1 + tf.tanh(scale * (a + 0.044715 * a * a * a))), x)
    if approximate != "none":
        raise UnsupportedVariantError(
            f"gelu(approximate={approximate!r}) is not known; use 'none' or 'tanh'."
        )
    return computed(lambda a: 0.5 * a * (1 + tf.math.erf(a * math.sqrt(0.5))), x)


@lower("aten.leaky_relu.default", layout=ANY)
def leaky_relu(x: tf.Tensor, negative_slope: Number = 0.01) -> tf.Tensor:
    """Scale negative elements by ``negative_slope``."""
    return computed(lambda a: tf.where(a > 0, a, a * cast(negative_slope, a.dtype)), x)


@lower("aten.prelu.default", layout=channels_last(plain=("weight",)))
def prelu(x: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """Scale negative elements by a learned slope, one for all or one for each channel.

    Shapes: x (N, C, ...), weight (1,) or (C,).
    """
    rank = x.shape.rank
    channel = rank - 1 if rank in RANKS else 1
    if weight.shape.rank == 0 or weight.shape[0] == 1:
        slope = tf.reshape(weight, [])
    else:
        slope = tf.reshape(weight, [-1 if axis == channel else 1 for axis in range(rank)])
    return computed(lambda a, w: tf.where(a > 0, a, a * w), x, slope)


@lower("aten._prelu_kernel.default", layout=ANY)
def prelu_kernel(x: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """As prelu, with a weight that broadcasts against ``x``."""
    return computed(lambda a, w: tf.where(a > 0, a, a * w), x, weight)


@lower("aten.elu.default", layout=ANY)
def elu(x: tf.Tensor, alpha: Number = 1, scale: Number = 1, input_scale: Number = 1) -> tf.Tensor:
    """``scale * x`` above zero, ``scale * alpha * (exp(input_scale * x) - 1)`` below.

    Differs: ``tf.nn.elu`` computes ``exp(x) - 1``, which loses small negative numbers.
    """

    def unit(a: tf.Tensor) -> tf.Tensor:
        below = tf.where(a <= 0, a, tf.zeros_like(a))
        below = tf.math.expm1(below if input_scale == 1 else below * input_scale) * (alpha * scale)
        return tf.where(a <= 0, below, a if scale == 1 else a * scale)

    return computed(unit, x)


@lower("aten.selu.default", layout=ANY)
def selu(x: tf.Tensor) -> tf.Tensor:
    """Self-normalising unit.

    Source: Klambauer et al., arXiv:1706.02515.
    """
    return elu(x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


@lower("aten.celu.default", layout=ANY)
def celu(x: tf.Tensor, alpha: Number = 1.0) -> tf.Tensor:
    """``x`` above zero, ``alpha * (exp(x / alpha) - 1)`` below."""
    return elu(x, alpha, 1.0, 1.0 / alpha)


@tf.custom_gradient
def exact_softplus(x: tf.Tensor) -> object:
    """``log(1 + exp(x))`` without a threshold. Dtypes: float32, float64."""
    y = tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x)))
    return y, lambda dy: dy * tf.sigmoid(x)


@lower("aten.softplus.default", layout=ANY)
def softplus(x: tf.Tensor, beta: Number = 1, threshold: Number = 20) -> tf.Tensor:
    """``log(1 + exp(beta * x)) / beta``; ``x`` itself where ``beta * x`` is above the threshold."""

    def soft(a: tf.Tensor) -> tf.Tensor:
        scaled = a if beta == 1 else a * beta
        value = exact_softplus(scaled)
        return tf.where(scaled > threshold, a, value if beta == 1 else value / beta)

    return computed(soft, x)


@lower("aten.log_sigmoid.default", layout=ANY)
def log_sigmoid(x: tf.Tensor) -> tf.Tensor:
    """``log(sigmoid(x))``."""
    return computed(lambda a: -exact_softplus(-a), x)


@lower("aten.mish.default", layout=ANY)
def mish(x: tf.Tensor) -> tf.Tensor:
    """``x * tanh(log(1 + exp(x)))``.

    Source: Misra, arXiv:1908.08681.
    """
    return computed(lambda a: a * tf.tanh(exact_softplus(a)), x)


@lower("aten.glu.default", layout=along("dim"))
def glu(x: tf.Tensor, dim: int = -1) -> tf.Tensor:
    """The first half along ``dim`` times the sigmoid of the second."""
    value, gate = tf.split(x, 2, normalized(dim, x.shape.rank))
    return computed(lambda a, b: a * tf.sigmoid(b), value, gate)


@lower("aten.threshold.default", layout=ANY)
def threshold(x: tf.Tensor, threshold: Number, value: Number) -> tf.Tensor:
    """``x`` where it is above the threshold or NaN, ``value`` elsewhere."""
    return tf.where(x <= cast(threshold, x.dtype), cast(value, x.dtype), x)


@lower("aten.hardshrink.default", layout=ANY)
def hardshrink(x: tf.Tensor, lambd: Number = 0.5) -> tf.Tensor:
    """0 in [-lambd, lambd], ``x`` elsewhere."""
    return computed(lambda a: tf.where((a >= -lambd) & (a <= lambd), tf.zeros_like(a), a), x)


@lower("aten.softshrink.default", layout=ANY)
def softshrink(x: tf.Tensor, lambd: Number = 0.5) -> tf.Tensor:
    """Move toward zero by ``lambd``, stopping there; NaN stays NaN."""

    def shrunk(a: tf.Tensor) -> tf.Tensor:
        inner = tf.where(tf.math.is_nan(a), a, tf.zeros_like(a))
        return tf.where(a > lambd, a - lambd, tf.where(a < -lambd, a + lambd, inner))

    return computed(shrunk, x)


@lower("aten.softmax.int", "aten.special_softmax.default", layout=along("dim"))
def softmax(x: tf.Tensor, dim: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """Exponentials along ``dim``, divided by their sum.

    Differs: in float32, TensorFlow 2.21 gives 0 for the elements beside a NaN; PyTorch gives NaN
    for all.
    """
    return _normalised(tf.nn.softmax, x, dim, dtype)


@lower("aten._safe_softmax.default", layout=along("dim"))
def safe_softmax(x: tf.Tensor, dim: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """As softmax, but 0 where every element along ``dim`` is minus infinity."""
    lowest = tf.constant(-math.inf, x.dtype)
    axis = normalized(dim, x.shape.rank) if x.shape.rank else None
    nothing = tf.reduce_all(x == lowest, axis, keepdims=True)
    y = softmax(tf.where(nothing, tf.zeros((), x.dtype), x), dim, dtype)
    return tf.where(nothing, tf.zeros((), y.dtype), y)


@lower("aten.log_softmax.int", "aten.special_log_softmax.default", layout=along("dim"))
def log_softmax(x: tf.Tensor, dim: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """Logarithm of the softmax along ``dim``."""
    return _normalised(tf.nn.log_softmax, x, dim, dtype)


@lower("aten._softmax.default", layout=along("dim"))
def softmax_kernel(x: tf.Tensor, dim: int, half_to_float: bool) -> tf.Tensor:
    """As softmax; ``half_to_float`` gives float32 for float16."""
    return _normalised(tf.nn.softmax, x, dim, tf.float32 if half_to_float else None)


@lower("aten._log_softmax.default", layout=along("dim"))
def log_softmax_kernel(x: tf.Tensor, dim: int, half_to_float: bool) -> tf.Tensor:
    """As log_softmax; ``half_to_float`` gives float32 for float16."""
    return _normalised(tf.nn.log_softmax, x, dim, tf.float32 if half_to_float else None)


def _normalised(function: object, x: tf.Tensor, dim: int, dtype: tf.DType | None) -> tf.Tensor:
    dtype = dtype or x.dtype
    wide = cast(x, opmath(dtype))
    if x.shape.rank == 0:
        return cast(tf.reshape(function(tf.reshape(wide, [1])), []), dtype)  # type: ignore[operator]
    return cast(function(wide, axis=normalized(dim, x.shape.rank)), dtype)  # type: ignore[operator]
