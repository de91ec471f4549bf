"""Recurrent layers over whole sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import torch
from keras import layers
from torch import nn

from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.readable.calls import LayerCall, Marked
from converters.tf_to_torch.readable.table import Forward, Moved, Written, only, part, row

_GATES: Mapping[type, tuple[int, ...]] = {
    layers.LSTM: (0, 1, 2, 3),  # input, forget, candidate, output in both
    layers.GRU: (1, 0, 2),  # update, reset, candidate; PyTorch has reset before update
    layers.SimpleRNN: (0,),
}
"""For each layer where PyTorch has its gates, in Keras's order."""

Block = tuple[tuple[int, int], ...]

_MODULES: Mapping[type, type[nn.Module]] = {
    layers.LSTM: nn.LSTM,
    layers.GRU: nn.GRU,
    layers.SimpleRNN: nn.RNN,
}


def sequence_of(call: LayerCall) -> Marked | None:
    """What a recurrent layer walks over, if it is given nothing else."""
    states = {"initial_state": None, "mask": None}
    if any(call.keywords.get(name) is not None for name in states):
        return None
    given = {name: value for name, value in call.keywords.items() if name not in states}
    x = only(LayerCall(call.index, call.layer, call.parent, call.arguments, given))
    return x if x is not None and x.rank == 3 else None


def is_plain(layer: Any) -> bool:
    """Whether a layer's steps are those of PyTorch."""
    if type(layer) not in _GATES or layer.stateful or layer.dropout or layer.recurrent_dropout:
        return False
    if isinstance(layer, layers.SimpleRNN):
        return layer.activation in (keras.activations.tanh, keras.activations.relu)
    usual = layer.activation is keras.activations.tanh
    gates = layer.recurrent_activation is keras.activations.sigmoid
    return usual and gates and getattr(layer, "reset_after", True)


def weights_of(layer: Any, suffix: str) -> tuple[list[Moved], dict[str, float]]:
    """Where a layer's variables are in a module, and what the module has besides."""
    cell, order = layer.cell, _GATES[type(layer)]
    units, moved, fill = layer.units, list[Moved](), dict[str, float]()
    for variable, name in ((cell.kernel, "weight_ih_l0"), (cell.recurrent_kernel, "weight_hh_l0")):
        size = variable.shape[0]
        for gate, place in enumerate(order):
            columns = (gate * units, (gate + 1) * units)
            block: Block = ((0, size), columns)
            moved.append(Moved(variable, f"{name}{suffix}", (1, 0), block, row=place * units))
    if cell.bias is None:
        return moved, fill
    both = len(cell.bias.shape) == 2
    for index, name in enumerate(("bias_ih_l0", "bias_hh_l0")):
        if index and not both:
            fill[f"{name}{suffix}"] = 0
            break
        for gate, place in enumerate(order):
            columns = (gate * units, (gate + 1) * units)
            block = ((index, index + 1), columns) if both else (columns,)
            moved.append(
                Moved(
                    cell.bias,
                    f"{name}{suffix}",
                    block=block,
                    shape=(units,),
                    row=place * units,
                )
            )
    return moved, fill


@row(layers.LSTM, layers.GRU, layers.SimpleRNN)
def recurrent(layer: Any, call: LayerCall) -> Written | None:
    """Keras has one bias where PyTorch has two: the other stays zero."""
    x = sequence_of(call)
    if x is None or not is_plain(layer):
        return None
    moved, fill = weights_of(layer, "")
    options = {}
    if isinstance(layer, layers.SimpleRNN) and layer.activation is keras.activations.relu:
        options["nonlinearity"] = "relu"
    lstm = isinstance(layer, layers.LSTM)

    def forward(module: Forward, x: Tensor) -> Any:
        y, state = module(x.flip(1) if layer.go_backwards else x)
        states = [one.squeeze(0) for one in (state if lstm else (state,))]
        result = y if layer.return_sequences else states[0]
        return (result, *states) if layer.return_state else result

    return Written(
        part(
            _MODULES[type(layer)],
            x.shape[-1],
            layer.units,
            bias=layer.use_bias,
            batch_first=True,
            **options,
        ),
        forward,
        (x.name,),
        tuple(moved),
        fill,
    )


@row(layers.Bidirectional)
def bidirectional(layer: Any, call: LayerCall) -> Written | None:
    """Two directions are one module; PyTorch gives the second its weights' names with a suffix."""
    x, ahead, back = sequence_of(call), layer.forward_layer, layer.backward_layer
    alike = type(ahead) is type(back) and ahead.units == back.units
    if x is None or not alike or not is_plain(ahead) or not is_plain(back):
        return None
    concatenated = layer.merge_mode == "concat" and not layer.return_state
    same = ahead.use_bias == back.use_bias and ahead.activation is back.activation
    if not concatenated or not same or ahead.go_backwards or not back.go_backwards:
        return None
    if isinstance(ahead, layers.SimpleRNN) and ahead.activation is not keras.activations.tanh:
        return None
    moved, fill = weights_of(ahead, "")
    moved_back, fill_back = weights_of(back, "_reverse")
    lstm = isinstance(ahead, layers.LSTM)

    def forward(module: Forward, x: Tensor) -> Tensor:
        y, state = module(x)
        last = state[0] if lstm else state
        return y if layer.return_sequences else torch.cat([last[0], last[1]], -1)

    return Written(
        part(
            _MODULES[type(ahead)],
            x.shape[-1],
            ahead.units,
            bias=ahead.use_bias,
            batch_first=True,
            bidirectional=True,
        ),
        forward,
        (x.name,),
        (*moved, *moved_back),
        {**fill, **fill_back},
    )
