"""Activation functions: NaN, huge numbers, and tails where something cancels."""

from __future__ import annotations

from cases.known_differences.arrays import bf16, f16, f32, f64
from parity.known_differences import Kind, KnownDifference

_NAN = float("nan")
_INF = float("inf")
_X = "x.astype('f8')"
_GELU_TANH = f"({_X} / (1 + np.exp(-1.5957691216057308 * ({_X} + 0.044715 * {_X} ** 3))))"


def _less(framework: str, call: str, exact: float) -> str:
    """A call less its exact result where x isn't 0, to eleven digits."""
    one = f"{framework}.abs({framework}.sign(x))"
    return f"{framework}.round(({call} - {exact!r} * {one}) * 1e11) / 1e11"


ENTRIES = (
    *(
        KnownDifference(
            name=f"{call}-gradient-of-nan",
            kind=Kind.GRADIENT,
            torch=f"F.{call}(x.expand(64).contiguous())[0]",
            tensorflow=f"tf.nn.{call}(tf.repeat(x, 64))[0]",
            keras=f"keras.ops.{call}(tf.repeat(x, 64))[0]",
            result="gradient of x",
            where="np.isnan(x).any()",
            relation="np.isnan(x) & (np.isnan(pytorch) | (pytorch == tensorflow)) & "
            f"(np.abs(tensorflow - {scale} * cotangent) <= eps(x) * np.abs(tensorflow))",
            example={"x": f32([_NAN])},
            without={"x": f32([3])},
            gives=("[nan]", f"[{gives}]"),
            rows=(call,),
            device="cpu",
            rounding=1,
            why="NaN isn't below 0 and gets the slope above it, except in PyTorch's vectorised "
            "kernel",
        )
        for call, scale, gives in (("elu", "1", "1"), ("selu", "1.0507009873554805", "1.051"))
    ),
    KnownDifference(
        name="gelu-of-huge-numbers",
        kind=Kind.EDGE,
        torch="F.gelu(x)[0]",
        tensorflow="tf.nn.gelu(x)[0]",
        keras="keras.ops.gelu(x, approximate=False)[0]",
        where="(x.astype('f8') >= 2.0**127).any()",
        relation="(x.astype('f8') >= 2.0**127) & ~np.isfinite(pytorch) & (tensorflow == x)",
        example={"x": f32([_INF] * 4)},
        without={"x": f32([2] * 4)},
        gives=("nan", "inf"),
        rows=("gelu",),
        device="cpu",
        in_pytorch="torch.where(x > 10, x, F.gelu(x))[0]",
        rounding=2,
        why="PyTorch's vectorised kernel doubles the argument before it halves it; for fewer "
        "numbers than a vector has it doesn't",
    ),
    KnownDifference(
        name="gelu-root-of-2-in-float32",
        kind=Kind.PRECISION,
        torch=_less("torch", "F.gelu(x)", -0.04550026389635842),
        tensorflow=_less("tf", "tf.nn.gelu(x)", -0.04550026389635842),
        keras=_less("tf", "keras.ops.gelu(x, approximate=False)", -0.04550026389635842),
        where="x.dtype == np.float64 and (x != 0).any()",
        relation="np.abs(tensorflow - pytorch) <= 1e-8 * x * x * np.exp(-x * x / 2)"
        " + 8 * eps(x) * np.abs(tensorflow)",
        example={"x": f64([-2.0])},
        without={"x": f64([0.0])},
        gives=("[0]", "[-3.7e-09]"),
        rows=("gelu",),
        in_tensorflow=_less(
            "tf", "0.5 * x * tf.math.erfc(-x * math.sqrt(0.5))", -0.04550026389635842
        ),
        why="TensorFlow makes a float32 tensor of the root of 2 before it casts",
    ),
    KnownDifference(
        name="gelu-gradient-root-of-2-in-float32",
        kind=Kind.PRECISION,
        torch="F.gelu(x) + 0.08523180107819692 * x",
        tensorflow="tf.nn.gelu(x) + 0.08523180107819692 * x",
        keras="keras.ops.gelu(x, approximate=False) + 0.08523180107819692 * x",
        result="gradient of x",
        where="x.dtype == np.float64 and (x != 0).any()",
        relation="np.abs(tensorflow - pytorch) <= 1e-8 * (2 + x * x) * np.abs(x * cotangent)"
        " * np.exp(-x * x / 2)",
        example={"x": f64([-2.0])},
        without={"x": f64([0.0])},
        gives=("[0]", "[-3.696e-09]"),
        rows=("gelu",),
        rounding=16,
        why="TensorFlow makes a float32 tensor of the root of 2 before it casts",
    ),
    KnownDifference(
        name="tanh-gelu-factor-in-float32",
        kind=Kind.PRECISION,
        torch=_less("torch", "F.gelu(x, approximate='tanh')", -0.04540230591222494),
        tensorflow=_less("tf", "tf.nn.gelu(x, approximate=True)", -0.04540230591222494),
        keras=_less("tf", "keras.ops.gelu(x, approximate=True)", -0.04540230591222494),
        where="x.dtype == np.float64 and (x != 0).any()",
        relation="np.abs(tensorflow - pytorch) <= 8e-10 * x**4 * np.cosh(np.minimum(0.8 * "
        "np.abs(x) + 0.035 * np.abs(x) ** 3, 300)) ** -2 + 8 * eps(x) * np.abs(x)",
        example={"x": f64([-2.0])},
        without={"x": f64([0.0])},
        gives=("[0]", "[-8.8e-10]"),
        rows=("gelu_tanh",),
        in_tensorflow=_less(
            "tf",
            "0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))",
            -0.04540230591222494,
        ),
        why="TensorFlow makes a float32 tensor of the factor 0.044715 before it casts",
    ),
    KnownDifference(
        name="tanh-gelu-gradient-factor-in-float32",
        kind=Kind.PRECISION,
        torch="F.gelu(x, approximate='tanh')",
        tensorflow="tf.nn.gelu(x, approximate=True)",
        keras="keras.ops.gelu(x, approximate=True)",
        result="gradient of x",
        where="x.dtype == np.float64 and (x != 0).any()",
        relation="np.abs(tensorflow - pytorch) <= 1e-8 * np.abs(cotangent) * np.minimum("
        "np.abs(x) ** 3 * (1 + x * x), 1) * np.exp(-np.maximum(np.abs(x) - 2, 0))"
        " + 8 * eps(x) * np.abs(cotangent)",
        example={"x": f64([-0.7524614220710162])},
        without={"x": f64([0.0])},
        gives=("[8.327e-17]", "[6.053e-10]"),
        rows=("gelu_tanh",),
        rounding=64,
        why="TensorFlow makes a float32 tensor of the factor 0.044715 before it casts",
    ),
    KnownDifference(
        name="tanh-gelu-in-its-tail",
        kind=Kind.PRECISION,
        torch="F.gelu(x, approximate='tanh')",
        tensorflow="tf.nn.gelu(x, approximate=True)",
        keras="keras.ops.gelu(x, approximate=True)",
        where="(x < -1).any()",
        relation=f"(x < -1) & (np.abs(pytorch - {_GELU_TANH}) <= eps(x) * np.abs({_X}))"
        f" & (np.abs(tensorflow - {_GELU_TANH}) <= 2 * eps(x) * np.abs({_X}))",
        example={"x": bf16([-3.1875, 1])},
        without={"x": bf16([0.5, 1])},
        gives=("[-0.001953, 0.8398]", "[-0, 0.8438]"),
        rows=("gelu_tanh",),
        rounding=2,
        in_tensorflow="tf.cast(tf.nn.gelu(tf.cast(x, tf.float32), approximate=True), x.dtype)",
        why="both add 1 to a tanh near -1, which cancels; PyTorch computes 16-bit numbers in "
        "float32, TensorFlow in their own type",
    ),
    KnownDifference(
        name="tanh-gelu-before-its-tail",
        kind=Kind.PRECISION,
        torch="F.gelu(x, approximate='tanh')",
        tensorflow="tf.nn.gelu(x, approximate=True)",
        keras="keras.ops.gelu(x, approximate=True)",
        runtime="eager",
        releases=("tensorflow 2.19",),
        where="x.dtype == np.float32 and ((x >= -1) & (x < -0.5)).any()",
        relation="(x >= -1) & (x < -0.5) & (np.abs(tensorflow - pytorch) <= eps(x) * np.abs(x))",
        example={"x": f32([-0.95])},
        without={"x": f32([0.5])},
        gives=("[-0.1626]", "[-0.1626]"),
        rows=("gelu_tanh",),
        rounding=1,
        versions=("torch 2.13", "tensorflow 2.19", "keras 3.15"),
        why="its tanh is off by more than later ones', and what 1 leaves of it is a third: two "
        "units of the last place and a half",
    ),
    KnownDifference(
        name="mish-in-float16",
        kind=Kind.PRECISION,
        torch="F.mish(x)",
        tensorflow="x * tf.tanh(tf.math.softplus(x))",
        keras="keras.activations.mish(x)",
        where="x.dtype == np.float16 and (x < -8).any()",
        relation="(x < -8) & (np.abs(tensorflow.astype('f8') - pytorch) <= np.abs(x) * 2.0**-24)",
        example={"x": f16([-14.515625, 1])},
        without={"x": f16([0.5, 1])},
        gives=("[-7.212e-06, 0.8652]", "[-6.914e-06, 0.8652]"),
        rows=("mish",),
        rounding=1,
        in_tensorflow="y = tf.cast(x, tf.float32)\n"
        "return tf.cast(y * tf.tanh(tf.math.softplus(y)), x.dtype)",
        why="PyTorch computes 16-bit numbers in float32 and rounds once; TensorFlow rounds "
        "softplus, which is subnormal there",
    ),
    KnownDifference(
        name="swish-beta-in-float32",
        kind=Kind.PRECISION,
        torch=_less("torch", "x * torch.sigmoid(beta * x)", 0.8457957659328212),
        tensorflow=_less("tf", "tf.nn.silu(x, beta)", 0.8457957659328212),
        where="x.dtype == np.float64 and beta != float(np.float32(beta))",
        relation="np.abs(tensorflow - pytorch) <= 6e-8 * beta * x * x * np.exp(-np.abs(beta * x))"
        " + 8 * eps(x) * np.abs(pytorch)",
        example={"x": f64([1.0]), "beta": 1.702},
        without={"x": f64([0.0]), "beta": 0.5},
        gives=("[0]", "[2.86e-09]"),
        rows=("swish_beta",),
        in_tensorflow=_less("tf", "x * tf.sigmoid(beta * x)", 0.8457957659328212),
        why="TensorFlow makes a float32 tensor of beta before it casts",
    ),
    KnownDifference(
        name="swish-gradient-beta-in-float32",
        kind=Kind.PRECISION,
        torch="x * torch.sigmoid(beta * x) - 1.067779606556334 * x",
        tensorflow="tf.nn.silu(x, beta) - 1.067779606556334 * x",
        result="gradient of x",
        where="x.dtype == np.float64 and beta != float(np.float32(beta))",
        relation="np.abs(tensorflow - pytorch) <= 6e-8 * np.abs(beta * x * cotangent) * "
        "(2 + np.abs(beta * x)) * np.exp(-np.abs(beta * x))",
        example={"x": f64([1.0]), "beta": 1.702},
        without={"x": f64([1.0]), "beta": 0.5},
        gives=("[-2.776e-17]", "[2.354e-09]"),
        rows=("swish_beta",),
        in_tensorflow="x * tf.sigmoid(beta * x) - 1.067779606556334 * x",
        rounding=64,
        why="TensorFlow makes a float32 tensor of beta before it casts",
    ),
    KnownDifference(
        name="hardsigmoid-gradient-in-float32",
        kind=Kind.PRECISION,
        torch="F.hardsigmoid(x) - x / 6",
        tensorflow="tf.nn.relu6(x + 3) / 6 - x / 6",
        keras="keras.ops.hard_sigmoid(x) - x / 6",
        result="gradient of x",
        where="x.dtype == np.float64 and (np.abs(x) < 3).any()",
        relation="(np.abs(x) < 3) & (np.abs(pytorch - tensorflow - cotangent * "
        "(float(np.float32(1 / 6)) - 1 / 6)) <= 4 * eps(x) * np.abs(cotangent))",
        example={"x": f64([1.0])},
        without={"x": f64([4.0])},
        gives=("[4.967e-09]", "[0]"),
        rows=("hardsigmoid",),
        rounding=2,
        in_pytorch="(x + 3).clamp(0, 6) / 6 - x / 6",
        why="a sixth is a float32 number in PyTorch's gradient, whatever the type",
    ),
    KnownDifference(
        name="hardshrink-gradient-of-nan",
        kind=Kind.GRADIENT,
        torch="F.hardshrink(x.expand(64).contiguous(), 0.5)[0]",
        tensorflow="y = tf.repeat(x, 64)\n"
        "return tf.where((y >= -0.5) & (y <= 0.5), tf.zeros_like(y), y)[0]",
        result="gradient of x",
        where="np.isnan(x).any()",
        relation="np.isnan(x) & ((pytorch == 0) | (pytorch == cotangent)) & "
        "(tensorflow == cotangent)",
        example={"x": f32([_NAN])},
        without={"x": f32([3])},
        gives=("[0]", "[1]"),
        rows=("hardshrink",),
        device="cpu",
        why="NaN is kept and gets the slope of what is kept, except in PyTorch's vectorised kernel",
    ),
    *(
        KnownDifference(
            name=f"{call}-of-nan-in-keras",
            kind=Kind.EDGE,
            torch=f"F.{call}(x, {value})",
            keras=f"keras.ops.{keras}(x, {value})",
            where="np.isnan(x).any()",
            relation=f"np.isnan(x) & np.isnan(pytorch) & (tensorflow == {instead})",
            example={"x": f32([_NAN, 2])},
            without={"x": f32([3, 2])},
            gives=(f"[nan, {kept}]", f"[{instead}, {kept}]"),
            rows=(call,),
            in_tensorflow=f"tf.where(tf.math.is_nan(x), x, keras.ops.{keras}(x, {value}))",
            why="Keras keeps what is beyond the threshold, and NaN compares with nothing",
        )
        for call, keras, value, instead, kept in (
            ("hardshrink", "hard_shrink", "0.5", "0", "2"),
            ("softshrink", "soft_shrink", "0.5", "0", "1.5"),
            ("threshold", "threshold", "0.1, 20.0", "20", "2"),
        )
    ),
    KnownDifference(
        name="threshold-gradient-of-nan-in-keras",
        kind=Kind.GRADIENT,
        torch="F.threshold(x, 0.1, 20.0)",
        keras="keras.ops.threshold(x, 0.1, 20.0)",
        result="gradient of x",
        where="np.isnan(x).any()",
        relation="np.isnan(x) & (pytorch == cotangent) & (tensorflow == 0)",
        example={"x": f32([_NAN, 2])},
        without={"x": f32([3, 2])},
        gives=("[1, 1]", "[0, 1]"),
        rows=("threshold",),
        in_tensorflow="tf.where(x <= 0.1, tf.constant(20.0, x.dtype), x)",
        why="Keras keeps what is beyond the threshold, and NaN compares with nothing",
    ),
    KnownDifference(
        name="hardswish-gradient-of-nan",
        kind=Kind.GRADIENT,
        torch="F.hardswish(x)",
        tensorflow="x * tf.nn.relu6(x + 3) / 6",
        keras="keras.ops.hard_silu(x)",
        result="gradient of x",
        where="np.isnan(x).any()",
        relation="np.isnan(x) & (pytorch == cotangent) & np.isnan(tensorflow)",
        example={"x": f32([_NAN, 4])},
        without={"x": f32([3.5, 4])},
        gives=("[1, 1]", "[nan, 1]"),
        rows=("hardswish",),
        device="cpu",
        in_pytorch="x * F.relu6(x + 3) / 6",
        why="NaN is not below 3, from where on PyTorch's slope is 1; its vectorised kernel, which "
        "long arrays get unless they are compiled, and TensorFlow's product keep NaN",
    ),
    KnownDifference(
        name="softmax-beside-infinity",
        kind=Kind.EDGE,
        torch="F.softmax(x, 0)",
        tensorflow="tf.nn.softmax(x, 0)",
        keras="keras.ops.softmax(x, 0)",
        where="np.isinf(x).any()",
        relation="np.isnan(pytorch) & (tensorflow == 0)",
        example={"x": f32([_INF, 1, 2])},
        without={"x": f32([3, 1, 2])},
        gives=("[nan, nan, nan]", "[nan, 0, 0]"),
        rows=("softmax", "softmin", "softmax_temperature", "softmax_two_axes"),
        rounding=4,
        in_tensorflow="tf.where(tf.reduce_any(x == math.inf), math.nan, tf.nn.softmax(x, 0))",
        device="cpu",
        why="PyTorch divides by a sum that is NaN, TensorFlow leaves 0 as it is",
    ),
)
