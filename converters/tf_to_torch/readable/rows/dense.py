"""Layers that multiply by a matrix or look up its rows."""

from __future__ import annotations

from typing import Any

import torch
from keras import layers
from torch import nn

from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Forward, Moved, Written, only, part, row


@row(layers.Dense)
def dense(layer: Any, call: LayerCall) -> Written | None:
    """A kernel (in, out) is a weight (out, in)."""
    x = only(call)
    if x is None:
        return None
    inputs, outputs = layer.kernel.shape
    weights = [Moved(layer.kernel, "weight", (1, 0))]
    if layer.bias is not None:
        weights.append(Moved(layer.bias, "bias"))
    return Written(
        part(nn.Linear, inputs, outputs, bias=layer.bias is not None),
        lambda linear, x: linear(x),
        (x.name,),
        tuple(weights),
        before=True,
    )


@row(layers.Embedding)
def embedding(layer: Any, call: LayerCall) -> Written | None:
    """Rows of a table by their numbers."""
    x = only(call)
    if x is None:
        return None
    whole = x.dtype in ("int32", "int64")

    def forward(embedding: Forward, x: Tensor) -> Tensor:
        return embedding(x if whole else x.to(torch.int32))

    return Written(
        part(nn.Embedding, layer.input_dim, layer.output_dim),
        forward,
        (x.name,),
        (Moved(layer.embeddings, "weight"),),
    )
