"""Pooling, and what else changes the size of an image."""

from __future__ import annotations

from typing import Any

from keras import layers
from torch import nn

from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.lowerings.windows import padded, pads
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.rows.convolution import same_padding
from converters.tf_to_torch.readable.table import Forward, Part, Written, only, part, row

_LARGEST = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
_MEANS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
_WHOLE_MEANS = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
ZEROS = {1: nn.ZeroPad1d, 2: nn.ZeroPad2d, 3: nn.ZeroPad3d}


@row(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
def max_pooling(layer: Any, call: LayerCall) -> Written | None:
    """The largest of each window; where the padding is uneven it is added in front."""
    x = only(call)
    if x is None or layer.data_format != "channels_last":
        return None
    windows, steps, own = layer.pool_size, layer.strides, _padding(layer, x.shape[1:-1])

    def forward(pool: Forward, x: Tensor) -> Tensor:
        if own is None:
            x = padded(x, pads(x, "SAME", (), windows, steps), float("-inf"))
        return pool(x)

    rank = x.rank - 2
    module = part(_LARGEST[rank], windows, **_stride(layer), padding=own or 0)
    return Written(module, forward, (x.name,), layout=channels_first())


@row(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
def average_pooling(layer: Any, call: LayerCall) -> Written | None:
    """The mean of each window without the padding, which has to be even."""
    x = only(call)
    own = None if x is None else _padding(layer, x.shape[1:-1])
    if x is None or own is None or layer.data_format != "channels_last":
        return None
    options = {"count_include_pad": False} if any(own) else {}
    module = part(_MEANS[x.rank - 2], layer.pool_size, **_stride(layer), padding=own, **options)
    return Written(module, lambda pool, x: pool(x), (x.name,), layout=channels_first())


@row(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D)
def global_average_pooling(layer: Any, call: LayerCall) -> Written | None:
    """The mean of each channel; PyTorch keeps the axes."""
    x = only(call)
    masked = call.keywords.get("mask") is not None
    if x is None or masked or layer.data_format != "channels_last":
        return None

    def forward(pool: Forward, x: Tensor) -> Tensor:
        y: Tensor = pool(x)
        return y if layer.keepdims else y.flatten(1)

    module = part(_WHOLE_MEANS[x.rank - 2], 1)
    return Written(module, forward, (x.name,), layout=channels_first())


def _stride(layer: Any) -> dict[str, Any]:
    """The stride, which is the window's size unless something else is said."""
    same = tuple(layer.strides) == tuple(layer.pool_size)
    return {} if same else {"stride": layer.strides}


def _padding(layer: Any, sizes: tuple[int | None, ...]) -> tuple[int, ...] | None:
    """The module's own padding; None if it would be uneven, unknown or too large for PyTorch."""
    if layer.padding == "valid":
        return (0,) * len(sizes)
    found = []
    for size, window, step in zip(sizes, layer.pool_size, layer.strides, strict=True):
        total = same_padding(size, window, step)
        if total is None or total % 2 or total > window:
            return None
        found.append(total // 2)
    return tuple(found)


@row(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
def zero_padding(layer: Any, call: LayerCall) -> Written | None:
    """PyTorch names the last axis first."""
    x = only(call)
    if x is None or getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    pairs = [layer.padding] if x.rank == 3 else list(layer.padding)
    flat = tuple(int(size) for pair in reversed(pairs) for size in pair)
    return _image(part(ZEROS[x.rank - 2], flat), call)


@row(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
def up_sampling(layer: Any, call: LayerCall) -> Written | None:
    """Rows and columns repeated, or what lies between them."""
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    mode = getattr(layer, "interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        return None
    size = layer.size if isinstance(layer.size, tuple | list) else (layer.size,)
    factors = tuple(float(entry) for entry in size)
    return _image(part(nn.Upsample, scale_factor=factors, mode=mode), call)


def _image(module: Part, call: LayerCall) -> Written | None:
    x = only(call)
    if x is None:
        return None
    return Written(module, lambda module, x: module(x), (x.name,), layout=channels_first())
