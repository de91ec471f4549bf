"""Pools without padding; others are computed operation by operation."""

from __future__ import annotations

from typing import Any

import keras
import sympy

from converters.torch_to_tf.targets.keras_model.layers.convolution import each
from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer
from converters.torch_to_tf.targets.keras_model.sizes import normal
from converters.torch_to_tf.targets.keras_model.values import Tensor

_MAX = (keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D)
_MEAN = (
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
)
_GLOBAL = (
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
)


def _x(site: Site) -> Tensor:
    return site.tensor("x" if "x" in site.arguments else "input")


def _spatial(site: Site) -> int:
    return int(site.node.op.split("pool")[1][0])


@becomes_layer("aten.max_pool1d.default", "aten.max_pool2d.default", "aten.max_pool3d.default")
def max_pool(site: Site) -> object:
    """``MaxPooling1D`` to ``MaxPooling3D``; padding with the least number there is."""
    from keras import ops

    x, count = _x(site), _spatial(site)
    if max(each(site["dilation"], count)) > 1 or site["ceil_mode"] or len(x.dims) != count + 2:
        return None
    pads = each(site["padding"], count)
    if any(pads):
        entries = ((0, 0), *((p, p) for p in pads), (0, 0))
        dims = tuple(normal(s + a + b) for s, (a, b) in zip(x.dims, entries, strict=True))
        x = site.builder.call(ops.pad, x, entries, constant_values=float("-inf"), dims=dims)
    return _pooled(site, _MAX[count - 1], x, count)


@becomes_layer("aten.avg_pool1d.default", "aten.avg_pool2d.default", "aten.avg_pool3d.default")
def avg_pool(site: Site) -> object:
    """``AveragePooling1D`` to ``AveragePooling3D``."""
    x, count = _x(site), _spatial(site)
    if any(each(site["padding"], count)) or site["ceil_mode"] or len(x.dims) != count + 2:
        return None
    if site.arguments.get("divisor_override") is not None:
        return None
    return _pooled(site, _MEAN[count - 1], x, count)


def _pooled(site: Site, kind: Any, x: Tensor, count: int) -> object:
    window = each(site["kernel_size"], count)
    stride = each(site["stride"] or window, count)
    spatial = [
        normal(sympy.floor(sympy.sympify(size - k) / s) + 1)
        for size, k, s in zip(x.dims[1:-1], window, stride, strict=True)
    ]
    return site.builder.layer(
        site.key(config=(site.module, window, stride, x.dtype)),
        lambda name: kind(
            window if count > 1 else window[0],
            strides=stride if count > 1 else stride[0],
            padding="valid",
            data_format="channels_last",
            name=name,
            dtype=x.dtype,
        ),
        site.module,
        x,
        dims=(x.dims[0], *spatial, x.dims[-1]),
    )


@becomes_layer(
    "aten.adaptive_avg_pool1d.default",
    "aten.adaptive_avg_pool2d.default",
    "aten.adaptive_avg_pool3d.default",
)
def adaptive_avg_pool(site: Site) -> object:
    """``GlobalAveragePooling`` where one number is left of each channel."""
    x, count = _x(site), _spatial(site)
    sizes = each(site["output_size"], count)
    if any(size != 1 for size in sizes) or len(x.dims) != count + 2:
        return None
    return site.builder.layer(
        site.key(config=(site.module, x.dtype)),
        lambda name: _GLOBAL[count - 1](
            data_format="channels_last", keepdims=True, name=name, dtype=x.dtype
        ),
        site.module,
        x,
        dims=(x.dims[0], *(1 for _ in sizes), x.dims[-1]),
    )
