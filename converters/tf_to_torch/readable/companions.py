"""Modules that ``torch.nn`` has not, as a converted model's source holds them.

They are copied into that source as they stand here, so that they use nothing but ``torch``, ``nn``
and ``Tensor``.
"""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn


class GELU(nn.Module):
    """The gelu of Keras; that of PyTorch loses what is left far below zero."""

    def __init__(self, root: float = 0.5**0.5) -> None:
        super().__init__()
        self.root = root

    def forward(self, x: Tensor) -> Tensor:
        """The gelu of each element."""
        return x * 0.5 * torch.erfc(x * -self.root)


class HardSigmoid(nn.Module):
    """The hard sigmoid of Keras; the gradient of PyTorch's divides by a six of float32."""

    def forward(self, x: Tensor) -> Tensor:
        """A number between 0 and 1 for each element."""
        return (x / 6 + 0.5).clamp(0, 1)


class RNNCell(nn.Module):
    """A step of a recurrence without gates."""

    def __init__(self, inputs: nn.Module, states: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.inputs, self.states, self.activation = inputs, states, activation

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        """The next states (N, C), of which those before are zeros where none are given."""
        x = self.inputs(x)
        return self.activation(x if h is None else x + self.states(h))


class GRUCell(nn.Module):
    """A step of a GRU; its reset comes after the product with the states, or before it."""

    def __init__(
        self,
        inputs: nn.Module,
        states: nn.Module,
        gate: nn.Module,
        activation: nn.Module,
        reset: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.inputs, self.states, self.gate, self.activation = inputs, states, gate, activation
        self.reset = reset  # the product with states that were reset before it

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        """The next states (N, C), of which those before are zeros where none are given."""
        update, reset, new = self.inputs(x).chunk(3, 1)
        h = torch.zeros_like(new) if h is None else h
        states = self.states(h).split(new.shape[1], 1)
        update, reset = self.gate(update + states[0]), self.gate(reset + states[1])
        held = reset * states[2] if self.reset is None else self.reset(reset * h)
        return update * h + (1 - update) * self.activation(new + held)


class LSTMCell(nn.Module):
    """A step of an LSTM, of vectors or of images."""

    def __init__(
        self, inputs: nn.Module, states: nn.Module, gate: nn.Module, activation: nn.Module
    ) -> None:
        super().__init__()
        self.inputs, self.states, self.gate, self.activation = inputs, states, gate, activation

    def forward(
        self, x: Tensor, states: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """The next output and cell states, of which those before are zeros where none are given."""
        gates = self.inputs(x)
        if states is None:
            zeros = torch.zeros_like(gates.chunk(4, 1)[0])
            states = zeros, zeros
        h, c = states
        taken, kept, new, shown = (gates + self.states(h)).chunk(4, 1)
        c = self.gate(kept) * c + self.gate(taken) * self.activation(new)
        return self.gate(shown) * self.activation(c), c


class Recurrent(nn.Module):
    """A cell at every step of sequences (N, L, ...).

    Where a mask (N, L) is false, a step leaves the states and the output as they were; with
    ``zeros`` its output is zeros.
    """

    def __init__(self, cell: nn.Module, backwards: bool = False, zeros: bool = False) -> None:
        super().__init__()
        self.cell, self.backwards, self.zeros = cell, backwards, zeros

    def forward(
        self, x: Tensor, mask: Tensor | None = None, states: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The outputs of all steps (N, L, ...), and the last states."""
        outputs: list[Tensor] = []
        steps = range(x.shape[1])
        for step in reversed(steps) if self.backwards else steps:
            before = states
            given = states[0] if states is not None and len(states) == 1 else states
            found = self.cell(x[:, step], given)
            states = found if isinstance(found, tuple) else (found,)
            output = states[0]
            if mask is not None:
                seen = mask[:, step].reshape(-1, *[1] * (output.ndim - 1))
                last = outputs[-1] if outputs and not self.zeros else torch.zeros_like(output)
                output = torch.where(seen, output, last)
                old = before or tuple(torch.zeros_like(state) for state in states)
                states = tuple(torch.where(seen, a, b) for a, b in zip(states, old, strict=True))
            outputs.append(output)
        assert states is not None
        return torch.stack(outputs, 1), states


COMPANIONS: tuple[type[nn.Module], ...] = (
    *(GELU, HardSigmoid),
    *(RNNCell, GRUCell, LSTMCell, Recurrent),
)
"""All of them, in the order in which they are written."""


def text_of(kind: type[nn.Module]) -> str:
    """The source of one of them."""
    return inspect.getsource(kind).rstrip()
