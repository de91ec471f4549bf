"""Special functions: series that end early, poles, and what is lost in a complement."""

from __future__ import annotations

from cases.known_differences.arrays import f16, f32, f64
from parity.known_differences import Kind, KnownDifference

_NAN = float("nan")
_INF = float("inf")
_FEW_DIGITS = "PyTorch's series in float64 has the terms that float32 needs"


def _torch(call: str, exact: float) -> str:
    return f"torch.round(({call} - {exact!r}) * 1e12) / 1e12"


def _tensorflow(call: str, exact: float) -> str:
    return f"tf.round(({call} - {exact!r}) * 1e12) / 1e12"


def _bessel(name: str, exact: float, gives: str) -> KnownDifference:
    return KnownDifference(
        name=f"bessel-{name}-in-float64",
        kind=Kind.PRECISION,
        torch=_torch(f"torch.special.bessel_{name}(x)", exact),
        tensorflow=_tensorflow(f"tf.math.special.bessel_{name}(x)", exact),
        where="x.dtype == np.float64 and ((np.abs(x) > 1.5) & (np.abs(x) < 25)).any()",
        relation="(np.abs(x) > 1.5) & (np.abs(x) < 25) & "
        "(np.abs(tensorflow - pytorch) <= 2e-6 * np.minimum(1, (np.abs(x) / 5) ** 6))",
        example={"x": f64([5.0])},
        without={"x": f64([1.0])},
        gives=(gives, "[-0]" if name == "j1" else "[0]"),
        rows=(f"bessel_{name}",),
        rounding=1e5,
        why="PyTorch is off by up to 9e-7 between 1.6 and 22 in float64, most just above 5, "
        "where it changes its approximation; mpmath agrees with TensorFlow",
    )


