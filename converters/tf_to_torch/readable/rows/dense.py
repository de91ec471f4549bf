"""Layers that multiply by a matrix or look up its rows."""

from __future__ import annotations

import math
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


@row(layers.EinsumDense)
def einsum_dense(layer: Any, call: LayerCall) -> Written | None:
    """The last axes of a tensor times a kernel that has them: one matrix, its axes grouped."""
    x, axes = only(call), _matrix_axes(layer.equation)
    if x is None or axes is None:
        return None
    outputs, inputs = ([layer.kernel.shape[axis] for axis in group] for group in axes)
    weight_axes, shape = (*axes[0], *axes[1]), (math.prod(outputs), math.prod(inputs))
    weights = [Moved(layer.kernel, "weight", weight_axes, shape=shape)]
    if layer.bias is not None:
        if tuple(layer.bias.shape) != tuple(outputs):
            return None
        weights.append(Moved(layer.bias, "bias", shape=shape[:1]))

    def forward(linear: Forward, x: Tensor) -> Tensor:
        result: Tensor = linear(x.flatten(-len(inputs)) if len(inputs) > 1 else x)
        return torch.unflatten(result, -1, outputs) if len(outputs) > 1 else result

    return Written(
        part(nn.Linear, shape[1], shape[0], bias=layer.bias is not None),
        forward,
        (x.name,),
        tuple(weights),
        before=True,
    )


def _matrix_axes(equation: str) -> tuple[list[int], list[int]] | None:
    """A kernel's axes that a product makes, and those that it sums over.

    Returns:
        None if these are not the last axes of the result and of the tensor, in that order.

    >>> _matrix_axes("abc,cde->abde"), _matrix_axes("abc,bcd->abd")
    (([1, 2], [0]), None)
    """
    given, result = equation.replace("...", "").replace(" ", "").split("->")
    x, kernel = given.split(",")
    inputs = [letter for letter in x if letter in kernel and letter not in result]
    outputs = [letter for letter in result if letter in kernel and letter not in x]
    kept = x.removesuffix("".join(inputs))
    plain = x == kept + "".join(inputs) and result == kept + "".join(outputs)
    right = equation.replace(" ", "").split(",")[0].endswith("...")
    if not plain or right or sorted(kernel) != sorted(inputs + outputs):
        return None
    if not inputs or not outputs or len(set(kernel)) < len(kernel):
        return None
    return [kernel.index(letter) for letter in outputs], [kernel.index(n) for n in inputs]


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
