"""Layers that do something while a model trains only."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.rows.activation import elementwise
from converters.tf_to_torch.readable.table import Written, part, row


@row(layers.Dropout)
def dropout(layer: Any, call: LayerCall) -> Written | None:
    """Zeros instead of some elements, drawn one by one."""
    if layer.noise_shape is not None:
        return None
    return elementwise(part(nn.Dropout, float(layer.rate)), call)
