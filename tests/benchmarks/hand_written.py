"""The obvious TensorFlow for operators at realistic sizes: what a lowering is measured against.

Each row gives an operator, its arguments, and a function of the tensors among them. Images and
their weights come channels last, as a converted model holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

R = np.random.default_rng(0)
X, Y, Z = (R.standard_normal((512, 512)).astype(np.float32) for _ in range(3))
P, Q = np.abs(X) + 0.1, np.abs(Y) + 0.1
UNIT = np.clip(X / 4, -0.9, 0.9)
SHARE, OTHER = 1 / (1 + np.exp(-X)), 1 / (1 + np.exp(-Y))
PLACES, OTHERS = (R.integers(1, 60, (512, 512)) for _ in range(2))
T, F = X > 0, Y > 0
SMALL = R.standard_normal((64, 64)).astype(np.float32)
SPD = SMALL @ SMALL.T + 64 * np.eye(64, dtype=np.float32)
BATCH = R.standard_normal((16, 128, 64)).astype(np.float32)
ROWS = R.integers(0, 512, 512)
LABELS = R.integers(0, 512, 512)
TABLE = R.standard_normal((30000, 128)).astype(np.float32)
TOKENS = R.integers(0, 30000, (8, 128))
HEADS = R.standard_normal((2, 8, 128, 64)).astype(np.float32)
VECTOR = X[0]
IMAGE = R.standard_normal((2, 32, 56, 56)).astype(np.float32)
SIGNAL = R.standard_normal((4, 32, 512)).astype(np.float32)
VOLUME = R.standard_normal((1, 8, 16, 32, 32)).astype(np.float32)


def weight(*shape: int) -> np.ndarray:
    """A kernel."""
    return R.standard_normal(shape).astype(np.float32) * 0.1


@dataclass(frozen=True)
class Row:
    """An operator call, and the same by hand.

    Attributes:
        op: without ``aten.``.
        hand: takes the tensors among the arguments, in order, and returns the first result.
        arguments: by the names of the lowering's parameters.
        parameters: which of them are weights, put into the target's axis order once.
        image: tensors of rank 3 to 5 come channels last.
    """

    op: str
    hand: Callable[..., Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    parameters: Sequence[str] = ()
    image: bool = False


def one(op: str, hand: Callable[..., Any], x: np.ndarray = X, **more: Any) -> Row:
    """An operator of one tensor."""
    return Row(op, hand, {"x": x, **more})


def two(op: str, hand: Callable[..., Any], x: np.ndarray = X, y: np.ndarray = Y) -> Row:
    """An operator of two tensors."""
    return Row(op, hand, {"x": x, "other": y})


m, nn, linalg = tf.math, tf.nn, tf.linalg

ELEMENTWISE = [
    one("abs.default", tf.abs),
    one("neg.default", tf.negative),
    one("exp.default", tf.exp),
    one("exp2.default", lambda x: tf.pow(2.0, x)),
    one("expm1.default", m.expm1),
    one("log.default", m.log, P),
    one("log1p.default", m.log1p, P),
    one("log2.default", lambda x: m.log(x) / float(np.log(2)), P),
    one("log10.default", lambda x: m.log(x) / float(np.log(10)), P),
    one("sqrt.default", tf.sqrt, P),
    one("rsqrt.default", m.rsqrt, P),
    one("square.default", tf.square),
    one("reciprocal.default", m.reciprocal, P),
    one("sin.default", tf.sin),
    one("cos.default", tf.cos),
    one("tan.default", tf.tan),
    one("asin.default", tf.asin, UNIT),
    one("acos.default", tf.acos, UNIT),
    one("atan.default", tf.atan),
    one("sinh.default", tf.sinh),
    one("cosh.default", tf.cosh),
    one("tanh.default", tf.tanh),
    one("asinh.default", tf.asinh),
    one("acosh.default", tf.acosh, P + 1),
    one("atanh.default", tf.atanh, UNIT),
    one("sigmoid.default", tf.sigmoid),
    one("floor.default", tf.floor),
    one("ceil.default", m.ceil),
    one("round.default", tf.round),
    one("trunc.default", lambda x: tf.where(x < 0, m.ceil(x), tf.floor(x))),
    one("sign.default", tf.sign),
    one("erf.default", m.erf),
    one("erfc.default", m.erfc),
    one("erfinv.default", m.erfinv, UNIT),
    one("lgamma.default", m.lgamma, P),
    one("digamma.default", m.digamma, P),
    one("isnan.default", m.is_nan),
    one("isinf.default", m.is_inf),
    one("logical_not.default", tf.logical_not, T),
    one("bitwise_not.default", tf.bitwise.invert, PLACES),
    one("relu.default", nn.relu),
    one("relu6.default", nn.relu6),
    one("silu.default", nn.silu),
    one("gelu.default", nn.gelu),
    one("gelu.default", lambda x: nn.gelu(x, approximate=True), approximate="tanh"),
    one("elu.default", nn.elu),
    one("selu.default", nn.selu),
    one("softplus.default", nn.softplus),
    one("leaky_relu.default", lambda x: nn.leaky_relu(x, 0.01)),
    one("hardtanh.default", lambda x: tf.clip_by_value(x, -1.0, 1.0)),
    one("hardswish.default", lambda x: x * nn.relu6(x + 3) / 6),
    one("hardsigmoid.default", lambda x: nn.relu6(x + 3) / 6),
    one("mish.default", lambda x: x * tf.tanh(nn.softplus(x))),
    one("log_sigmoid.default", m.log_sigmoid),
    one("glu.default", lambda x: x[:, :256] * tf.sigmoid(x[:, 256:])),
    one("clamp.default", lambda x: tf.clip_by_value(x, -1.0, 1.0), min=-1.0, max=1.0),
    one("pow.Tensor_Scalar", lambda x: tf.pow(x, 3.0), exponent=3),
    one("pow.Tensor_Scalar", lambda x: tf.pow(x, 1.7), P, exponent=1.7),
    one("logit.default", lambda x: m.log(x / (1 - x)), SHARE),
    one("frac.default", lambda x: x - tf.where(x < 0, m.ceil(x), tf.floor(x))),
    two("add.Tensor", tf.add),
    two("sub.Tensor", tf.subtract),
    two("mul.Tensor", tf.multiply),
    two("div.Tensor", tf.divide, X, P),
    two("maximum.default", tf.maximum),
    two("minimum.default", tf.minimum),
    Row("pow.Tensor_Tensor", tf.pow, {"x": P, "exponent": Y}),
    two("atan2.default", tf.atan2),
    two("remainder.Tensor", m.floormod, X, P),
    two("remainder.Tensor", m.floormod, PLACES, OTHERS),
    two("floor_divide.default", m.floordiv, PLACES, OTHERS),
    two(
        "fmod.Tensor", lambda x, y: x - y * tf.where(x / y < 0, m.ceil(x / y), m.floor(x / y)), X, P
    ),
    two("eq.Tensor", tf.equal),
    two("ne.Tensor", tf.not_equal),
    two("lt.Tensor", tf.less),
    two("ge.Tensor", tf.greater_equal),
    two("logical_and.default", tf.logical_and, T, F),
    two("logical_xor.default", m.logical_xor, T, F),
    two("bitwise_and.Tensor", tf.bitwise.bitwise_and, PLACES, OTHERS),
    two("bitwise_xor.Tensor", tf.bitwise.bitwise_xor, PLACES, OTHERS),
    two("hypot.default", lambda x, y: tf.sqrt(x * x + y * y)),
    two("xlogy.Tensor", m.xlogy, P, Q),
    two("logaddexp.default", lambda x, y: tf.maximum(x, y) + m.log1p(tf.exp(-tf.abs(x - y)))),
    Row("where.self", tf.where, {"condition": T, "x": X, "other": Y}),
    Row(
        "masked_fill.Scalar", lambda x, b: tf.where(b, -1.0, x), {"x": X, "mask": T, "value": -1.0}
    ),
    Row("lerp.Scalar", lambda x, y: x + 0.3 * (y - x), {"x": X, "end": Y, "weight": 0.3}),
    Row("addcmul.default", lambda x, a, b: x + a * b, {"x": X, "tensor1": Y, "tensor2": Z}),
    Row("addcdiv.default", lambda x, a, b: x + a / b, {"x": X, "tensor1": Y, "tensor2": P}),
    Row(
        "threshold.default",
        lambda x: tf.where(x > 0.5, x, 1.0),
        {"x": X, "threshold": 0.5, "value": 1.0},
    ),
]

REDUCTIONS = [
    one("sum.default", tf.reduce_sum),
    one("sum.dim_IntList", lambda x: tf.reduce_sum(x, -1), dim=(-1,)),
    one("mean.default", tf.reduce_mean),
    one("mean.dim", lambda x: tf.reduce_mean(x, 0), dim=(0,)),
    one("amax.default", lambda x: tf.reduce_max(x, -1), dim=(-1,)),
    one("amin.default", lambda x: tf.reduce_min(x, -1), dim=(-1,)),
    one("max.default", tf.reduce_max),
    one("max.dim", lambda x: (tf.reduce_max(x, -1), tf.argmax(x, -1)), dim=-1),
    one("argmax.default", lambda x: tf.argmax(x, -1), dim=-1),
    one("argmin.default", lambda x: tf.argmin(x, -1), dim=-1),
    one("prod.dim_int", lambda x: tf.reduce_prod(x, -1), dim=-1),
    one("var.correction", lambda x: m.reduce_variance(x, -1), dim=(-1,), correction=0),
    one("std.correction", lambda x: m.reduce_std(x, -1), dim=(-1,), correction=0),
    one("logsumexp.default", lambda x: tf.reduce_logsumexp(x, -1), dim=(-1,)),
    one("linalg_vector_norm.default", lambda x: tf.norm(x, axis=-1), dim=(-1,)),
    one("any.dim", lambda x: tf.reduce_any(x, -1), T, dim=-1),
    one("all.default", tf.reduce_all, T),
    one("count_nonzero.default", m.count_nonzero),
    one("cumsum.default", lambda x: tf.cumsum(x, -1), dim=-1),
    one("cumprod.default", lambda x: m.cumprod(x, -1), dim=-1),
    one("sort.default", lambda x: (tf.sort(x), tf.argsort(x))),
    one("argsort.default", tf.argsort),
    one("topk.default", lambda x: tf.math.top_k(x, 10), k=10),
    one("softmax.int", nn.softmax, dim=-1),
    one("softmax.int", lambda x: nn.softmax(x, axis=0), dim=0),
    one("log_softmax.int", nn.log_softmax, dim=-1),
    one("trace.default", linalg.trace),
    one("nonzero.default", tf.where, T),
    Row("searchsorted.Tensor", tf.searchsorted, {"sorted_sequence": np.sort(X), "x": Y}),
    one("bincount.default", lambda x: m.bincount(x, minlength=512), LABELS, minlength=512),
]
