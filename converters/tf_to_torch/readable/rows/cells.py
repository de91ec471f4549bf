"""Steps of recurrent layers that ``torch.nn`` has no module for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import layers
from keras.src.layers.rnn.conv_lstm import ConvLSTMCell
from torch import nn

from converters.tf_to_torch.readable.companions import GRUCell, LSTMCell, RNNCell
from converters.tf_to_torch.readable.rows.activation import FUNCTIONS
from converters.tf_to_torch.readable.rows.convolution import (
    CONVOLUTIONS,
    kernel_axes,
    same_padding,
)
from converters.tf_to_torch.readable.rows.pooling import ZEROS
from converters.tf_to_torch.readable.table import Moved, Part, part

_INPUTS, _STATES, _RESET = "cell.inputs", "cell.states", "cell.reset"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The module of a step.

    Attributes:
        part: the module.
        weights: where the cell's variables are, by names from the layer's module on.
        fill: numbers for parameters that the cell has not.
    """

    part: Part
    weights: tuple[Moved, ...]
    fill: Mapping[str, float] = field(default_factory=dict)


def cell_of(cell: Any, shape: Sequence[int | None]) -> Cell | None:
    """The module of a cell's step; None if it does something that has none.

    Args:
        cell: the cell.
        shape: of what it is given at each step, without the batch's axis.
    """
    if type(cell) not in (*_CELLS, ConvLSTMCell):
        return None
    functions = [getattr(cell, "recurrent_activation", None), cell.activation]
    known = [_function(function) for function in functions if function is not None]
    if None in known:
        return None
    make = _CELLS.get(type(cell)) or functools.partial(_conv_lstm, shape=shape)
    return make(cell, *known)


def _function(function: Any) -> Part | None:
    return part(nn.Identity) if function is keras.activations.linear else FUNCTIONS.get(function)


def _inputs(cell: Any) -> tuple[Part, list[Moved]]:
    """The product with what a step is given, of all gates."""
    size, width = cell.kernel.shape
    moved = [Moved(cell.kernel, f"{_INPUTS}.weight", (1, 0))]
    if cell.bias is not None and len(cell.bias.shape) == 1:
        moved.append(Moved(cell.bias, f"{_INPUTS}.bias"))
    elif cell.bias is not None:
        block = ((0, 1), (0, width))
        moved.append(Moved(cell.bias, f"{_INPUTS}.bias", block=block, shape=(width,)))
    return part(nn.Linear, size, width, bias=cell.bias is not None), moved


def _simple(cell: Any, activation: Part) -> Cell:
    inputs, moved = _inputs(cell)
    moved.append(Moved(cell.recurrent_kernel, f"{_STATES}.weight", (1, 0)))
    states = part(nn.Linear, cell.units, cell.units, bias=False)
    return Cell(part(RNNCell, inputs, states, activation), tuple(moved))


def _lstm(cell: Any, gate: Part, activation: Part) -> Cell:
    inputs, moved = _inputs(cell)
    moved.append(Moved(cell.recurrent_kernel, f"{_STATES}.weight", (1, 0)))
    states = part(nn.Linear, cell.units, 4 * cell.units, bias=False)
    return Cell(part(LSTMCell, inputs, states, gate, activation), tuple(moved))


def _gru(cell: Any, gate: Part, activation: Part) -> Cell:
    inputs, moved = _inputs(cell)
    units, kernel = cell.units, cell.recurrent_kernel
    if cell.reset_after:
        moved.append(Moved(kernel, f"{_STATES}.weight", (1, 0)))
        if cell.bias is not None:
            block = ((1, 2), (0, 3 * units))
            moved.append(Moved(cell.bias, f"{_STATES}.bias", block=block, shape=(3 * units,)))
        states = part(nn.Linear, units, 3 * units, bias=cell.bias is not None)
        return Cell(part(GRUCell, inputs, states, gate, activation), tuple(moved))
    first, last = ((0, units), (0, 2 * units)), ((0, units), (2 * units, 3 * units))
    moved.append(Moved(kernel, f"{_STATES}.weight", (1, 0), first))
    moved.append(Moved(kernel, f"{_RESET}.weight", (1, 0), last))
    states = part(nn.Linear, units, 2 * units, bias=False)
    reset = part(nn.Linear, units, units, bias=False)
    return Cell(part(GRUCell, inputs, states, gate, activation, reset), tuple(moved))


def _conv_lstm(
    cell: Any, gate: Part, activation: Part, *, shape: Sequence[int | None]
) -> Cell | None:
    last = cell.data_format == "channels_last"
    sizes, channels = (shape[:-1], shape[-1]) if last else (shape[1:], shape[0])
    wide = 4 * cell.filters
    inputs = _convolution(
        sizes, (channels, wide), cell, cell.strides, cell.dilation_rate, cell.bias is not None
    )
    ones = (1,) * cell.rank
    states = _convolution(None, (cell.filters, wide), cell, ones, ones, bias=False)
    if inputs is None or states is None:
        return None
    axes = kernel_axes(cell.rank + 2)
    moved = [
        Moved(cell.kernel, f"{_INPUTS}{inputs[1]}.weight", axes),
        Moved(cell.recurrent_kernel, f"{_STATES}{states[1]}.weight", axes),
    ]
    if cell.bias is not None:
        moved.append(Moved(cell.bias, f"{_INPUTS}{inputs[1]}.bias"))
    return Cell(part(LSTMCell, inputs[0], states[0], gate, activation), tuple(moved))


def _convolution(
    sizes: Sequence[int | None] | None,
    channels: tuple[int | None, int],
    cell: Any,
    steps: Sequence[int],
    spread: Sequence[int],
    bias: bool,
) -> tuple[Part, str] | None:
    """A convolution, and where it is in its module: behind its padding, where that is uneven.

    Args:
        sizes: of the images; None where the result has the same.
        channels: of images and results.
        cell: gives the size of the kernel, and the padding.
        steps: of the kernel.
        spread: of the kernel's places.
        bias: whether it has one.
    """
    rank = cell.rank
    windows = [(n - 1) * s + 1 for n, s in zip(cell.kernel_size, spread, strict=True)]
    if sizes is None or cell.padding == "same":
        found = [
            same_padding(size, window, step)
            for size, window, step in zip(sizes or [None] * rank, windows, steps, strict=True)
        ]
    else:
        found = [0] * rank
    if None in found:
        return None
    totals = [total or 0 for total in found]
    even = not any(total % 2 for total in totals)
    conv = part(
        CONVOLUTIONS[rank],
        *channels,
        tuple(cell.kernel_size),
        stride=tuple(steps),
        padding=tuple(total // 2 for total in totals) if even else 0,
        dilation=tuple(spread),
        bias=bias,
    )
    if even:
        return conv, ""
    ends = [end for total in reversed(totals) for end in (total // 2, total - total // 2)]
    return Part(nn.Sequential, (Part(ZEROS[rank], (tuple(ends),)), conv)), ".1"


_CELLS: Mapping[type, Callable[..., Cell | None]] = {
    layers.SimpleRNNCell: _simple,
    layers.LSTMCell: _lstm,
    layers.GRUCell: _gru,
}
