"""Recurrent networks as loops over time.

What depends on the inputs only is one matrix product before the loop; one ``tf.while_loop`` for
each layer and direction does the rest. Weights are stored as (in, out).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import Layout
from converters.torch_to_tf.loops import is_written_out
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.linalg import kernel_axes, linear
from converters.torch_to_tf.promotion import shape_of

State = tuple[tf.Tensor, ...]
Step = Callable[[tf.Tensor, State], State]

_PARAMS = Layout(weights={"params": kernel_axes})
_CELL = Layout(weights={"w_ih": kernel_axes, "w_hh": kernel_axes})


@dataclass(frozen=True, slots=True)
class _Weights:
    """One layer in one direction; ``projection`` maps the output to a smaller hidden state."""

    w_ih: tf.Tensor
    w_hh: tf.Tensor
    b_ih: tf.Tensor | None = None
    b_hh: tf.Tensor | None = None
    projection: tf.Tensor | None = None


def lstm_step(x: tf.Tensor, state: State, projection: tf.Tensor | None = None) -> State:
    """Next hidden and cell state from the summed gates (input, forget, cell, output).

    Shapes: x (B, 4H), state (B, H or P) and (B, H). Source: Hochreiter and Schmidhuber, 1997.
    """
    i, f, g, o = tf.split(x, 4, axis=-1)
    cell = tf.sigmoid(f) * state[1] + tf.sigmoid(i) * tf.tanh(g)
    hidden = tf.sigmoid(o) * tf.tanh(cell)
    return (hidden if projection is None else tf.matmul(hidden, projection)), cell


def gru_step(x: tf.Tensor, recurrent: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
    """Next hidden state; the reset gate multiplies the recurrent product, bias included.

    Shapes: x and recurrent (B, 3H) as (reset, update, new), hidden (B, H). Source: Cho et al.,
    arXiv:1406.1078.
    """
    reset_x, update_x, new_x = tf.split(x, 3, axis=-1)
    reset_h, update_h, new_h = tf.split(recurrent, 3, axis=-1)
    reset, update = tf.sigmoid(reset_x + reset_h), tf.sigmoid(update_x + update_h)
    new = tf.tanh(new_x + reset * new_h)
    return (hidden - new) * update + new


def _scan(step: Step, inputs: tf.Tensor, state: State, *, reverse: bool) -> tuple[tf.Tensor, State]:
    """Apply ``step`` to each time step of ``inputs``; the first part of the state is the output.

    Shapes: inputs (T, B, G), state (B, ...) each -> (T, B, H) and the last state.
    """
    inputs = tf.reverse(inputs, [0]) if reverse else inputs
    length = shape_of(inputs)[0]
    if is_written_out(length):
        outputs = []
        for time in range(length):
            state = step(inputs[time], state)
            outputs.append(state[0])
        return tf.stack(outputs[::-1] if reverse else outputs), state
    source = tf.TensorArray(inputs.dtype, length, element_shape=inputs.shape[1:]).unstack(inputs)
    target = tf.TensorArray(inputs.dtype, length, element_shape=state[0].shape)
    shapes = [part.shape for part in state]

    def body(time: tf.Tensor, written: tf.TensorArray, *now: tf.Tensor) -> tuple[object, ...]:
        after = step(source.read(time), now)
        for part, shape in zip(after, shapes, strict=True):
            part.set_shape(shape)
        return time + 1, written.write(time, after[0]), *after

    _, written, *last = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), target, *state),
        maximum_iterations=length,
    )
    outputs = written.stack()
    return (tf.reverse(outputs, [0]) if reverse else outputs), tuple(last)


def _recurrent(
    op: str,
    step: Callable[[_Weights], Step],
    bias: Callable[[_Weights], tf.Tensor | None],
    input: tf.Tensor,
    initial: Sequence[tf.Tensor],
    weights: Sequence[_Weights],
    *,
    dropout: float,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[tf.Tensor, ...]:
    """Run every layer; 16-bit types are computed in float32 and rounded once.

    Args:
        op: the operator, for messages.
        step: makes the step of one layer and direction.
        bias: what is added to the input's projection.
        input: (T, B, I), or (B, T, I) with ``batch_first``.
        initial: for each part of the state its start, (layers * directions, B, H).
        weights: layer by layer, forward before backward.
        dropout: between layers.
        bidirectional: run every layer both ways and join the outputs.
        batch_first: axes 0 and 1 of input and output are exchanged.

    Returns:
        The output, and for each part of the state its end.
    """
    directions = 2 if bidirectional else 1
    if dropout and len(weights) > directions:
        raise UnsupportedVariantError(
            f"{op}: dropout of {dropout} between layers can't be converted. Convert the model with "
            "training=False, or set its dropout to 0."
        )
    x = _wide(tf.transpose(input, [1, 0, 2]) if batch_first else input)
    states = [_wide(part) for part in initial]
    finals: list[State] = []
    for layer in range(0, len(weights), directions):
        outputs = []
        for place, own in enumerate(weights[layer : layer + directions], layer):
            projected = linear(x, own.w_ih, bias(own))
            start = tuple(part[place] for part in states)
            output, final = _scan(step(own), projected, start, reverse=place > layer)
            outputs.append(output)
            finals.append(final)
        x = tf.concat(outputs, -1) if bidirectional else outputs[0]
    output = tf.transpose(x, [1, 0, 2]) if batch_first else x
    results = [output, *(tf.stack(parts) for parts in zip(*finals, strict=True))]
    return tuple(tf.cast(result, input.dtype) for result in results)


def _grouped(
    params: Sequence[tf.Tensor], num_layers: int, *, has_biases: bool, bidirectional: bool
) -> list[_Weights]:
    """PyTorch's flat list of parameters by layer and direction."""
    params = [_wide(param) for param in params]
    count = len(params) // (num_layers * (2 if bidirectional else 1))
    groups = [params[start : start + count] for start in range(0, len(params), count)]
    if has_biases:
        return [_Weights(*group) for group in groups]
    return [
        _Weights(group[0], group[1], projection=group[2] if count > 2 else None) for group in groups
    ]


