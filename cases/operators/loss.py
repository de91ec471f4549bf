"""Losses; reductions are written out, since the defaults differ."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.inputs import REALS, Array, Below, Shape, given
from cases.rows import CONDITIONED, row
from parity.suite import Conditioned

_PAIR = given(x=Array("mn"), y=Array("mn", specials=False))
_FINITE = given(x=Array("mn", specials=False), y=Array("mn", specials=False))
_LABELS = given(
    x=Array("bn"),
    y=Below("b", "n"),
    sizes={"n": (2, 12), "b": (1, 8)},
)
_MEAN = given(
    x=Array("bn", low=-30, high=30, specials=False),
    y=Below("b", "n"),
    sizes={"n": (2, 12), "b": (1, 8)},
)
"""Of one number, which a single infinity would settle."""
_BINARY = given(x=Array("mn"), y=Array("mn", low=0, high=1, specials=False))


def _signs(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    return generator.choice((-1.0, 1.0), shape)


def _simplex(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    drawn = generator.exponential(size=shape) + 1e-3
    return drawn / drawn.sum(-1, keepdims=True)


_SHARES = Array("mn", make=_simplex)
_SIGNS = Array("mn", make=_signs)
_SIGNED = given(x=Array("mn"), y=_SIGNS)
_ONE = "keras.losses.{}(y, x)"

CASES = (
    row(
        "mse",
        "F.mse_loss(x, y, reduction='none').mean(-1)",
        "tf.reduce_mean(tf.math.squared_difference(x, y), -1)",
        "keras.losses.mean_squared_error(y, x)",
        CONDITIONED,
        _PAIR,
        REALS,
        doc="PyTorch gives one number, Keras's function one for each row.",
    ),
    row(
        "mae",
        "F.l1_loss(x, y, reduction='none').mean(-1)",
        "tf.reduce_mean(tf.abs(x - y), -1)",
        "keras.losses.mean_absolute_error(y, x)",
        CONDITIONED,
        _PAIR,
        REALS,
    ),
    row(
        "mape",
        "100 * torch.mean(torch.abs((y - x) / y.abs().clamp(min=1e-7)), -1)",
        "100 * tf.reduce_mean(tf.abs((y - x) / tf.maximum(tf.abs(y), "
        "tf.constant(1e-7, x.dtype))), -1)",
        "keras.losses.mean_absolute_percentage_error(y, x)",
        CONDITIONED,
        _FINITE,
        REALS,
        gradients=("x",),
    ),
    row(
        "msle",
        "torch.mean((torch.log1p(x) - torch.log1p(y)) ** 2, -1)",
        "tf.reduce_mean(tf.math.squared_difference(tf.math.log1p(x), tf.math.log1p(y)), -1)",
        "",
        CONDITIONED,
        given(
            x=Array("mn", low=0.0),
            y=Array("mn", low=0.0, high=50, specials=False),
        ),
        REALS,
    ),
    row(
        "huber",
        "F.huber_loss(x, y, delta=delta, reduction='none').mean(-1)",
        "tf.reduce_mean(tf.where(tf.abs(x - y) <= delta, 0.5 * (x - y) ** 2, "
        "delta * (tf.abs(x - y) - 0.5 * delta)), -1)",
        "keras.losses.huber(y, x, delta)",
        CONDITIONED,
        given(
            x=Array("mn"),
            y=Array("mn", specials=False),
            delta=st.sampled_from((0.5, 1.0, 2.0)),
        ),
        REALS,
    ),
    row(
        "smooth_l1",
        "F.smooth_l1_loss(x, y, beta=0.5, reduction='none').mean(-1)",
        "tf.reduce_mean(tf.where(tf.abs(x - y) < 0.5, (x - y) ** 2, tf.abs(x - y) - 0.25), -1)",
        "keras.losses.huber(y, x, 0.5) / 0.5",
        CONDITIONED,
        _PAIR,
        REALS,
        doc="smooth_l1 of beta is Huber's of delta over delta.",
    ),
    row(
        "bce_with_logits",
        "F.binary_cross_entropy_with_logits(x, y, reduction='none')",
        "tf.nn.sigmoid_cross_entropy_with_logits(y, x)",
        "keras.ops.binary_crossentropy(y, x, from_logits=True)",
        CONDITIONED,
        _BINARY,
        REALS,
        gradients=("x",),
    ),
    row(
        "bce_with_logits_weighted",
        "F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(3.0, dtype=x.dtype), "
        "reduction='none')",
        "tf.nn.weighted_cross_entropy_with_logits(y, x, 3.0)",
        "",
        CONDITIONED,
        _BINARY,
        REALS,
        gradients=("x",),
    ),
    row(
        "bce",
        "F.binary_cross_entropy(x, y, reduction='none')",
        "-(y * tf.math.log(x) + (1 - y) * tf.math.log1p(-x))",
        "keras.ops.binary_crossentropy(y, x)",
        CONDITIONED,
        given(
            x=Array("mn", low=0.01, high=0.99, specials=False),
            y=Array("mn", low=0, high=1, specials=False),
        ),
        REALS,
        gradients=("x",),
    ),
    row(
        "cross_entropy",
        "F.cross_entropy(x, y, reduction='none')",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)",
        "keras.ops.sparse_categorical_crossentropy(y, x, from_logits=True)",
        CONDITIONED,
        _LABELS,
        REALS,
    ),
    row(
        "cross_entropy_mean",
        "F.cross_entropy(x, y)",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, x))",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=x.dtype)(y, x)",
        CONDITIONED,
        _MEAN,
        REALS,
    ),
    row(
        "cross_entropy_weighted",
        "F.cross_entropy(x, y, weight)",
        "w = tf.gather(weight, y)\n"
        "losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)\n"
        "return tf.reduce_sum(w * losses) / tf.reduce_sum(w)",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=x.dtype, "
        "reduction='mean_with_sample_weight')(y, x, tf.gather(weight, y))",
        CONDITIONED,
        given(
            x=Array("bn", low=-30, high=30, specials=False),
            y=Below("b", "n"),
            weight=Array("n", low=0.1, high=3, specials=False),
            sizes={"n": (2, 12)},
        ),
        REALS,
        gradients=("x",),
        doc="Keras divides by the number of rows, not by their weights.",
    ),
    row(
        "cross_entropy_ignored",
        "F.cross_entropy(x, y, ignore_index=0, reduction='none')",
        "tf.where(y == 0, 0 * x[:, 0], tf.nn.sparse_softmax_cross_entropy_with_logits(y, x))",
        "keras.losses.sparse_categorical_crossentropy(y, x, True, 0)",
        CONDITIONED,
        _LABELS,
        REALS,
    ),
    row(
        "cross_entropy_shares",
        "F.cross_entropy(x, y, reduction='none')",
        "tf.nn.softmax_cross_entropy_with_logits(y, x)",
        "keras.ops.categorical_crossentropy(y, x, from_logits=True)",
        CONDITIONED,
        given(x=Array("mn"), y=_SHARES),
        REALS,
        gradients=("x",),
    ),
    row(
        "cross_entropy_smoothed",
        "F.cross_entropy(x, y, label_smoothing=0.1, reduction='none')",
        "n = x.shape[1]\n"
        "shares = tf.one_hot(y, n, 0.9 + 0.1 / n, 0.1 / n, dtype=x.dtype)\n"
        "return tf.nn.softmax_cross_entropy_with_logits(shares, x)",
        "n = x.shape[1]\n"
        "return keras.losses.categorical_crossentropy(tf.one_hot(y, n, dtype=x.dtype), x, True, "
        "0.1)",
        CONDITIONED,
        _LABELS,
        REALS,
    ),
    row(
        "nll",
        "F.nll_loss(x, y, reduction='none')",
        "-tf.gather(x, y, batch_dims=1)",
        "-keras.ops.take_along_axis(x, y[:, None], 1)[:, 0]",
        CONDITIONED,
        given(x=Array("bn"), y=Below("b", "n"), sizes={"n": (2, 12), "b": (1, 8)}),
        REALS,
    ),
    row(
        "kl_div",
        "F.kl_div(torch.log(x), y, reduction='none').sum(-1)",
        "tf.reduce_sum(y * tf.math.log(y / x), -1)",
        "keras.losses.kl_divergence(y, x)",
        CONDITIONED,
        given(x=_SHARES, y=_SHARES),
        REALS,
        gradients=("x",),
    ),
    row(
        "poisson_nll",
        "F.poisson_nll_loss(x, y, reduction='none')",
        "tf.nn.log_poisson_loss(y, x)",
        "",
        CONDITIONED,
        given(
            x=Array("mn"),
            y=Array("mn", low=0, high=9, specials=False),
        ),
        REALS,
        gradients=("x",),
    ),
    row(
        "poisson_nll_rate",
        "F.poisson_nll_loss(x, y, log_input=False, eps=1e-7, reduction='none').mean(-1)",
        "tf.reduce_mean(x - y * tf.math.log(x + 1e-7), -1)",
        "keras.losses.poisson(y, x)",
        CONDITIONED,
        given(
            x=Array("mn", low=0.01),
            y=Array("mn", low=0, high=9, specials=False),
        ),
        REALS,
        gradients=("x",),
    ),
    row(
        "gaussian_nll",
        "F.gaussian_nll_loss(x, y, v, reduction='none')",
        "0.5 * (tf.math.log(v) + (x - y) ** 2 / v)",
        "",
        CONDITIONED,
        given(
            x=Array("mn"),
            y=Array("mn", specials=False),
            v=Array("mn", low=0.1, high=4, specials=False),
        ),
        REALS,
    ),
    row(
        "hinge",
        "torch.clamp(1 - x * y, min=0).mean(-1)",
        "tf.reduce_mean(tf.maximum(1 - x * y, 0), -1)",
        _ONE.format("hinge"),
        CONDITIONED,
        _SIGNED,
        REALS,
        gradients=("x",),
    ),
    row(
        "squared_hinge",
        "(torch.clamp(1 - x * y, min=0) ** 2).mean(-1)",
        "tf.reduce_mean(tf.square(tf.maximum(1 - x * y, 0)), -1)",
        _ONE.format("squared_hinge"),
        CONDITIONED,
        _SIGNED,
        REALS,
        gradients=("x",),
    ),
    row(
        "categorical_hinge",
        "torch.clamp(((1 - y) * x).amax(-1) - (y * x).sum(-1) + 1, min=0)",
        "tf.maximum(tf.reduce_max((1 - y) * x, -1) - tf.reduce_sum(y * x, -1) + 1, 0)",
        _ONE.format("categorical_hinge"),
        CONDITIONED,
        given(x=Array("mn", specials=False), y=_SHARES),
        REALS,
    ),
    row(
        "soft_margin",
        "F.soft_margin_loss(x, y, reduction='none')",
        "tf.math.softplus(-y * x)",
        "",
        CONDITIONED,
        given(x=Array("mn"), y=_SIGNS),
        REALS,
        gradients=("x",),
        oracle="mpmath: mp.log1p(mp.exp(-y * x))",
    ),
    row(
        "hinge_embedding",
        "F.hinge_embedding_loss(x, y, reduction='none')",
        "tf.where(y == 1, x, tf.maximum(1 - x, 0))",
        "",
        CONDITIONED,
        _SIGNED,
        REALS,
        gradients=("x",),
    ),
    row(
        "log_cosh",
        "torch.mean((x - y) + F.softplus(-2 * (x - y), threshold=40) - math.log(2), -1)",
        "tf.reduce_mean((x - y) + tf.math.softplus(-2 * (x - y)) - math.log(2), -1)",
        _ONE.format("log_cosh"),
        CONDITIONED,
        given(
            x=Array("mn", low=-9, high=9, specials=False),
            y=Array("mn", low=-9, high=9, specials=False),
        ),
        REALS,
    ),
    row(
        "cosine_similarity",
        "F.cosine_similarity(x, y)",
        "tf.reduce_sum(tf.math.l2_normalize(x, -1) * tf.math.l2_normalize(y, -1), -1)",
        "-keras.losses.cosine_similarity(y, x)",
        CONDITIONED,
        given(
            x=Array("mn", low=0.01, high=9, specials=False),
            y=Array("mn", low=-9, high=-0.01, specials=False),
        ),
        REALS,
        doc="Keras gives the negative.",
    ),
    row(
        "cosine_embedding",
        "F.cosine_embedding_loss(x, y, torch.ones_like(x[:, 0]), reduction='none')",
        "p, q = tf.reduce_sum(x * x, -1) + 1e-12, tf.reduce_sum(y * y, -1) + 1e-12\n"
        "return 1 - tf.reduce_sum(x * y, -1) / tf.sqrt(p * q)",
        "1 + keras.losses.cosine_similarity(y, x)",
        CONDITIONED,
        given(
            x=Array("mn", low=0.01, high=9, specials=False),
            y=Array("mn", low=-9, high=-0.01, specials=False),
        ),
        REALS,
    ),
    row(
        "margin_ranking",
        "F.margin_ranking_loss(x, y, torch.ones_like(x), 0.5, reduction='none')",
        "tf.maximum(y - x + 0.5, 0)",
        "keras.ops.maximum(y - x + 0.5, 0)",
        CONDITIONED,
        _PAIR,
        REALS,
    ),
    row(
        "triplet",
        "F.triplet_margin_loss(x, y, z, eps=0, reduction='none')",
        "tf.maximum(tf.norm(x - y, axis=-1) - tf.norm(x - z, axis=-1) + 1, 0)",
        "",
        CONDITIONED,
        given(
            x=Array("mn"),
            y=Array("mn", specials=False),
            z=Array("mn", specials=False),
        ),
        REALS,
    ),
    row(
        "focal",
        "p = torch.sigmoid(x)\n"
        "loss = F.binary_cross_entropy_with_logits(x, y, reduction='none')\n"
        "return ((1 - (p * y + (1 - p) * (1 - y))) ** 2 * loss).mean(-1)",
        "p = tf.math.sigmoid(x)\n"
        "loss = tf.nn.sigmoid_cross_entropy_with_logits(y, x)\n"
        "return tf.reduce_mean((1 - (p * y + (1 - p) * (1 - y))) ** 2 * loss, -1)",
        "keras.losses.binary_focal_crossentropy(y, x, from_logits=True)",
        CONDITIONED,
        given(
            x=Array("mn", low=-9, high=9, specials=False),
            y=Array("mn", make=lambda g, shape: g.integers(0, 2, shape)),
        ),
        REALS,
    ),
    row(
        "dice",
        "1 - 2 * (x * y).sum() / (x.sum() + y.sum())",
        "1 - 2 * tf.reduce_sum(x * y) / (tf.reduce_sum(x) + tf.reduce_sum(y))",
        "",
        CONDITIONED,
        given(
            x=Array("mn", low=0.05, high=1, specials=False),
            y=Array("mn", low=0.05, high=1, specials=False),
        ),
        REALS,
    ),
    row(
        "tversky",
        "tp = (x * y).sum()\n"
        "return 1 - tp / (tp + 0.5 * (x * (1 - y)).sum() + 0.5 * ((1 - x) * y).sum())",
        "tp = tf.reduce_sum(x * y)\n"
        "return 1 - tp / (tp + 0.5 * tf.reduce_sum(x * (1 - y)) + 0.5 * "
        "tf.reduce_sum((1 - x) * y))",
        "",
        CONDITIONED,
        given(
            x=Array("mn", low=0.05, high=1, specials=False),
            y=Array("mn", low=0.05, high=1, specials=False),
        ),
        REALS,
    ),
    row(
        "ctc",
        "F.ctc_loss(F.log_softmax(x, -1), y, [x.shape[0]] * 2, [2, 2], reduction='none')",
        "tf.nn.ctc_loss(tf.cast(y, tf.int32), x, tf.constant([2, 2]), "
        "tf.fill([2], x.shape[0]), blank_index=0)",
        "keras.ops.ctc_loss(y, tf.transpose(x, (1, 0, 2)), tf.constant([2, 2]), "
        "tf.fill([2], x.shape[0]), mask_index=0)",
        Conditioned(gradient=168),
        given(
            x=Array("t2n", low=-9, high=9, specials=False),
            y=np.array(((1, 2), (2, 2))),
            sizes={"t": (4, 12), "n": (3, 6)},
        ),
        ("float32",),
        doc="A path's logarithm is a sum over t steps, rounded in each: up to t / sqrt(3) times "
        "what rounding errors of its terms move it by, which is 7 times for 12 steps.",
    ),
)
