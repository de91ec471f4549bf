"""Activations that are layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers
from torch import nn

from converters.layout import ANY, SOURCE, channels_first
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.companions import GELU, HardSigmoid
from converters.tf_to_torch.readable.table import Moved, Part, Written, only, part, rounded, row


def elementwise(module: Part, call: LayerCall) -> Written | None:
    """A module that treats every element alike."""
    x = only(call)
    if x is None:
        return None
    return Written(module, lambda activation, x: activation(x), (x.name,), layout=ANY)


@row(layers.ReLU)
def relu(layer: Any, call: LayerCall) -> Written | None:
    """Its variants with a slope below zero, a threshold or another largest value are others."""
    if layer.threshold or (layer.negative_slope and layer.max_value is not None):
        return None
    if layer.negative_slope:
        return elementwise(part(nn.LeakyReLU, rounded(layer.negative_slope)), call)
    if layer.max_value is None:
        return elementwise(part(nn.ReLU), call)
    if layer.max_value == 6:
        return elementwise(part(nn.ReLU6), call)
    return elementwise(part(nn.Hardtanh, 0.0, rounded(layer.max_value)), call)


@row(layers.LeakyReLU)
def leaky_relu(layer: Any, call: LayerCall) -> Written | None:
    """A slope below zero."""
    return elementwise(part(nn.LeakyReLU, rounded(layer.negative_slope)), call)


@row(layers.ELU)
def elu(layer: Any, call: LayerCall) -> Written | None:
    """An exponential below zero."""
    return elementwise(part(nn.ELU, alpha=rounded(layer.alpha)), call)


@row(layers.PReLU)
def prelu(layer: Any, call: LayerCall) -> Written | None:
    """A slope below zero that is learned: one for each channel, or one."""
    x = only(call)
    if x is None or any(size != 1 for size in layer.alpha.shape[:-1]):
        return None
    count = layer.alpha.shape[-1]
    if count not in (1, x.shape[-1]):
        return None
    return Written(
        part(nn.PReLU, count),
        lambda prelu, x: prelu(x),
        (x.name,),
        (Moved(layer.alpha, "weight", shape=(count,)),),
        layout=channels_first() if x.rank in (3, 4, 5) else SOURCE,
    )


@row(layers.Softmax)
def softmax(layer: Any, call: LayerCall) -> Written | None:
    """Along one axis."""
    x = only(call)
    if x is None or not isinstance(layer.axis, int) or call.keywords.get("mask") is not None:
        return None
    module = part(nn.Softmax, dim=layer.axis)
    return Written(module, lambda softmax, x: softmax(x), (x.name,))


FUNCTIONS = {
    keras.activations.relu: part(nn.ReLU),
    keras.activations.relu6: part(nn.ReLU6),
    keras.activations.leaky_relu: part(nn.LeakyReLU, rounded(0.2)),
    keras.activations.elu: part(nn.ELU),
    keras.activations.selu: part(nn.SELU),
    keras.activations.celu: part(nn.CELU),
    keras.activations.gelu: part(GELU, rounded(0.5**0.5)),
    keras.activations.silu: part(nn.SiLU),
    keras.activations.mish: part(nn.Mish),
    keras.activations.sigmoid: part(nn.Sigmoid),
    keras.activations.log_sigmoid: part(nn.LogSigmoid),
    keras.activations.hard_sigmoid: part(HardSigmoid),
    keras.activations.hard_silu: part(nn.Hardswish),
    keras.activations.tanh: part(nn.Tanh),
    keras.activations.hard_tanh: part(nn.Hardtanh),
    keras.activations.tanh_shrink: part(nn.Tanhshrink),
    keras.activations.soft_shrink: part(nn.Softshrink),
    keras.activations.hard_shrink: part(nn.Hardshrink),
    keras.activations.softplus: part(nn.Softplus, threshold=40.0),
    keras.activations.softsign: part(nn.Softsign),
}
"""Activations of single elements that a module computes exactly.

PyTorch's softplus gives a number itself from a threshold on, which from 40 on is the same in
float64 too.
"""

_ALONG = {
    keras.activations.softmax: part(nn.Softmax, dim=-1),
    keras.activations.log_softmax: part(nn.LogSoftmax, dim=-1),
    keras.activations.glu: part(nn.GLU),
}
"""Activations along the last axis."""


@row(layers.Activation)
def activation(layer: Any, call: LayerCall) -> Written | None:
    """A function by its name."""
    along, x = _ALONG.get(layer.activation), only(call)
    if along is not None and x is not None:
        return Written(along, lambda activation, x: activation(x), (x.name,))
    known = FUNCTIONS.get(layer.activation)
    return None if known is None else elementwise(known, call)
