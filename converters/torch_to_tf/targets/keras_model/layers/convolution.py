"""Convolutions, channels last; padding that is not Keras' is a layer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import sympy

from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer, trains
from converters.torch_to_tf.targets.keras_model.sizes import Dims, normal
from converters.torch_to_tf.targets.keras_model.values import Tensor, Weight

_PADDINGS = (
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.ZeroPadding3D,
)
_CROPPINGS = (keras.layers.Cropping1D, keras.layers.Cropping2D, keras.layers.Cropping3D)
_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_LAST = {"data_format": "channels_last"}
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


def each(entry: Any, count: int) -> tuple[int, ...]:
    """One entry for each spatial axis."""
    entries = tuple(entry) if isinstance(entry, tuple | list) else (entry,)
    return entries * count if len(entries) == 1 else entries


@becomes_layer(
    "aten.conv1d.default",
    "aten.conv1d.padding",
    "aten.conv2d.default",
    "aten.conv2d.padding",
    "aten.conv3d.default",
    "aten.conv3d.padding",
    "aten.convolution.default",
)
def convolution(site: Site) -> object:
    """``Conv1D`` to ``Conv3D``, ``DepthwiseConv1D`` and ``DepthwiseConv2D``."""
    weight, bias, x = site["weight"], site["bias"], site.tensor("input")
    if not isinstance(weight, Weight) or not site.owns(weight, bias):
        return None
    count = weight.array.ndim - 2
    if site.arguments.get("transposed"):
        return _transposed(site, x, weight, bias, count)
    strides, dilations = each(site["stride"], count), each(site["dilation"], count)
    pads = _pads(site["padding"], weight.array.shape[2:], dilations)
    if (max(strides) > 1 and max(dilations) > 1) or len(x.dims) != count + 2:
        return None
    same = _is_same(pads, strides, weight.array.shape[2:], dilations)
    if not same and any(a or b for a, b in pads):
        x = padded(site, x, pads, site.owner(weight))
    out, inner, *window = weight.array.shape
    groups = int(site["groups"])
    depthwise = inner == 1 and groups > 1 and count < 3 and len(set(strides)) == 1
    if groups > 1 and inner == 1 and not depthwise:
        return None
    options: dict[str, Any] = {
        "strides": strides,
        "padding": "same" if same else "valid",
        "dilation_rate": dilations,
        "data_format": "channels_last",
        "use_bias": bias is not None,
        "dtype": site.policy(weight),
        "trainable": trains(weight, bias),
    }
    kernel = weight.array.transpose((*range(2, count + 2), 1, 0))

    def make(name: str) -> Any:
        if depthwise:
            kind = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)[count - 1]
            size = window[0] if count == 1 else tuple(window)
            step = strides[0] if count == 1 else strides
            wide = dilations[0] if count == 1 else dilations
            given = options | {"strides": step, "dilation_rate": wide}
            return kind(size, depth_multiplier=out // groups, name=name, **given)
        return _CONVOLUTIONS[count - 1](out, tuple(window), groups=groups, name=name, **options)

    if depthwise:
        kernel = kernel.reshape(*window, groups, out // groups)
    spatial = _slid(x.dims[1:-1], window, strides, dilations, same=same)
    arrays = [kernel, *([bias.array] if bias is not None else [])]
    return site.builder.layer(
        site.key(weight, bias, config=(strides, pads, dilations)),
        make,
        site.owner(weight),
        x,
        arrays,
        dims=(x.dims[0], *spatial, out),
    )


def _pads(
    padding: Any, window: Sequence[int], dilations: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    if padding == "valid":
        return ((0, 0),) * len(window)
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(window, dilations, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return tuple((pad, pad) for pad in each(padding, len(window)))


def _is_same(
    pads: Sequence[tuple[int, int]],
    strides: Sequence[int],
    window: Sequence[int],
    dilations: Sequence[int],
) -> bool:
    totals = [d * (k - 1) for k, d in zip(window, dilations, strict=True)]
    halves = tuple((total // 2, total - total // 2) for total in totals)
    return max(strides) == 1 and any(totals) and tuple(pads) == halves


def padded(site: Site, x: Tensor, pads: Sequence[tuple[int, int]], owner: str) -> Tensor:
    """Zeros around the spatial axes."""
    count = len(pads)
    given = tuple(tuple(pair) for pair in pads)
    spatial = [normal(s + a + b) for s, (a, b) in zip(x.dims[1:-1], pads, strict=True)]
    return site.builder.layer(  # type: ignore[no-any-return]
        ("padding", site.node.name),
        lambda name: _PADDINGS[count - 1](
            given[0] if count == 1 else given, name=name, dtype=x.dtype, **_LAST
        ),
        f"{owner}.padding",
        x,
        dims=(x.dims[0], *spatial, x.dims[-1]),
    )


def _slid(
    dims: Dims,
    window: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    *,
    same: bool,
) -> list[Any]:
    sizes = []
    for size, k, stride, dilation in zip(dims, window, strides, dilations, strict=True):
        covered = 0 if same else dilation * (k - 1)
        sizes.append(normal(sympy.floor(sympy.sympify(size - covered - 1) / stride) + 1))
    return sizes


@becomes_layer(
    "aten.conv_transpose1d.default", "aten.conv_transpose2d.input", "aten.conv_transpose3d.input"
)
def transposed_convolution(site: Site) -> object:
    """``Conv1DTranspose`` to ``Conv3DTranspose``; padding is cropped off."""
    weight, bias, x = site["weight"], site["bias"], site.tensor("input")
    if not isinstance(weight, Weight) or not site.owns(weight, bias):
        return None
    return _transposed(site, x, weight, bias, weight.array.ndim - 2)


def _transposed(site: Site, x: Tensor, weight: Weight, bias: Weight | None, count: int) -> object:
    strides, pads = each(site["stride"], count), each(site["padding"], count)
    extra, dilations = each(site["output_padding"], count), each(site["dilation"], count)
    _, out, *window = weight.array.shape
    fits = all(k >= s and e <= p for k, s, e, p in zip(window, strides, extra, pads, strict=True))
    plain = int(site["groups"]) == 1 and max(dilations) == 1 and len(x.dims) == count + 2
    if not fits or not plain:
        return None
    kernel = np.ascontiguousarray(weight.array.transpose((*range(2, count + 2), 1, 0)))
    whole = [
        normal((size - 1) * stride + k)
        for size, stride, k in zip(x.dims[1:-1], strides, window, strict=True)
    ]
    arrays = [kernel, *([bias.array] if bias is not None else [])]
    result = site.builder.layer(
        site.key(weight, bias, config=(strides, pads)),
        lambda name: _TRANSPOSED[count - 1](
            out,
            tuple(window),
            strides=strides,
            padding="valid",
            data_format="channels_last",
            use_bias=bias is not None,
            name=name,
            dtype=site.policy(weight),
            trainable=trains(weight, bias),
        ),
        site.owner(weight),
        x,
        arrays,
        dims=(x.dims[0], *whole, out),
    )
    crops = tuple((p, p - e) for p, e in zip(pads, extra, strict=True))
    if not any(a or b for a, b in crops):
        return result
    spatial = [normal(s - a - b) for s, (a, b) in zip(whole, crops, strict=True)]
    return site.builder.layer(
        ("cropping", site.node.name),
        lambda name: _CROPPINGS[count - 1](
            crops[0] if count == 1 else crops, name=name, dtype=x.dtype, **_LAST
        ),
        f"{site.owner(weight)}.cropping",
        result,
        dims=(x.dims[0], *spatial, out),
    )
