"""Faults planted in one side of a row: each is a small patch of TensorFlow's call.

What a person gets wrong when porting a model: an epsilon, an axis, the order of two arguments, the
divisor of a variance, a formula that is nearly the same, padding, a type that is too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        row: the row that it is planted in.
        what: what is wrong, in words.
        old: what stands in TensorFlow's call; empty for all of it.
        new: what is put there; ``CALL`` stands for ``old``.
    """

    row: str
    what: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """Unique among the faults."""
        return f"{self.row}: {self.what}"

    def planted(self, call: str) -> str:
        """The faulty call.

        Args:
            call: TensorFlow's call.
        """
        return patched(call, self.old, self.new, self.name)


def patched(call: str, old: str, new: str, name: str) -> str:
    r"""A call with a part of it replaced.

    Args:
        call: an expression, or the lines of a function.
        old: what is replaced; empty for the expression, or for that of the last ``return``.
        new: what is put there; ``CALL`` stands for ``old``.
        name: of the patch, for the error.

    Raises:
        ValueError: ``old`` isn't in the call.

    >>> patched("y = f(x)\nreturn g(y)", "", "-CALL", "")
    'y = f(x)\nreturn -(g(y))'
    """
    start, middle, end = call.rpartition("return ") if "return " in call else ("", "", call)
    if not old:
        return f"{start}{middle}{new.replace('CALL', f'({end})')}"
    if old not in call:
        raise ValueError(f"{name}: {old!r} isn't in the call {call!r}")
    return call.replace(old, new.replace("CALL", old), 1)


def _each(what: str, new: str, *rows: str) -> tuple[Fault, ...]:
    return tuple(Fault(row, what, "", new) for row in rows)


_WRAPPED = (
    *_each("rounded to bfloat16", "tf.cast(tf.cast(CALL, tf.bfloat16), x.dtype)",
           "exp", "tanh", "sigmoid", "sin", "matmul", "conv2d", "softmax", "sum", "mean", "cumsum",
           "layer_norm_planes", "avg_pool2d", "erf", "linear", "gelu"),
    *_each("rounded to float16", "tf.cast(tf.cast(CALL, tf.float16), x.dtype)",
           "cos", "atan", "log1p", "bmm", "conv1d", "log_softmax", "logsumexp", "einsum_heads",
           "silu", "softsign"),
    *_each("NaN dropped", "(lambda y: tf.where(tf.math.is_nan(y), tf.zeros_like(y), y))(CALL)",
           "exp", "relu", "floor", "add", "maximum", "sum", "amax", "sqrt", "softplus", "reshape",
           "clamp", "cumsum", "mul", "square", "index_select"),
    *_each("infinities bounded", "tf.clip_by_value(CALL, x.dtype.min, x.dtype.max)",
           "neg", "div", "silu", "sub", "reciprocal", "permute", "gather", "cat", "flip", "tril"),
    *_each("no gradient", "tf.stop_gradient(CALL)",
           "sin", "matmul", "softmax", "prod", "cumprod", "conv2d", "max_pool2d_overlapping",
           "gather", "mse", "layer_norm_planes", "atan2", "det", "inverse", "log_softmax"),
    *_each("a gradient 0.1 % too large",
           "(lambda y: y + 1e-3 * (y - tf.stop_gradient(y)))(CALL)",
           "cos", "tanh", "bmm", "sum", "conv1d", "cross_entropy", "mean", "solve", "linear",
           "huber", "kl_div", "resize_bilinear"),
    *_each("float32 for float64", "tf.cast(tf.cast(CALL, tf.float32), x.dtype)",
           "add", "exp", "matmul", "cumsum", "sum", "var_biased", "conv2d", "softmax", "lgamma",
           "attention", "cholesky", "mse", "fft2", "segment_sum"),
    *_each("off by one unit of the last place at most", "CALL * (1 + 1.2e-7)",
           "relu", "clamp", "gather", "reshape", "roll", "tril", "abs", "amax", "pad", "tile"),
    *_each("0.01 % too large", "1.0001 * CALL",
           "matmul", "conv2d", "softmax", "exp", "gelu", "attention", "mean", "hypot"),
)  # fmt: skip

