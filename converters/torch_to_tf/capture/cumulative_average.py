"""Batch normalisation with ``momentum=None``, as ``torch.export`` can see it.

Such a layer averages over all batches so far. PyTorch reads their number from a tensor into a
Python number, which no graph can hold; here the same rule is written with tensors.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm


@contextlib.contextmanager
def averages_by_tensors(module: torch.nn.Module) -> Iterator[None]:
    """While active, the layers of a module that average over all batches do it with tensors."""
    layers = [
        part
        for part in module.modules()
        if isinstance(part, _BatchNorm)
        and part.momentum is None
        and part.training
        and part.running_mean is not None
        and "forward" not in vars(part)
    ]
    for layer in layers:
        vars(layer)["forward"] = _forward(layer)
    try:
        yield
    finally:
        for layer in layers:
            del vars(layer)["forward"]


def _forward(layer: _BatchNorm) -> Callable[[torch.Tensor], torch.Tensor]:
    """What the layer computes.

    Source: PyTorch, torch.nn.modules.batchnorm, _BatchNorm.forward.
    """

    def forward(input: torch.Tensor) -> torch.Tensor:
        layer._check_input_dim(input)  # type: ignore[no-untyped-call]
        mean, variance, count = layer.running_mean, layer.running_var, layer.num_batches_tracked
        assert mean is not None
        assert variance is not None
        assert count is not None
        count.add_(1)
        # With a momentum of 1, these become the batch's own mean and unbiased variance.
        batch = torch.zeros_like(mean), torch.zeros_like(variance)
        y = batch_norm(input, *batch, layer.weight, layer.bias, True, 1.0, layer.eps)
        share = count.to(mean.dtype).reciprocal()
        for running, own in zip((mean, variance), batch, strict=True):
            running.copy_((1 - share) * running + share * own)
        return y

    return forward
