"""Padding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from converters.layout import Layout, Order
from converters.tf_to_torch.lowerings import Number, Size, Sizes, Tensor, lower

_PAIRS = Layout(Order.any, per_axis=("paddings",), plain=("constant_values",))
"""One pair for each axis."""


def _constant(x: Tensor, paddings: Sequence[Sizes], value: Number) -> Tensor:
    amounts: list[Size] = [amount for pair in reversed(paddings) for amount in pair]
    if x.dtype == torch.bool:
        return F.pad(x.to(torch.uint8), amounts, value=int(value)).bool()
    return F.pad(x, amounts, value=value)


@lower("tf.Pad", layout=_PAIRS)
def pad(input: Tensor, paddings: Sizes) -> Tensor:
    """Zeros around. Shapes: (n, ...) -> (before + n + after, ...). Dtypes: all."""
    return _constant(input, paddings, 0)


@lower("tf.PadV2", layout=_PAIRS)
def pad_v2(input: Tensor, paddings: Sizes, constant_values: Sizes) -> Tensor:
    """A number around. Shapes: (n, ...) -> (before + n + after, ...). Dtypes: all."""
    return _constant(input, paddings, constant_values)


@lower("tf.MirrorPad", layout=_PAIRS)
def mirror_pad(input: Tensor, paddings: Sizes, mode: str) -> Tensor:
    """The image mirrored around itself; ``SYMMETRIC`` repeats the border.

    Shapes: (n, ...) -> (before + n + after, ...). Dtypes: all.
    """
    off = 0 if mode == "SYMMETRIC" else 1
    for axis, (before, after) in enumerate(paddings):
        size = input.shape[axis]
        parts = [input]
        if before:
            parts.insert(0, input.narrow(axis, off, before).flip(axis))
        if after:
            parts.append(input.narrow(axis, size - off - after, after).flip(axis))
        input = torch.cat(parts, axis) if len(parts) > 1 else input
    return input