_FORMULAS = (
    Fault("gelu", "tanh approximation for erf", "tf.nn.gelu(x)", "tf.nn.gelu(x, approximate=True)"),
    Fault("gelu_tanh", "erf for the tanh approximation", ", approximate=True", ""),
    Fault("gelu", "sigmoid approximation", "tf.nn.gelu(x)", "x * tf.sigmoid(1.702 * x)"),
    Fault("log1p", "log(1 + x)", "tf.math.log1p(x)", "tf.math.log(1 + x)"),
    Fault("expm1", "exp(x) - 1", "tf.math.expm1(x)", "tf.math.exp(x) - 1"),
    Fault("log", "an epsilon inside", "tf.math.log(x)", "tf.math.log(x + 1e-7)"),
    Fault("sqrt", "an epsilon inside", "tf.math.sqrt(x)", "tf.math.sqrt(x + 1e-7)"),
    Fault("rsqrt", "an epsilon inside", "tf.math.rsqrt(x)", "tf.math.rsqrt(x + 1e-7)"),
    Fault("round", "half away from zero", "tf.math.round(x)",
          "tf.sign(x) * tf.floor(tf.abs(x) + 0.5)"),
    Fault("trunc", "floor", "tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))", "tf.floor(x)"),
    Fault("remainder", "truncated for floored", "tf.math.floormod", "tf.truncatemod"),
    Fault("fmod", "floored for truncated", "tf.truncatemod", "tf.math.floormod"),
    Fault("remainder_integers", "truncated for floored", "tf.math.floormod", "tf.truncatemod"),
    Fault("floor_divide_integers", "truncated", "tf.math.floordiv", "tf.truncatediv"),
    Fault("div_trunc_integers", "floored", "tf.truncatediv", "tf.math.floordiv"),
    Fault("sub", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("div", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("pow", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("atan2", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("atan2", "one argument", "tf.math.atan2(x, y)", "tf.math.atan(x / y)"),
    Fault("maximum", "minimum", "maximum", "minimum"),
    Fault("maximum", "gradient at a tie", "tf.math.maximum(x, y)", "tf.where(x > y, x, y)"),
    Fault("relu", "gradient at 0", "tf.nn.relu(x)", "tf.where(x >= 0, x, tf.zeros_like(x))"),
    Fault("relu6", "bound of 5.9", "tf.nn.relu6(x)", "tf.clip_by_value(x, 0, 5.9)"),
    Fault("abs", "gradient at 0", "tf.math.abs(x)", "tf.where(x >= 0, x, -x)"),
    Fault("leaky_relu", "another slope", "slope)", "slope * 1.01)"),
    Fault("elu_alpha", "alpha ignored", "alpha * ", ""),
    Fault("celu", "alpha inside ignored", " / alpha", ""),
    Fault("hardsigmoid", "slope of 0.2", "tf.nn.relu6(x + 3) / 6",
          "tf.clip_by_value(0.2 * x + 0.5, 0, 1)"),
    Fault("hardswish", "beside by 0.01", "x + 3", "x + 2.99"),
    Fault("hardshrink", "bound excluded", "(x >= -0.5) & (x <= 0.5)", "(x >= -0.6) & (x <= 0.5)"),
    Fault("softshrink", "not shifted", "x - 0.5", "x"),
    Fault("swish_beta", "beta ignored", "(x, beta)", "(x)"),
    Fault("mish", "softplus without log", "tf.math.softplus(x)", "tf.math.exp(x)"),
    Fault("prelu", "alpha on the last axis", "alpha[:, None] * x", "alpha[0] * x"),
    Fault("glu", "halves swapped",
          "x[..., : x.shape[-1] // 2] * tf.math.sigmoid(x[..., x.shape[-1] // 2 :])",
          "x[..., x.shape[-1] // 2 :] * tf.math.sigmoid(x[..., : x.shape[-1] // 2])"),
    Fault("crelu", "signs swapped", "tf.nn.crelu(x)", "tf.nn.crelu(-x)"),
    Fault("softmax", "another axis", "tf.nn.softmax(x, axis)", "tf.nn.softmax(x, 0)"),
    Fault("softmax", "not shifted by the maximum", "tf.nn.softmax(x, axis)",
          "tf.exp(x) / tf.reduce_sum(tf.exp(x), axis, keepdims=True)"),
    Fault("log_softmax", "log of softmax", "tf.nn.log_softmax(x, axis)",
          "tf.math.log(tf.nn.softmax(x, axis))"),
    Fault("log_softmax", "another axis", "tf.nn.log_softmax(x, axis)", "tf.nn.log_softmax(x, 0)"),
    Fault("logsumexp", "not shifted", "tf.math.reduce_logsumexp(x, axis, keepdims=keep)",
          "tf.math.log(tf.reduce_sum(tf.exp(x), axis, keepdims=keep))"),
    Fault("erfc", "1 - erf", "tf.math.erfc(x)", "1 - tf.math.erf(x)"),
    Fault("xlogy", "not masked", "tf.math.xlogy(x, y)", "x * tf.math.log(y)"),
    Fault("lerp", "ends swapped", "x + weight * (y - x)", "y + weight * (x - y)"),
    Fault("addcmul", "value of 1", "0.5 * ", ""),
    Fault("nan_to_num", "minus infinity forgotten",
          "tf.where(x == -math.inf, -2 * tf.ones_like(x), x)", "x"),
    Fault("heaviside", "value at 0 ignored", "heaviside(x, y)", "heaviside(x, 0 * y)"),
    Fault("lt", "less or equal", "tf.math.less(", "tf.math.less_equal("),
    Fault("ge", "greater", "tf.math.greater_equal(", "tf.math.greater("),
    Fault("isclose", "another tolerance", "rtol=1e-5", "rtol=1e-3"),
    Fault("isinf", "positive alone", "tf.math.is_inf(x)", "tf.equal(x, x.dtype.max * 2)"),
    Fault("logical_xor", "or", "logical_xor", "logical_or"),
    Fault("bitwise_right_shift", "of the absolute value", "right_shift(x, y)",
          "right_shift(tf.abs(tf.cast(x, tf.int32)), tf.cast(y, tf.int32))"),
)  # fmt: skip

_REDUCTIONS = (
    Fault("sum", "another axis", "reduce_sum(x, axis,", "reduce_sum(x, [0],"),
    Fault("mean", "0.1 % too small", "", "CALL * 0.999"),
    Fault("var_biased", "unbiased", "",
          "CALL * tf.cast(x.shape[axis], x.dtype) / tf.cast(max(x.shape[axis] - 1, 1), x.dtype)"),
    Fault("var_unbiased", "biased", "tf.shape(x)[axis] - 1", "tf.shape(x)[axis]"),
    Fault("std_biased", "an epsilon inside", "", "tf.sqrt(CALL ** 2 + 1e-5)"),
    Fault("var_biased", "mean of squares minus square of mean", "",
          "tf.reduce_mean(x * x, axis, keepdims=keep) - "
          "tf.reduce_mean(x, axis, keepdims=keep) ** 2"),
    Fault("weighted_moments", "weights ignored", "[axis], weight", "[axis], tf.ones_like(weight)"),
    Fault("argmax", "argmin", "tf.math.argmax(x, axis)", "tf.math.argmin(x, axis)"),
    Fault("argmin", "argmax", "argmin", "argmax"),
    Fault("amax", "minimum", "reduce_max", "reduce_min"),
    Fault("amin", "axes beside", "reduce_min(x, axis", "reduce_min(x, [0]"),
    Fault("count_nonzero", "positives alone", "count_nonzero(x, axis)",
          "count_nonzero(tf.maximum(x, tf.zeros_like(x)), axis)"),
    Fault("vector_norm", "squared", "tf.norm(x, 2, axis)", "tf.norm(x, 2, axis) ** 2"),
    Fault("norm_1", "of order 2", "tf.norm(x, 1, axis)", "tf.norm(x, 2, axis)"),
    Fault("quantile", "nearest below", "+ (upper - lower) * (position - low)", ""),
    Fault("nansum", "NaN counted", "tf.experimental.numpy.nansum(x, axis)",
          "tf.reduce_sum(x, axis)"),
    Fault("average", "weights ignored", ", weights=weight", ""),
    Fault("trace", "the other diagonal", "tf.linalg.trace(x)", "tf.linalg.trace(x[:, ::-1])"),
    Fault("cumsum", "reversed", "tf.math.cumsum(x, axis)", "tf.math.cumsum(x, axis, reverse=True)"),
    Fault("cumsum", "exclusive", "tf.math.cumsum(x, axis)",
          "tf.math.cumsum(x, axis, exclusive=True)"),
    Fault("cumsum_exclusive", "inclusive", "exclusive=True", "exclusive=False"),
    Fault("cumprod", "another axis", "tf.math.cumprod(x, axis)", "tf.math.cumprod(x, 0)"),
    Fault("logcumsumexp", "reversed", "(x, axis)", "(x, axis, reverse=True)"),
    Fault("diff", "reversed", "", "-CALL"),
    Fault("bincount_weights", "weights ignored", "(x, weight, ", "(x, tf.ones_like(weight), "),
)  # fmt: skip

_LAYERS = (
    Fault("matmul", "signs of an argument dropped", "(x, y)", "(tf.abs(x), y)"),
    Fault("matmul_transposed", "not transposed", "transpose_a=True, ",
          "transpose_a=False, "),
    Fault("linear", "bias twice", "bias)", "2 * bias)"),
    Fault("cross", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("kron", "arguments swapped", "(x, y)", "(y, x)"),
    Fault("outer", "arguments swapped", "outer(x, y)", "outer(y, x)"),
    Fault("solve_triangular", "the upper half", "triangular_solve(x, y)",
          "triangular_solve(x, y, lower=False)"),
    Fault("cholesky", "upper", "", "tf.linalg.matrix_transpose(CALL)"),
    Fault("svd", "V for its adjoint", "tf.linalg.adjoint(v)", "v"),
    Fault("qr", "factors swapped", "", "(lambda p: (p[0], -p[1]))(CALL)"),
    Fault("eigh", "values in descending order", "",
          "(lambda p: (p[0][..., ::-1], p[1]))(CALL)"),
    Fault("tril", "diagonal beside", "-1, 1", "-1, 0"),
    Fault("triu", "diagonal beside", "1, -1", "0, -1"),
    Fault("matrix_norm_2", "of the flattened matrix", "2, axis=[-2, -1]", "'fro', axis=[-2, -1]"),
    Fault("conv1d_same", "padding at the front alone", "1, 'SAME')", "1, 'VALID')"),
    Fault("conv2d", "kernel flipped", "tf.transpose(weight, (2, 3, 1, 0))",
          "tf.transpose(weight, (2, 3, 1, 0))[::-1]"),
    Fault("conv2d_padding", "off by one at both ends",
          "[[0, 0], [1, 1], [2, 2], [0, 0]]", "[[0, 0], [2, 0], [2, 2], [0, 0]]"),
    Fault("conv2d_same_stride", "padding at the front", "'SAME'",
          "[[0, 0], [1, 1], [1, 1], [0, 0]]"),
    Fault("conv2d_dilated", "dilations swapped", "dilations=(1, 2)", "dilations=(2, 1)"),
    Fault("conv2d_stride", "strides swapped", "(2, 3), 'VALID'", "(3, 2), 'VALID'"),
    Fault("conv2d_groups", "groups shuffled", "tf.transpose(weight, (2, 3, 1, 0))",
          "tf.reverse(tf.transpose(weight, (2, 3, 1, 0)), [3])"),
    Fault("depthwise_conv2d", "kernel transposed", "(2, 3, 0, 1)), (1",
          "(2, 3, 0, 1))[:, :, ::-1], (1"),
    Fault("conv_transpose2d_same", "the leading edge cropped", "'SAME')", "'SAME')[:, ::-1]"),
    Fault("conv1d_causal", "looks ahead", "[weight.shape[-1] - 1, 0]", "[0, weight.shape[-1] - 1]"),
    Fault("conv2d_bias", "bias forgotten", ", bias)", ", 0 * bias)"),
    Fault("max_pool2d_same_stride", "padding at the front", "tf.nn.max_pool2d(tf.transpose(x",
          "tf.nn.max_pool2d(tf.pad(tf.transpose(x, (0, 2, 3, 1)), [[0, 0], [1, 0], [1, 0], [0, 0]]"
          ")[:, :-1, :-1] + 0 * tf.transpose(x"),
    Fault("avg_pool2d_same", "padding counted", "tf.nn.avg_pool2d(tf.transpose(x, (0, 2, 3, 1)), "
          "3, 1, 'SAME')", "tf.nn.avg_pool2d(tf.pad(tf.transpose(x, (0, 2, 3, 1)), [[0, 0], "
          "[1, 1], [1, 1], [0, 0]]), 3, 1, 'VALID')"),
    Fault("avg_pool2d", "maximum", "avg_pool2d", "max_pool2d"),
    Fault("max_pool2d_indices", "channels counted", "places // x.shape[1]", "places"),
    Fault("global_average_pool", "one axis", "(2, 3), keepdims=True", "(2,), keepdims=True"),
    Fault("batch_norm_inference", "eps 1e-5 for 1e-3", "1e-3", "1e-5"),
    Fault("batch_norm_inference", "scale and offset swapped", "offset, scale", "scale, offset"),
    Fault("batch_norm_training", "unbiased variance", "tf.nn.moments(x, (0, 2, 3))",
          "tf.nn.moments(x, (0, 2, 3))\nvar = var * 1.02"),
    Fault("batch_norm_training", "another axis", "(0, 2, 3))", "(1, 2, 3))\nmean, var = "
          "mean[:1], var[:1]"),
    Fault("batch_norm_running", "biased variance", " * n / (n - 1)", ""),
    Fault("batch_norm_running", "momentum of 0.9", "0.1 * mean", "0.9 * mean"),
    Fault("layer_norm", "eps 1e-12 for 1e-5", "1e-5", "1e-12"),
    Fault("layer_norm", "eps 1e-3 for 1e-5", "1e-5", "1e-3"),
    Fault("layer_norm_planes", "of one axis", "(1, 2, 3), keepdims", "(1,), keepdims"),
    Fault("rms_norm", "mean taken off", "x * tf.math.rsqrt",
          "(x - tf.reduce_mean(x, -1, keepdims=True)) * tf.math.rsqrt"),
    Fault("rms_norm", "eps 1e-5 for 1e-6", "1e-6", "1e-5"),
    Fault("group_norm", "one group", "(x.shape[0], 2, -1)", "(x.shape[0], 1, -1)"),
    Fault("instance_norm", "eps 1e-3 for 1e-5", "1e-5", "1e-3"),
    Fault("local_response_norm", "alpha not divided", "1e-4", "5e-4"),
    Fault("l2_normalize", "eps outside", "tf.math.l2_normalize(x, axis, 1e-12)",
          "x / (tf.norm(x, axis=axis, keepdims=True) + 1e-3)"),
    Fault("attention", "not scaled", " / math.sqrt(query.shape[-1])", ""),
    Fault("attention", "another axis", "tf.nn.softmax(", "tf.nn.softmax(axis=-2, logits="),
    Fault("attention_causal", "one step ahead", "-1, 0)", "-1, 1)"),
    Fault("attention_mask", "inverted", "tf.where(mask, ", "tf.where(~mask, "),
    Fault("attention_bias", "bias forgotten", " + bias", ""),
    Fault("attention_grouped", "heads interleaved", "tf.repeat(value, 2, 1)",
          "tf.tile(value, (1, 2, 1, 1))"),
    Fault("lstm_cell", "gates swapped", "i, f, n, o = tf.split", "f, i, n, o = tf.split"),
    Fault("lstm_cell", "forget bias of 1", "tf.sigmoid(f) *", "tf.sigmoid(f + 1) *"),
    Fault("lstm_cell", "one bias", "@ tf.transpose(r) + q", "@ tf.transpose(r)"),
    Fault("lstm_cell", "cell not squashed", "tf.sigmoid(o) * tf.tanh(c)", "tf.sigmoid(o) * c"),
    Fault("gru_cell", "reset before the product", "tf.sigmoid(a[0] + b[0]) * b[2]", "b[2]"),
    Fault("gru_cell", "gates swapped", "u * h + (1 - u) * n", "(1 - u) * h + u * n"),
    Fault("rnn_tanh_cell", "sigmoid", "tf.tanh(", "tf.sigmoid("),
    Fault("lstm_two_ways", "not turned back", "q_back)[:, ::-1]", "q_back)"),
)  # fmt: skip

_DATA = (
    Fault("mse", "sum for mean", "tf.reduce_mean", "tf.reduce_sum"),
    Fault("huber", "delta ignored", "delta * (tf.abs(x - y) - 0.5 * delta)",
          "tf.abs(x - y) - 0.5 * delta"),
    Fault("smooth_l1", "not divided by beta", "(x - y) ** 2", "0.5 * (x - y) ** 2"),
    Fault("bce_with_logits", "arguments swapped", "(y, x)", "(x, y)"),
    Fault("bce_with_logits_weighted", "weight of 1", "3.0", "1.0"),
    Fault("cross_entropy", "probabilities for logits", "(y, x)", "(y, tf.nn.softmax(x))"),
    Fault("cross_entropy_weighted", "divided by the count", "tf.reduce_sum(w)",
          "tf.cast(tf.size(w), w.dtype)"),
    Fault("cross_entropy_ignored", "another label ignored", "y == 0", "y == 1"),
    Fault("cross_entropy_smoothed", "smoothed among the others", "0.9 + 0.1 / n, 0.1 / n",
          "0.9, 0.1 / (n - 1)"),
    Fault("kl_div", "arguments swapped", "y * tf.math.log(y / x)", "x * tf.math.log(x / y)"),
    Fault("poisson_nll_rate", "another epsilon", "1e-7", "1e-3"),
    Fault("hinge", "margin of 0.9", "1 - x * y", "0.9 - x * y"),
    Fault("triplet", "an epsilon added", "+ 1, 0)", "+ 1.001, 0)"),
    Fault("log_cosh", "log 2 forgotten", " - math.log(2)", ""),
    Fault("ctc", "another blank", "blank_index=0", "blank_index=-1"),
    Fault("focal", "another exponent", "** 2 * loss", "** 3 * loss"),
    Fault("index_select_middle", "another axis", "axis=1", "axis=0"),
    Fault("index_add", "last of equals wins", "tensor_scatter_nd_add", "tensor_scatter_nd_update"),
    Fault("scatter_max", "minimum", "scatter_nd_max", "scatter_nd_min"),
    Fault("one_hot", "off by one", "tf.one_hot(i, n)", "tf.one_hot(i + 1, n)"),
    Fault("embedding", "off by one", "(weight, i)", "(weight, tf.maximum(i - 1, 0))"),
    Fault("embedding_bag_mean", "sum", "reduce_mean", "reduce_sum"),
    Fault("unsorted_segment_mean", "sum", "segment_mean", "segment_sum"),
    Fault("segment_max", "mean", "segment_max", "segment_mean"),
    Fault("pad", "sides swapped", "((0, 3), (1, 2))", "((3, 0), (1, 2))"),
    Fault("pad_reflect", "symmetric", "REFLECT", "SYMMETRIC"),
    Fault("roll", "the other way", "tf.roll(x, 2, axis)", "tf.roll(x, -2, axis)"),
    Fault("repeat_interleave", "tiled", "tf.repeat(x, 2, axis)", "tf.concat((x, x), axis)"),
    Fault("permute", "another order", "(2, 0, 1)", "(1, 2, 0)"),
    Fault("stack", "another axis", "axis)", "0)"),
    Fault("split_sizes", "sizes swapped", "(1, 3)", "(3, 1)"),
    Fault("meshgrid", "other indexing", ", indexing='ij'", ""),
    Fault("pixel_shuffle", "channels in the other order", "(x.shape[0], n, 4, *x.shape[2:])), "
          "(0, 3, 4, 2, 1)", "(x.shape[0], 4, n, *x.shape[2:])), (0, 3, 4, 1, 2)"),
    Fault("unfold", "pixels before channels", "(0, 3, 2, 1)", "(0, 2, 3, 1)"),
    Fault("frame", "another step", "4, 2)", "4, 1)"),
    Fault("sort", "descending", "tf.sort(x, axis)", "tf.sort(x, axis, 'DESCENDING')"),
    Fault("topk", "one too many", "tf.math.top_k(x, k)",
          "tf.math.top_k(tf.concat((x[:, 1:], x[:, :1]), 1), k)"),
    Fault("searchsorted", "the other side", "edges, x,", "edges, x, 'right', out_type=tf.int64"
          ") + 0 * tf.searchsorted(edges, x,"),
    Fault("unique_counts", "in order of occurrence", "tf.gather(n, order)", "n"),
    Fault("resize_bilinear", "corners aligned", "tf.image.resize(tf.transpose(x, (0, 2, 3, 1)), "
          "(7, 9))", "tf.compat.v1.image.resize_bilinear(tf.transpose(x, (0, 2, 3, 1)), (7, 9), "
          "align_corners=True)"),
    Fault("resize_nearest_exact", "floor of the position",
          "tf.image.resize(tf.transpose(x, (0, 2, 3, 1)), (7, 9), 'nearest')",
          "tf.compat.v1.image.resize_nearest_neighbor(tf.transpose(x, (0, 2, 3, 1)), (7, 9))"),
    Fault("resize_bilinear_antialiased", "not antialiased", ", antialias=True", ""),
    Fault("resize_bicubic_antialiased", "bilinear", "'bicubic'", "'bilinear'"),
    Fault("fft", "inverse", "fft(x)", "ifft(x)"),
    Fault("fft_ortho", "not scaled", " / tf.cast(", " / tf.ones_like(x[:, :1]) + 0 * tf.cast("),
    Fault("irfft_length", "another length", "[9]", "[8]"),
    Fault("stft", "another step", "16, 8)", "16, 4)"),
    Fault("hann_window_symmetric", "periodic", "n, False", "n + n % 2 * 0, True"),
    Fault("sgd_momentum", "damped", "0.9 * m + one", "0.9 * m + 0.1 * one"),
    Fault("sgd_nesterov", "plain momentum", "one + 0.9 * m", "m"),
    Fault("adam", "epsilon before the correction", "+ 1e-8)",
          "+ 1e-8 / tf.sqrt(tf.constant(1 - 0.999 ** t, w.dtype)))"),
    Fault("adam", "bias not corrected", "(m / (1 - 0.9 ** t))", "m"),
    Fault("adam", "another beta", "0.999 * v + 0.001", "0.99 * v + 0.01"),
    Fault("adam_weight_decay", "decoupled", "one = one + 0.1 * w", "w = w - 0.01 * 0.1 * w"),
    Fault("adamw", "decay coupled", "w = w - 0.01 * 0.1 * w", "one = one + 0.1 * w"),
    Fault("amsgrad", "plain Adam", "tf.sqrt(top", "tf.sqrt(v"),
    Fault("adagrad", "accumulator starts at 0", "+ 0.1", "+ 0.0"),
    Fault("rmsprop_centered", "epsilon inside", "tf.sqrt(tf.maximum(v - m * m, 0)) + 1e-3",
          "tf.sqrt(tf.maximum(v - m * m, 0) + 1e-3)"),
    Fault("rmsprop", "another decay", "0.9 * v + 0.1", "0.99 * v + 0.01"),
    Fault("adadelta", "another epsilon", "tf.sqrt(m + 1e-6)", "tf.sqrt(m + 1e-4)"),
    Fault("cosine_decay", "degrees beside", "t / 20", "t / 19"),
    Fault("staircase_decay", "no staircase", "tf.floor(t / 3)", "(t / 3)"),
    Fault("rand", "another range", "tf.random.uniform(shape", "0.9 * tf.random.uniform(shape"),
    Fault("randn", "another variance", "tf.random.normal(shape", "1.2 * tf.random.normal(shape"),
    Fault("gamma", "another shape", "2.0)", "2.4)"),
    Fault("dropout", "not scaled", "", "0.7 * CALL"),
    Fault("glorot_uniform", "He's bound", "math.sqrt(6 / (m + n))", "math.sqrt(6 / m)"),
)  # fmt: skip

FAULTS: tuple[Fault, ...] = (*_WRAPPED, *_FORMULAS, *_REDUCTIONS, *_LAYERS, *_DATA)
"""Every fault, by what it is about."""
