"""Recurrent operators as ``torch.export`` sees them: whole, at any number of time steps.

To find out the shapes of ``aten.lstm`` and its kin, PyTorch 2.13 runs their decomposition, a Python
loop over time, which fixes the number of time steps. The shapes are known without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch

_OPS = (
    torch.ops.aten.lstm.input,
    torch.ops.aten.gru.input,
    torch.ops.aten.rnn_tanh.input,
    torch.ops.aten.rnn_relu.input,
)


@contextlib.contextmanager
def recurrence_kept_whole() -> Iterator[None]:
    """While active, tracing a recurrent operator gives the shapes of its results and nothing else."""
    before = [dict(op.py_kernels) for op in _OPS]
    try:
        for op in _OPS:
            op.py_kernels.update(dict.fromkeys(op.py_kernels, _shapes_of(op)))
            op._dispatch_cache.clear()
        yield
    finally:
        for op, kernels in zip(_OPS, before, strict=True):
            op.py_kernels.update(kernels)
            op._dispatch_cache.clear()


def _shapes_of(op: torch._ops.OpOverload) -> Callable[..., tuple[torch.Tensor, ...]]:
    several = op is torch.ops.aten.lstm.input

    def shapes(
        input: torch.Tensor,
        hx: torch.Tensor | Sequence[torch.Tensor],
        params: Sequence[torch.Tensor],
        has_biases: bool,
        num_layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool,
    ) -> tuple[torch.Tensor, ...]:
        states = list(hx) if several else [hx]
        width = states[0].shape[-1] * (2 if bidirectional else 1)
        output = input.new_empty((input.shape[0], input.shape[1], width))
        return (output, *(state.new_empty(state.shape) for state in states))

    return shapes
