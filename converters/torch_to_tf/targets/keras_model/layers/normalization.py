"""Normalisation layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer, trains
from converters.torch_to_tf.targets.keras_model.values import Constant, Tensor, Weight

_WIDE = ("float32", "float64")


@becomes_layer("aten.batch_norm.default", "aten._native_batch_norm_legit_no_training.default")
def batch_norm(site: Site) -> object:
    """``BatchNormalization``, its momentum turned round: in ``fit`` it moves its statistics."""
    x, weight, bias = site.tensor("input"), site["weight"], site["bias"]
    mean, variance = site["running_mean"], site["running_var"]
    held = [mean, variance, *(w for w in (weight, bias) if w is not None)]
    if site.arguments.get("training") or mean is None or variance is None:
        return None
    if not all(isinstance(w, Weight) for w in held) or not site.owns(weight, bias):
        return None
    if {w.parameter.name for w in held} & set(site.shared) or x.dtype not in _WIDE:
        return None
    momentum, eps = site["momentum"], float(site["eps"])
    arrays = [w.array for w in (weight, bias, mean, variance) if w is not None]
    result = site.builder.layer(
        site.key(weight, bias, mean, variance, config=eps),
        lambda name: keras.layers.BatchNormalization(
            axis=-1,
            momentum=1.0 - float(momentum),
            epsilon=eps,
            scale=weight is not None,
            center=bias is not None,
            name=name,
            dtype=site.policy(mean),
            trainable=trains(weight, bias),
        ),
        site.owner(weight or mean) if weight is not None else _parent(mean),
        x,
        arrays,
        dims=x.dims,
    )
    if len(site.node.outputs) == 1:
        return result
    empty = Constant(np.zeros(0), x.dtype)
    return [result, empty, empty]


def _parent(weight: Weight) -> str:
    return weight.parameter.name.rpartition(".")[0]


@becomes_layer("aten.layer_norm.default")
def layer_norm(site: Site) -> object:
    """``LayerNormalization`` over the last axes."""
    x, weight, bias = site.tensor("input"), site["weight"], site["bias"]
    shape = tuple(site["normalized_shape"])
    if not site.owns(weight, bias) or x.dtype not in _WIDE or len(x.dims) <= len(shape):
        return None
    axes = tuple(range(len(x.dims) - len(shape), len(x.dims)))
    return site.builder.layer(
        site.key(weight, bias, config=(site["eps"], shape, len(x.dims), *_apart(site, weight))),
        lambda name: keras.layers.LayerNormalization(
            axis=-1 if len(shape) == 1 else list(axes),
            epsilon=float(site["eps"]),
            scale=weight is not None,
            center=bias is not None,
            name=name,
            dtype=x.dtype,
            trainable=trains(weight, bias),
        ),
        site.owner(weight),
        x,
        [w.array for w in (weight, bias) if w is not None],
        dims=x.dims,
    )


def _apart(site: Site, weight: object) -> tuple[str, ...]:
    """Layers without weights are told apart by their module."""
    return () if weight is not None else (site.module,)


@becomes_layer("aten.group_norm.default")
def group_norm(site: Site) -> object:
    """``GroupNormalization``, channels last."""
    x, weight, bias = site.tensor("input"), site["weight"], site["bias"]
    if not site.owns(weight, bias) or x.dtype not in _WIDE or not _moved(site):
        return None
    groups, eps = int(site["num_groups"]), float(site["eps"])
    return site.builder.layer(
        site.key(weight, bias, config=(groups, eps, *_apart(site, weight))),
        lambda name: keras.layers.GroupNormalization(
            groups=groups,
            axis=-1,
            epsilon=eps,
            scale=weight is not None,
            center=bias is not None,
            name=name,
            dtype=x.dtype,
            trainable=trains(weight, bias),
        ),
        site.owner(weight),
        x,
        [w.array for w in (weight, bias) if w is not None],
        dims=x.dims,
    )


def _moved(site: Site) -> bool:
    """Whether the node's result lies channels last."""
    spec: Any = site.node.outputs[0]
    return spec.axes is not None or spec.rank == 2


__all__ = ["Tensor", "batch_norm", "group_norm", "layer_norm"]
