"""Normalisations; each epsilon is written out, since the defaults differ."""

from __future__ import annotations

from cases.inputs import FLOATS, REALS, Array, Axis, Shapes, given
from cases.rows import CONDITIONED, row

_SIZES = {"b": (2, 4), "c": (1, 5), "h": (2, 5), "w": (2, 5), "n": (2, 64)}
_STATS = {"mean": Array("c", specials=False), "var": Array("c", low=0.1, high=4, specials=False)}
_AFFINE = {"scale": Array("c", specials=False), "offset": Array("c", specials=False)}
_BATCH = given(x=Array("bchw"), **_STATS, **_AFFINE, sizes=_SIZES)
_TRAINING = given(x=Array("bchw", specials=False), **_AFFINE, sizes=_SIZES)
_ROWS = given(
    x=Array("bn"), scale=Array("n", specials=False), offset=Array("n", specials=False), sizes=_SIZES
)
_LAST = "tf.transpose(x, (0, 2, 3, 1))"
_FIRST = "(0, 3, 1, 2)"

CASES = (
    row(
        "batch_norm_inference",
        "F.batch_norm(x, mean, var, scale, offset, eps=1e-3)",
        f"tf.transpose(tf.nn.batch_normalization({_LAST}, mean, var, offset, scale, 1e-3), "
        f"{_FIRST})",
        f"keras.ops.transpose(keras.ops.batch_normalization({_LAST}, mean, var, -1, offset, "
        f"scale, 1e-3), {_FIRST})",
        CONDITIONED,
        _BATCH,
        FLOATS,
        gradients=("x", "scale", "offset"),
        doc="In inference PyTorch has no gradient of the statistics.",
    ),
    row(
        "fused_batch_norm_inference",
        "F.batch_norm(x, mean, var, scale, offset, eps=1e-3)",
        f"tf.transpose(tf.compat.v1.nn.fused_batch_norm({_LAST}, scale, offset, mean, var, 1e-3, "
        f"is_training=False)[0], {_FIRST})",
        "",
        CONDITIONED,
        _BATCH,
        ("float32",),
        gradients=("x", "scale", "offset"),
        doc="In inference PyTorch has no gradient of the statistics.",
    ),
    row(
        "batch_norm_training",
        "F.batch_norm(x, None, None, scale, offset, True, eps=1e-3)",
        "mean, var = tf.nn.moments(x, (0, 2, 3))\n"
        f"y = tf.nn.batch_normalization({_LAST}, mean, var, offset, scale, 1e-3)\n"
        f"return tf.transpose(y, {_FIRST})",
        f"mean, var = keras.ops.moments(x, (0, 2, 3))\n"
        f"y = keras.ops.batch_normalization({_LAST}, mean, var, -1, offset, scale, 1e-3)\n"
        f"return keras.ops.transpose(y, {_FIRST})",
        CONDITIONED,
        _TRAINING,
        REALS,
    ),
    row(
        "fused_batch_norm_training",
        "F.batch_norm(x, None, None, scale, offset, True, eps=1e-3)",
        f"tf.transpose(tf.compat.v1.nn.fused_batch_norm({_LAST}, scale, offset, epsilon=1e-3)[0],"
        f" {_FIRST})",
        "",
        CONDITIONED,
        _TRAINING,
        ("float32",),
    ),
    row(
        "batch_norm_running",
        "mean, var = torch.zeros_like(scale), torch.ones_like(scale)\n"
        "F.batch_norm(x, mean, var, None, None, True, 0.1)\n"
        "return mean, var",
        "mean, var = tf.nn.moments(x, (0, 2, 3))\n"
        "n = x.shape[0] * x.shape[2] * x.shape[3]\n"
        "return 0.1 * mean, 0.9 + 0.1 * var * n / (n - 1)",
        "",
        CONDITIONED,
        _TRAINING,
        REALS,
        gradients=False,
        doc="PyTorch's momentum is one minus Keras's, and its running variance is unbiased.",
    ),
    row(
        "layer_norm",
        "F.layer_norm(x, x.shape[1:], scale, offset, 1e-5)",
        "mean, var = tf.nn.moments(x, (-1,), keepdims=True)\n"
        "return tf.nn.batch_normalization(x, mean, var, offset, scale, 1e-5)",
        "keras.ops.layer_normalization(x, scale, offset, axis=-1, epsilon=1e-5)",
        CONDITIONED,
        _ROWS,
        REALS,
        doc="The epsilons by default are 1e-5 and 1e-3.",
    ),
    row(
        "layer_norm_planes",
        "F.layer_norm(x, x.shape[1:], eps=1e-5)",
        "mean, var = tf.nn.moments(x, (1, 2, 3), keepdims=True)\n"
        "return (x - mean) * tf.math.rsqrt(var + 1e-5)",
        "keras.ops.layer_normalization(x, axis=(1, 2, 3), epsilon=1e-5)",
        CONDITIONED,
        given(x=Array("bchw", specials=False), sizes=_SIZES),
        REALS,
    ),
    row(
        "rms_norm",
        "F.rms_norm(x, x.shape[1:], scale, 1e-6)",
        "x * tf.math.rsqrt(tf.reduce_mean(x * x, -1, keepdims=True) + 1e-6) * scale",
        "keras.ops.rms_normalization(x, scale, axis=-1, epsilon=1e-6)",
        CONDITIONED,
        given(x=Array("bn"), scale=Array("n", specials=False), sizes=_SIZES),
        REALS,
        doc="The epsilons by default are that of the type and 1e-6.",
    ),
    row(
        "group_norm",
        "F.group_norm(x, 2, scale, offset, 1e-3)",
        "parts = tf.reshape(x, (x.shape[0], 2, -1))\n"
        "mean, var = tf.nn.moments(parts, (2,), keepdims=True)\n"
        "y = tf.reshape((parts - mean) * tf.math.rsqrt(var + 1e-3), x.shape)\n"
        "return y * scale[:, None, None] + offset[:, None, None]",
        "layer = keras.layers.GroupNormalization(2, axis=1, epsilon=1e-3, dtype=x.dtype)\n"
        "layer.build(x.shape)\n"
        "y = layer.stateless_call((tf.cast(scale, x.dtype), tf.cast(offset, x.dtype)), (), x)\n"
        "return y[0]",
        CONDITIONED,
        given(
            x=Array("b4hw", specials=False),
            scale=Array("4", specials=False),
            offset=Array("4", specials=False),
            sizes=_SIZES,
        ),
        REALS,
    ),
    row(
        "instance_norm",
        "F.instance_norm(x, weight=scale, bias=offset, eps=1e-5)",
        "mean, var = tf.nn.moments(x, (2, 3), keepdims=True)\n"
        "y = (x - mean) * tf.math.rsqrt(var + 1e-5)\n"
        "return y * scale[:, None, None] + offset[:, None, None]",
        "layer = keras.layers.GroupNormalization(-1, axis=1, epsilon=1e-5, dtype=x.dtype)\n"
        "layer.build(x.shape)\n"
        "return layer.stateless_call((scale, offset), (), x)[0]",
        CONDITIONED,
        _TRAINING,
        REALS,
    ),
    row(
        "local_response_norm",
        "F.local_response_norm(x, 5, 5e-4, 0.75, 2.0)",
        f"tf.transpose(tf.nn.local_response_normalization({_LAST}, 2, 2.0, 1e-4, 0.75), {_FIRST})",
        "",
        CONDITIONED,
        given(x=Array("bchw", low=-50, high=50, specials=False), sizes=_SIZES),
        ("float32",),
        doc="PyTorch divides alpha by the size, 2 * depth_radius + 1.",
    ),
    row(
        "l2_normalize",
        "x * torch.rsqrt(torch.clamp(torch.sum(x * x, axis, keepdim=True), min=1e-12))",
        "tf.math.l2_normalize(x, axis, 1e-12)",
        "",
        CONDITIONED,
        given(Shapes((1, 4), 1), x=Array(), axis=Axis()),
        REALS,
        doc="F.normalize bounds the norm, TensorFlow its square.",
    ),
    row(
        "normalize",
        "F.normalize(x, dim=axis, eps=1e-12)",
        "x / tf.maximum(tf.norm(x, axis=axis, keepdims=True), tf.constant(1e-12, x.dtype))",
        "keras.ops.normalize(x, axis, epsilon=1e-12)",
        CONDITIONED,
        given(Shapes((1, 4), 1), x=Array(low=0.01, high=9, specials=False), axis=Axis()),
        REALS,
    ),
    row(
        "normalize_l1",
        "F.normalize(x, 1.0, axis)",
        "x / tf.reduce_sum(tf.abs(x), axis, keepdims=True)",
        "keras.ops.normalize(x, axis, 1)",
        CONDITIONED,
        given(Shapes((1, 4), 1), x=Array(low=0.01, high=9, specials=False), axis=Axis()),
        REALS,
    ),
    row(
        "linalg_normalize",
        "x / torch.linalg.vector_norm(x)",
        "tf.linalg.normalize(x)[0]",
        "",
        CONDITIONED,
        given(Shapes((1, 4), 1), x=Array(low=0.01, high=9, specials=False)),
        REALS,
    ),
    row(
        "weight_norm",
        "torch._weight_norm(x, scale[:, None], 0)",
        "scale[:, None] * x / tf.norm(x, axis=1, keepdims=True)",
        "",
        CONDITIONED,
        given(x=Array("mn", low=0.01, high=9, specials=False), scale=Array("m", specials=False)),
        REALS,
    ),
    row(
        "standardize_image",
        "d = x - x.mean((1, 2, 3), keepdim=True)\n"
        "n = x[0].numel()\n"
        "return d / torch.clamp(x.std((1, 2, 3), correction=0, keepdim=True), min=n ** -0.5)",
        "tf.image.per_image_standardization(x)",
        "",
        CONDITIONED,
        given(x=Array("bhwc", specials=False), sizes=_SIZES),
        ("float32",),
    ),
    row(
        "clip_by_norm",
        "x * torch.clamp(1.5 / torch.linalg.vector_norm(x), max=1)",
        "tf.clip_by_norm(x, 1.5)",
        "",
        CONDITIONED,
        given(Shapes((1, 3), 1), x=Array(low=0.01, high=9, specials=False)),
        REALS,
    ),
    row(
        "clip_by_global_norm",
        "norm = torch.linalg.vector_norm(torch.cat((x.flatten(), y.flatten())))\n"
        "factor = torch.clamp(1.5 / norm, max=1)\n"
        "return x * factor, y * factor",
        "tf.clip_by_global_norm([x, y], 1.5)[0]",
        "",
        CONDITIONED,
        given(x=Array("mn", specials=False), y=Array("k", specials=False)),
        REALS,
        doc="clip_grad_norm_ adds 1e-6 to the norm and TensorFlow doesn't.",
    ),
)
