"""The obvious TensorFlow for movement, products, losses and layers; see hand_written.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from hand_written import (
    BATCH,
    ELEMENTWISE,
    HEADS,
    IMAGE,
    LABELS,
    OTHER,
    PLACES,
    REDUCTIONS,
    ROWS,
    SHARE,
    SIGNAL,
    SMALL,
    SPD,
    TABLE,
    TOKENS,
    VECTOR,
    VOLUME,
    P,
    R,
    Row,
    T,
    X,
    Y,
    linalg,
    m,
    nn,
    one,
    weight,
)

MOVEMENT = [
    one("reshape.default", lambda x: tf.reshape(x, [256, 1024]), shape=(256, 1024)),
    one("transpose.int", tf.transpose, dim0=0, dim1=1),
    one("permute.default", lambda x: tf.transpose(x, [1, 2, 0]), BATCH, dims=(1, 2, 0)),
    one("flip.default", lambda x: tf.reverse(x, [1]), dims=(1,)),
    one("roll.default", lambda x: tf.roll(x, [3], [1]), shifts=(3,), dims=(1,)),
    one("expand.default", lambda x: tf.broadcast_to(x, [512, 512]), X[:1], size=(512, 512)),
    one("repeat.default", lambda x: tf.tile(x, [2, 2]), repeats=(2, 2)),
    one("constant_pad_nd.default", lambda x: tf.pad(x, [[2, 2], [1, 1]]), pad=(1, 1, 2, 2)),
    one(
        "pad.default",
        lambda x: tf.pad(x, [[0, 0], [2, 2], [1, 1]], "REFLECT"),
        BATCH,
        pad=(1, 1, 2, 2),
        mode="reflect",
    ),
    one("slice.Tensor", lambda x: x[:, 10:400:2], dim=1, start=10, end=400, step=2),
    one("narrow.default", lambda x: x[100:300], dim=0, start=100, length=200),
    one("select.int", lambda x: x[:, 7], dim=1, index=7),
    one("unsqueeze.default", lambda x: x[:, None], dim=1),
    one("tril.default", lambda x: linalg.band_part(x, -1, 0)),
    one("triu.default", lambda x: linalg.band_part(x, 0, -1)),
    one("diagonal.default", linalg.diag_part),
    one("unbind.int", lambda x: tf.unstack(x, axis=0), BATCH),
    one("chunk.default", lambda x: tf.split(x, 4, axis=1), chunks=4, dim=1),
    one("split.Tensor", lambda x: tf.split(x, 4, axis=1), split_size=128, dim=1),
    one("repeat_interleave.self_int", lambda x: tf.repeat(x, 2, axis=1), repeats=2, dim=1),
    Row("cat.default", lambda a, b: tf.concat([a, b], 1), {"tensors": (X, Y), "dim": 1}),
    Row("stack.default", lambda a, b: tf.stack([a, b]), {"tensors": (X, Y)}),
    one("zeros_like.default", tf.zeros_like),
    one("full_like.default", lambda x: tf.fill(x.shape, 2.0), fill_value=2.0),
    Row("index_select.default", tf.gather, {"x": X, "dim": 0, "index": ROWS}),
    Row(
        "gather.default",
        lambda x, i: tf.gather(x, i, axis=1, batch_dims=1),
        {"x": X, "dim": 1, "index": PLACES},
    ),
    Row("take.default", lambda x, i: tf.gather(tf.reshape(x, [-1]), i), {"x": X, "index": PLACES}),
    Row("index.Tensor", tf.gather, {"x": X, "indices": (ROWS,)}),
    Row(
        "index.Tensor",
        lambda x, i, j: tf.gather_nd(x, tf.stack([i, j], -1)),
        {"x": X, "indices": (ROWS, LABELS)},
    ),
    Row("embedding.default", tf.gather, {"weight": TABLE, "indices": TOKENS}, ("weight",)),
    Row("masked_select.default", tf.boolean_mask, {"x": X, "mask": T}),
    one("one_hot.default", lambda x: tf.one_hot(x, 512, dtype=tf.int64), LABELS, num_classes=512),
    Row(
        "index_add.default",
        lambda x, i, s: tf.tensor_scatter_nd_add(x, i[:, None], s),
        {"x": X, "dim": 0, "index": ROWS, "source": Y},
    ),
    Row(
        "index_copy.default",
        lambda x, i, s: tf.tensor_scatter_nd_update(x, i[:, None], s),
        {"x": X, "dim": 0, "index": np.arange(512)[::-1].copy(), "source": Y},
    ),
    Row(
        "index_put.default",
        lambda x, i, v: tf.tensor_scatter_nd_update(x, i[:, None], v),
        {"x": X, "indices": (np.arange(512)[::-1].copy(),), "values": Y},
    ),
    Row(
        "scatter_add.default",
        lambda x, i, s: tf.tensor_scatter_nd_add(
            x, tf.stack([i, tf.broadcast_to(tf.range(512, dtype=tf.int64), [512, 512])], -1), s
        ),
        {"x": X, "dim": 0, "index": PLACES, "src": Y},
    ),
]

PRODUCTS = [
    Row("matmul.default", tf.matmul, {"x": X, "other": Y}),
    Row("mm.default", tf.matmul, {"x": X, "mat2": Y}),
    Row("bmm.default", tf.matmul, {"x": BATCH, "mat2": BATCH.transpose(0, 2, 1).copy()}),
    Row("addmm.default", lambda b, x, w: b + tf.matmul(x, w), {"x": VECTOR, "mat1": X, "mat2": Y}),
    Row(
        "baddbmm.default",
        lambda b, x, w: b + tf.matmul(x, w),
        {"x": BATCH[:, :, :1].copy(), "batch1": BATCH, "batch2": BATCH.transpose(0, 2, 1).copy()},
    ),
    Row(
        "linear.default",
        lambda x, w, b: tf.matmul(x, w) + b,
        {"input": X, "weight": Y, "bias": VECTOR},
        ("weight", "bias"),
    ),
    Row(
        "linear.default",
        lambda x, w: tf.tensordot(x, w, 1),
        {"input": BATCH, "weight": weight(256, 64)},
        ("weight",),
    ),
    Row("mv.default", linalg.matvec, {"x": X, "vec": VECTOR}),
    Row(
        "dot.default",
        lambda x, y: tf.tensordot(x, y, 1),
        {"x": X.reshape(-1), "tensor": Y.reshape(-1)},
    ),
    Row("outer.default", lambda x, y: x[:, None] * y, {"x": VECTOR, "vec2": Y[0]}),
    Row(
        "einsum.default",
        lambda x, y: tf.einsum("bij,bkj->bik", x, y),
        {"equation": "bij,bkj->bik", "tensors": (BATCH, BATCH)},
    ),
    Row(
        "scaled_dot_product_attention.default",
        lambda q, k, v: tf.matmul(nn.softmax(tf.matmul(q, k, transpose_b=True) / 8), v),
        {"query": HEADS, "key": HEADS, "value": HEADS},
    ),
    one("linalg_cholesky.default", linalg.cholesky, SPD),
    Row("linalg_inv.default", linalg.inv, {"A": SPD}),
    Row("linalg_solve.default", linalg.solve, {"A": SPD, "B": SMALL}),
    Row("linalg_det.default", linalg.det, {"A": SPD / 64}),
    Row("linalg_slogdet.default", linalg.slogdet, {"A": SPD}),
    Row("linalg_qr.default", linalg.qr, {"A": SMALL}),
    one("linalg_eigvalsh.default", linalg.eigvalsh, SPD),
    Row("linalg_svdvals.default", lambda a: linalg.svd(a, compute_uv=False), {"A": SMALL}),
    one("linalg_matrix_exp.default", linalg.expm, SMALL / 64),
    Row(
        "linalg_solve_triangular.default",
        lambda a, b: linalg.triangular_solve(a, b, lower=False),
        {"x": SPD, "B": SMALL, "upper": True},
    ),
    Row(
        "linalg_cross.default",
        linalg.cross,
        {"x": R.standard_normal((4096, 3)), "other": R.standard_normal((4096, 3))},
    ),
    Row(
        "cdist.default",
        lambda a, b: tf.sqrt(tf.reduce_sum(tf.square(a[:, None] - b[None]), -1)),
        {"x1": SMALL, "x2": SMALL[::-1] + 1},
    ),
]

LOSSES = [
    Row(
        "mse_loss.default",
        lambda x, y: tf.reduce_mean(m.squared_difference(x, y)),
        {"x": X, "target": Y},
    ),
    Row("l1_loss.default", lambda x, y: tf.reduce_mean(tf.abs(x - y)), {"x": X, "target": Y}),
    Row(
        "smooth_l1_loss.default",
        lambda x, y: tf.reduce_mean(
            tf.where(tf.abs(x - y) < 1, 0.5 * (x - y) ** 2, tf.abs(x - y) - 0.5)
        ),
        {"x": X, "target": Y},
    ),
    Row(
        "huber_loss.default",
        lambda x, y: tf.reduce_mean(
            tf.where(tf.abs(x - y) < 1, 0.5 * (x - y) ** 2, tf.abs(x - y) - 0.5)
        ),
        {"x": X, "target": Y},
    ),
    Row(
        "cross_entropy_loss.default",
        lambda x, y: tf.reduce_mean(nn.sparse_softmax_cross_entropy_with_logits(y, x)),
        {"x": X, "target": LABELS},
    ),
    Row(
        "nll_loss_nd.default",
        lambda x, y: -tf.reduce_mean(tf.gather(x, y, axis=1, batch_dims=1)),
        {"x": X, "target": LABELS},
    ),
    Row(
        "binary_cross_entropy.default",
        lambda x, y: -tf.reduce_mean(y * m.log(x) + (1 - y) * m.log1p(-x)),
        {"x": SHARE, "target": OTHER},
    ),
    Row(
        "binary_cross_entropy_with_logits.default",
        lambda x, y: tf.reduce_mean(nn.sigmoid_cross_entropy_with_logits(y, x)),
        {"x": X, "target": OTHER},
    ),
    Row(
        "kl_div.default", lambda x, y: tf.reduce_mean(y * (m.log(y) - x)), {"x": X, "target": OTHER}
    ),
    Row(
        "cosine_similarity.default",
        lambda x, y: tf.reduce_sum(x * y, 1) / (tf.norm(x, axis=1) * tf.norm(y, axis=1)),
        {"x1": X, "x2": Y},
    ),
]


def _norm(x: Any, w: Any, b: Any, axes: Any, eps: float = 1e-5) -> Any:
    mean, variance = nn.moments(x, axes, keepdims=True)
    return nn.batch_normalization(x, mean, variance, b, w, eps)


def _group_norm(x: Any, w: Any, b: Any) -> Any:
    n, h, width, c = x.shape
    grouped = tf.reshape(x, [n, h, width, 4, c // 4])
    mean, variance = nn.moments(grouped, [1, 2, 4], keepdims=True)
    scaled = (grouped - mean) * m.rsqrt(variance + 1e-5)
    return tf.reshape(scaled, x.shape) * w + b


C32 = np.abs(weight(32)) + 0.5
IMAGES = [
    Row(
        "conv2d.default",
        lambda x, k, b: nn.bias_add(nn.conv2d(x, k, 1, [[0, 0], [1, 1], [1, 1], [0, 0]]), b),
        {"input": IMAGE, "weight": weight(64, 32, 3, 3), "bias": weight(64), "padding": (1, 1)},
        ("weight", "bias"),
        image=True,
    ),
    Row(
        "conv2d.default",
        lambda x, k: nn.conv2d(x, k, 2, "VALID"),
        {"input": IMAGE, "weight": weight(64, 32, 1, 1), "stride": (2, 2)},
        ("weight",),
        image=True,
    ),
    Row(
        "conv1d.default",
        lambda x, k: nn.conv1d(x, k, 1, "VALID"),
        {"input": SIGNAL, "weight": weight(64, 32, 3)},
        ("weight",),
        image=True,
    ),
    Row(
        "conv3d.default",
        lambda x, k: nn.conv3d(x, k, [1] * 5, "VALID"),
        {"input": VOLUME, "weight": weight(16, 8, 3, 3, 3)},
        ("weight",),
        image=True,
    ),
    Row(
        "conv2d.default",
        lambda x, k: nn.depthwise_conv2d(x, tf.transpose(k, [0, 1, 3, 2]), [1] * 4, "VALID"),
        {"input": IMAGE, "weight": weight(32, 1, 3, 3), "groups": 32},
        ("weight",),
        image=True,
    ),
    Row(
        "max_pool2d.default",
        lambda x: nn.max_pool2d(x, 2, 2, "VALID"),
        {"x": IMAGE, "kernel_size": (2, 2)},
        image=True,
    ),
    Row(
        "avg_pool2d.default",
        lambda x: nn.avg_pool2d(x, 2, 2, "VALID"),
        {"x": IMAGE, "kernel_size": (2, 2)},
        image=True,
    ),
    Row(
        "max_pool1d.default",
        lambda x: nn.max_pool1d(x, 2, 2, "VALID"),
        {"x": SIGNAL, "kernel_size": (2,)},
        image=True,
    ),
    Row(
        "avg_pool3d.default",
        lambda x: nn.avg_pool3d(x, 2, 2, "VALID"),
        {"x": VOLUME, "kernel_size": (2, 2, 2)},
        image=True,
    ),
    Row(
        "adaptive_avg_pool2d.default",
        lambda x: tf.reduce_mean(x, [1, 2], keepdims=True),
        {"x": IMAGE, "output_size": (1, 1)},
        image=True,
    ),
    Row(
        "batch_norm.default",
        lambda x, w, b, mu, v: nn.batch_normalization(x, mu, v, b, w, 1e-5),
        {
            "input": IMAGE,
            "weight": C32,
            "bias": weight(32),
            "running_mean": weight(32),
            "running_var": C32,
            "training": False,
            "momentum": 0.1,
            "eps": 1e-5,
            "cudnn_enabled": False,
        },
        ("weight", "bias", "running_mean", "running_var"),
        image=True,
    ),
    Row(
        "group_norm.default",
        _group_norm,
        {"input": IMAGE, "num_groups": 4, "weight": C32, "bias": weight(32)},
        ("weight", "bias"),
        image=True,
    ),
    Row(
        "layer_norm.default",
        lambda x, w, b: _norm(x, w, b, [-1]),
        {"input": X, "normalized_shape": (512,), "weight": P[0], "bias": VECTOR},
        ("weight", "bias"),
    ),
    Row(
        "rms_norm.default",
        lambda x, w: x * m.rsqrt(tf.reduce_mean(x * x, -1, keepdims=True) + 1e-6) * w,
        {"input": X, "normalized_shape": (512,), "weight": P[0], "eps": 1e-6},
        ("weight",),
    ),
    Row(
        "upsample_nearest2d.vec",
        lambda x: tf.image.resize(x, [112, 112], "nearest"),
        {"input": IMAGE, "output_size": (112, 112), "scale_factors": None},
        image=True,
    ),
    Row(
        "upsample_bilinear2d.vec",
        lambda x: tf.image.resize(x, [112, 112]),
        {"input": IMAGE, "output_size": (112, 112), "align_corners": False, "scale_factors": None},
        image=True,
    ),
    Row(
        "pixel_unshuffle.default",
        lambda x: tf.reshape(
            tf.transpose(tf.reshape(x, [2, 28, 2, 28, 2, 32]), [0, 1, 3, 5, 2, 4]), [2, 28, 28, 128]
        ),
        {"x": IMAGE, "downscale_factor": 2},
        image=True,
    ),
    Row(
        "prelu.default",
        lambda x, a: tf.where(x > 0, x, a * x),
        {"x": IMAGE, "weight": C32},
        ("weight",),
        image=True,
    ),
]

TABLE_OF_ROWS = (*ELEMENTWISE, *REDUCTIONS, *MOVEMENT, *PRODUCTS, *LOSSES, *IMAGES)
