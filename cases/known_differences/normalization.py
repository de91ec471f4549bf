"""Normalisations and activations: defaults, and what they remember."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import f32
from parity.known_differences import Kind, KnownDifference

_SMALL = f32([[0.001, 0.002, -0.001, 0]])
_BATCH = f32([[1, 2], [3, 5]])


def _layer(layer: str, result: str = "", how: str = "") -> str:
    call = f"m = keras.layers.{layer}\nr = m(x{how})\n"
    return f"{call}return {result or 'r'}"


def _module(module: str, result: str = "") -> str:
    return f"m = torch.nn.{module}\nr = m(x)\nreturn {result or 'r'}"


def _eps(
    name: str,
    rows: tuple[str, ...],
    torch: str,
    keras: str,
    mapped: str,
    reversed_: str,
    gives: tuple[str, str],
) -> KnownDifference:
    return KnownDifference(
        name=f"epsilon-of-{name}",
        rows=rows,
        kind=Kind.SEMANTIC,
        torch=torch,
        keras=keras,
        where="(x != 0).any()",
        example={"x": _SMALL},
        without={"x": np.zeros((1, 4), np.float32)},
        gives=gives,
        rounding=8,
        in_tensorflow=mapped,
        in_pytorch=reversed_,
        why="PyTorch's default is 1e-5, Keras' 1e-3",
        reference="44",
    )


ENTRIES = (
    KnownDifference(
        name="momentum-of-batch-norm",
        kind=Kind.SEMANTIC,
        torch=_module("BatchNorm1d(2)", "m.running_mean"),
        keras=_layer("BatchNormalization()", "m.moving_mean", ", training=True"),
        where="(x.mean(axis=0) != 0).any()",
        example={"x": _BATCH},
        without={"x": f32([[-1, 1], [1, -1]])},
        gives=("[0.2, 0.35]", "[0.02, 0.035]"),
        rounding=4,
        in_tensorflow=_layer(
            "BatchNormalization(momentum=0.9)", "m.moving_mean", ", training=True"
        ),
        in_pytorch=_module("BatchNorm1d(2, momentum=0.01)", "m.running_mean"),
        rows=("batch_norm_running", "batch_norm_training"),
        why="PyTorch's momentum weighs what is new, 0.1; Keras' what is old, 0.99",
        reference="42",
    ),
    KnownDifference(
        name="running-variance-of-batch-norm",
        kind=Kind.SEMANTIC,
        torch=_module("BatchNorm1d(2, momentum=0.5)", "m.running_var"),
        keras=_layer("BatchNormalization(momentum=0.5)", "m.moving_variance", ", training=True"),
        where="(np.ptp(x, axis=0) > 0).any()",
        example={"x": _BATCH},
        without={"x": f32([[1, 2], [1, 2]])},
        gives=("[1.5, 2.75]", "[1, 1.625]"),
        rounding=4,
        in_tensorflow="mean, variance = tf.nn.moments(x, [0])\n"
        "n = tf.cast(tf.shape(x)[0], x.dtype)\n"
        "return 0.5 + 0.5 * variance * n / (n - 1)",
        in_pytorch="return 0.5 + 0.5 * x.var(0, correction=0)",
        rows=("batch_norm_running", "batch_norm_training"),
        why="PyTorch remembers the unbiased variance of a batch, Keras the biased one, though "
        "both normalise by the biased one; TensorFlow's fused_batch_norm does as PyTorch",
        reference="43",
    ),
    KnownDifference(
        name="variance-of-fused-batch-norm",
        kind=Kind.SEMANTIC,
        torch="x.var(0, correction=0)",
        tensorflow="ones = tf.ones(x.shape[1])\n"
        "return tf.compat.v1.nn.fused_batch_norm(x[None, None], ones, 0 * ones)[2]",
        where="(np.ptp(x, axis=0) > 0).any()",
        example={"x": _BATCH},
        without={"x": f32([[1, 2], [1, 2]])},
        gives=("[1, 2.25]", "[2, 4.5]"),
        rounding=4,
        in_pytorch="x.var(0, correction=1)",
        in_tensorflow="tf.math.reduce_variance(x, 0)",
        rows=("fused_batch_norm_training",),
        why="TensorFlow's fused kernel returns the unbiased variance of the batch, for the moving "
        "average",
        reference="43",
    ),
    _eps(
        "layer-norm",
        ("layer_norm",),
        "F.layer_norm(x, (4,))",
        _layer("LayerNormalization()"),
        _layer("LayerNormalization(epsilon=1e-5)"),
        "F.layer_norm(x, (4,), eps=1e-3)",
        (
            "[[0.1491, 0.4472, -0.4472, -0.1491]]",
            "[[0.0158, 0.0474, -0.0474, -0.0158]]",
        ),
    ),
    _eps(
        "group-norm",
        ("group_norm",),
        "F.group_norm(x, 2)",
        _layer("GroupNormalization(2)"),
        _layer("GroupNormalization(2, epsilon=1e-5)"),
        "F.group_norm(x, 2, eps=1e-3)",
        (
            "[[-0.1562, 0.1562, -0.1562, 0.1562]]",
            "[[-0.01581, 0.01581, -0.01581, 0.01581]]",
        ),
    ),
    _eps(
        "batch-norm",
        ("batch_norm_inference", "batch_norm_training"),
        "torch.nn.BatchNorm1d(4).eval()(x * 1000)",
        "keras.layers.BatchNormalization()(x * 1000)",
        "keras.layers.BatchNormalization(epsilon=1e-5)(x * 1000)",
        "torch.nn.BatchNorm1d(4, eps=1e-3).eval()(x * 1000)",
        ("[[1, 2, -1, 0]]", "[[0.9995, 1.999, -0.9995, 0]]"),
    ),
    KnownDifference(
        name="epsilon-of-rms-norm",
        kind=Kind.SEMANTIC,
        torch="torch.nn.RMSNorm(4)(x)",
        keras="keras.layers.RMSNormalization()(x)",
        where="(x != 0).any()",
        example={"x": _SMALL},
        without={"x": np.zeros((1, 4), np.float32)},
        gives=("[[0.7859, 1.572, -0.7859, 0]]", "[[0.6325, 1.265, -0.6325, 0]]"),
        rounding=4,
        in_tensorflow="keras.layers.RMSNormalization(epsilon=2.0**-23)(x)",
        in_pytorch="torch.nn.RMSNorm(4, eps=1e-6)(x)",
        rows=("rms_norm",),
        why="PyTorch's default is the last place of 1 in the type, 1.2e-7 in float32; Keras' 1e-6",
        reference="45",
    ),
    KnownDifference(
        name="epsilon-of-ported-layer-norms",
        kind=Kind.SEMANTIC,
        torch="F.layer_norm(x, (4,), eps=1e-12)",
        keras=_layer("LayerNormalization(epsilon=1e-5)"),
        where="(x.var(axis=1) < 0.01).any() and (x != 0).any()",
        example={"x": _SMALL},
        without={"x": np.zeros((1, 4), np.float32)},
        gives=(
            "[[0.4472, 1.342, -1.342, -0.4472]]",
            "[[0.1491, 0.4472, -0.4472, -0.1491]]",
        ),
        rounding=4,
        in_tensorflow=_layer("LayerNormalization(epsilon=1e-12)"),
        in_pytorch="F.layer_norm(x, (4,), eps=1e-5)",
        rows=("layer_norm",),
        why="models bring an epsilon of their own, 1e-12 in BERT's; a port that drops it passes a "
        "comparison by allclose",
        reference="48",
    ),
    KnownDifference(
        name="batch-norm-of-one-row",
        kind=Kind.EDGE,
        torch="torch.nn.BatchNorm1d(2)(x)",
        keras=_layer("BatchNormalization(epsilon=1e-5)", "", ", training=True"),
        where="x.shape[0] == 1",
        example={"x": f32([[1, 2]])},
        without={"x": f32([[1, 1], [1, 1]])},
        gives=("raises ValueError", "[[0, 0]]"),
        in_pytorch="x - x.mean(0)",
        rows=("batch_norm_training",),
        why="PyTorch refuses statistics of one number",
        reference="46",
    ),
    KnownDifference(
        name="layers-begin-in-training-mode",
        kind=Kind.SEMANTIC,
        torch="torch.nn.Dropout(0.999999)(x)",
        keras="keras.layers.Dropout(0.999999)(x)",
        where="(x != 0).any()",
        example={"x": f32([1, 2])},
        without={"x": f32([0, 0])},
        gives=("[0, 0]", "[1, 2]"),
        in_pytorch="torch.nn.Dropout(0.999999).eval()(x)",
        in_tensorflow="keras.layers.Dropout(0.999999, seed=0)(x, training=True)",
        rows=("dropout", "batch_norm_training"),
        why="a PyTorch module trains until eval() is called, a Keras layer only with training=True",
        reference="47",
    ),
    KnownDifference(
        name="local-response-norm-alpha",
        kind=Kind.SEMANTIC,
        torch="F.local_response_norm(x.reshape(1, -1, 1, 1), 3, alpha=1.0, beta=1.0).reshape(-1)",
        tensorflow="r = tf.nn.local_response_normalization(tf.reshape(x, (1, 1, 1, -1)), 1, "
        "alpha=1.0, beta=1.0)\n"
        "return tf.reshape(r, [-1])",
        where="(x != 0).any()",
        example={"x": f32([1, 2, 3])},
        without={"x": f32([0, 0, 0])},
        gives=("[0.375, 0.3529, 0.5625]", "[0.1667, 0.1333, 0.2143]"),
        rounding=8,
        in_tensorflow="r = tf.nn.local_response_normalization(tf.reshape(x, (1, 1, 1, -1)), 1, "
        "alpha=1.0 / 3, beta=1.0)\n"
        "return tf.reshape(r, [-1])",
        in_pytorch="F.local_response_norm(x.reshape(1, -1, 1, 1), 3, alpha=3.0, beta=1.0)"
        ".reshape(-1)",
        rows=("local_response_norm",),
        why="PyTorch divides alpha by the size n of the window; TensorFlow doesn't, and takes the "
        "radius (n - 1) / 2",
        reference="117",
    ),
    KnownDifference(
        name="gelu-of-keras-ops",
        kind=Kind.SEMANTIC,
        torch="F.gelu(x)",
        keras="keras.ops.gelu(x)",
        where="((x != 0) & (np.abs(x) < 5)).any()",
        example={"x": f32([-3, 1])},
        without={"x": f32([0, 6])},
        gives=("[-0.00405, 0.8413]", "[-0.003637, 0.8412]"),
        rounding=32,
        in_tensorflow="tf.nn.gelu(x)",
        in_pytorch="F.gelu(x, approximate='tanh')",
        rows=("gelu", "gelu_tanh"),
        why="keras.ops.gelu approximates by tanh; keras.activations.gelu and tf.nn.gelu take erf, "
        "as PyTorch",
        reference="50",
    ),
    *(
        KnownDifference(
            name=f"slope-of-leaky-relu-{where}",
            rows=("leaky_relu",),
            kind=Kind.SEMANTIC,
            torch="F.leaky_relu(x)",
            tensorflow=tensorflow,
            keras=keras,
            where="(x < 0).any()",
            example={"x": f32([-1, 2])},
            without={"x": f32([0, 2])},
            gives=("[-0.01, 2]", f"[-{slope}, 2]"),
            in_tensorflow="tf.nn.leaky_relu(x, 0.01)",
            in_pytorch=f"F.leaky_relu(x, {slope})",
            why="PyTorch's default is 0.01, that of tf.nn and keras.ops 0.2, of Keras' layer 0.3",
            reference="52",
        )
        for where, tensorflow, keras, slope in (
            ("function", "tf.nn.leaky_relu(x)", "keras.ops.leaky_relu(x)", 0.2),
            ("layer", "", "keras.layers.LeakyReLU()(x)", 0.3),
        )
    ),
    KnownDifference(
        name="prelu-of-a-fresh-layer",
        kind=Kind.SEMANTIC,
        torch="torch.nn.PReLU()(x)",
        keras="keras.layers.PReLU()(x)",
        where="(x < 0).any()",
        example={"x": f32([[-4, 2]])},
        without={"x": f32([[0, 2]])},
        gives=("[[-1, 2]]", "[[0, 2]]"),
        in_tensorflow="keras.layers.PReLU(keras.initializers.Constant(0.25))(x)",
        in_pytorch="torch.nn.PReLU(init=0.0)(x)",
        rows=("prelu",),
        why="PyTorch's slope is 0.25 at first, Keras' 0",
        reference="53",
    ),
    KnownDifference(
        name="shape-of-prelus-slopes",
        kind=Kind.SEMANTIC,
        torch="return torch.tensor(torch.nn.PReLU().weight.shape)",
        keras="m = keras.layers.PReLU()\nm(x)\nreturn tf.shape(m.alpha)",
        example={"x": np.ones((1, 2, 3, 4), np.float32)},
        gives=("[1]", "[2, 3, 4]"),
        in_pytorch="return torch.tensor(x.shape[1:])",
        rows=("prelu",),
        why="PyTorch shares one slope, or one for each channel; Keras has one for each element "
        "unless shared_axes is given",
        reference="53",
    ),
)
