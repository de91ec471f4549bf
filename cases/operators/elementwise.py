"""Functions of one number."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.inputs import FLOATS, INTEGERS, REALS, Array, given
from cases.rows import CONDITIONED, EXACT, ULPS, row
from cases.strategies import numbers
from parity.suite import OperatorCase, Rule

_XY = given(x=Array("~"), y=Array("~"))

_NUMPY = ("float32", "float64", "float16")


def _same(name: str, tensorflow: str = "", keras: str = "", rule: Rule = ULPS) -> OperatorCase:
    """A function that has one argument and nearly one name everywhere."""
    return row(
        name,
        f"torch.{name}(x)",
        f"tf.math.{tensorflow or name}(x)",
        f"keras.ops.{keras or name}(x)",
        rule,
    )


CASES = (
    row("abs", "torch.abs(x)", "tf.math.abs(x)", "keras.ops.abs(x)", EXACT),
    row("neg", "torch.neg(x)", "tf.math.negative(x)", "keras.ops.negative(x)", EXACT),
    row("sign", "torch.sign(x)", "tf.math.sign(x)", "keras.ops.sign(x)", EXACT),
    row("ceil", "torch.ceil(x)", "tf.math.ceil(x)", "keras.ops.ceil(x)", EXACT),
    row("floor", "torch.floor(x)", "tf.math.floor(x)", "keras.ops.floor(x)", EXACT),
    row("round", "torch.round(x)", "tf.math.round(x)", "keras.ops.round(x)", EXACT),
    row("rint", "torch.round(x)", "tf.math.rint(x)", "", EXACT, dtypes=REALS, gradients=False),
    row(
        "trunc",
        "torch.trunc(x)",
        "tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))",
        "keras.ops.trunc(x)",
        EXACT,
    ),
    row(
        "frac",
        "torch.frac(x)",
        "x - tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))",
        "x - keras.ops.trunc(x)",
        EXACT,
    ),
    row("positive", "torch.positive(x)", "tf.experimental.numpy.positive(x)", "", EXACT),
    row("square", "torch.square(x)", "tf.math.square(x)", "keras.ops.square(x)"),
    row("reciprocal", "torch.reciprocal(x)", "tf.math.reciprocal(x)", "keras.ops.reciprocal(x)"),
    _same("sqrt"),
    _same("rsqrt"),
    _same("exp"),
    _same("expm1"),
    _same("log"),
    _same("log1p"),
    row(
        "exp2", "torch.exp2(x)", "tf.experimental.numpy.exp2(x)", "keras.ops.exp2(x)", dtypes=_NUMPY
    ),
    row(
        "log2", "torch.log2(x)", "tf.experimental.numpy.log2(x)", "keras.ops.log2(x)", dtypes=_NUMPY
    ),
    row(
        "log10",
        "torch.log10(x)",
        "tf.experimental.numpy.log10(x)",
        "keras.ops.log10(x)",
        dtypes=_NUMPY,
    ),
    _same("sin"),
    _same("cos"),
    _same("tan"),
    _same("asin", keras="arcsin"),
    _same("acos", keras="arccos"),
    _same("atan", keras="arctan"),
    _same("sinh"),
    _same("cosh"),
    _same("tanh"),
    _same("asinh", keras="arcsinh"),
    _same("acosh", keras="arccosh"),
    _same("atanh", keras="arctanh"),
    _same("sigmoid"),
    row(
        "deg2rad",
        "torch.deg2rad(x)",
        "tf.experimental.numpy.deg2rad(x)",
        "keras.ops.deg2rad(x)",
        dtypes=_NUMPY,
    ),
    row("rad2deg", "torch.rad2deg(x)", "tf.experimental.numpy.rad2deg(x)", "keras.ops.rad2deg(x)"),
    row(
        "logit",
        "torch.logit(x)",
        "tf.math.log(x) - tf.math.log1p(-x)",
        "",
        CONDITIONED,
        given(x=Array(low=0, high=1)),
    ),
    row(
        "nan_to_num",
        "torch.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0)",
        "tf.where(tf.math.is_nan(x), tf.ones_like(x), tf.where(x == math.inf, "
        "2 * tf.ones_like(x), tf.where(x == -math.inf, -2 * tf.ones_like(x), x)))",
        "keras.ops.nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0)",
        EXACT,
        gradients=False,
    ),
    row(
        "clamp",
        "torch.clamp(x, -1, 1)",
        "tf.clip_by_value(x, -1, 1)",
        "keras.ops.clip(x, -1, 1)",
        EXACT,
        dtypes=(*FLOATS, "int32", "int64"),
    ),
    row(
        "clamp_tensors",
        "torch.clamp(x, low, high)",
        "tf.clip_by_value(x, low, high)",
        "keras.ops.clip(x, low, high)",
        EXACT,
        given(x=Array(), low=Array(low=-2, high=0), high=Array(low=0, high=2)),
        REALS,
        gradients=False,
    ),
    row(
        "clamp_min",
        "torch.clamp_min(x, low)",
        "tf.math.maximum(x, low)",
        "keras.ops.maximum(x, low)",
        EXACT,
        given(x=Array(), low=numbers()),
        gradients=False,
    ),
    row(
        "pow_number",
        "torch.pow(x, exponent)",
        "tf.math.pow(x, exponent)",
        "keras.ops.power(x, exponent)",
        CONDITIONED,
        given(x=Array(), exponent=st.sampled_from((-2.0, -1.0, 0.5, 1.0, 2.0, 2.5, 3.0))),
        REALS,
    ),
    row(
        "abs_integers",
        "torch.abs(x)",
        "tf.math.abs(x)",
        "keras.ops.abs(x)",
        EXACT,
        given(x=Array()),
        INTEGERS[:-1],
        gradients=False,
    ),
    row(
        "square_integers",
        "torch.square(x)",
        "tf.math.square(x)",
        "keras.ops.square(x)",
        EXACT,
        given(x=Array()),
        INTEGERS[:-1],
        gradients=False,
    ),
    row(
        "sign_integers",
        "torch.sign(x)",
        "tf.math.sign(x)",
        "keras.ops.sign(x)",
        EXACT,
        given(x=Array()),
        INTEGERS[:-1],
        gradients=False,
    ),
)
