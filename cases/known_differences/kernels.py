"""What single kernels do in their own way: truth, windows, gradients that are missing."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import f32
from parity.known_differences import Kind, KnownDifference

ENTRIES = (
    KnownDifference(
        name="normalisation-of-huge-numbers",
        kind=Kind.EDGE,
        torch="F.layer_norm(x, x.shape[1:], eps=1e-5)",
        tensorflow=(
            "mean, var = tf.nn.moments(x, (-1,), keepdims=True)\n"
            "return (x - mean) * tf.math.rsqrt(var + 1e-5)"
        ),
        keras="keras.ops.layer_normalization(x, axis=-1, epsilon=1e-5)",
        result="",
        where="(np.abs(x) > 1 / np.sqrt(tiny(x)) / 16).any()",
        relation="(tensorflow == 0) | np.isnan(tensorflow)",
        example={"x": f32([[1e30, 1.0, -1e30, 0.0]])},
        without={"x": f32([[1, 2, 3, 4]])},
        gives=("[[nan, nan, nan, nan]]", "[[0, 0, -0, 0]]"),
        rows=("layer_norm", "rms_norm"),
        rounding=8,
        why="the square of a number overflows unless it is scaled first",
    ),
    KnownDifference(
        name="whole-products-of-keras-saturate",
        kind=Kind.TYPE,
        torch="torch.matmul(x, y)",
        keras="keras.ops.matmul(x, y)",
        where="(np.abs(x.astype(float)) @ np.abs(y.astype(float)) >= 2.0**24).any()",
        relation="(tensorflow == np.iinfo(x.dtype).min) | (np.abs(tensorflow - x.astype(float) @ "
        "y.astype(float)) <= 2.0**-20 * (np.abs(x.astype(float)) @ np.abs(y.astype(float))))",
        example={"x": f32([[65536]]).astype("int32"), "y": f32([[65536]]).astype("int32")},
        without={"x": f32([[6]]).astype("int32"), "y": f32([[7]]).astype("int32")},
        gives=("int32 [[0]]", "int32 [[-2147483648]]"),
        rows=("matmul_integers",),
        in_tensorflow="tf.linalg.matmul(x, y)",
        why="Keras multiplies matrices of whole numbers as floating-point numbers",
    ),
    KnownDifference(
        name="cholesky-solve-gradient-of-the-upper-half",
        kind=Kind.GRADIENT,
        torch="torch.cholesky_solve(y, x)",
        tensorflow="tf.linalg.cholesky_solve(x, y)",
        result="gradient of x",
        where="x.shape[-1] > 1",
        relation="(np.triu(np.ones_like(x), 1) == 1) & (tensorflow == 0)",
        example={"x": f32([[2, 0], [1, 2]]), "y": f32([[1], [1]])},
        without={"x": f32([[2]]), "y": f32([[1]])},
        gives=("[[-0.1875, -0.09375], [-0.125, -0.0625]]", "[[-0.1875, 0], [-0.125, -0.0625]]"),
        rows=("cholesky_solve",),
        rounding=8,
        why="PyTorch multiplies the factor by its transpose, TensorFlow solves two triangles",
    ),
    KnownDifference(
        name="signbit-of-nan-and-zero",
        kind=Kind.EDGE,
        torch="torch.signbit(x)",
        tensorflow="tf.experimental.numpy.signbit(x)",
        where="(~(np.abs(x) >= tiny(x))).any()",
        relation="~(np.abs(x) >= tiny(x)) & (pytorch != tensorflow)",
        example={"x": f32([-0.0])},
        without={"x": f32([-1])},
        gives=("[True]", "[False]"),
        rows=("signbit",),
        in_tensorflow="tf.bitcast(x, tf.int32) < 0",
        why="TensorFlow compares with 0",
    ),
    KnownDifference(
        name="truth-of-subnormal-numbers",
        kind=Kind.EDGE,
        torch="x.to(torch.bool)",
        tensorflow="tf.cast(x, tf.bool)",
        where="x.dtype.kind not in 'iu' and ((np.abs(x) < tiny(x)) & (x != 0)).any()",
        relation="(np.abs(x) < tiny(x)) & (x != 0) & ~tensorflow",
        example={"x": f32([1e-45])},
        without={"x": f32([1])},
        gives=("[True]", "[False]"),
        rows=("cast_to_bool",),
        why="a subnormal number is 0 to TensorFlow",
    ),
    KnownDifference(
        name="truth-of-two-subnormal-numbers",
        kind=Kind.EDGE,
        torch="torch.logical_and(x, y)",
        tensorflow="tf.math.logical_and(tf.cast(x, tf.bool), tf.cast(y, tf.bool))",
        keras="keras.ops.logical_and(x, y)",
        where=(
            "x.dtype.kind not in 'iu' and ((np.abs(x) < tiny(x)) & (x != 0)).any()"
            " or x.dtype.kind not in 'iu' and ((np.abs(y) < tiny(y)) & (y != 0)).any()"
        ),
        relation="((np.abs(x) < tiny(x)) | (np.abs(y) < tiny(y))) & pytorch & ~tensorflow",
        example={"x": f32([1e-45]), "y": f32([1])},
        without={"x": f32([1]), "y": f32([1])},
        gives=("[True]", "[False]"),
        rows=("logical_and_numbers",),
        why="a subnormal number is 0 to TensorFlow",
    ),
    KnownDifference(
        name="count-of-subnormal-numbers",
        kind=Kind.EDGE,
        torch="torch.count_nonzero(x, axis)",
        tensorflow="tf.math.count_nonzero(x, axis)",
        keras="keras.ops.cast(keras.ops.count_nonzero(x, axis), 'int64')",
        where="x.dtype.kind not in 'iu' and ((np.abs(x) < tiny(x)) & (x != 0)).any()",
        relation="pytorch - tensorflow == ((np.abs(x) < tiny(x)) & (x != 0)).sum(axis)",
        example={"x": f32([1e-45, 1]), "axis": 0},
        without={"x": f32([1, 1]), "axis": 0},
        gives=("2", "1"),
        rows=("count_nonzero",),
        why="a subnormal number is 0 to TensorFlow",
    ),
    KnownDifference(
        name="window-of-odd-length",
        kind=Kind.SEMANTIC,
        torch="torch.hann_window(n)",
        tensorflow="tf.signal.hann_window(n)",
        where="n % 2 == 1",
        relation=(
            "np.minimum(np.abs(tensorflow - 0.5 + 0.5 * np.cos(2 * np.pi * np.arange(n) / "
            "max(n - 1, 1))), np.abs(tensorflow - 0.54 + 0.46 * np.cos(2 * np.pi * "
            "np.arange(n) / max(n - 1, 1)))) <= 1e-6"
        ),
        example={"n": 5},
        without={"n": 4},
        gives=("[0, 0.3455, 0.9045, 0.9045, 0.3455]", "[0, 0.5, 1, 0.5, 0]"),
        rows=("hann_window", "hamming_window"),
        in_tensorflow="tf.signal.hann_window(n + 1, False)[:-1]",
        rounding=2,
        why="TensorFlow's periodic window of an odd length is the symmetric one",
    ),
    KnownDifference(
        name="slice-update-of-keras-has-no-gradient",
        kind=Kind.GRADIENT,
        torch="torch.slice_scatter(x, y, 1, 0, 2).sum()",
        keras=(
            "with tf.GradientTape() as tape:\n"
            "    tape.watch(x)\n"
            "    z = keras.ops.slice_update(x, (0, 0), y)\n"
            "tape.gradient(z, x)\n"
            "return tf.reduce_sum(z)"
        ),
        result="",
        example={"x": f32([[1, 2, 3]]), "y": f32([[4, 5]])},
        gives=("12", "raises LookupError"),
        rows=("slice_scatter",),
        in_tensorflow="tf.reduce_sum(tf.concat((y, x[:, 2:]), 1))",
        why="it is an operator of XLA without a gradient",
    ),
    KnownDifference(
        name="dilated-convolution-gradient-of-wide-numbers",
        kind=Kind.GRADIENT,
        torch="F.conv1d(x, weight, dilation=2)",
        tensorflow=(
            "with tf.GradientTape() as tape:\n"
            "    tape.watch(x)\n"
            "    y = tf.nn.conv1d(tf.transpose(x, (0, 2, 1)), tf.transpose(weight, (2, 1, 0)), 1, "
            "'VALID', dilations=2)\n"
            "tape.gradient(y, x)\n"
            "return tf.transpose(y, (0, 2, 1))"
        ),
        result="",
        where="x.dtype == np.float64",
        example={"x": np.ones((1, 1, 5)), "weight": np.ones((1, 1, 2))},
        without={"x": np.ones((1, 1, 5), np.float32), "weight": np.ones((1, 1, 2), np.float32)},
        gives=("[[[2, 2, 2]]]", "raises InvalidArgumentError"),
        rows=("conv1d_dilated", "conv2d_dilated", "conv2d_groups"),
        why="only oneDNN has the gradient on a CPU, and it has none for float64",
    ),
    KnownDifference(
        name="channels-first-in-float64",
        kind=Kind.TYPE,
        torch="F.conv2d(x, weight)",
        keras="keras.ops.conv(x, tf.transpose(weight, (2, 3, 1, 0)), data_format='channels_first')",
        where="x.dtype == np.float64",
        example={"x": np.ones((1, 1, 2, 2)), "weight": np.ones((1, 1, 2, 2))},
        without={"x": np.ones((1, 1, 2, 2), "float32"), "weight": np.ones((1, 1, 2, 2), "float32")},
        gives=("float64 [[[[4]]]]", "raises UnimplementedError"),
        rows=("conv2d_channels_first",),
        device="cpu",
        why="only oneDNN convolves channels first on a CPU, and it has no float64",
    ),
    *(
        KnownDifference(
            name=f"rfft-gradient-of-a-cropped-line{suffix}",
            kind=Kind.GRADIENT,
            torch="torch.fft.rfft(x, 16).real",
            tensorflow=(
                "with tf.GradientTape() as tape:\n"
                "    tape.watch(x)\n"
                "    y = tf.math.real(tf.signal.rfft(x, [16]))\n"
                "tape.gradient(y, x)\n"
                "return y"
            ),
            runtime=runtime,
            result="",
            where="x.shape[-1] > 16",
            example={"x": f32([2, 1] * 8 + [3])},
            without={"x": f32([2, 1] * 8)},
            gives=("[24, 0, 0, 0, 0, 0, 0, 0, 8]", f"raises {error}"),
            rows=("rfft_length",),
            in_tensorflow="tf.math.real(tf.signal.rfft(x[:16]))",
            rounding=4,
            why="TensorFlow's gradient has the length of the transform, not of the line",
        )
        for runtime, suffix, error in (
            ("eager", "", "InvalidArgumentError"),
            ("tf.function", "-in-a-graph", "ValueError"),
            ("XLA", "-compiled", "ValueError"),
        )
    ),
)  # fmt: skip
