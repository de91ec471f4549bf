"""The same function in another accuracy."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import bf16, f16, f32, f64
from parity.known_differences import Kind, KnownDifference

_FURTHEST_TORCH = (
    "r = {0}(x.double())\n"
    "e = torch.floor(torch.log2(r.abs())) - 23\n"
    "return ((({0}(x).double() - r).abs() / 2**e) > 2).any()"
)
_FURTHEST_TENSORFLOW = (
    "r = {0}(tf.cast(x, tf.float64))\n"
    "e = tf.floor(tf.math.log(tf.abs(r)) / math.log(2)) - 23\n"
    "return tf.reduce_any(tf.abs(tf.cast({0}(x), tf.float64) - r) / 2**e > 2)"
)
_BARE = "np.log(x.dtype.type(eps(x))) + x.dtype.type(2)"
"""Where TensorFlow's softplus takes its argument for small, as the kernel computes it."""

ENTRIES = (
    KnownDifference(
        name="gelu-in-its-tail",
        kind=Kind.PRECISION,
        torch="F.gelu(x)",
        tensorflow="tf.nn.gelu(x)",
        keras="keras.activations.gelu(x)",
        where="(x < -1).any()",
        example={"x": f32([-6, 1])},
        without={"x": f32([-0.5, 1])},
        gives=("[-0, 0.8413]", "[-5.92e-09, 0.8413]"),
        relation="(x < -1) & (np.abs(tensorflow - pytorch) <= 2 * eps(x) * np.abs(x))",
        rows=("gelu",),
        rounding=2,
        in_pytorch="x * 0.5 * torch.erfc(-x * 0.7071067811865476)",
        why="PyTorch adds 1 to an erf near -1, which cancels; TensorFlow takes erfc",
        reference="51",
    ),
    KnownDifference(
        name="elu-just-below-zero",
        kind=Kind.PRECISION,
        torch="F.elu(x)",
        tensorflow="tf.nn.elu(x)",
        keras="keras.ops.elu(x)",
        where="((x < 0) & (x > -2)).any()",
        example={"x": f32([-1e-8, 1])},
        without={"x": f32([-2, 1])},
        gives=("[-1e-08, 1]", "[0, 1]"),
        relation="(x < 0) & (x > -2) & (np.abs(tensorflow - pytorch) <= eps(x))",
        rows=("elu",),
        rounding=2,
        in_tensorflow="tf.where(x > 0, x, tf.math.expm1(x))",
        in_pytorch="torch.where(x > 0, x, torch.exp(x) - 1)",
        why="TensorFlow takes 1 from exp(x), which cancels; PyTorch takes expm1",
        reference="54",
    ),
    KnownDifference(
        name="selu-just-below-zero",
        kind=Kind.PRECISION,
        torch="F.selu(x)",
        tensorflow="tf.nn.selu(x)",
        keras="keras.ops.selu(x)",
        where="((x < 0) & (x > -2)).any()",
        example={"x": f32([-1e-8, 1])},
        without={"x": f32([-2, 1])},
        gives=("[-1.758e-08, 1.051]", "[0, 1.051]"),
        relation="(x < 0) & (x > -2) & (np.abs(tensorflow - pytorch) <= 2 * eps(x))",
        rows=("selu",),
        rounding=4,
        in_tensorflow="1.0507009873554805 * tf.where(x > 0, x, "
        "1.6732632423543772 * tf.math.expm1(x))",
        why="TensorFlow takes 1 from exp(x), which cancels; PyTorch takes expm1",
        reference="54",
    ),
    KnownDifference(
        name="softplus-above-its-threshold",
        rows=("softplus",),
        kind=Kind.PRECISION,
        torch="F.softplus(x) - x",
        tensorflow="tf.math.softplus(x) - x",
        keras="keras.ops.softplus(x) - x",
        where="((x > 20) & (x < 36)).any()",
        example={"x": f64([20.5, 36.5])},
        without={"x": f64([20, 36.5])},
        gives=("[0, 0]", "[1.25e-09, 0]"),
        in_pytorch="F.softplus(x, threshold=40) - x",
        in_tensorflow="tf.where(x > 20, x, tf.math.softplus(x)) - x",
        rounding=4e6,
        why="PyTorch returns x above a threshold of 20, which is exact in float32, not in float64",
        reference="55",
    ),
    KnownDifference(
        name="erfinv-by-way-of-ndtri",
        kind=Kind.PRECISION,
        torch="torch.erfinv(x)",
        tensorflow="tf.math.erfinv(x)",
        keras="keras.ops.erfinv(x)",
        where="((x != 0) & ((np.abs(x) < 0.01) | (np.abs(x) > 0.999))).any()",
        example={"x": f32([1e-16, 1e-5, 0.999999, 0.5])},
        without={"x": f32([0.25, 0.5])},
        gives=("[8.862e-17, 8.862e-06, 3.457, 0.4769]", "[0, 8.874e-06, 3.466, 0.4769]"),
        relation="np.abs(tensorflow - pytorch) <= 2 * eps(x) * np.exp(pytorch.astype('f8') ** 2)",
        rows=("erfinv",),
        rounding=8,
        in_tensorflow="tf.cast(tf.math.erfinv(tf.cast(x, tf.float64)), x.dtype)",
        in_pytorch="torch.special.ndtri((x + 1) / 2) * 0.7071067811865476",
        why="TensorFlow takes ndtri((x + 1) / 2), whose argument has lost the digits of a small x "
        "or of 1 - x",
        reference="57",
    ),
    KnownDifference(
        name="erfc-in-its-tail",
        kind=Kind.PRECISION,
        torch="torch.erfc(x)",
        tensorflow="tf.math.erfc(x)",
        where="(x > 0.5).any()",
        example={"x": f32([8.89043, 1])},
        without={"x": f32([0.25, 0.5])},
        gives=("[2.974e-36, 0.1573]", "[2.973e-36, 0.1573]"),
        relation="(x > 0.5) & (np.abs(tensorflow - pytorch) <= 40 * eps(x) * pytorch)",
        rows=("erfc",),
        rounding=8,
        in_tensorflow="tf.cast(tf.math.erfc(tf.cast(x, tf.float64)), x.dtype)",
        why="TensorFlow's exp(-x * x) carries the rounding of x * x",
        reference="58",
    ),
    KnownDifference(
        name="silu-in-float16",
        kind=Kind.PRECISION,
        torch="F.silu(x)",
        tensorflow="tf.nn.silu(x)",
        keras="keras.ops.silu(x)",
        where="x.dtype == np.float16 and (x < -8).any()",
        example={"x": f16([-14.5, 1])},
        without={"x": f16([0.5, 1])},
        gives=("[-7.331e-06, 0.731]", "[-6.914e-06, 0.731]"),
        relation="(x < -8) & (np.abs(tensorflow - pytorch) <= np.abs(x) * 2.0**-24)",
        rows=("silu",),
        rounding=1,
        in_tensorflow="tf.cast(tf.nn.silu(tf.cast(x, tf.float32)), x.dtype)",
        why="PyTorch computes 16-bit numbers in float32 and rounds once; TensorFlow rounds the "
        "sigmoid, which is subnormal there",
        reference="60",
    ),
    KnownDifference(
        name="gelu-in-float16",
        kind=Kind.PRECISION,
        torch="F.gelu(x)",
        tensorflow="tf.nn.gelu(x)",
        keras="keras.activations.gelu(x)",
        where="x.dtype.itemsize == 2 and (x < -2).any()",
        example={"x": f16([-4.023, 1])},
        without={"x": f16([0.5, 1])},
        gives=("[-0.0001153, 0.8413]", "[-0.0001163, 0.8413]"),
        relation="(x < -2) & (np.abs(tensorflow.astype('f4') - pytorch) <= "
        "24 * eps(x) * np.abs(tensorflow))",
        rows=("gelu",),
        rounding=1,
        in_tensorflow="tf.cast(tf.nn.gelu(tf.cast(x, tf.float32)), x.dtype)",
        why="PyTorch computes 16-bit numbers in float32 and rounds once; TensorFlow rounds each "
        "step",
        reference="60",
    ),
    KnownDifference(
        name="erf-of-small-16-bit-numbers",
        kind=Kind.PRECISION,
        torch="torch.erf(x)",
        tensorflow="tf.math.erf(x)",
        keras="keras.ops.erf(x)",
        where="x.dtype.itemsize == 2 and ((np.abs(x.astype('f4')) < 1e-2) & (x != 0)).any()",
        example={"x": bf16([1e-8, 0.5])},
        without={"x": bf16([0.25, 0.5])},
        gives=("[0, 0.5195]", "[1.129e-08, 0.5195]"),
        relation="(np.abs(x.astype('f4')) < 1e-2) & (np.abs(pytorch.astype('f4')"
        " - 1.1283792 * x.astype('f4')) <= 3.6e-7 + 2 * eps(x) * np.abs(x.astype('f4')))"
        " & (np.abs(tensorflow.astype('f4') - 1.1283792 * x.astype('f4'))"
        " <= eps(x) * np.abs(x.astype('f4')) + 2 * tiny(x))",
        rows=("erf",),
        device="cpu",
        in_pytorch="torch.erf(x.float()).to(x.dtype)",
        in_tensorflow="tf.where(tf.abs(x) < 1e-7, 0 * x, tf.math.erf(x))",
        why="PyTorch's vectorised erf of 16-bit numbers rounds to multiples of 2**-23, "
        "and to the third nearest at times",
        reference="59",
    ),
    *(
        KnownDifference(
            name=f"{row}-of-a-bare-exponential",
            kind=Kind.PRECISION,
            torch=torch,
            tensorflow=tensorflow,
            keras=keras,
            where=f"({side} < {_BARE}).any()",
            relation=f"({side} < {_BARE}) & (np.abs(tensorflow.astype(float) - {bare}) "
            f"<= 4 * eps(x) * np.abs({bare}) + 2 * tiny(x))",
            example={"x": f32([sign * -14.0])},
            without={"x": f32([sign * -8.0])},
            gives=gives,
            rounding=2,
            rows=(row,),
            why="TensorFlow's softplus is exp(x) below log(eps) + 2, which is off by exp(x) / 2 of "
            "its size: up to seven units of the last place",
        )
        for row, torch, tensorflow, keras, side, sign, bare, gives in (
            (
                "softplus",
                "F.softplus(x)",
                "tf.math.softplus(x)",
                "keras.ops.softplus(x)",
                "x",
                1,
                "np.exp(x.astype(float))",
                ("[8.315e-07]", "[8.315e-07]"),
            ),
            (
                "logsigmoid",
                "F.logsigmoid(x)",
                "tf.math.log_sigmoid(x)",
                "keras.ops.log_sigmoid(x)",
                "-x",
                -1,
                "-np.exp(-x.astype(float))",
                ("[-8.315e-07]", "[-8.315e-07]"),
            ),
            (
                "mish",
                "F.mish(x)",
                "x * tf.math.tanh(tf.math.softplus(x))",
                "keras.activations.mish(x)",
                "x",
                1,
                "(x.astype(float) * np.tanh(np.exp(x.astype(float))))",
                ("[-1.164e-05]", "[-1.164e-05]"),
            ),
        )
    ),
    *(
        KnownDifference(
            name=f"{row}-in-float32",
            kind=Kind.PRECISION,
            torch=torch,
            tensorflow=tensorflow,
            keras=keras,
            where=f"x.dtype == np.float32 and ({side}).any()",
            relation=f"({side}) & (np.abs(tensorflow - pytorch) <= 5 * eps(x) * np.abs(pytorch))",
            example={"x": f32([worst] * 8)},
            without={"x": f64([worst] * 8)},
            gives=(f"[{', '.join([gives] * 8)}]",) * 2,
            rows=(row,),
            rounding=2,
            device="cpu",
            in_tensorflow=steps,
            why=why,
        )
        for row, torch, tensorflow, keras, side, worst, gives, steps, why in (
            (
                "sigmoid",
                "torch.sigmoid(x)",
                "tf.math.sigmoid(x)",
                "keras.ops.sigmoid(x)",
                "x < 0",
                -14.44998,
                "5.302e-07",
                "1 / (1 + tf.exp(-x))",
                "TensorFlow's vectorised kernel is up to eight units of the last place off",
            ),
            (
                "silu",
                "F.silu(x)",
                "tf.nn.silu(x)",
                "keras.ops.silu(x)",
                "x < 0",
                -14.458305,
                "-7.602e-06",
                "x / (1 + tf.exp(-x))",
                "TensorFlow's sigmoid is up to eight units of the last place off",
            ),
            (
                "mish",
                "F.mish(x)",
                "x * tf.math.tanh(tf.math.softplus(x))",
                "keras.activations.mish(x)",
                "x == x",
                -3.3847322,
                "-0.1128",
                "e = tf.exp(tf.minimum(x, 20.0))\nreturn x * (e * (e + 2) / (e * (e + 2) + 2))",
                "TensorFlow's softplus is up to four units of the last place off, tanh up to six",
            ),
        )
    ),
    KnownDifference(
        name="mish-in-a-graph",
        kind=Kind.PRECISION,
        torch="F.mish(x)",
        tensorflow="x * tf.math.tanh(tf.math.softplus(x))",
        runtime="tf.function",
        device="cpu",
        where="(x < -1).any()",
        relation="(x < -1) & (np.abs(tensorflow.astype(float) - pytorch.astype(float)) "
        "<= -2 * eps(x) * x.astype(float))",
        example={"x": f32([-13.8, -20, 1])},
        without={"x": f32([-0.5, 1])},
        gives=("[-1.402e-05, -4.122e-08, 0.8651]", "[-1.481e-05, -0, 0.8651]"),
        rows=("mish",),
        rounding=4,
        why="graphs take oneDNN's mish for the three calls, which takes 1 off before it divides; "
        "not where a gradient needs what is between",
    ),
    KnownDifference(
        name="softplus-in-bfloat16",
        kind=Kind.PRECISION,
        torch="F.softplus(x)",
        tensorflow="tf.math.softplus(x)",
        keras="keras.ops.softplus(x)",
        where="x.dtype.itemsize == 2 and ((x > -8) & (x < 4)).any()",
        example={"x": bf16([-2.859375, 5])},
        without={"x": bf16([8, 5])},
        gives=("[0.05566, 5]", "[0.05737, 5]"),
        rows=("softplus",),
        in_tensorflow="tf.cast(tf.math.softplus(tf.cast(x, tf.float32)), x.dtype)",
        why="PyTorch computes 16-bit numbers in float32 and rounds once; TensorFlow rounds the "
        "exponential first",
        reference="60",
    ),
    *(
        KnownDifference(
            name=f"accuracy-of-{function}-in-float32",
            kind=Kind.PRECISION,
            torch=_FURTHEST_TORCH.format(f"torch.{function}"),
            tensorflow=_FURTHEST_TENSORFLOW.format(call),
            example={"x": np.linspace(low, high, 10001, dtype=np.float32)[1:-1]},
            gives=("False", "True"),
            rows=(function,),
            device="cpu",
            why="TensorFlow's vectorised kernels are up to six units of the last place off, "
            "PyTorch's up to two; the calls ask whether any result is more than two off",
            reference="61",
        )
        for function, call, low, high in (
            ("tanh", "tf.tanh", -9, 9),
            ("sigmoid", "tf.sigmoid", -9, 9),
            ("log", "tf.math.log", 0.1, 10),
            ("log1p", "tf.math.log1p", -0.9, 10),
            ("expm1", "tf.math.expm1", -9, 9),
            ("asin", "tf.asin", -1, 1),
            ("acos", "tf.acos", -1, 1),
            ("atan", "tf.atan", -9, 9),
            ("erf", "tf.math.erf", -5, 5),
            ("reciprocal", "tf.math.reciprocal", 0.1, 10),
        )
    ),
)
