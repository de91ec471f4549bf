"""Recurrent layers, attention and what layers begin with."""

from __future__ import annotations

from cases.known_differences.arrays import bits, f32, normal
from parity.known_differences import Kind, KnownDifference

_GRU_TORCH = (
    "m = torch.nn.GRU(1, 1, batch_first=True, bias=False)\n"
    "m.weight_ih_l0.data = {0}\n"
    "m.weight_hh_l0.data = torch.zeros(3, 1)\n"
    "return m(x[:, None])[0][:, 0]"
)
_GRU_KERAS = (
    "m = keras.layers.GRU(1, use_bias=False)\n"
    "m.build((1, 1, 1))\n"
    "m.set_weights([{0}, tf.zeros((1, 3))])\n"
    "return m(x[:, None])"
)
_RESET_TORCH = (
    "m = torch.nn.GRU(1, 2, batch_first=True, bias=False)\n"
    "m.weight_ih_l0.data = w[:, :1]\n"
    "m.weight_hh_l0.data = w[:, 1:]\n"
    "return m(x)[0][:, -1]"
)
_RESET_KERAS = (
    "m = keras.layers.GRU(2, use_bias=False, reset_after={0})\n"
    "m.build((1, 3, 1))\n"
    "r, z, n = tf.split(tf.transpose(w), 3, axis=1)\n"
    "k = tf.concat([z, r, n], 1)\n"
    "m.set_weights([k[:1], k[1:]])\n"
    "return m(x)"
)
_QUERY = {"q": f32([[[1, 0]]]), "k": f32([[[1, 0], [0, 1]]])}
_ATTENTION = _QUERY | {"v": f32([[[1, 2], [3, 4]]])}
_SDPA = "F.scaled_dot_product_attention(q, k, v, attn_mask=m)"
_DPA = (
    "keras.ops.dot_product_attention("
    "q[:, :, None], k[:, :, None], v[:, :, None], mask=m[None, None])[:, :, 0]"
)
_MHA_TORCH = (
    "a = torch.nn.MultiheadAttention(2, 1, batch_first=True)\n"
    "a.in_proj_weight.data = torch.eye(2).repeat(3, 1)\n"
    "return a(q, k, k, attn_mask={0})[1].detach()"
)
_MHA_KERAS = (
    "a = keras.layers.MultiHeadAttention(1, 2, kernel_initializer='identity', use_bias=False)\n"
    "a = keras.layers.MultiHeadAttention(1, 2)\n"
    "a.build(q.shape, k.shape)\n"
    "i = tf.reshape(tf.eye(2), (2, 1, 2))\n"
    "for part in (a.query_dense, a.key_dense):\n"
    "    part.kernel.assign(i)\n"
    "return a(q, k, attention_mask={0}[None], return_attention_scores=True)[1][:, 0]"
)


def _begins(
    name: str,
    rows: tuple[str, ...],
    torch: str,
    keras: str,
    gives: tuple[str, str],
    why: str,
    reference: str,
    in_tensorflow: str = "",
    in_pytorch: str = "",
) -> KnownDifference:
    """What a layer is before it has seen anything."""
    return KnownDifference(
        name=name,
        rows=rows,
        kind=Kind.SEMANTIC,
        torch=torch,
        keras=keras,
        example={},
        gives=gives,
        in_tensorflow=in_tensorflow,
        in_pytorch=in_pytorch,
        why=why,
        reference=reference,
    )


