"""Recurrent layers over whole sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import torch
from keras import layers
from torch import nn

from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.readable.calls import LayerCall, Marked
from converters.tf_to_torch.readable.companions import Recurrent
from converters.tf_to_torch.readable.rows.cells import Cell, cell_of
from converters.tf_to_torch.readable.table import Forward, Moved, Written, part, row


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a cell is in PyTorch.

    Attributes:
        gates: where PyTorch has each of Keras's gates.
        module: over whole sequences.
        cell: of a single step.
    """

    gates: tuple[int, ...]
    module: type[nn.Module]
    cell: type[nn.Module]


_KINDS: Mapping[type, _Kind] = {
    # input, forget, candidate, output in both
    layers.LSTMCell: _Kind((0, 1, 2, 3), nn.LSTM, nn.LSTMCell),
    # update, reset, candidate; PyTorch has reset before update
    layers.GRUCell: _Kind((1, 0, 2), nn.GRU, nn.GRUCell),
    layers.SimpleRNNCell: _Kind((0,), nn.RNN, nn.RNNCell),
}

Block = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """What a recurrent layer is given.

    Attributes:
        x: the sequences.
        mask: which steps count; None for all.
        states: what it begins with; empty for zeros.
    """

    x: Marked
    mask: Marked | None
    states: tuple[Marked, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, in order."""
        mask = () if self.mask is None else (self.mask,)
        return tuple(one.name for one in (self.x, *mask, *self.states))

    def apart(self, tensors: Sequence[Tensor]) -> tuple[Tensor | None, tuple[Tensor, ...]]:
        """The mask and the states among the tensors that follow the sequences."""
        masked = self.mask is not None
        return tensors[0] if masked else None, tuple(tensors[masked:])


def sequences_of(call: LayerCall, rank: int = 3) -> Sequences | None:
    """What a recurrent layer is given; None if it is more than a layer of PyTorch's takes."""
    given = dict(zip(("sequences", "initial_state", "mask"), call.arguments, strict=False))
    given |= {name: value for name, value in call.keywords.items() if value is not None}
    if call.arguments and isinstance(call.arguments[0], tuple | list):
        return None
    x, mask, states = (given.get(name) for name in ("sequences", "mask", "initial_state"))
    held = (
        tuple(states) if isinstance(states, tuple | list) else () if states is None else (states,)
    )
    if not isinstance(x, Marked) or x.rank != rank or x.shape[-1] is None:
        return None
    if isinstance(mask, Marked):
        if (mask.rank, mask.dtype) != (2, "bool"):
            return None
    elif mask is not None:
        return None
    marked = [one for one in held if isinstance(one, Marked)]
    return Sequences(x, mask, tuple(marked)) if len(marked) == len(held) else None


def drops(cell: Any, call: LayerCall) -> bool:
    """Whether a cell draws random numbers in this call."""
    rates = (getattr(cell, "dropout", 0), getattr(cell, "recurrent_dropout", 0))
    return bool(call.keywords.get("training") and any(rates))


def is_plain(layer: Any, call: LayerCall) -> bool:
    """Whether a layer's steps are those of PyTorch."""
    cell = layer.cell
    if type(cell) not in _KINDS or layer.stateful or drops(cell, call):
        return False
    if isinstance(cell, layers.SimpleRNNCell):
        return cell.activation in (keras.activations.tanh, keras.activations.relu)
    usual = cell.activation is keras.activations.tanh
    gates = cell.recurrent_activation is keras.activations.sigmoid
    return usual and gates and getattr(cell, "reset_after", True)


def weights_of(cell: Any, *, ahead: str = "", behind: str = "") -> Cell:
    """Where a cell's variables are in a module, and what the module has besides."""
    order = _KINDS[type(cell)].gates
    units, moved, fill = cell.units, list[Moved](), dict[str, float]()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    inputs, states, *biases = (f"{ahead}{name}{behind}" for name in names)
    for variable, name in ((cell.kernel, inputs), (cell.recurrent_kernel, states)):
        size = variable.shape[0]
        for gate, place in enumerate(order):
            block: Block = ((0, size), (gate * units, (gate + 1) * units))
            moved.append(Moved(variable, name, (1, 0), block, row=place * units))
    module = part(
        _KINDS[type(cell)].cell,
        cell.kernel.shape[0],
        units,
        **_options(cell),
    )
    if cell.bias is None:
        return Cell(module, tuple(moved), fill)
    both = len(cell.bias.shape) == 2
    for index, name in enumerate(biases):
        if index and not both:
            fill[name] = 0
            break
        for gate, place in enumerate(order):
            columns = (gate * units, (gate + 1) * units)
            block = ((index, index + 1), columns) if both else (columns,)
            moved.append(Moved(cell.bias, name, block=block, shape=(units,), row=place * units))
    return Cell(module, tuple(moved), fill)


def _options(cell: Any) -> dict[str, Any]:
    """What is said of a module besides its sizes."""
    options: dict[str, Any] = {} if cell.bias is not None else {"bias": False}
    if isinstance(cell, layers.SimpleRNNCell) and cell.activation is keras.activations.relu:
        options["nonlinearity"] = "relu"
    return options


@row(layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN)
def recurrent(layer: Any, call: LayerCall) -> Written | None:
    """Keras has one bias where PyTorch has two: the other stays zero."""
    given = sequences_of(call)
    if given is None:
        return None
    if given.mask is not None or not is_plain(layer, call):
        return walked(layer, call, given)
    cell, lstm = layer.cell, isinstance(layer.cell, layers.LSTMCell)
    held = weights_of(cell, behind="_l0")

    def forward(module: Forward, x: Tensor, *states: Tensor) -> Any:
        first = tuple(state.unsqueeze(0) for state in states)
        begin = [first if lstm else first[0]] if first else []
        y, state = module(x.flip(1) if layer.go_backwards else x, *begin)
        last = [one.squeeze(0) for one in (state if lstm else (state,))]
        result = y if layer.return_sequences else last[0]
        return (result, *last) if layer.return_state else result

    return Written(
        part(
            _KINDS[type(cell)].module,
            given.x.shape[-1],
            cell.units,
            **_options(cell),
            batch_first=True,
        ),
        forward,
        given.names,
        held.weights,
        held.fill,
    )


def walked(layer: Any, call: LayerCall, given: Sequences) -> Written | None:
    """A layer that PyTorch has no module for, but for its steps: a loop over these."""
    cell: Cell | None = None
    if is_plain(layer, call):
        cell = weights_of(layer.cell, ahead="cell.")
    elif not layer.stateful and not drops(layer.cell, call):
        cell = cell_of(layer.cell, given.x.shape[2:])
    if cell is None:
        return None

    def forward(module: Forward, x: Tensor, *tensors: Tensor) -> Any:
        mask, states = given.apart(tensors)
        images = x.ndim > 3 and layer.cell.data_format == "channels_last"
        begin = tuple(_first(state) if images else state for state in states)
        y, ends = module(_first(x, 2) if images else x, *_given(mask, begin))
        y = y if layer.return_sequences else y.select(1, -1)
        if images:
            y, ends = _last(y, 2 if layer.return_sequences else 1), [_last(end, 1) for end in ends]
        return (y, *ends) if layer.return_state else y

    options = {"backwards": layer.go_backwards, "zeros": layer.zero_output_for_mask}
    module = part(Recurrent, cell.part, **options)
    return Written(module, forward, given.names, cell.weights, cell.fill)


def _given(mask: Tensor | None, states: tuple[Tensor, ...]) -> list[Any]:
    """The arguments behind the sequences, as far as there are any."""
    if states:
        return [mask, states]
    return [] if mask is None else [mask]


def _first(x: Tensor, place: int = 1) -> Tensor:
    """Channels from behind to an axis of their own place."""
    return x.movedim(-1, place)


def _last(x: Tensor, place: int) -> Tensor:
    """Channels from their place to the end."""
    return x.movedim(place, -1)


@row(layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
def convolutional(layer: Any, call: LayerCall) -> Written | None:
    """A loop over images."""
    given = sequences_of(call, layer.cell.rank + 3)
    return None if given is None else walked(layer, call, given)


@row(layers.Bidirectional)
def bidirectional(layer: Any, call: LayerCall) -> Written | None:
    """Two directions are one module; PyTorch gives the second its weights' names with a suffix."""
    given, ahead, back = sequences_of(call), layer.forward_layer, layer.backward_layer
    kinds = (layers.LSTM, layers.GRU, layers.SimpleRNN)
    if given is None or given.mask or given.states or type(ahead) not in kinds:
        return None
    alike = type(ahead) is type(back) and ahead.units == back.units
    if not alike or not is_plain(ahead, call) or not is_plain(back, call):
        return None
    concatenated = layer.merge_mode == "concat" and not layer.return_state
    same = ahead.use_bias == back.use_bias and ahead.activation is back.activation
    if not concatenated or not same or ahead.go_backwards or not back.go_backwards:
        return None
    if isinstance(ahead, layers.SimpleRNN) and ahead.activation is not keras.activations.tanh:
        return None
    held = weights_of(ahead.cell, behind="_l0")
    held_back = weights_of(back.cell, behind="_l0_reverse")
    lstm = isinstance(ahead, layers.LSTM)

    def forward(module: Forward, x: Tensor) -> Tensor:
        y, state = module(x)
        last = state[0] if lstm else state
        return y if layer.return_sequences else torch.cat([last[0], last[1]], -1)

    return Written(
        part(
            _KINDS[type(ahead.cell)].module,
            given.x.shape[-1],
            ahead.units,
            **_options(ahead.cell),
            batch_first=True,
            bidirectional=True,
        ),
        forward,
        (given.x.name,),
        (*held.weights, *held_back.weights),
        {**held.fill, **held_back.fill},
    )
