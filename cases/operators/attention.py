"""Attention; PyTorch's heads come before time, Keras's after."""

from __future__ import annotations

from cases.inputs import REALS, Array, given
from cases.rows import CONDITIONED, row

_SIZES = {"b": (1, 2), "h": (1, 3), "q": (1, 6), "k": (1, 6), "d": (1, 8)}
_QKV = {"query": Array("bhqd", specials=False), "key": Array("bhkd", specials=False)}
_QKV = _QKV | {"value": Array("bhkd", specials=False)}
_PLAIN = given(**_QKV, sizes=_SIZES)
_SELF = given(
    query=Array("bhqd", specials=False),
    key=Array("bhqd", specials=False),
    value=Array("bhqd", specials=False),
    sizes=_SIZES,
)


def _keras(options: str = "") -> str:
    heads = ", ".join(f"tf.transpose({name}, (0, 2, 1, 3))" for name in ("query", "key", "value"))
    return f"tf.transpose(keras.ops.dot_product_attention({heads}{options}), (0, 2, 1, 3))"


_SCORES = "tf.linalg.matmul(query, key, transpose_b=True) / math.sqrt(query.shape[-1])"
_CAUSAL = "tf.linalg.band_part(tf.ones((query.shape[2], query.shape[2]), tf.bool), -1, 0)"
_LOW = "tf.constant(-1e30, query.dtype)"

CASES = (
    row(
        "attention",
        "F.scaled_dot_product_attention(query, key, value)",
        f"tf.linalg.matmul(tf.nn.softmax({_SCORES}), value)",
        _keras(),
        CONDITIONED,
        _PLAIN,
        REALS,
    ),
    row(
        "attention_causal",
        "F.scaled_dot_product_attention(query, key, value, is_causal=True)",
        f"scores = tf.where({_CAUSAL}, {_SCORES}, {_LOW})\n"
        "return tf.linalg.matmul(tf.nn.softmax(scores), value)",
        _keras(", is_causal=True"),
        CONDITIONED,
        _SELF,
        REALS,
    ),
    row(
        "attention_scale",
        "F.scaled_dot_product_attention(query, key, value, scale=0.3)",
        "tf.linalg.matmul(tf.nn.softmax(0.3 * tf.linalg.matmul(query, key, transpose_b=True)), "
        "value)",
        _keras(", scale=0.3"),
        CONDITIONED,
        _PLAIN,
        REALS,
    ),
    row(
        "attention_mask",
        "F.scaled_dot_product_attention(query, key, value, mask)",
        f"tf.linalg.matmul(tf.nn.softmax(tf.where(mask, {_SCORES}, {_LOW})), value)",
        _keras(", mask=mask"),
        CONDITIONED,
        given(
            **_QKV,
            mask=Array("qk", dtype="bool"),
            sizes=_SIZES,
            fit=lambda a: {"mask": a["mask"] | (a["mask"].sum(-1, keepdims=True) == 0)},
        ),
        REALS,
        doc="True means keep; nn.MultiheadAttention means the opposite.",
    ),
    row(
        "attention_bias",
        "F.scaled_dot_product_attention(query, key, value, bias)",
        f"tf.linalg.matmul(tf.nn.softmax({_SCORES} + bias), value)",
        _keras(", bias=bias[None, None]"),
        CONDITIONED,
        given(**_QKV, bias=Array("qk", specials=False), sizes=_SIZES),
        REALS,
    ),
    row(
        "attention_grouped",
        "F.scaled_dot_product_attention(query, key, value, enable_gqa=True)",
        "key, value = tf.repeat(key, 2, 1), tf.repeat(value, 2, 1)\n"
        f"return tf.linalg.matmul(tf.nn.softmax({_SCORES}), value)",
        _keras(),
        CONDITIONED,
        given(
            query=Array("b4qd", specials=False),
            key=Array("b2kd", specials=False),
            value=Array("b2kd", specials=False),
            sizes=_SIZES,
        ),
        REALS,
    ),
    row(
        "multi_head_attention",
        "y, w = F.multi_head_attention_forward(x.transpose(0, 1), x.transpose(0, 1), "
        "x.transpose(0, 1), 6, 2, weight, bias, None, None, False, 0.0, out, shift, "
        "need_weights=False)\n"
        "return y.transpose(0, 1)",
        "b, t = x.shape[0], x.shape[1]\n"
        "p = tf.linalg.matmul(x, weight, transpose_b=True) + bias\n"
        "q, k, v = (tf.transpose(tf.reshape(a, (b, t, 2, 3)), (0, 2, 1, 3)) "
        "for a in tf.split(p, 3, -1))\n"
        "w = tf.nn.softmax(tf.linalg.matmul(q, k, transpose_b=True) / math.sqrt(3))\n"
        "y = tf.reshape(tf.transpose(tf.linalg.matmul(w, v), (0, 2, 1, 3)), (b, t, 6))\n"
        "return tf.linalg.matmul(y, out, transpose_b=True) + shift",
        "layer = keras.layers.MultiHeadAttention(2, 3, dtype=x.dtype, flash_attention=False)\n"
        "layer.build(x.shape, x.shape)\n"
        "parts = []\n"
        "for w, c in zip(tf.split(weight, 3), tf.split(bias, 3)):\n"
        "    parts += [tf.reshape(tf.transpose(w), (6, 2, 3)), tf.reshape(c, (2, 3))]\n"
        "parts += [tf.reshape(tf.transpose(out), (2, 3, 6)), shift]\n"
        "order = [parts[i] for i in (0, 1, 2, 3, 4, 5, 6, 7)]\n"
        "return layer.stateless_call(order, [v.value for v in "
        "layer.non_trainable_variables], x, x)[0]",
        CONDITIONED,
        given(
            x=Array("bt6", specials=False),
            weight=Array("p6", specials=False),
            bias=Array("p", specials=False),
            out=Array("66", specials=False),
            shift=Array("6", specials=False),
            sizes={"p": (18, 18), "t": (1, 6), "b": (1, 3)},
        ),
        REALS,
        doc="PyTorch packs three matrices into one.",
    ),
)
