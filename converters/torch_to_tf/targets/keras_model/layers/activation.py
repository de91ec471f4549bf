"""Activations and dropout: layers without weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer
from converters.torch_to_tf.targets.keras_model.values import Tensor

_FLOATS = ("float16", "bfloat16", "float32", "float64")


def _x(site: Site) -> Tensor:
    return site.tensor("x" if "x" in site.arguments else "input")


def _plain(site: Site, make: Callable[..., Any], *config: object) -> object:
    x = _x(site)
    if x.dtype not in _FLOATS:
        return None
    return site.builder.layer(
        site.key(config=(site.module, x.dtype, len(x.dims), *config)),
        lambda name: make(name=name, dtype=x.dtype),
        site.module,
        x,
        dims=x.dims,
    )


@becomes_layer("aten.relu.default", "aten.relu_.default")
def relu(site: Site) -> object:
    """``ReLU``."""
    return _plain(site, keras.layers.ReLU)


_NAMED = {
    "aten.sigmoid.default": "sigmoid",
    "aten.silu.default": "silu",
    "aten.tanh.default": "tanh",
}


@becomes_layer(*_NAMED)
def named(site: Site) -> object:
    """``Activation`` with the name that Keras has for it."""
    function = _NAMED[site.node.op]
    return _plain(site, lambda **options: keras.layers.Activation(function, **options))


@becomes_layer("aten.leaky_relu.default")
def leaky_relu(site: Site) -> object:
    """``LeakyReLU``; Keras' own slope is another one."""
    slope = float(site.arguments.get("negative_slope", 0.01))
    if slope < 0:
        return None
    return _plain(
        site, lambda **options: keras.layers.LeakyReLU(negative_slope=slope, **options), slope
    )


@becomes_layer("aten.elu.default")
def elu(site: Site) -> object:
    """``ELU``."""
    alpha = float(site.arguments.get("alpha", 1.0))
    if any(site.arguments.get(name, 1) != 1 for name in ("scale", "input_scale")):
        return None
    return _plain(site, lambda **options: keras.layers.ELU(alpha=alpha, **options), alpha)


@becomes_layer("aten.hardtanh.default", "aten.relu6.default")
def relu6(site: Site) -> object:
    """``ReLU`` with a ceiling, where the floor is 0."""
    if site.node.op == "aten.relu6.default":
        low, high = 0.0, 6.0
    else:
        low, high = (float(site.arguments.get(n, d)) for n, d in (("min_val", -1), ("max_val", 1)))
    if low != 0:
        return None
    return _plain(site, lambda **options: keras.layers.ReLU(max_value=high, **options), high)


@becomes_layer("aten.softmax.int", "aten._softmax.default")
def softmax(site: Site) -> object:
    """``Softmax`` along an axis."""
    x, axis = _x(site), int(site["dim"])
    if site.arguments.get("dtype") is not None or site.arguments.get("half_to_float"):
        return None
    if not x.dims:
        return None
    axis = axis % len(x.dims) - len(x.dims)
    return _plain(site, lambda **options: keras.layers.Softmax(axis=axis, **options), axis)


@becomes_layer("aten.dropout.default", "aten.feature_dropout.default", "aten.alpha_dropout.default")
def dropout(site: Site) -> object:
    """``Dropout`` and its kin: nothing in inference, and in ``fit`` what PyTorch does in training.

    They drop in training only, so that one file has both modes.
    """
    x, rate = _x(site), float(site["p"])
    if rate == 0 or x.dtype not in _FLOATS:
        return x
    kind: Any = keras.layers.Dropout
    if "alpha" in site.node.op:
        kind = keras.layers.AlphaDropout
    elif "feature" in site.node.op:
        lengths = {3: keras.layers.SpatialDropout1D, 4: keras.layers.SpatialDropout2D,
                   5: keras.layers.SpatialDropout3D}  # fmt: skip
        spec: Any = site.node.outputs[0]
        if len(x.dims) not in lengths or spec.axes is None:
            return None
        kind = lengths[len(x.dims)]
    return _plain(site, lambda **options: kind(rate, **options), rate)
