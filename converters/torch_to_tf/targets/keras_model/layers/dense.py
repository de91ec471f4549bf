"""Products with weights, and tables."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer, trains
from converters.torch_to_tf.targets.keras_model.values import Tensor, Weight


@becomes_layer("aten.linear.default")
def linear(site: Site) -> object:
    """``Dense``; the transpose of an embedding where the weight is one."""
    weight, bias = site["weight"], site["bias"]
    x = site.tensor("input")
    if not isinstance(weight, Weight) or len(x.dims) < 2:
        return None
    if weight.parameter.name in site.shared:
        return _reversed(site, x, weight, bias)
    if not site.owns(weight, bias):
        return None
    return dense(site, x, weight.array.T, (weight, bias))


@becomes_layer("aten.addmm.default")
def addmm(site: Site) -> object:
    """``Dense`` with the kernel as Keras has it."""
    bias, x, kernel = site["x"], site["mat1"], site["mat2"]
    plain = site.arguments.get("beta", 1) == 1 and site.arguments.get("alpha", 1) == 1
    if not (isinstance(x, Tensor) and plain and bias is not None and site.owns(bias, kernel)):
        return None
    if bias.array.ndim != 1:
        return None
    return dense(site, x, kernel.array, (kernel, bias))


def dense(site: Site, x: Tensor, kernel: np.ndarray, held: tuple[Weight, Weight | None]) -> object:
    """A ``Dense`` layer with a kernel (in, out)."""
    weight, bias = held
    arrays = [kernel, *([bias.array] if bias is not None else [])]
    return site.builder.layer(
        site.key(weight, bias),
        lambda name: keras.layers.Dense(
            kernel.shape[1],
            use_bias=bias is not None,
            name=name,
            dtype=site.policy(weight),
            trainable=trains(weight, bias),
        ),
        site.owner(weight),
        x,
        arrays,
        dims=(*x.dims[:-1], kernel.shape[1]),
    )


def _table(site: Site, weight: Weight) -> Any:
    rows, columns = weight.array.shape
    tied = weight.parameter.name in site.shared
    make = keras.layers.ReversibleEmbedding if tied else keras.layers.Embedding
    return lambda name: make(
        rows, columns, name=name, dtype=site.policy(weight), trainable=trains(weight)
    )


@becomes_layer("aten.embedding.default")
def embedding(site: Site) -> object:
    """``Embedding``; ``ReversibleEmbedding`` where the table is the weight of a product too."""
    weight, indices = site["weight"], site.tensor("indices")
    if not isinstance(weight, Weight) or indices.dtype not in ("int32", "int64"):
        return None
    if weight.parameter.name in site.shared and not _tied(site, weight):
        return None
    return site.builder.layer(
        ("table", weight.parameter.name),
        _table(site, weight),
        site.owner(weight),
        indices,
        [weight.array],
        dims=(*indices.dims, weight.array.shape[1]),
    )


def _tied(site: Site, weight: Weight) -> bool:
    return getattr(site.shared, "tied", {}).get(weight.parameter.name, False)  # type: ignore[no-any-return]


def _reversed(site: Site, x: Tensor, weight: Weight, bias: Weight | None) -> object:
    if not _tied(site, weight):
        return None
    logits = site.builder.layer(
        ("table", weight.parameter.name),
        _table(site, weight),
        site.owner(weight),
        x,
        [weight.array],
        dims=(*x.dims[:-1], weight.array.shape[0]),
        options={"reverse": True},
    )
    if bias is None:
        return logits
    return site.builder.call(ops.add, logits, bias, dims=logits.dims)
