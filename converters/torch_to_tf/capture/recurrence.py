"""Recurrent operators as ``torch.export`` sees them: whole, at any number of time steps.

To find out the shapes of ``aten.lstm`` and its kin, PyTorch 2.13 runs their decomposition, a Python
loop over time, which fixes the number of time steps. The shapes are known without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import torch

_OPS = (
    torch.ops.aten.lstm.input,
    torch.ops.aten.gru.input,
    torch.ops.aten.rnn_tanh.input,
    torch.ops.aten.rnn_relu.input,
)


@contextlib.contextmanager
def recurrence_kept_whole() -> Iterator[None]:
    """While active, tracing a recurrent operator gives its results' shapes and nothing else."""
    before = [dict(op.py_kernels) for op in _OPS]
    try:
        for op in _OPS:
            op.py_kernels.update(dict.fromkeys(op.py_kernels, _shapes))
            op._dispatch_cache.clear()
        yield
    finally:
        for op, kernels in zip(_OPS, before, strict=True):
            op.py_kernels.update(kernels)
            op._dispatch_cache.clear()


def _shapes(
    input: torch.Tensor,
    hx: torch.Tensor | Sequence[torch.Tensor],
    params: Sequence[torch.Tensor],  # noqa: ARG001  # the operators' own signature
    has_biases: bool,  # noqa: ARG001
    num_layers: int,  # noqa: ARG001
    dropout: float,  # noqa: ARG001
    train: bool,  # noqa: ARG001
    bidirectional: bool,
    batch_first: bool,  # noqa: ARG001
) -> tuple[torch.Tensor, ...]:
    states = [hx] if isinstance(hx, torch.Tensor) else list(hx)
    width = states[0].shape[-1] * (2 if bidirectional else 1)
    output = input.new_empty((input.shape[0], input.shape[1], width))
    return (output, *(state.new_empty(state.shape) for state in states))
