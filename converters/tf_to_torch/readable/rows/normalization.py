"""Normalisation."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.layout import SOURCE, channels_first
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Moved, Written, only, part, rounded, row

_BATCH_NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@row(layers.BatchNormalization)
def batch_normalization(layer: Any, call: LayerCall) -> Written | None:
    """The momentum is that of the new statistics in PyTorch, and of the old ones in Keras."""
    x = only(call)
    if x is None or x.rank not in _BATCH_NORMS:
        return None
    axis = layer.axis % x.rank
    if axis not in (1, x.rank - 1):
        return None
    if layer.renorm or call.keywords.get("mask") is not None:
        return None
    weights, fill = _affine(layer)
    weights.append(Moved(layer.moving_mean, "running_mean"))
    weights.append(Moved(layer.moving_variance, "running_var"))
    fill["num_batches_tracked"] = 0
    return Written(
        part(
            _BATCH_NORMS[x.rank],
            x.shape[axis],
            eps=rounded(layer.epsilon),
            momentum=round(1 - layer.momentum, 12),
            affine=layer.scale or layer.center,
        ),
        lambda norm, x: norm(x),
        (x.name,),
        tuple(weights),
        fill,
        layout=channels_first() if axis == x.rank - 1 else SOURCE,
    )


def _affine(layer: Any) -> tuple[list[Moved], dict[str, float]]:
    """Factors and offsets, as far as a layer has them; a module has both or none."""
    moved, fill = [], dict[str, float]()
    if layer.scale:
        moved.append(Moved(layer.gamma, "weight"))
    elif layer.center:
        fill["weight"] = 1
    if layer.center:
        moved.append(Moved(layer.beta, "bias"))
    elif layer.scale:
        fill["bias"] = 0
    return moved, fill


@row(layers.LayerNormalization)
def layer_normalization(layer: Any, call: LayerCall) -> Written | None:
    """Over the last axes."""
    x = only(call)
    if x is None or getattr(layer, "rms_scaling", False):
        return None
    axes = _last_axes(layer.axis, x.rank)
    if axes is None or None in x.shape[-axes:]:
        return None
    moved, fill = _affine(layer)
    scaled_only = layer.scale and not layer.center
    return Written(
        part(
            nn.LayerNorm,
            x.shape[-axes:] if axes > 1 else x.shape[-1],
            eps=rounded(layer.epsilon),
            elementwise_affine=layer.scale or layer.center,
            bias=not scaled_only,
        ),
        lambda norm, x: norm(x),
        (x.name,),
        tuple(moved),
        {} if scaled_only else fill,
    )


def _last_axes(axis: Any, rank: int) -> int | None:
    """How many axes at the end are meant; None if it is not the last ones."""
    given = axis if isinstance(axis, list | tuple) else [axis]
    places = sorted(place % rank for place in given)
    return len(places) if places == list(range(rank - len(places), rank)) else None


@row(layers.RMSNormalization)
def rms_normalization(layer: Any, call: LayerCall) -> Written | None:
    """Over the last axis, without a centre."""
    x = only(call)
    if x is None or _last_axes(layer.axis, x.rank) != 1:
        return None
    return Written(
        part(nn.RMSNorm, x.shape[-1], eps=rounded(layer.epsilon)),
        lambda norm, x: norm(x),
        (x.name,),
        (Moved(layer.scale, "weight"),),
    )


@row(layers.GroupNormalization)
def group_normalization(layer: Any, call: LayerCall) -> Written | None:
    """Groups of channels, each over the whole image."""
    x = only(call)
    if x is None or x.rank not in _BATCH_NORMS or layer.axis not in (-1, x.rank - 1):
        return None
    moved, fill = _affine(layer)
    channels = x.shape[-1]
    return Written(
        part(
            nn.GroupNorm,
            channels if layer.groups == -1 else layer.groups,
            channels,
            eps=rounded(layer.epsilon),
            affine=layer.scale or layer.center,
        ),
        lambda norm, x: norm(x),
        (x.name,),
        tuple(moved),
        fill,
        layout=channels_first(),
    )
