"""Rows become modules with seeded weights and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.architectures.row import SIZES, Architecture, Draw
from cases.models.vision import lived

_LARGEST = {"batch": 16, "length": 32, "target": 32}
"""The largest sizes of open dimensions."""


def build(row: Architecture) -> tuple[object, object]:
    """The module in evaluation mode, and its example inputs."""
    import torch
    import transformers

    torch.manual_seed(0)
    model = getattr(transformers, row.model)
    module = model(model.config_class(**row.config))
    for part in module.modules():
        config: Any = getattr(part, "config", None)
        if getattr(config, "use_cache", False):
            config.use_cache = False  # a cache is an object, not a tensor
    return lived(module), draw(row)


def draw(row: Architecture, sizes: Mapping[str, int] = SIZES, seed: int = 0) -> dict[str, object]:
    """Inputs.

    Args:
        row: whose.
        sizes: the sizes that have a name.
        seed: of what is random.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    return {name: _drawn(one, sizes, generator) for name, one in row.inputs.items()}


def _drawn(one: Draw, sizes: Mapping[str, int], generator: Any) -> object:
    import torch

    shape = [size if isinstance(size, int) else sizes[size] for size in one.shape]
    dtype = getattr(torch, one.dtype)
    if one.kind == "tokens":
        return torch.randint(one.low, one.high, shape, generator=generator).to(dtype)
    if one.kind == "boxes":
        corners = torch.randint(0, one.high, (*shape[:-1], 2, 2), generator=generator)
        return corners.sort(-2).values.reshape(shape)
    if one.kind == "normal":
        return torch.randn(shape, generator=generator).to(dtype)
    if one.kind == "constant":
        return torch.full(shape, one.high, dtype=dtype)
    rows = torch.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return (torch.arange(shape[-1]) < shape[-1] - rows).expand(shape).to(dtype).contiguous()


def dimensions(row: Architecture) -> object:
    """The open dimensions of the inputs, as ``torch.export`` takes them."""
    from torch.export import Dim

    dims = {name: Dim(name, min=2, max=_LARGEST[name]) for name in row.open}
    return {
        name: {axis: dims[size] for axis, size in enumerate(one.shape) if size in dims}
        for name, one in row.inputs.items()
    }