ENTRIES = (
    _bessel("j0", -0.1775967713143383, "[-9.897e-09]"),
    _bessel("j1", -0.3275791375914652, "[-6.145e-09]"),
    _bessel("y0", -0.30851762524903376, "[-1.239e-08]"),
    _bessel("y1", 0.14786314339122684, "[8.866e-09]"),
    KnownDifference(
        name="bessel-y1-at-zero",
        kind=Kind.EDGE,
        torch="torch.special.bessel_y1(x)",
        tensorflow="tf.math.special.bessel_y1(x)",
        where="(x == 0).any()",
        relation="(x == 0) & (pytorch == -np.inf) & np.isnan(tensorflow)",
        example={"x": f32(-0.0)},
        without={"x": f32(1.0)},
        gives=("-inf", "nan"),
        rows=("bessel_y1",),
        rounding=4,
        why="TensorFlow takes the logarithm of a product that isn't above 0",
    ),
    KnownDifference(
        name="trigamma-in-float64",
        kind=Kind.PRECISION,
        torch=_torch("torch.polygamma(1, x)", 1.6449340668482264),
        tensorflow=_tensorflow("tf.math.polygamma(tf.ones_like(x), x)", 1.6449340668482264),
        where="x.dtype == np.float64 and (x < 40).any()",
        relation="np.abs(tensorflow - pytorch) <= 8e-10 * (1 + np.abs(tensorflow))",
        example={"x": f64([1.0])},
        without={"x": f32([1.0])},
        gives=("[7.9e-10]", "[0]"),
        rows=("trigamma",),
        rounding=1e5,
        why=f"{_FEW_DIGITS}: it is off by up to 5e-10 below 30; mpmath agrees with TensorFlow",
    ),
    KnownDifference(
        name="digamma-gradient-in-float64",
        kind=Kind.PRECISION,
        torch="torch.digamma(x) - 1.6449340668482264 * x",
        tensorflow="tf.math.digamma(x) - 1.6449340668482264 * x",
        result="gradient of x",
        where="x.dtype == np.float64 and (x < 40).any()",
        relation="np.abs(tensorflow - pytorch) <= 6e-10 * np.abs(tensorflow + 2 * cotangent)",
        example={"x": f64([1.0])},
        without={"x": f32([1.0])},
        gives=("[7.901e-10]", "[2.22e-16]"),
        rows=("digamma",),
        rounding=1e5,
        why=f"{_FEW_DIGITS}: it is off by up to 5e-10 below 30; mpmath agrees with TensorFlow",
    ),
    KnownDifference(
        name="digamma-gradient-in-float16",
        kind=Kind.TYPE,
        torch="torch.digamma(x)",
        tensorflow=(
            "with tf.GradientTape() as tape:\n"
            "    tape.watch(x)\n"
            "    y = tf.math.digamma(x)\n"
            "tape.gradient(y, x)\n"
            "return y"
        ),
        result="",
        where="x.dtype == np.float16",
        example={"x": f16([1.0])},
        without={"x": f32([1.0])},
        gives=("float16 [-0.5771]", "raises InvalidArgumentError"),
        rows=("digamma",),
        rounding=4,
        why="TensorFlow has digamma for float16, and no polygamma",
    ),
    KnownDifference(
        name="polygamma-at-minus-zero",
        kind=Kind.EDGE,
        torch="torch.polygamma(2, x)",
        tensorflow="tf.math.polygamma(2 * tf.ones_like(x), x)",
        where="((x == 0) & np.signbit(x)).any()",
        result="",
        relation="(x == 0) & np.isinf(pytorch) & np.isnan(tensorflow)",
        example={"x": f32([-0.0])},
        without={"x": f32([0.5])},
        gives=("[-inf]", "[nan]"),
        rows=("polygamma", "trigamma"),
        rounding=4,
        why="the factorial's sign of a whole number below 0 isn't known to TensorFlow",
    ),
    KnownDifference(
        name="erf-of-huge-wide-numbers",
        kind=Kind.EDGE,
        torch="torch.erf(x)",
        tensorflow="tf.math.erf(x)",
        keras="keras.ops.erf(x)",
        where="x.dtype == np.float64 and np.isinf(x * x).any()",
        relation="np.isinf(x * x) & (np.abs(pytorch) == 1) & np.isnan(tensorflow)",
        example={"x": f64([_INF, -1e160])},
        without={"x": f64([3.0, -1e150])},
        gives=("[1, -1]", "[nan, nan]"),
        rows=("erf",),
        device="cpu",
        rounding=4,
        in_tensorflow="tf.math.erf(tf.clip_by_value(x, -9, 9))",
        why="TensorFlow's float64 kernel squares the argument, and multiplies infinity with 0",
    ),
    KnownDifference(
        name="igammac-of-a-small-shape",
        kind=Kind.PRECISION,
        torch="torch.special.gammaincc(a, x)",
        tensorflow="tf.math.igammac(a, x)",
        where="((a < 1) & (x < 2)).any()",
        relation="(a < 1) & (x < 2) & "
        "(np.abs(tensorflow - pytorch) <= 4 * eps(x) * (1 - np.log(a)))",
        example={"a": f32([6.436318e-06]), "x": f32([0.7350297])},
        without={"a": f32([2.0]), "x": f32([0.7350297])},
        gives=("[2.252e-06]", "[2.801e-06]"),
        rows=("igammac",),
        rounding=16,
        why="TensorFlow takes 1 less igamma where x is below 1, which cancels, and igamma is off "
        "by the logarithm of gamma of a; PyTorch subtracts logarithms of gamma near 1, whose few "
        "wrong digits are the result's",
    ),
    KnownDifference(
        name="xlogy-gradient-of-subnormal",
        kind=Kind.GRADIENT,
        torch="torch.xlogy(x, y)",
        tensorflow="tf.math.xlogy(x, y)",
        result="gradient of x",
        where="((y > 0) & (y < tiny(y))).any()",
        relation="(np.abs(tensorflow) >= np.abs(pytorch)) & "
        "(np.abs(tensorflow) < 1.3 * np.abs(pytorch))",
        example={"x": f32([1, 1]), "y": f32([1e-40, 4])},
        without={"x": f32([1, 1]), "y": f32([1e-37, 4])},
        gives=("[-92.1, 1.386]", "[-104, 1.386]"),
        rows=("xlogy",),
        device="cpu",
        rounding=4,
        why="TensorFlow's logarithm takes every subnormal number for the smallest one",
    ),
)
