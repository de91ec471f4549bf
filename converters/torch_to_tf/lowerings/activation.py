"""Activation functions."""

from __future__ import annotations

import math

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower


@lower("aten.relu.default", layout=ANY)
def relu(x: tf.Tensor) -> tf.Tensor:
    """``max(x, 0)``; NaN stays NaN."""
    return tf.nn.relu(x)


@lower("aten.tanh.default", layout=ANY)
def tanh(x: tf.Tensor) -> tf.Tensor:
    """Hyperbolic tangent."""
    return tf.tanh(x)


@lower("aten.gelu.default", layout=ANY)
def gelu(x: tf.Tensor, approximate: str = "none") -> tf.Tensor:
    """Gaussian error linear unit, exact or by tanh.

    Differs: ``tf.nn.gelu`` passes sqrt(2) through float32, which shows in float64; written out here.
    Source: Hendrycks and Gimpel, arXiv:1606.08415.
    """
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + tf.tanh(inner))
    if approximate != "none":
        raise UnsupportedVariantError(f"gelu(approximate={approximate!r})")
    return 0.5 * x * tf.math.erfc(x * -math.sqrt(0.5))