ENTRIES = (
    _begins(
        "biases-of-lstm",
        ("lstm", "lstm_cell"),
        "m = torch.nn.LSTM(2, 3)\nreturn m.bias_ih_l0.numel() + m.bias_hh_l0.numel()",
        "m = keras.layers.LSTM(3)\nm.build((1, 1, 2))\nreturn tf.size(m.cell.bias)",
        ("24", "12"),
        "PyTorch has two biases of which only the sum counts, Keras that sum",
        "128",
        in_pytorch="m = torch.nn.LSTM(2, 3)\nreturn (m.bias_ih_l0 + m.bias_hh_l0).numel()",
    ),
    KnownDifference(
        name="gates-of-gru",
        kind=Kind.SEMANTIC,
        torch=_GRU_TORCH.format("w"),
        keras=_GRU_KERAS.format("tf.transpose(w)"),
        where="(w[0] != w[1]).any() and (x != 0).any()",
        example={"x": f32([[1]]), "w": f32([[1], [-2], [3]])},
        without={"x": f32([[1]]), "w": f32([[2], [2], [3]])},
        gives=("[[0.8764]]", "[[0.2676]]"),
        rounding=16,
        in_tensorflow=_GRU_KERAS.format("tf.transpose(tf.gather(w, [1, 0, 2]))"),
        in_pytorch=_GRU_TORCH.format("w[[1, 0, 2]]"),
        rows=("gru", "gru_cell"),
        why="PyTorch's order is reset, update, new; Keras' update, reset, new",
        reference="129",
    ),
    KnownDifference(
        name="gru-resets-before-its-matrix",
        kind=Kind.SEMANTIC,
        torch=_RESET_TORCH,
        keras=_RESET_KERAS.format("False"),
        where="w[4:, 1:].any()",
        example={"x": normal(1, 3, 1), "w": normal(6, 3, seed=1)},
        without={"x": normal(1, 3, 1), "w": normal(6, 3, seed=1) * f32([[1]] * 4 + [[0]] * 2)},
        gives=("[[-0.2462, 0.1543]]", "[[-0.2478, 0.1544]]"),
        rounding=16,
        in_tensorflow=_RESET_KERAS.format("True"),
        rows=("gru", "gru_cell"),
        why="Keras with reset_after=False multiplies by the reset gate before the recurrent "
        "matrix, PyTorch always after it",
        reference="129",
    ),
    _begins(
        "initial-kernel-of-dense",
        ("linear", "he_uniform", "glorot_uniform"),
        "w = torch.nn.Linear(1000, 1000).weight\nreturn (w.std() * 1000).round()",
        "m = keras.layers.Dense(1000)\nm.build((1, 1000))\n"
        "return tf.round(tf.math.reduce_std(m.kernel) * 1000)",
        ("18", "32"),
        "PyTorch draws from U(-a, a) with a = n**-0.5, Keras from Glorot's; shown are thousandths "
        "of the spread",
        "130",
        in_tensorflow="i = keras.initializers.VarianceScaling(1 / 3, 'fan_in', 'uniform', 0)\n"
        "m = keras.layers.Dense(1000, kernel_initializer=i)\nm.build((1, 1000))\n"
        "return tf.round(tf.math.reduce_std(m.kernel) * 1000)",
        in_pytorch="w = torch.nn.init.xavier_uniform_(torch.empty(1000, 1000))\n"
        "return (w.std() * 1000).round()",
    ),
    _begins(
        "initial-bias-of-dense",
        ("linear",),
        "m = torch.nn.Linear(4, 1000)\nreturn (m.bias.abs().max() * 10).round()",
        "m = keras.layers.Dense(1000)\nm.build((1, 4))\n"
        "return tf.round(10 * tf.reduce_max(tf.abs(m.bias)))",
        ("5", "0"),
        "PyTorch draws biases from U(-a, a) with a = n**-0.5, Keras begins with 0; shown are "
        "tenths of the largest",
        "130",
        in_tensorflow="i = keras.initializers.RandomUniform(-0.5, 0.5, 0)\n"
        "m = keras.layers.Dense(1000, bias_initializer=i)\nm.build((1, 4))\n"
        "return tf.round(10 * tf.reduce_max(tf.abs(m.bias)))",
        in_pytorch="m = torch.nn.Linear(4, 1000)\ntorch.nn.init.zeros_(m.bias)\n"
        "return (m.bias.abs().max() * 10).round()",
    ),
    _begins(
        "initial-embedding",
        ("embedding",),
        "return (torch.nn.Embedding(1000, 100).weight.std() * 100).round()",
        "m = keras.layers.Embedding(1000, 100)\nm.build()\n"
        "return tf.round(tf.math.reduce_std(m.embeddings) * 100)",
        ("100", "3"),
        "PyTorch draws from N(0, 1), Keras from U(-0.05, 0.05); shown are hundredths of the spread",
        "131",
        in_tensorflow="i = keras.initializers.RandomNormal(stddev=1.0, seed=0)\n"
        "m = keras.layers.Embedding(1000, 100, embeddings_initializer=i)\nm.build()\n"
        "return tf.round(tf.math.reduce_std(m.embeddings) * 100)",
        in_pytorch="w = torch.empty(1000, 100).uniform_(-0.05, 0.05)\n"
        "return (w.std() * 100).round()",
    ),
    _begins(
        "initial-bias-of-lstm",
        ("lstm",),
        "m = torch.nn.LSTM(4, 100)\nreturn (m.bias_ih_l0.abs().max() * 10).round()",
        "m = keras.layers.LSTM(100)\nm.build((1, 1, 4))\n"
        "return tf.round(10 * tf.reduce_max(m.cell.bias))",
        ("1", "10"),
        "PyTorch draws biases from U(-a, a) with a = h**-0.5; Keras begins with 0, and 1 for the "
        "forget gate; shown are tenths of the largest",
        "132",
        in_pytorch="m = torch.nn.LSTM(4, 100)\nm.bias_ih_l0.data[100:200] = 1\n"
        "return (m.bias_ih_l0.abs().max() * 10).round()",
    ),
    _begins(
        "initial-recurrent-kernel-of-lstm",
        ("lstm", "orthogonal_initializer"),
        "w = torch.nn.LSTM(4, 16).weight_hh_l0\n"
        "return torch.allclose(w.T @ w, torch.eye(16), atol=1e-5)",
        "m = keras.layers.LSTM(16)\nm.build((1, 1, 4))\nr = m.cell.recurrent_kernel\n"
        "return tf.reduce_all(tf.abs(r @ tf.transpose(r) - tf.eye(16)) < 1e-5)",
        ("False", "True"),
        "Keras begins with orthonormal rows, PyTorch with U(-a, a); the calls ask whether rows "
        "are orthonormal",
        "132",
        in_pytorch="w = torch.nn.init.orthogonal_(torch.empty(64, 16))\n"
        "return torch.allclose(w.T @ w, torch.eye(16), atol=1e-5)",
    ),
    _begins(
        "spread-of-truncated-normal",
        ("truncated_normal",),
        "w = torch.nn.init.trunc_normal_(torch.empty(300, 300))\nreturn (w.std() * 100).round()",
        "i = keras.initializers.VarianceScaling(300.0, 'fan_in', 'truncated_normal', 0)\n"
        "return tf.round(tf.math.reduce_std(i((300, 300))) * 100)",
        ("88", "100"),
        "Keras' VarianceScaling corrects the spread that truncation takes; shown are hundredths",
        "133",
        in_tensorflow="i = keras.initializers.TruncatedNormal(stddev=1.0, seed=0)\n"
        "return tf.round(tf.math.reduce_std(i((300, 300))) * 100)",
        in_pytorch="a = 1 / 0.87962566\n"
        "w = torch.nn.init.trunc_normal_(torch.empty(300, 300), std=a, a=-2 * a, b=2 * a)\n"
        "return (w.std() * 100).round()",
    ),
    KnownDifference(
        name="meaning-of-attention-masks",
        kind=Kind.SEMANTIC,
        torch=_MHA_TORCH.format("m"),
        keras=_MHA_KERAS.format("m"),
        example=_QUERY | {"m": bits([[1, 0]])},
        gives=("[[[0, 1]]]", "[[[1, 0]]]"),
        rounding=2,
        in_tensorflow=_MHA_KERAS.format("tf.logical_not(m)"),
        in_pytorch=_MHA_TORCH.format("~m"),
        rows=("multi_head_attention", "attention_mask"),
        why="True masks out in PyTorch's MultiheadAttention, and keeps in Keras' and in PyTorch's "
        "scaled_dot_product_attention",
        reference="134",
    ),
    KnownDifference(
        name="attention-to-nothing",
        kind=Kind.EDGE,
        torch=_SDPA,
        keras=_DPA,
        where="(~m).all()",
        example=_ATTENTION | {"m": bits([0, 0])},
        without=_ATTENTION | {"m": bits([0, 1])},
        gives=("[[[0, 0]]]", "[[[2, 3]]]"),
        rounding=2,
        in_tensorflow=f"r = {_DPA}\nreturn tf.where(tf.reduce_any(m), r, tf.zeros_like(r))",
        in_pytorch="F.scaled_dot_product_attention(q, k, v, attn_mask=torch.where(m, 0.0, -3e38))",
        rows=("attention_mask",),
        why="of a row without a key PyTorch gives zeros, Keras the mean of all values",
        reference="135",
    ),
    KnownDifference(
        name="multi-head-attention-to-nothing",
        kind=Kind.EDGE,
        torch=_MHA_TORCH.format("~m"),
        keras=_MHA_KERAS.format("m"),
        where="(~m).all()",
        example=_QUERY | {"m": bits([[0, 0]])},
        without=_QUERY | {"m": bits([[1, 0]])},
        gives=("[[[nan, nan]]]", "[[[0, 0]]]"),
        rounding=2,
        in_pytorch=_MHA_TORCH.format("~m").replace("].detach()", "].detach().nan_to_num(0)"),
        rows=("multi_head_attention",),
        why="of a row without a key PyTorch's scores are NaN, Keras' 0",
        reference="135",
    ),
    _begins(
        "layout-of-multi-head-attention",
        ("multi_head_attention",),
        "return torch.tensor(torch.nn.MultiheadAttention(8, 2).in_proj_weight.shape)",
        "a = keras.layers.MultiHeadAttention(2, 4)\na.build((1, 3, 8), (1, 3, 8))\n"
        "return tf.shape(a.query_dense.kernel)",
        ("[24, 8]", "[8, 2, 4]"),
        "PyTorch stacks query, key and value, output first; Keras has one kernel for each, with "
        "an axis of heads",
        "136",
        in_pytorch="w = torch.nn.MultiheadAttention(8, 2).in_proj_weight\n"
        "return torch.tensor(w[:8].T.reshape(8, 2, 4).shape)",
    ),
)
