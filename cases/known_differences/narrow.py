"""Where a call in float64 passes through float32 on one side.

What is off is a constant, an attribute or a running product: 1e-8 of the result, a hundred million
times what float64 rounds by.
"""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import bf16, f32, f64
from parity.known_differences import Kind, KnownDifference

_WIDE = "x.dtype == np.float64"
_V = f64([[[[1.0, 2.0, -1.0], [0.5, 0.0, 1.0]]]])
_ATTENDED = (
    "[[1.9770848839844548, 3.9083395359378197, -1.9083395359378197], "
    "[1.2669088227443235, 1.067635290977294, 0.9323647090227057]], dtype=query.dtype)"
)
_TF_ATTENDED = f"tf.constant({_ATTENDED}"
_QKV = {"query": _V, "key": _V + 0.3, "value": 2 * _V}
_BASE = "F.scaled_dot_product_attention(query, key, value)"
_NADAM = -0.018401361167452505
_STILL = {"w": f32([0.0]), "g": f32([0.0])}
_ATTENTION = (
    "attention", "attention_causal", "attention_scale", "attention_mask", "attention_bias",
    "attention_grouped",
)  # fmt: skip
_KERAS_ATTENTION = (
    "q, k, v = (tf.transpose(a, (0, 2, 1, 3)) for a in (query, key, value))\n"
    "y = tf.transpose(keras.ops.dot_product_attention(q, k, v), (0, 2, 1, 3))\n"
)
_EXACT_ATTENTION = (
    "s = tf.linalg.matmul(query, key, transpose_b=True) / math.sqrt(query.shape[-1])\n"
    "y = tf.linalg.matmul(tf.nn.softmax(s), value)\n"
)
_SCALE = "the scale of attention is a float32 number in Keras"
_RATE = "the learning rate of Keras's optimisers is a float32 variable, and so are its factors"
_SIX = "np.abs(pytorch - tensorflow) <= 1e-6 * max(1, np.abs(pytorch).max())"
_SCORES = "(1 + np.abs(query).max() * np.abs(key).max() * query.shape[-1])"
"""No score is larger; an exponential is off by the error of its scale times its score."""


def _torch(call: str, exact: float | str) -> str:
    return f"torch.round(({call} - {exact}) * 1e10) / 1e10"


def _tensorflow(call: str, exact: float | str) -> str:
    return f"tf.round(({call} - {exact}) * 1e10) / 1e10"


def _step(torch: str, keras: str, exact: float) -> tuple[str, str]:
    """One step of an optimiser, less its exact result."""
    return (
        (
            "p = torch.nn.Parameter(w.clone())\n"
            f"optimizer = torch.optim.{torch}\n"
            "p.grad = g.clone()\n"
            "optimizer.step()\n"
            f"return {_torch('p.detach()', exact)}"
        ),
        (
            "p = keras.Variable(w, dtype=w.dtype.name)\n"
            f"optimizer = keras.optimizers.{keras}\n"
            "optimizer.build([p])\n"
            "optimizer.apply([g], [p])\n"
            f"return {_tensorflow('p.value', exact)}"
        ),
    )


def _optimiser(
    name: str, rows: tuple[str, ...], torch: str, keras: str, exact: float, gives: str
) -> KnownDifference:
    return KnownDifference(
        name=name,
        kind=Kind.PRECISION,
        torch=_step(torch, keras, exact)[0],
        keras=_step(torch, keras, exact)[1],
        where="w.dtype == np.float64",
        relation=_SIX,
        example={"w": f64([0.0]), "g": f64([1.0])},
        without=_STILL,
        gives=("[0]", gives),
        rows=rows,
        why=_RATE,
    )


_COMPLEX64 = "Keras casts the argument to complex64"
_NARROW = "np.abs(pytorch - tensorflow) <= 8 * 2.0**-24 * np.abs(pytorch)"
_ODD = (
    "oneDNN multiplies bfloat16 numbers in pairs on processors without instructions for them, and "
    "the pair of the last one of an odd line is 0: infinity times 0"
)