def _wide(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x


def _summed_bias(own: _Weights) -> tf.Tensor | None:
    return None if own.b_ih is None or own.b_hh is None else own.b_ih + own.b_hh


@lower("aten.lstm.input", layout=_PARAMS)
def lstm(
    input: tf.Tensor,
    hx: Sequence[tf.Tensor],
    params: Sequence[tf.Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[tf.Tensor, ...]:
    """Long short-term memory, with or without a projection of the hidden state.

    Shapes: input (T, B, I) or (B, T, I); hx twice (layers * directions, B, H); params for each
    layer and direction w_ih (I, 4H), w_hh (H, 4H), two biases (4H,), projection (H, P) -> output,
    hidden, cell.
    Dtypes: floating point.
    Raises: UnsupportedVariantError with dropout between layers.
    Source: PyTorch, torch.nn.LSTM.
    """

    def step(own: _Weights) -> Step:
        return lambda x, state: lstm_step(x + tf.matmul(state[0], own.w_hh), state, own.projection)

    weights = _grouped(params, num_layers, has_biases=has_biases, bidirectional=bidirectional)
    return _recurrent(
        "lstm", step, _summed_bias, input, hx, weights,
        dropout=dropout if train else 0.0, bidirectional=bidirectional, batch_first=batch_first,
    )  # fmt: skip


@lower("aten.gru.input", layout=_PARAMS)
def gru(
    input: tf.Tensor,
    hx: tf.Tensor,
    params: Sequence[tf.Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[tf.Tensor, ...]:
    """Gated recurrent unit; the reset gate acts after the recurrent product.

    Shapes: as ``lstm`` with 3H for 4H and one state -> output, hidden. Dtypes: floating point.
    Raises: UnsupportedVariantError with dropout between layers.
    Source: PyTorch, torch.nn.GRU.
    """

    def step(own: _Weights) -> Step:
        return lambda x, state: (gru_step(x, linear(state[0], own.w_hh, own.b_hh), state[0]),)

    weights = _grouped(params, num_layers, has_biases=has_biases, bidirectional=bidirectional)
    return _recurrent(
        "gru", step, lambda own: own.b_ih, input, [hx], weights,
        dropout=dropout if train else 0.0, bidirectional=bidirectional, batch_first=batch_first,
    )  # fmt: skip


@lower("aten.rnn_tanh.input", layout=_PARAMS)
def rnn_tanh(
    input: tf.Tensor,
    hx: tf.Tensor,
    params: Sequence[tf.Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[tf.Tensor, ...]:
    """Elman network with tanh.

    Shapes and dtypes: as ``gru`` with H for 3H. Source: PyTorch, torch.nn.RNN.
    """
    weights = _grouped(params, num_layers, has_biases=has_biases, bidirectional=bidirectional)
    return _recurrent(
        "rnn_tanh", _elman(tf.tanh), _summed_bias, input, [hx], weights,
        dropout=dropout if train else 0.0, bidirectional=bidirectional, batch_first=batch_first,
    )  # fmt: skip


@lower("aten.rnn_relu.input", layout=_PARAMS)
def rnn_relu(
    input: tf.Tensor,
    hx: tf.Tensor,
    params: Sequence[tf.Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[tf.Tensor, ...]:
    """Elman network with relu.

    Shapes and dtypes: as ``gru`` with H for 3H. Source: PyTorch, torch.nn.RNN.
    """
    weights = _grouped(params, num_layers, has_biases=has_biases, bidirectional=bidirectional)
    return _recurrent(
        "rnn_relu", _elman(tf.nn.relu), _summed_bias, input, [hx], weights,
        dropout=dropout if train else 0.0, bidirectional=bidirectional, batch_first=batch_first,
    )  # fmt: skip


def _elman(activation: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[_Weights], Step]:
    def step(own: _Weights) -> Step:
        return lambda x, state: (activation(x + tf.matmul(state[0], own.w_hh)),)

    return step


@lower("aten.lstm_cell.default", layout=_CELL)
def lstm_cell(
    input: tf.Tensor,
    hx: Sequence[tf.Tensor],
    w_ih: tf.Tensor,
    w_hh: tf.Tensor,
    b_ih: tf.Tensor | None = None,
    b_hh: tf.Tensor | None = None,
) -> State:
    """One step of ``lstm``. Shapes: input (B, I), hx twice (B, H) -> hidden and cell (B, H)."""
    state = tuple(_wide(part) for part in hx)
    after = lstm_step(_gates(input, w_ih, b_ih) + _gates(hx[0], w_hh, b_hh), state)
    return tuple(tf.cast(part, input.dtype) for part in after)


@lower("aten.gru_cell.default", layout=_CELL)
def gru_cell(
    input: tf.Tensor,
    hx: tf.Tensor,
    w_ih: tf.Tensor,
    w_hh: tf.Tensor,
    b_ih: tf.Tensor | None = None,
    b_hh: tf.Tensor | None = None,
) -> tf.Tensor:
    """One step of ``gru``. Shapes: input (B, I), hx (B, H) -> (B, H)."""
    hidden = gru_step(_gates(input, w_ih, b_ih), _gates(hx, w_hh, b_hh), _wide(hx))
    return tf.cast(hidden, input.dtype)


@lower("aten.rnn_tanh_cell.default", layout=_CELL)
def rnn_tanh_cell(
    input: tf.Tensor,
    hx: tf.Tensor,
    w_ih: tf.Tensor,
    w_hh: tf.Tensor,
    b_ih: tf.Tensor | None = None,
    b_hh: tf.Tensor | None = None,
) -> tf.Tensor:
    """One step of ``rnn_tanh``. Shapes: input (B, I), hx (B, H) -> (B, H)."""
    return tf.cast(tf.tanh(_gates(input, w_ih, b_ih) + _gates(hx, w_hh, b_hh)), input.dtype)


@lower("aten.rnn_relu_cell.default", layout=_CELL)
def rnn_relu_cell(
    input: tf.Tensor,
    hx: tf.Tensor,
    w_ih: tf.Tensor,
    w_hh: tf.Tensor,
    b_ih: tf.Tensor | None = None,
    b_hh: tf.Tensor | None = None,
) -> tf.Tensor:
    """One step of ``rnn_relu``. Shapes: input (B, I), hx (B, H) -> (B, H)."""
    return tf.cast(tf.nn.relu(_gates(input, w_ih, b_ih) + _gates(hx, w_hh, b_hh)), input.dtype)


def _gates(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
    """A linear layer in at least float32."""
    return linear(_wide(x), _wide(weight), None if bias is None else _wide(bias))
