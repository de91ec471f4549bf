"""Activations that are layers."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.layout import ANY
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Part, Written, only, part, rounded, row


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
    return elementwise(part(nn.Hardtanh, 0.0, float(layer.max_value)), call)


@row(layers.LeakyReLU)
def leaky_relu(layer: Any, call: LayerCall) -> Written | None:
    """A slope below zero."""
    return elementwise(part(nn.LeakyReLU, rounded(layer.negative_slope)), call)


@row(layers.ELU)
def elu(layer: Any, call: LayerCall) -> Written | None:
    """An exponential below zero."""
    return elementwise(part(nn.ELU, alpha=rounded(layer.alpha)), call)
