"""Normalisation."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.layout import channels_first
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Moved, Written, only, part, rounded, row

_BATCH_NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@row(layers.BatchNormalization)
def batch_normalization(layer: Any, call: LayerCall) -> Written | None:
    """The momentum is that of the new statistics in PyTorch, and of the old ones in Keras."""
    x = only(call)
    if x is None or x.rank not in _BATCH_NORMS or layer.axis not in (-1, x.rank - 1):
        return None
    if layer.renorm or call.keywords.get("mask") is not None:
        return None
    weights = [
        Moved(layer.moving_mean, "running_mean"),
        Moved(layer.moving_variance, "running_var"),
    ]
    fill = {"num_batches_tracked": 0}
    if layer.scale:
        weights.append(Moved(layer.gamma, "weight"))
    if layer.center:
        weights.append(Moved(layer.beta, "bias"))
    affine = layer.scale or layer.center
    if affine and not layer.scale:
        fill["weight"] = 1
    if affine and not layer.center:
        fill["bias"] = 0
    return Written(
        part(
            _BATCH_NORMS[x.rank],
            x.shape[-1],
            eps=rounded(layer.epsilon),
            momentum=round(1 - layer.momentum, 12),
            affine=affine,
        ),
        lambda norm, x: norm(x),
        (x.name,),
        tuple(weights),
        fill,
        layout=channels_first(),
    )
