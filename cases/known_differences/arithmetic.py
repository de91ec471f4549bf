"""Functions of two or three numbers: NaN and infinities among them, and what underflows."""

from __future__ import annotations

from cases.known_differences.arrays import c64, f32, f64
from parity.known_differences import Kind, KnownDifference

_NAN = float("nan")
_INF = float("inf")
_EITHER_NAN = "np.isnan(x).any() or np.isnan(y).any()"

ENTRIES = (
    KnownDifference(
        name="remainder-of-a-huge-quotient",
        kind=Kind.EDGE,
        torch="torch.remainder(x, y)[0]",
        tensorflow="tf.math.floormod(x, y)[0]",
        keras="keras.ops.mod(x, y)[0]",
        where="(np.isinf(x / y) & np.isfinite(x) & (y != 0)).any()",
        relation="np.isinf(x / y) & np.isfinite(x) & (y != 0) & np.isnan(pytorch)"
        " & (np.abs(tensorflow) <= np.abs(y))",
        example={"x": f32([3e10] * 64), "y": f32([2e-38] * 64)},
        without={"x": f32([3] * 64), "y": f32([2] * 64)},
        gives=("nan", "8.728e-39"),
        rows=("remainder", "fmod"),
        device="cpu",
        in_pytorch="torch.remainder(x.double(), y.double()).to(x.dtype)[0]",
        why="PyTorch's vectorised kernel divides first; TensorFlow's library function doesn't",
    ),
    KnownDifference(
        name="power-gradient-of-tiny-exponents",
        kind=Kind.GRADIENT,
        torch="0.125 * torch.pow(x, y)",
        tensorflow="0.125 * tf.pow(x, y)",
        keras="0.125 * keras.ops.power(x, y)",
        result="gradient of x",
        where="(np.abs(y) <= 16 * tiny(y)).any()",
        relation="(tensorflow == 0) & (np.abs(y) <= 16 * tiny(y) if x.shape == y.shape else True)",
        example={"x": f32([1e-5, 2]), "y": f32([2.0**-126, 2])},
        without={"x": f32([1e-5, 2]), "y": f32([0.5, 2])},
        gives=("[1.469e-34, 0.5]", "[0, 0.5]"),
        rows=("pow", "float_power"),
        device="cpu",
        rounding=4,
        why="TensorFlow multiplies the cotangent with the exponent first, which is subnormal and "
        "flushed to 0",
    ),
    KnownDifference(
        name="float-power-keeps-float32",
        kind=Kind.TYPE,
        torch="torch.float_power(x, y)",
        tensorflow="tf.experimental.numpy.float_power(x, y)",
        where="x.dtype == np.float32",
        example={"x": f32([2]), "y": f32([3])},
        without={"x": f64([2]), "y": f64([3])},
        gives=("float64 [8]", "float32 [8]"),
        rows=("float_power",),
        in_tensorflow="tf.experimental.numpy.float_power(tf.cast(x, tf.float64), "
        "tf.cast(y, tf.float64))",
        why="PyTorch and NumPy compute it in float64 at least",
    ),
    *(
        KnownDifference(
            name=f"{call}-gradient-with-nan",
            kind=Kind.GRADIENT,
            torch=f"torch.{call}(x, y)",
            tensorflow=f"tf.{call}(x, y)",
            keras=f"keras.ops.{call}(x, y)",
            result="gradient of x",
            where=_EITHER_NAN,
            relation="((np.isnan(x) | np.isnan(y)) & (tensorflow == 0) & (pytorch == cotangent))"
            " if pytorch.shape == np.shape(cotangent) and x.shape == y.shape else "
            "np.abs(pytorch - tensorflow) <= 1.1 * np.abs(cotangent).sum()",
            example={"x": f32([_NAN, 1]), "y": f32([2, 1.5])},
            without={"x": f32([3, 1]), "y": f32([2, 1.5])},
            gives=gives,
            rows=(call,),
            runtime="eager",
            why="PyTorch gives NaN's gradient to both arguments, TensorFlow to the second",
        )
        for call, gives in (("maximum", ("[1, 0]", "[0, 0]")), ("minimum", ("[1, 1]", "[0, 1]")))
    ),
    KnownDifference(
        name="hypot-of-infinity-and-nan",
        kind=Kind.EDGE,
        torch="torch.hypot(x, y)",
        tensorflow="tf.experimental.numpy.hypot(x, y)",
        keras="keras.ops.hypot(x, y)",
        where="(np.isnan(x + y) & (np.isinf(x) | np.isinf(y))).any()",
        relation="(np.isinf(x) | np.isinf(y)) & (pytorch == np.inf) & np.isnan(tensorflow)",
        example={"x": f32([_INF, 3]), "y": f32([_NAN, 4])},
        without={"x": f32([_INF, 3]), "y": f32([1, 4])},
        gives=("[inf, 5]", "[nan, 5]"),
        rows=("hypot",),
        in_pytorch="torch.where(torch.isnan(x + y), math.nan, torch.hypot(x, y))",
        why="IEEE 754 has infinity whatever the other side is; TensorFlow adds squares",
    ),
    *(
        KnownDifference(
            name=f"atan2-gradient-of-tiny-numbers-of-{argument}",
            kind=Kind.GRADIENT,
            torch="torch.atan2(x, y)",
            tensorflow="tf.math.atan2(x, y)",
            keras="keras.ops.arctan2(x, y)",
            result=f"gradient of {argument}",
            where="((x * x + y * y < tiny(x)) & ((x != 0) | (y != 0))).any()",
            relation="((pytorch == 0) & ~np.isfinite(tensorflow))"
            " & ((x * x + y * y < tiny(x)) if x.shape == y.shape else True)",
            example={"x": f32([1e-30, 1]), "y": f32([1e-30, 1])},
            without={"x": f32([0.5, 1]), "y": f32([1, 1])},
            gives=gives,
            rows=("atan2",),
            rounding=2,
            why="x * x + y * y underflows: PyTorch gives 0 there, TensorFlow divides by it",
        )
        for argument, gives in (
            ("x", ("[0, 0.5]", "[inf, 0.5]")),
            ("y", ("[-0, -0.5]", "[-inf, -0.5]")),
        )
    ),
    KnownDifference(
        name="logaddexp2-of-keras-in-float32",
        kind=Kind.PRECISION,
        torch="torch.round((torch.logaddexp2(x, y) - 1.3219280948873624) * 1e11) / 1e11",
        keras="tf.round((keras.ops.logaddexp2(x, y) - 1.3219280948873624) * 1e11) / 1e11",
        where="x.dtype == np.float64 and (x != y).any()",
        relation="np.abs(tensorflow - pytorch) <= 1e-8 * np.maximum(1, np.abs(pytorch))",
        example={"x": f64([-1.0]), "y": f64([1.0])},
        without={"x": f32([-200.0]), "y": f32([1.0])},
        gives=("[0]", "[-1.98e-09]"),
        rows=("logaddexp2",),
        in_tensorflow="y = tf.experimental.numpy.logaddexp2(x, y) - 1.3219280948873624\n"
        "return tf.round(y * 1e11) / 1e11",
        why="Keras makes a float32 tensor of the logarithm of 2",
    ),
    *(
        KnownDifference(
            name=f"logaddexp2-gradient-of-keras-in-float32-of-{argument}",
            kind=Kind.PRECISION,
            torch="torch.logaddexp2(x, y) - 0.2 * x - 0.8 * y",
            keras="keras.ops.logaddexp2(x, y) - 0.2 * x - 0.8 * y",
            result=f"gradient of {argument}",
            where="x.dtype == np.float64 and (x != y).any()",
            relation="np.abs(tensorflow - pytorch) <= 4e-8 * np.abs(cotangent).sum()"
            " if x.shape != y.shape else np.abs(tensorflow - pytorch) <= 4e-8 * "
            "(1 + np.abs(x - y)) * np.abs(cotangent)",
            example={"x": f64([-1.0]), "y": f64([1.0])},
            without={"x": f32([-200.0]), "y": f32([1.0])},
            gives=gives,
            rows=("logaddexp2",),
            rounding=64,
            why="Keras makes a float32 tensor of the logarithm of 2",
        )
        for argument, gives in (("x", ("[0]", "[-6.095e-10]")), ("y", ("[0]", "[6.095e-10]")))
    ),
    KnownDifference(
        name="nextafter-of-keras-in-float64",
        kind=Kind.SEMANTIC,
        torch="torch.nextafter(x, y)",
        keras="keras.ops.nextafter(x, y)",
        where="x.dtype == np.float32 and (x != y).any()",
        relation="(tensorflow == x) & (pytorch == np.nextafter(x, y))",
        example={"x": f32([0.0]), "y": f32([2.0])},
        without={"x": f64([1.0]), "y": f64([2.0])},
        gives=("[1.401e-45]", "[0]"),
        rows=("nextafter",),
        in_tensorflow="tf.math.nextafter(x, y)",
        rounding=1,
        why="Keras takes the next float64 number and rounds it back",
    ),
    KnownDifference(
        name="ldexp-gradient-at-infinity-in-keras",
        kind=Kind.GRADIENT,
        torch="torch.ldexp(x, n)",
        keras="keras.ops.ldexp(x, n)",
        result="gradient of x",
        where="(~np.isfinite(x)).any()",
        relation="~np.isfinite(x) & (tensorflow == cotangent)",
        example={"x": f32([_INF, 1]), "n": f32([2, 1]).astype("int32")},
        without={"x": f32([1, 1]), "n": f32([2, 1]).astype("int32")},
        gives=("[4, 2]", "[1, 2]"),
        rows=("ldexp",),
        in_tensorflow="x * tf.math.pow(tf.constant(2, x.dtype), tf.cast(n, x.dtype))",
        why="Keras returns what isn't finite as it is",
    ),
    KnownDifference(
        name="lerp-of-infinity",
        kind=Kind.EDGE,
        torch="torch.lerp(x, y, weight)",
        tensorflow="x + weight * (y - x)",
        where="np.isinf(x).any() or np.isinf(y).any()",
        relation="~np.isfinite(pytorch) & ~np.isfinite(tensorflow)",
        example={"x": f32([1.0]), "y": f32([_INF]), "weight": 0.875},
        without={"x": f32([1.0]), "y": f32([2.0]), "weight": 0.875},
        gives=("[nan]", "[inf]"),
        rows=("lerp",),
        in_pytorch="x + weight * (y - x)",
        why="from a weight of 1/2 on PyTorch starts at the other end, and takes one infinity from "
        "the other",
    ),
    *(
        KnownDifference(
            name=f"addcmul-gradient-beside-infinity-of-{argument}",
            kind=Kind.GRADIENT,
            torch="torch.addcmul(x, y, z, value=0.5) * torch.tensor([2.0, -1.0])",
            tensorflow="(x + 0.5 * y * z) * tf.constant([2.0, -1.0])",
            result=f"gradient of {argument}",
            where="np.isinf(x).any() or np.isinf(y).any() or np.isinf(z).any()",
            relation="np.isnan(pytorch) & np.isinf(tensorflow)",
            example={"x": f32([1.0, 1.0]), "y": f32(0.5), "z": f32(_INF)},
            without={"x": f32([1.0, 1.0]), "y": f32(0.5), "z": f32(3)},
            gives=gives,
            rows=("addcmul",),
            why="TensorFlow adds the cotangents of a repeated argument up before it multiplies; "
            "PyTorch adds infinities of both signs",
        )
        for argument, gives in (("y", ("nan", "inf")),)
    ),
    KnownDifference(
        name="angle-gradient-at-the-origin",
        kind=Kind.GRADIENT,
        torch="torch.angle(x)",
        tensorflow="tf.math.angle(x)",
        keras="keras.ops.angle(x)",
        result="gradient of x",
        where="(x == 0).any()",
        relation="(x == 0) & (pytorch == 0) & np.isnan(tensorflow)",
        example={"x": c64([0, 1])},
        without={"x": c64([1j, 1])},
        gives=("[0+0j, 0+1j]", "[-inf+nanj, -0+1j]"),
        rows=("angle",),
        why="PyTorch takes it for 0, TensorFlow divides by 0",
    ),
    KnownDifference(
        name="allclose-to-infinity",
        kind=Kind.EDGE,
        torch="torch.tensor(torch.allclose(x, y))",
        tensorflow="tf.experimental.numpy.allclose(x, y)",
        where="np.isinf(x).any() or np.isinf(y).any()",
        relation="~pytorch & tensorflow",
        example={"x": f32([1.0]), "y": f32([_INF])},
        without={"x": f32([1.0]), "y": f32([2.0])},
        gives=("False", "True"),
        rows=("allclose",),
        in_tensorflow="keras.ops.allclose(x, y)",
        why="TensorFlow finds an infinite distance within an infinite tolerance",
    ),
    KnownDifference(
        name="logit-gradient-at-minus-zero",
        kind=Kind.GRADIENT,
        torch="torch.logit(x)",
        tensorflow="tf.math.log(x) - tf.math.log1p(-x)",
        result="gradient of x",
        where="((x == 0) & np.signbit(x)).any()",
        relation="(x == 0) & np.isinf(pytorch) & (tensorflow == -pytorch)",
        example={"x": f32([-0.0, 0.5])},
        without={"x": f32([0.0, 0.5])},
        gives=("[inf, 4]", "[-inf, 4]"),
        rows=("logit",),
        rounding=4,
        why="PyTorch gives infinity at both zeros, TensorFlow divides by x",
    ),
)
