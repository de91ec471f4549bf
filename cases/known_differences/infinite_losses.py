"""Losses of infinite numbers, and of numbers whose exponential is."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import f32
from parity.known_differences import Kind, KnownDifference

_INF = np.inf
_HUBER = (
    "tf.reduce_mean(tf.where(tf.abs(x - y) <= delta, 0.5 * (x - y) ** 2, "
    "delta * (tf.abs(x - y) - 0.5 * delta)), -1)"
)
_SMOOTH = "tf.reduce_mean(tf.where(tf.abs(x - y) < 0.5, (x - y) ** 2, tf.abs(x - y) - 0.25), -1)"
_SOFT = "F.soft_margin_loss(x, y, reduction='none')"


def _chosen(
    name: str, row: str, torch: str, tensorflow: str, keras: str, of: str, **given: float
) -> KnownDifference:
    """The gradient of a branch that isn't taken."""
    sign, slope = "" if of == "x" else "-", "0.25" if row == "smooth_l1" else "0.125"
    beside = f"{sign}{slope}"
    return KnownDifference(
        name=f"{name}-gradient-for-{of}-at-infinity",
        kind=Kind.GRADIENT,
        torch=torch,
        tensorflow=tensorflow,
        keras=keras,
        result=f"gradient of {of}",
        where="np.isinf(x * x).any()",
        relation="np.isinf((x - y) * (x - y)) & np.isfinite(pytorch) & np.isnan(tensorflow)",
        example={"x": f32([[_INF, 1]]), "y": f32([[0, 0.75]]), **given},
        without={"x": f32([[2, 1]]), "y": f32([[0, 0.75]]), **given},
        gives=(f"[[{sign}0.5, {beside}]]", f"[[nan, {beside}]]"),
        rounding=4,
        rows=(row,),
        why="TensorFlow multiplies the slope of the square, which isn't chosen and is infinite, "
        "by 0",
    )


ENTRIES = (
    *(
        _chosen(
            "huber",
            "huber",
            "F.huber_loss(x, y, delta=delta, reduction='none').mean(-1)",
            _HUBER,
            "keras.losses.huber(y, x, delta)",
            of,
            delta=1.0,
        )
        for of in ("x", "y")
    ),
    *(
        _chosen(
            "smooth-l1",
            "smooth_l1",
            "F.smooth_l1_loss(x, y, beta=0.5, reduction='none').mean(-1)",
            _SMOOTH,
            "keras.losses.huber(y, x, 0.5) / 0.5",
            of,
        )
        for of in ("x", "y")
    ),
    KnownDifference(
        name="soft-margin-loss-overflows",
        kind=Kind.EDGE,
        torch=_SOFT,
        tensorflow="tf.math.softplus(-y * x)",
        where="np.isinf(np.exp(-y * x)).any()",
        relation="np.isinf(np.exp(-y * x)) & np.isinf(pytorch) & (tensorflow == -y * x)",
        example={"x": f32([-100, 1]), "y": f32([1, 1])},
        without={"x": f32([-80, 1]), "y": f32([1, 1])},
        gives=("[inf, 0.3133]", "[100, 0.3133]"),
        rounding=4,
        in_pytorch="F.softplus(-y * x, threshold=90)",
        rows=("soft_margin",),
        why="PyTorch takes the logarithm of an exponential that is infinite",
    ),
    KnownDifference(
        name="soft-margin-loss-gradient-overflows",
        kind=Kind.GRADIENT,
        torch=_SOFT,
        tensorflow="tf.math.softplus(-y * x)",
        result="gradient of x",
        where="np.isinf(np.exp(-y * x)).any()",
        relation="np.isinf(np.exp(-y * x)) & np.isnan(pytorch) & (tensorflow == -y * cotangent)",
        example={"x": f32([-100, 1]), "y": f32([1, 1])},
        without={"x": f32([-80, 1]), "y": f32([1, 1])},
        gives=("[nan, -0.2689]", "[-1, -0.2689]"),
        rounding=4,
        in_pytorch="F.softplus(-y * x, threshold=90)",
        rows=("soft_margin",),
        why="PyTorch divides one infinity by another",
    ),
    KnownDifference(
        name="binary-cross-entropy-of-infinite-logits",
        kind=Kind.EDGE,
        torch="F.binary_cross_entropy_with_logits(x, y, reduction='none')",
        tensorflow="tf.nn.sigmoid_cross_entropy_with_logits(y, x)",
        keras="keras.ops.binary_crossentropy(y, x, from_logits=True)",
        where="np.isinf(x).any()",
        relation="(x == np.inf) & (pytorch == np.inf) & np.isnan(tensorflow) | "
        "(x == -np.inf) & np.isnan(pytorch) & (tensorflow == np.inf)",
        example={"x": f32([_INF, -_INF, 1]), "y": f32([0.5, 0.5, 0.5])},
        without={"x": f32([9, 1]), "y": f32([0.5, 0.5])},
        gives=("[inf, nan, 0.8133]", "[nan, inf, 0.8133]"),
        rounding=4,
        rows=("bce_with_logits",),
        why="PyTorch adds (1 - y) x and the logarithm of a sigmoid, TensorFlow takes x y off "
        "max(x, 0): one infinity is taken off another",
    ),
)
