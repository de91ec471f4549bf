"""Layers that only rearrange."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Written, only, part, row


@row(layers.Flatten)
def flatten(layer: Any, call: LayerCall) -> Written | None:
    """All axes but the first as one, in Keras's order."""
    x = only(call)
    if x is None or x.rank < 2 or layer.data_format != "channels_last":
        return None
    return Written(part(nn.Flatten), lambda flatten, x: flatten(x), (x.name,))
