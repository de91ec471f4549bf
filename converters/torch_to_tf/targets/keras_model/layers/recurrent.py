"""Recurrent networks, layer by layer; Keras holds one bias where PyTorch holds two to be added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from converters.torch_to_tf.targets.keras_model.layers.site import Site, becomes_layer, trains
from converters.torch_to_tf.targets.keras_model.values import Filled, Tensor, Value, Weight

_GATES = {"lstm": 4, "gru": 3}


@becomes_layer("aten.lstm.input", "aten.gru.input", "aten.rnn_tanh.input", "aten.rnn_relu.input")
def recurrent(site: Site) -> object:
    """``LSTM``, ``GRU`` and ``SimpleRNN``; ``Bidirectional`` where both directions run."""
    kind = site.node.op.split(".")[1]
    layers, both = int(site["num_layers"]), bool(site["bidirectional"])
    params: Sequence[Any] = site["params"]
    directions = 2 if both else 1
    each = len(params) // (layers * directions)
    x = site.tensor("input")
    if not site.owns(*params) or each != (4 if site["has_biases"] else 2) or len(x.dims) != 3:
        return None
    builder, first = site.builder, bool(site["batch_first"])
    initial = list(site["hx"]) if kind == "lstm" else [site["hx"]]
    hidden = params[1].array.shape[1]
    if not first:
        x = _swapped(site, x)
    finals: list[list[Tensor]] = []
    for layer in range(layers):
        start = layer * directions * each
        own = [params[start + d * each : start + (d + 1) * each] for d in range(directions)]
        states = [
            state
            for d in range(directions)
            for state in _states(site, initial, layer * directions + d, hidden)
        ]
        results = _run(site, kind, x, own, states, layer, layers)
        x, ends = results[0], results[1:]
        parts = len(initial)
        finals.extend([ends[d * parts + p] for p in range(parts)] for d in range(directions))
        rate = float(site["dropout"])
        if rate and layer < layers - 1:
            x = _dropped(site, x, rate, layer)
    output = x if first else _swapped(site, x)
    batch = x.dims[0]
    stacked = [
        builder.call(
            ops.stack,
            [final[part] for final in finals],
            axis=0,
            dims=(len(finals), batch, hidden),
        )
        for part in range(len(initial))
    ]
    return [output, *stacked]


def _swapped(site: Site, x: Tensor) -> Tensor:
    dims = (x.dims[1], x.dims[0], x.dims[2])
    return site.builder.call(ops.transpose, x, (1, 0, 2), dims=dims)  # type: ignore[no-any-return]


def _dropped(site: Site, x: Tensor, rate: float, layer: int) -> Tensor:
    name = f"{_module(site)}.dropout_l{layer}"
    return site.builder.layer(  # type: ignore[no-any-return]
        ("dropout", name),
        lambda unique: keras.layers.Dropout(rate, name=unique, dtype=x.dtype),
        name,
        x,
        dims=x.dims,
    )


def _module(site: Site) -> str:
    return str(site["params"][0].parameter.name.rpartition(".")[0]) or site.module


def _states(site: Site, initial: Sequence[Value], place: int, hidden: int) -> list[Tensor]:
    """The initial states of one direction; none where all are zero, as is Keras' default."""
    if all(isinstance(part, Filled) and not part.value.array.any() for part in initial):
        return []
    result = []
    for part in initial:
        tensor = site.builder.symbolic(part)
        result.append(
            site.builder.call(ops.get_item, tensor, (place,), dims=(tensor.dims[1], hidden))
        )
    return result


def _run(
    site: Site,
    kind: str,
    x: Tensor,
    own: Sequence[Sequence[Weight]],
    states: Sequence[Tensor],
    layer: int,
    layers: int,
) -> list[Tensor]:
    """One layer: the output, then the final states, forward before backward."""
    builder, hidden = site.builder, own[0][1].array.shape[1]
    module = _module(site)
    name = module if layers == 1 else f"{module}.l{layer}"
    flat = [weight for direction in own for weight in direction]
    trainable, biased = trains(*flat), len(own[0]) == 4

    def single(unique: str) -> Any:
        common: dict[str, Any] = {
            "use_bias": biased,
            "return_sequences": True,
            "return_state": True,
            "name": unique,
            "dtype": x.dtype,
            "trainable": trainable,
        }
        if kind == "lstm":
            return keras.layers.LSTM(hidden, **common)
        if kind == "gru":
            return keras.layers.GRU(hidden, reset_after=True, **common)
        return keras.layers.SimpleRNN(hidden, activation=kind.removeprefix("rnn_"), **common)

    def make(unique: str) -> Any:
        if len(own) == 1:
            return single(unique)
        return keras.layers.Bidirectional(
            single(f"{unique}.forward"), merge_mode="concat", name=unique, dtype=x.dtype
        )

    if biased and kind != "gru":
        builder.merged.extend((d[2].parameter.name, d[3].parameter.name) for d in own)
    parts = 2 if kind == "lstm" else 1
    state_dims = [(x.dims[0], hidden)] * (parts * len(own))
    result = builder.layer(
        ("recurrent", *(weight.parameter.name for weight in flat)),
        make,
        name,
        x,
        [array for direction in own for array in _arrays(kind, direction)],
        dims=[(*x.dims[:2], hidden * len(own)), *state_dims],
        options={"initial_state": [state.keras for state in states]} if states else None,
    )
    return list(result)


def _arrays(kind: str, weights: Sequence[Weight]) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias as Keras has them."""
    kernel, recurrent_kernel = weights[0].array.T, weights[1].array.T
    if kind == "gru":
        kernel, recurrent_kernel = _turned(kernel), _turned(recurrent_kernel)
    if len(weights) == 2:
        return [kernel, recurrent_kernel]
    first, second = weights[2].array, weights[3].array
    if kind == "gru":
        return [kernel, recurrent_kernel, np.stack([_turned(first), _turned(second)])]
    return [kernel, recurrent_kernel, first + second]


def _turned(array: np.ndarray) -> np.ndarray:
    """PyTorch's order of a GRU's gates (reset, update, new) as Keras' (update, reset, new)."""
    reset, update, new = np.split(array, 3, axis=-1)
    return np.concatenate([update, reset, new], axis=-1)
