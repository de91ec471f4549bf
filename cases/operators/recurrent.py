"""Recurrent cells and layers.

PyTorch packs an LSTM's gates as input, forget, cell, output and a GRU's as reset, update, new;
Keras has the LSTM's in the same order and the GRU's as update, reset, new. PyTorch has two biases.
"""

from __future__ import annotations

from cases.inputs import FLOATS, REALS, Array, Given, given
from cases.rows import CONDITIONED, row


def _weights(gates: int, *, sequence: bool = False, sided: bool = False) -> Given:
    rows = str(gates * 2)
    parts = {"x": Array("bti" if sequence else "bi", specials=False)}
    parts |= {"h": Array("b2", specials=False)}
    parts |= {"c": Array("b2", specials=False)} if gates == 4 else {}
    names = [""] + (["_back"] if sided else [])
    for end in names:
        parts[f"w{end}"] = Array(f"{rows}i", specials=False, distributions=("normal", "uniform"))
        parts[f"r{end}"] = Array(f"{rows}2", specials=False, distributions=("normal", "uniform"))
        parts[f"p{end}"] = Array(rows, specials=False)
        parts[f"q{end}"] = Array(rows, specials=False)
    return given(**parts, sizes={"t": (1, 6), "i": (1, 4), "b": (1, 3)})


_LSTM = (
    "def step(x, h, c):\n"
    "    g = x @ tf.transpose(w) + p + h @ tf.transpose(r) + q\n"
    "    i, f, n, o = tf.split(g, 4, -1)\n"
    "    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(n)\n"
    "    return tf.sigmoid(o) * tf.tanh(c), c\n"
)
_GRU = (
    "def step(x, h):\n"
    "    a = tf.split(x @ tf.transpose(w) + p, 3, -1)\n"
    "    b = tf.split(h @ tf.transpose(r) + q, 3, -1)\n"
    "    u = tf.sigmoid(a[1] + b[1])\n"
    "    n = tf.tanh(a[2] + tf.sigmoid(a[0] + b[0]) * b[2])\n"
    "    return u * h + (1 - u) * n\n"
)
_LAYER = (
    "layer.build({shape})\n"
    "kept = [v.value for v in layer.non_trainable_variables]\n"
    "found = layer.stateless_call([{weights}], kept, x, {state})[0]\n"
)
_ONE_BIAS = "tf.transpose(w), tf.transpose(r), p + q"
_SWAPPED = "def swap(a):\n    a, b, c = tf.split(a, 3)\n    return tf.concat((b, a, c), 0)\n"
_TWO_BIASES = "tf.transpose(swap(w)), tf.transpose(swap(r)), tf.stack((swap(p), swap(q)))"


def _layer(make: str, weights: str, state: str, shape: str = "x.shape") -> str:
    made = make.replace(")", ", recurrent_initializer='zeros', dtype=x.dtype)", 1)
    return f"layer = {made}\n" + _LAYER.format(shape=shape, weights=weights, state=state)


def _over(step: str, states: str) -> str:
    return (
        f"{step}ys = []\n"
        "for t in range(x.shape[1]):\n"
        f"    {states} = step(x[:, t], {states})\n"
        "    ys.append(h)\n"
    )


_FLAT = "(w, r, p, q), True, 1, 0.0, False, False, True"
_BOTH = "(w, r, p, q, w_back, r_back, p_back, q_back), True, 1, 0.0, False, True, True"