ENTRIES = (
    KnownDifference(
        name="infinity-at-the-end-of-an-odd-product",
        kind=Kind.EDGE,
        torch="torch.matmul(x, y)",
        tensorflow="tf.linalg.matmul(x, y)",
        keras="keras.ops.matmul(x, y)",
        runtime="eager",
        device="cpu",
        processor="not avx512_bf16",
        where="x.dtype.name == 'bfloat16' and x.shape[-1] % 2 and np.isinf(x[..., -1]).any()",
        relation="np.isinf(x[..., -1:]) & np.isnan(tensorflow)",
        example={"x": bf16([[1, 1, 1], [1, 1, np.inf]]), "y": bf16(np.ones((3, 2)))},
        without={"x": bf16([[1, 1, 1], [1, np.inf, 1]]), "y": bf16(np.ones((3, 2)))},
        gives=("[[3, 3], [inf, inf]]", "[[3, 3], [nan, nan]]"),
        rows=("matmul", "bmm"),
        why=_ODD,
    ),
    KnownDifference(
        name="infinity-at-the-end-of-an-odd-gradient",
        kind=Kind.EDGE,
        torch="torch.matmul(x, y)",
        tensorflow="tf.linalg.matmul(x, y)",
        keras="keras.ops.matmul(x, y)",
        result="gradient of y",
        runtime="eager",
        device="cpu",
        processor="not avx512_bf16",
        where="x.dtype.name == 'bfloat16' and x.shape[-2] % 2 and np.isinf(x[..., -1, :]).any()",
        relation="np.isinf(x[..., -1, :])[..., None] & np.isnan(tensorflow)",
        example={"x": bf16([[1, 1], [1, 1], [1, np.inf]]), "y": bf16(np.ones((2, 2)))},
        without={"x": bf16([[1, 1], [1, np.inf], [1, 1]]), "y": bf16(np.ones((2, 2)))},
        gives=("[[3, 3], [inf, inf]]", "[[3, 3], [nan, nan]]"),
        rows=("matmul", "bmm"),
        why=_ODD,
    ),
    KnownDifference(
        name="infinity-behind-an-odd-pixel",
        kind=Kind.EDGE,
        torch="F.conv1d(x, weight)",
        tensorflow="tf.transpose(tf.nn.conv1d(tf.transpose(x, (0, 2, 1)), "
        "tf.transpose(weight, (2, 1, 0)), 1, 'VALID'), (0, 2, 1))",
        keras="tf.transpose(keras.ops.conv(tf.transpose(x, (0, 2, 1)), "
        "tf.transpose(weight, (2, 1, 0))), (0, 2, 1))",
        runtime="eager",
        device="cpu",
        processor="avx512_bf16",
        where="x.dtype.name == 'bfloat16' and x.shape[1] % 2 and not np.isfinite(x).all()",
        relation="np.isnan(tensorflow)",
        example={"x": bf16([[[1, 1, 1, 1, 1, np.inf, 1]]]), "weight": bf16([[[1]]])},
        without={"x": bf16(2 * [[1, 1, 1, 1, 1, np.inf, 1]])[None], "weight": bf16([[[1], [1]]])},
        gives=("[[[1, 1, 1, 1, 1, inf, 1]]]", "[[[1, 1, 1, 1, nan, inf, 1]]]"),
        rows=("conv1d", "conv2d", "conv3d"),
        why="oneDNN multiplies bfloat16 numbers in pairs; with an odd number of channels the last "
        "one's pair is the next pixel's first one, times a weight of 0; not where an earlier call "
        "left a kernel for the same shapes that has the channels first",
    ),
    KnownDifference(
        name="leaky-relu-slope-in-float32",
        kind=Kind.PRECISION,
        torch="F.leaky_relu(x, slope) - x * slope",
        tensorflow="tf.nn.leaky_relu(x, slope) - x * slope",
        keras="keras.ops.leaky_relu(x, slope) - x * slope",
        where=f"{_WIDE} and slope != float(np.float32(slope))",
        relation="(x < 0) & (np.abs(tensorflow - pytorch) <= 6e-8 * np.abs(x))",
        example={"x": f64([-1.0]), "slope": 0.2},
        without={"x": f64([-1.0]), "slope": 0.25},
        gives=("[0]", "[-2.98e-09]"),
        rows=("leaky_relu",),
        in_tensorflow="tf.where(x > 0, x, slope * x) - x * slope",
        why="the slope is an attribute of TensorFlow's operator, and attributes are float32",
    ),
    KnownDifference(
        name="leaky-relu-gradient-slope-in-float32",
        kind=Kind.PRECISION,
        torch="F.leaky_relu(x, slope) - x * slope",
        tensorflow="tf.nn.leaky_relu(x, slope) - x * slope",
        keras="keras.ops.leaky_relu(x, slope) - x * slope",
        result="gradient of x",
        where=f"{_WIDE} and slope != float(np.float32(slope))",
        relation="~(x > 0) & (np.abs(tensorflow - pytorch) <= 6e-8 * np.abs(cotangent))",
        example={"x": f64([-1.0]), "slope": 0.2},
        without={"x": f64([-1.0]), "slope": 0.25},
        gives=("[0]", "[2.98e-09]"),
        rows=("leaky_relu",),
        in_tensorflow="tf.where(x > 0, x, slope * x) - x * slope",
        why="the slope is an attribute of TensorFlow's operator, and attributes are float32",
    ),
    KnownDifference(
        name="attention-scale-in-float32",
        kind=Kind.PRECISION,
        torch=_torch(_BASE, f"torch.tensor({_ATTENDED}"),
        keras=_KERAS_ATTENTION + f"return {_tensorflow('y', _TF_ATTENDED)}",
        where="query.dtype == np.float64",
        result="",
        relation=f"np.abs(pytorch - tensorflow) <= 2.0**-22 * {_SCORES} * "
        "max(np.abs(value).max(), np.abs(pytorch).max())",
        example=_QKV,
        without={name: 0 * array.astype("float32") for name, array in _QKV.items()},
        gives=(
            "[[[[0, 0, 0], [0, 0, 0]]]]",
            "[[[[-1.5e-09, -6e-09, 6e-09], [3.5e-09, 1.42e-08, -1.42e-08]]]]",
        ),
        rows=_ATTENTION,
        in_tensorflow=_EXACT_ATTENTION + f"return {_tensorflow('y', _TF_ATTENDED)}",
        why=_SCALE,
    ),
    KnownDifference(
        name="attention-layer-scale-in-float32",
        kind=Kind.PRECISION,
        torch=(
            "q, k, v = (x @ weight.mT + bias).chunk(3, -1)\n"
            "y = torch.softmax(q @ k.mT / math.sqrt(3), -1) @ v\n"
            f"return torch.abs({_torch('F.scaled_dot_product_attention(q, k, v)', 'y')})"
        ),
        keras=(
            "q, k, v = tf.split(tf.linalg.matmul(x, weight, transpose_b=True) + bias, 3, -1)\n"
            "y = tf.linalg.matmul(q, k, transpose_b=True) / math.sqrt(3)\n"
            "y = tf.linalg.matmul(tf.nn.softmax(y), v)\n"
            "layer = keras.layers.MultiHeadAttention(1, 3, dtype=x.dtype)\n"
            "layer.build(x.shape, x.shape)\n"
            "parts = []\n"
            "for w, c in zip(tf.split(weight, 3), tf.split(bias, 3)):\n"
            "    parts += [tf.transpose(w)[:, None], c[None]]\n"
            "parts += [tf.eye(3, dtype=x.dtype)[None], tf.zeros(3, x.dtype)]\n"
            "state = [v.value for v in layer.non_trainable_variables]\n"
            f"return tf.abs({_tensorflow('layer.stateless_call(parts, state, x, x)[0]', 'y')})"
        ),
        result="",
        where="x.dtype == np.float64",
        relation="np.abs(pytorch - tensorflow) <= 2.0**-22 * max(1, np.abs(pytorch).max()) * (1 + "
        "(np.abs(x).max() * np.abs(weight).max() * x.shape[-1] + np.abs(bias).max()) ** 2 * 3)",
        example={
            "x": _V[0],
            "weight": f64([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 3),
            "bias": f64([0.0] * 9),
        },
        without={
            "x": f32([[[0.0] * 3]]),
            "weight": f32([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 3),
            "bias": f32([0.0] * 9),
        },
        gives=(
            "[[[0, 0, 0], [0, 0, 0]]]",
            "[[[8e-10, 3e-09, 3e-09], [1.8e-09, 7.1e-09, 7.1e-09]]]",
        ),
        rows=("multi_head_attention",),
        why=_SCALE,
    ),
    _optimiser("sgd-rate-in-float32", ("sgd", "sgd_momentum", "sgd_nesterov"),
               "SGD([p], lr=0.1)", "SGD(0.1)", -0.1, "[-1.5e-09]"),
    _optimiser("adam-rate-in-float32", ("adam_no_epsilon", "adamw", "adadelta"),
               "Adam([p], lr=0.01, eps=0)", "Adam(0.01, epsilon=0)", -0.01, "[6.7e-08]"),
    KnownDifference(
        name="constant-initializer-in-float32",
        kind=Kind.PRECISION,
        torch=_torch("torch.nn.init.constant_(torch.empty(m, n, dtype=torch.float64), 0.3)", 0.3),
        keras=_tensorflow("keras.initializers.Constant(0.3)((m, n), 'float64')", 0.3),
        relation=_SIX,
        example={"m": 1, "n": 1},
        gives=("[[0]]", "[[1.19e-08]]"),
        rows=("constant_initializer",),
        in_tensorflow=_tensorflow("tf.constant_initializer(0.3)((m, n), tf.float64)", 0.3),
        why="Keras makes a float32 tensor of the constant before it casts",
    ),
    KnownDifference(
        name="nadam-product-in-float32",
        kind=Kind.PRECISION,
        torch=(
            "p = torch.nn.Parameter(w.clone())\n"
            "optimizer = torch.optim.NAdam([p], lr=0.01, eps=1e-8)\n"
            "for _ in range(2):\n"
            "    p.grad = g.clone()\n"
            "    optimizer.step()\n"
            f"return {_torch('p.detach()', _NADAM)}"
        ),
        tensorflow=(
            "m = v = tf.zeros_like(w)\n"
            "product = 1.0\n"
            "for t in (1, 2):\n"
            "    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g\n"
            "    now = 0.9 * (1 - 0.5 * 0.96 ** (t * 0.004))\n"
            "    later = 0.9 * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004))\n"
            "    product = product * now\n"
            "    d = tf.sqrt(v / (1 - 0.999 ** t)) + 1e-8\n"
            "    w = w - 0.01 * (1 - now) / (1 - product) * g / d\n"
            "    w = w - 0.01 * later / (1 - product * later) * m / d\n"
            f"return {_tensorflow('w', _NADAM)}"
        ),
        where="w.dtype == np.float64",
        relation=_SIX,
        example={"w": f64([0.0]), "g": f64([1.0])},
        without=_STILL,
        gives=("[-2e-10]", "[0]"),
        rows=("nadam",),
        why="PyTorch keeps the product of its momenta as a float32 number",
    ),
    KnownDifference(
        name="angle-in-complex64",
        kind=Kind.TYPE,
        torch="torch.angle(x)",
        keras="keras.ops.angle(x)",
        where="x.dtype == np.complex128",
        relation=f"(tensorflow.dtype == np.float32) & ({_NARROW})",
        example={"x": np.array([0.125 + 0.5j, 1.0])},
        without={"x": np.array([0.125 + 0.5j, 1.0], np.complex64)},
        gives=("float64 [1.326, 0]", "float32 [1.326, 0]"),
        rows=("angle",),
        rounding=4,
        in_tensorflow="tf.math.angle(x)",
        why=_COMPLEX64,
    ),
    KnownDifference(
        name="angle-gradient-in-complex64",
        kind=Kind.PRECISION,
        torch="torch.angle(x)",
        keras="keras.ops.angle(x)",
        result="gradient of x",
        where="x.dtype == np.complex128",
        relation=_NARROW,
        example={"x": np.array([0.1 + 0.6j])},
        without={"x": np.array([0.1 + 0.6j], np.complex64)},
        gives=("[-1.622+0.2703j]", "[-1.622+0.2703j]"),
        rows=("angle",),
        rounding=4,
        in_tensorflow="tf.math.angle(x)",
        why=_COMPLEX64,
    ),
)  # fmt: skip
