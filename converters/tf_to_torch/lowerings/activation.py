"""Activation functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from converters.layout import ANY
from converters.tf_to_torch.lowerings import Tensor, lower


@lower("tf.Relu", layout=ANY)
def relu(features: Tensor) -> Tensor:
    """``max(x, 0)``. Shapes: (...) -> (...). Dtypes: all real."""
    return F.relu(features)


@lower("tf.Relu6", layout=ANY)
def relu6(features: Tensor) -> Tensor:
    """``min(max(x, 0), 6)``. Shapes: (...) -> (...). Dtypes: all real."""
    return F.hardtanh(features, 0.0, 6.0)


@lower("tf.LeakyRelu", layout=ANY)
def leaky_relu(features: Tensor, alpha: float = 0.20000000298023224) -> Tensor:
    """Negative numbers are scaled. Shapes: (...) -> (...). Dtypes: floats."""
    return F.leaky_relu(features, alpha)


@lower("tf.Elu", layout=ANY)
def elu(features: Tensor) -> Tensor:
    """``e ** x - 1`` below zero. Shapes: (...) -> (...). Dtypes: floats."""
    return F.elu(features)


@lower("tf.Selu", layout=ANY)
def selu(features: Tensor) -> Tensor:
    """A scaled :func:`elu`. Shapes: (...) -> (...). Dtypes: floats."""
    return F.selu(features)


@lower("tf.Softplus", layout=ANY)
def softplus(features: Tensor) -> Tensor:
    """``log(1 + e ** x)``. Shapes: (...) -> (...). Dtypes: floats."""
    return torch.logaddexp(features, torch.zeros((), dtype=features.dtype))


@lower("tf.Softsign", layout=ANY)
def softsign(features: Tensor) -> Tensor:
    """``x / (1 + |x|)``. Shapes: (...) -> (...). Dtypes: floats."""
    return F.softsign(features)


@lower("tf.Softmax")
def softmax(logits: Tensor) -> Tensor:
    """Shares of e ** x along the last axis. Shapes: (..., n) -> (..., n). Dtypes: floats."""
    return torch.softmax(logits, -1)


@lower("tf.LogSoftmax")
def log_softmax(logits: Tensor) -> Tensor:
    """The logarithm of :func:`softmax`. Shapes: (..., n) -> (..., n). Dtypes: floats."""
    return torch.log_softmax(logits, -1)