CASES = (
    row(
        "lstm_cell",
        "torch.lstm_cell(x, (h, c), w, r, p, q)",
        _LSTM + "return step(x, h, c)",
        _layer("keras.layers.LSTMCell(2)", _ONE_BIAS, "[h, c]") + "return found[1]",
        CONDITIONED,
        _weights(4),
        FLOATS,
    ),
    row(
        "lstm_block_cell",
        "torch.lstm_cell(x, (h, c), w, r, p, q)",
        "i, f, n, o = range(4)\n"
        "parts = [tf.split(a, 4) for a in (w, r, p + q)]\n"
        "w, r, bias = (tf.concat([a[k] for k in (i, n, f, o)], 0) for a in parts)\n"
        "zero = tf.zeros((2,), x.dtype)\n"
        "found = tf.raw_ops.LSTMBlockCell(x=x, cs_prev=c, h_prev=h, w=tf.concat((tf.transpose(w), "
        "tf.transpose(r)), 0), wci=zero, wcf=zero, wco=zero, b=bias, forget_bias=0.0, "
        "cell_clip=-1.0)\n"
        "return found.h, found.cs",
        "",
        CONDITIONED,
        _weights(4),
        ("float32",),
        gradients=False,
        no_xla="the kernel is for CPUs and GPUs alone",
        doc="LSTMBlockCell's gates are input, cell, forget, output.",
    ),
    row(
        "gru_cell",
        "torch.gru_cell(x, h, w, r, p, q)",
        _GRU + "return step(x, h)",
        _SWAPPED + _layer("keras.layers.GRUCell(2)", _TWO_BIASES, "[h]") + "return found[0]",
        CONDITIONED,
        _weights(3),
        FLOATS,
        doc="Keras's default applies the reset gate after the product, as PyTorch does.",
    ),
    row(
        "rnn_tanh_cell",
        "torch.rnn_tanh_cell(x, h, w, r, p, q)",
        "tf.tanh(x @ tf.transpose(w) + p + h @ tf.transpose(r) + q)",
        _layer("keras.layers.SimpleRNNCell(2)", _ONE_BIAS, "[h]") + "return found[0]",
        CONDITIONED,
        _weights(1),
        FLOATS,
    ),
    row(
        "rnn_relu_cell",
        "torch.rnn_relu_cell(x, h, w, r, p, q)",
        "tf.nn.relu(x @ tf.transpose(w) + p + h @ tf.transpose(r) + q)",
        _layer("keras.layers.SimpleRNNCell(2, 'relu')", _ONE_BIAS, "[h]") + "return found[0]",
        CONDITIONED,
        _weights(1),
        REALS,
    ),
    row(
        "lstm",
        f"torch.lstm(x, (h[None], c[None]), {_FLAT})[0]",
        _over(_LSTM, "h, c") + "return tf.stack(ys, 1)",
        _layer("keras.layers.LSTM(2, return_sequences=True)", _ONE_BIAS, "initial_state=[h, c]")
        + "return found",
        CONDITIONED,
        _weights(4, sequence=True),
        REALS,
    ),
    row(
        "lstm_last",
        f"torch.lstm(x, (h[None], c[None]), {_FLAT})[1:]",
        _over(_LSTM, "h, c") + "return h[None], c[None]",
        _layer("keras.layers.LSTM(2, return_state=True)", _ONE_BIAS, "initial_state=[h, c]")
        + "return found[1][None], found[2][None]",
        CONDITIONED,
        _weights(4, sequence=True),
        REALS,
    ),
    row(
        "gru",
        f"torch.gru(x, h[None], {_FLAT})[0]",
        _over(_GRU, "h") + "return tf.stack(ys, 1)",
        _SWAPPED
        + _layer("keras.layers.GRU(2, return_sequences=True)", _TWO_BIASES, "initial_state=[h]")
        + "return found",
        CONDITIONED,
        _weights(3, sequence=True),
        REALS,
    ),
    row(
        "rnn_tanh",
        f"torch.rnn_tanh(x, h[None], {_FLAT})[0]",
        _over(
            "def step(x, h):\n    return tf.tanh(x @ tf.transpose(w) + p + h @ tf.transpose(r)"
            " + q)\n",
            "h",
        )
        + "return tf.stack(ys, 1)",
        _layer("keras.layers.SimpleRNN(2, return_sequences=True)", _ONE_BIAS, "initial_state=[h]")
        + "return found",
        CONDITIONED,
        _weights(1, sequence=True),
        REALS,
    ),
    row(
        "lstm_two_ways",
        "zero = torch.zeros_like(torch.stack((h, h)))\n"
        f"return torch.lstm(x, (zero, zero), {_BOTH})[0]",
        "def run(x, w, r, p, q):\n"
        "    h = c = tf.zeros_like(x[:, 0, :1] + tf.zeros((2,), x.dtype))\n"
        "    ys = []\n"
        "    for t in range(x.shape[1]):\n"
        "        g = x[:, t] @ tf.transpose(w) + p + h @ tf.transpose(r) + q\n"
        "        i, f, n, o = tf.split(g, 4, -1)\n"
        "        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(n)\n"
        "        h = tf.sigmoid(o) * tf.tanh(c)\n"
        "        ys.append(h)\n"
        "    return tf.stack(ys, 1)\n"
        "back = run(x[:, ::-1], w_back, r_back, p_back, q_back)[:, ::-1]\n"
        "return tf.concat((run(x, w, r, p, q), back), -1)",
        "",
        CONDITIONED,
        _weights(4, sequence=True, sided=True),
        REALS,
        gradients=("x", "w", "r_back"),
    ),
)
