"""Layers that do something while a model trains only."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.layout import channels_first
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.rows.activation import elementwise
from converters.tf_to_torch.readable.table import Written, only, part, row


@row(layers.Dropout)
def dropout(layer: Any, call: LayerCall) -> Written | None:
    """Zeros instead of some elements, drawn one by one."""
    if layer.noise_shape is not None:
        return None
    return elementwise(part(nn.Dropout, float(layer.rate)), call)


_WHOLE_CHANNELS = {3: nn.Dropout1d, 4: nn.Dropout2d, 5: nn.Dropout3d}


@row(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)
def spatial_dropout(layer: Any, call: LayerCall) -> Written | None:
    """Zeros instead of some channels."""
    x = only(call)
    if x is None or getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    module = part(_WHOLE_CHANNELS[x.rank], float(layer.rate))
    return Written(module, lambda dropout, x: dropout(x), (x.name,), layout=channels_first())


@row(layers.AlphaDropout)
def alpha_dropout(layer: Any, call: LayerCall) -> Written | None:
    """Dropout that keeps mean and variance of what ``selu`` gives."""
    if layer.noise_shape is not None:
        return None
    return elementwise(part(nn.AlphaDropout, float(layer.rate)), call)
