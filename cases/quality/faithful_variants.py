"""Variants of a row that compute the same function up to rounding, and must not raise an alarm.

Another order of summation, another runtime, another library of kernels, another number of threads,
a batch in two parts, a product and a sum fused.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.quality.planted_faults import patched


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant.

    Attributes:
        row: the row.
        what: what is another, in words.
        old: what stands in TensorFlow's call; empty for all of it.
        new: what is put there, ``CALL`` standing for ``old``; empty to leave the call.
        runtime: what runs it.
        environment: variables that are set for a process of its own.
    """

    row: str
    what: str
    old: str = ""
    new: str = ""
    runtime: str = "tensorflow"
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Unique among the variants."""
        return f"{self.row}: {self.what}"

    def varied(self, call: str) -> str:
        """The call of the variant.

        Args:
            call: TensorFlow's call.
        """
        return patched(call, self.old, self.new, self.name) if self.new else call


def _each(what: str, old: str, new: str, *rows: str) -> tuple[Variant, ...]:
    return tuple(Variant(row, what, old, new) for row in rows)


def _elsewhere(
    what: str, rows: tuple[str, ...], runtime: str = "tensorflow", **environment: str
) -> tuple[Variant, ...]:
    """The row as it is, in another runtime or with other settings."""
    settings = tuple(sorted(environment.items()))
    return tuple(Variant(row, what, runtime=runtime, environment=settings) for row in rows)


_SUMS = ("sum", "matmul", "bmm", "mv", "dot", "linear", "einsum_heads", "conv1d", "conv2d",
         "conv2d_stride", "conv2d_same", "conv3d", "depthwise_conv2d", "conv_transpose2d",
         "tensordot", "inner", "l2_loss", "norm_1")  # fmt: skip
_REST = ("tanh", "exp", "sigmoid", "softmax", "log_softmax", "layer_norm", "rms_norm", "lstm_cell",
         "attention", "cross_entropy", "bce_with_logits", "softplus", "cumprod", "solve",
         "normalize", "group_norm", "instance_norm", "kl_div", "huber", "resize_bilinear",
         "embedding_gradient", "unsorted_segment_sum", "index_add", "adam",
         "adamw", "sgd_momentum", "rmsprop", "adadelta", "swish_beta",
         "squareplus", "polyval", "attention_causal")  # fmt: skip
_KERNELS = (*_SUMS, "softmax", "layer_norm", "attention", "gru_cell", "lstm_cell", "avg_pool2d",
            "batch_norm_training", "instance_norm", "solve", "cross_entropy")  # fmt: skip

_RUNTIMES = (
    *_elsewhere("compiled by XLA", (*_SUMS, *_REST), "XLA"),
    *_elsewhere("as a graph", (*_SUMS, *_REST), "tf.function"),
    *_elsewhere("oneDNN off", _KERNELS, TF_ENABLE_ONEDNN_OPTS="0"),
    *_elsewhere("two threads", _KERNELS, TF_NUM_INTRAOP_THREADS="2", OMP_NUM_THREADS="2"),
)

_ORDERS = (
    *_each("from the back", "(x, y)", "(x[..., ::-1], y[..., ::-1, :])", "matmul", "bmm",
           "matmul_broadcast"),
    *_each("in two halves", "tf.linalg.matmul(x, y)",
           "(lambda h: tf.linalg.matmul(x[..., :h], y[..., :h, :]) + "
           "tf.linalg.matmul(x[..., h:], y[..., h:, :]))(x.shape[-1] // 2)", "matmul", "bmm"),
    *_each("as a sum of products", "tf.linalg.matmul(x, y)",
           "tf.reduce_sum(x[..., :, :, None] * y[..., None, :, :], -2)", "matmul", "bmm"),
    *_each("by another routine", "tf.linalg.matmul(x, y)", "tf.einsum('...ij,...jk->...ik', x, y)",
           "matmul", "bmm", "matmul_broadcast", "addmm"),
    *_each("batch split", "tf.linalg.matmul(x, y)",
           "tf.concat([tf.linalg.matmul(x[:1], y[:1]), tf.linalg.matmul(x[1:], y[1:])], 0)",
           "bmm"),
    *_each("rows one by one", "tf.linalg.matmul(x, y)",
           "tf.concat([tf.linalg.matmul(a[None], y) for a in tf.unstack(x)], 0)", "matmul"),
    Variant("mv", "as a product and a sum", "tf.linalg.matvec(x, y)", "tf.reduce_sum(x * y, -1)"),
    Variant("dot", "as a product and a sum", "tf.tensordot(x, y, 1)", "tf.reduce_sum(x * y)"),
    Variant("dot", "from the back", "(x, y, 1)", "(x[::-1], y[::-1], 1)"),
    Variant("vdot", "as a matrix product", "tf.reduce_sum(x * y)", "tf.tensordot(x, y, 1)"),
    Variant("inner", "transposed", "tf.experimental.numpy.inner(x, y)",
            "tf.linalg.matmul(x, y, transpose_b=True)"),
    Variant("outer", "broadcast", "tf.experimental.numpy.outer(x, y)", "x[:, None] * y[None]"),
    Variant("l2_loss", "as a sum", "tf.nn.l2_loss(x)", "tf.reduce_sum(x * x) / 2"),
    Variant("euclidean_norm", "by its definition",
            "tf.math.reduce_euclidean_norm(x, axis, keepdims=keep)",
            "tf.sqrt(tf.reduce_sum(x * x, axis, keepdims=keep))"),
    Variant("norm_1", "by its definition", "tf.norm(x, 1, axis)", "tf.reduce_sum(tf.abs(x), axis)"),
    Variant("trace", "of the diagonal", "tf.linalg.trace(x)",
            "tf.reduce_sum(tf.linalg.diag_part(x))"),
    Variant("trace", "from the back", "tf.linalg.trace(x)",
            "tf.reduce_sum(tf.linalg.diag_part(x)[::-1])"),
    Variant("var_unbiased", "as a product",
            "tf.math.squared_difference(x, tf.math.reduce_mean(x, axis, keepdims=True))",
            "(lambda d: d * d)(x - tf.math.reduce_mean(x, axis, keepdims=True))"),
    Variant("sum", "from the back", "tf.math.reduce_sum(x, axis, keepdims=keep)",
            "(lambda turned: turned(tf.math.reduce_sum(turned(x), axis, keepdims=keep)))("
            "lambda a: tf.reshape(tf.reshape(a, [-1])[::-1], a.shape))"),
    Variant("mean", "as a sum of shares", "tf.math.reduce_mean(x, axis, keepdims=keep)",
            "tf.math.reduce_mean(2 * x, axis, keepdims=keep) / 2"),
    Variant("cumsum_reverse", "by turning twice", "tf.math.cumsum(x, axis, reverse=True)",
            "tf.reverse(tf.math.cumsum(tf.reverse(x, [axis]), axis), [axis])"),
    Variant("average", "shares first", "tf.experimental.numpy.average(x, axis, weights=weight)",
            "tf.reduce_sum(x * (weight / tf.reduce_sum(weight, axis, keepdims=True)), axis)"),
    Variant("add_n", "from the back", "tf.math.add_n([x, y, z])", "z + y + x"),
    Variant("addmm", "bias first", "z + tf.linalg.matmul(x, y)",
            "tf.linalg.matmul(x, y) + z"),
    Variant("linear", "bias as a column", "",
            "tf.linalg.matmul(tf.concat((x, tf.ones_like(x[:, :1])), 1), "
            "tf.concat((weight, bias[:, None]), 1), transpose_b=True)"),
    Variant("linear", "by einsum", "tf.linalg.matmul(x, weight, transpose_b=True)",
            "tf.einsum('mk,nk->mn', x, weight)"),
    Variant("tensordot", "by einsum", "tf.tensordot(x, y, ([1, 2], [0, 1]))",
            "tf.einsum('mkl,kln->mn', x, y)"),
    Variant("einsum_contraction", "by matmul", "tf.einsum('bik,bkj->bij', x, y)",
            "tf.linalg.matmul(x, y)"),
    Variant("einsum_heads", "by matmul", "tf.einsum('bqhd,bkhd->bhqk', x, y)",
            "tf.linalg.matmul(tf.transpose(x, (0, 2, 1, 3)), tf.transpose(y, (0, 2, 3, 1)))"),
    Variant("einsum_ellipsis", "by matvec", "tf.einsum('...ij,j->...i', x, y)",
            "tf.linalg.matvec(x, y)"),
    Variant("bilinear", "in two steps", "tf.einsum('bi,oij,bj->bo', x, weight, y)",
            "tf.einsum('boj,bj->bo', tf.einsum('bi,oij->boj', x, weight), y)"),
    Variant("matrix_power", "from the left", "x, tf.linalg.matmul(x, x)",
            "tf.linalg.matmul(x, x), x"),
    Variant("multi_dot", "from the right", "tf.linalg.matmul(tf.linalg.matmul(x, y), z)",
            "tf.linalg.matmul(x, tf.linalg.matmul(y, z))"),
    Variant("inverse", "by solving", "tf.linalg.inv(x)",
            "tf.linalg.solve(x, tf.eye(x.shape[-1], batch_shape=[x.shape[0]], dtype=x.dtype))"),
    Variant("solve", "by the inverse", "tf.linalg.solve(x, y)",
            "tf.linalg.matmul(tf.linalg.inv(x), y)"),
    Variant("det", "by slogdet", "tf.linalg.det(x)",
            "(lambda p: p[0] * tf.exp(p[1]))(tf.linalg.slogdet(x))"),
    Variant("logdet", "by Cholesky", "tf.linalg.logdet(x)",
            "2 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(tf.linalg.cholesky(x))), -1)"),
    Variant("logdet", "by slogdet", "tf.linalg.logdet(x)", "tf.linalg.slogdet(x)[1]"),
)  # fmt: skip

_FUSED = (
    Variant("addcmul", "value in the middle", "0.5 * y * z", "y * 0.5 * z"),
    Variant("addcdiv", "quotient of halves", "0.5 * (y / z)", "(0.5 * y) / z"),
    Variant("polyval", "fused", "tf.math.polyval([c2, c1, c0], x)", "c0 + x * (c1 + x * c2)"),
    Variant("square", "as a product", "tf.math.square(x)", "x * x"),
    Variant("reciprocal", "as a quotient", "tf.math.reciprocal(x)", "1 / x"),
    Variant("div", "by its operator", "tf.math.divide(x, y)", "x / y"),
    Variant("rsub", "negated", "y - x", "-(x - y)"),
    Variant("squared_difference", "as a product", "tf.math.squared_difference(x, y)",
            "(y - x) * (y - x)"),
    Variant("scalar_mul", "by its operator", "tf.math.scalar_mul(scalar, x)", "x * scalar"),
    Variant("silu", "by its definition", "tf.nn.silu(x)", "x * tf.sigmoid(x)"),
    Variant("swish_beta", "by its definition", "tf.nn.silu(x, beta)", "x * tf.sigmoid(beta * x)"),
    Variant("softsign", "by its definition", "tf.nn.softsign(x)", "x / (1 + tf.abs(x))"),
    Variant("squareplus", "halved first", "(x + tf.math.sqrt(x * x + 4)) / 2",
            "0.5 * x + 0.5 * tf.math.sqrt(x * x + 4)"),
    Variant("softmax", "shifted by hand", "tf.nn.softmax(x, axis)",
            "tf.nn.softmax(x - tf.stop_gradient(tf.where(tf.math.is_finite(m := tf.reduce_max("
            "x, axis, keepdims=True)), m, tf.zeros_like(m))), axis)"),
    Variant("softmax_temperature", "product for quotient", "x / 0.7", "x * (1 / 0.7)"),
    Variant("mse", "as a product", "tf.math.squared_difference(x, y)", "(x - y) * (x - y)"),
    Variant("mae", "as a sum", "tf.reduce_mean(tf.abs(x - y), -1)",
            "tf.reduce_sum(tf.abs(y - x), -1) / x.shape[-1]"),
    Variant("kl_div", "difference of logarithms", "tf.math.log(y / x)",
            "(tf.math.log(y) - tf.math.log(x))"),
    Variant("cross_entropy", "by log_softmax", "",
            "-tf.gather(tf.nn.log_softmax(x), y, batch_dims=1)"),
    Variant("cross_entropy_shares", "by log_softmax", "",
            "-tf.reduce_sum(y * tf.nn.log_softmax(x), -1)"),
    Variant("gaussian_nll", "product for quotient", "(x - y) ** 2 / v", "(x - y) ** 2 * (1 / v)"),
    Variant("hinge", "as relu", "tf.maximum(1 - x * y, 0)", "tf.nn.relu(1 - y * x)"),
    Variant("dice", "from the back", "tf.reduce_sum(x * y)", "tf.reduce_sum((x * y)[::-1])"),
    Variant("layer_norm", "by hand", "tf.nn.batch_normalization(x, mean, var, offset, scale, 1e-5)",
            "(x - mean) / tf.sqrt(var + 1e-5) * scale + offset"),
    Variant("rms_norm", "as a quotient", "",
            "x / tf.sqrt(tf.reduce_mean(tf.square(x), -1, keepdims=True) + 1e-6) * scale"),
    Variant("group_norm", "as a quotient", "(parts - mean) * tf.math.rsqrt(var + 1e-3)",
            "(parts - mean) / tf.sqrt(var + 1e-3)"),
    Variant("instance_norm", "as a quotient", "(x - mean) * tf.math.rsqrt(var + 1e-5)",
            "(x - mean) / tf.sqrt(var + 1e-5)"),
    Variant("layer_norm_planes", "as a quotient", "(x - mean) * tf.math.rsqrt(var + 1e-5)",
            "(x - mean) / tf.sqrt(var + 1e-5)"),
    Variant("attention", "scaled first", "tf.linalg.matmul(query, key, transpose_b=True) / "
            "math.sqrt(query.shape[-1])", "tf.linalg.matmul(query / math.sqrt(query.shape[-1]), "
            "key, transpose_b=True)"),
    Variant("attention", "by einsum", "tf.linalg.matmul(query, key, transpose_b=True)",
            "tf.einsum('bhqd,bhkd->bhqk', query, key)"),
    Variant("attention_causal", "a lower mask", "-1e30", "-1e35"),
    Variant("lstm_cell", "one product", "x @ tf.transpose(w) + p + h @ tf.transpose(r) + q",
            "tf.concat((x, h), 1) @ tf.transpose(tf.concat((w, r), 1)) + (p + q)"),
    Variant("rnn_tanh_cell", "biases first", "x @ tf.transpose(w) + p + h @ tf.transpose(r) + q",
            "x @ tf.transpose(w) + h @ tf.transpose(r) + (p + q)"),
    Variant("lstm", "biases first", "x @ tf.transpose(w) + p + h @ tf.transpose(r) + q",
            "(p + q) + x @ tf.transpose(w) + h @ tf.transpose(r)"),
    Variant("conv1d", "as a plane", "",
            "tf.transpose(tf.nn.conv2d(tf.transpose(x, (0, 2, 1))[:, None], tf.transpose(weight, "
            "(2, 1, 0))[None], 1, 'VALID')[:, 0], (0, 2, 1))"),
    Variant("avg_pool2d", "as a sum", "", "CALL * 4 / 4"),
    Variant("normalize", "by rsqrt", "",
            "x * tf.math.rsqrt(tf.reduce_sum(x * x, axis, keepdims=True))"),
    Variant("cosine_similarity", "as a quotient", "",
            "tf.reduce_sum(x * y, -1) / (tf.norm(x, axis=-1) * tf.norm(y, axis=-1))"),
    Variant("weight_norm", "quotient first", "scale[:, None] * x / tf.norm(x, axis=1, "
            "keepdims=True)", "x * (scale[:, None] / tf.norm(x, axis=1, keepdims=True))"),
    Variant("embedding_bag_mean", "as a sum", "tf.reduce_mean(tf.gather(weight, i), 1)",
            "tf.reduce_sum(tf.gather(weight, i), 1) / i.shape[1]"),
    Variant("unsorted_segment_sum", "by scatter", "tf.math.unsorted_segment_sum(x, i, s)",
            "tf.scatter_nd(i[:, None], x, (s, x.shape[1]))"),
    Variant("index_add", "by segments", "tf.tensor_scatter_nd_add(x, i[:, None], y)",
            "x + tf.math.unsorted_segment_sum(y, i, x.shape[0])"),
    Variant("adam", "moments blended", "m = 0.9 * m + 0.1 * one", "m = m + 0.1 * (one - m)"),
    Variant("adamw", "moments blended", "v = 0.999 * v + 0.001 * one * one",
            "v = v + 0.001 * (one * one - v)"),
    Variant("sgd_nesterov", "distributed", "0.1 * (one + 0.9 * m)", "(0.1 * one + 0.09 * m)"),
    Variant("adagrad", "square by square", "one * one", "tf.square(one)"),
    Variant("rmsprop", "product for quotient", "0.01 * one / (tf.sqrt(v) + 1e-6)",
            "0.01 * (one / (tf.sqrt(v) + 1e-6))"),
)  # fmt: skip

VARIANTS: tuple[Variant, ...] = (*_RUNTIMES, *_ORDERS, *_FUSED)
"""Every variant."""
