"""Comparisons, logic and bits."""

from __future__ import annotations

from functools import partial

import numpy as np

from cases.inputs import ALL, FLOATS, INTEGERS, REALS, Array, given
from cases.rows import EXACT
from cases.rows import row as any_row

row = partial(any_row, rule=EXACT, gradients=False)


def _close(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Numbers of which some are near x: within usual tolerances, and well outside of them."""
    if x.shape != y.shape:
        return y
    generator = np.random.default_rng(x.size)
    apart = generator.choice((1e-7, 3e-6, 5e-5, 4e-4, 1e-2), x.shape)
    with np.errstate(all="ignore"):
        near = (x * (1 + apart * generator.choice((-1, 1), x.shape))).astype(x.dtype)
    return np.where(generator.uniform(size=x.shape) < 0.7, near, y)


_XY = given(x=Array("~"), y=Array("~"))
_CLOSE = given(x=Array("~"), y=Array("~"), fit=lambda found: {"y": _close(**found)})
_BITS = given(x=Array("~", dtype="bool"), y=Array("~", dtype="bool"))
_SHIFT = given(x=Array("~"), y=Array("~", low=0, high=7, specials=False))

CASES = (
    row(
        "eq",
        "torch.eq(x, y)",
        "tf.math.equal(x, y)",
        "keras.ops.equal(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row(
        "ne",
        "torch.ne(x, y)",
        "tf.math.not_equal(x, y)",
        "keras.ops.not_equal(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row(
        "lt", "torch.lt(x, y)", "tf.math.less(x, y)", "keras.ops.less(x, y)", inputs=_XY, dtypes=ALL
    ),
    row(
        "le",
        "torch.le(x, y)",
        "tf.math.less_equal(x, y)",
        "keras.ops.less_equal(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row(
        "gt",
        "torch.gt(x, y)",
        "tf.math.greater(x, y)",
        "keras.ops.greater(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row(
        "ge",
        "torch.ge(x, y)",
        "tf.math.greater_equal(x, y)",
        "keras.ops.greater_equal(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row("isnan", "torch.isnan(x)", "tf.math.is_nan(x)", "keras.ops.isnan(x)"),
    row("isinf", "torch.isinf(x)", "tf.math.is_inf(x)", "keras.ops.isinf(x)"),
    row("isfinite", "torch.isfinite(x)", "tf.math.is_finite(x)", "keras.ops.isfinite(x)"),
    row(
        "isposinf",
        "torch.isposinf(x)",
        "tf.experimental.numpy.isposinf(x)",
        "keras.ops.isposinf(x)",
    ),
    row(
        "isneginf",
        "torch.isneginf(x)",
        "tf.experimental.numpy.isneginf(x)",
        "keras.ops.isneginf(x)",
    ),
    row(
        "signbit",
        "torch.signbit(x)",
        "tf.experimental.numpy.signbit(x)",
        "keras.ops.signbit(x)",
        dtypes=REALS,
    ),
    row(
        "isclose",
        "torch.isclose(x, y, rtol=1e-5, atol=1e-8)",
        "tf.experimental.numpy.isclose(x, y, rtol=1e-5, atol=1e-8)",
        "keras.ops.isclose(x, y, rtol=1e-5, atol=1e-8)",
        inputs=_CLOSE,
        dtypes=REALS,
    ),
    row(
        "isclose_nan",
        "torch.isclose(x, y, equal_nan=True)",
        "tf.experimental.numpy.isclose(x, y, equal_nan=True)",
        "keras.ops.isclose(x, y, equal_nan=True)",
        inputs=_CLOSE,
        dtypes=REALS,
    ),
    row(
        "allclose",
        "torch.tensor(torch.allclose(x, y))",
        "tf.experimental.numpy.allclose(x, y)",
        "keras.ops.allclose(x, y)",
        inputs=given(x=Array(), y=Array()),
        dtypes=REALS,
        doc="PyTorch gives a bool of Python.",
    ),
    row(
        "equal",
        "torch.tensor(torch.equal(x, y))",
        "tf.math.reduce_all(tf.math.equal(x, y))",
        "keras.ops.all(keras.ops.equal(x, y))",
        inputs=given(x=Array(low=0, high=1), y=Array(low=0, high=1)),
        dtypes=(*REALS, "int32"),
    ),
    row(
        "isreal",
        "torch.isreal(x)",
        "tf.experimental.numpy.isreal(x)",
        "keras.ops.isreal(x)",
        dtypes=("complex64", "float32"),
    ),
    row(
        "isin",
        "torch.isin(x, y)",
        "tf.reduce_any(tf.equal(x[..., None], tf.reshape(y, [-1])), -1)",
        "keras.ops.isin(x, y)",
        inputs=given(x=Array("mn"), y=Array("k")),
        dtypes=("int32", "int64"),
    ),
    row(
        "logical_and",
        "torch.logical_and(x, y)",
        "tf.math.logical_and(x, y)",
        "keras.ops.logical_and(x, y)",
        inputs=_BITS,
        dtypes=("bool",),
    ),
    row(
        "logical_or",
        "torch.logical_or(x, y)",
        "tf.math.logical_or(x, y)",
        "keras.ops.logical_or(x, y)",
        inputs=_BITS,
        dtypes=("bool",),
    ),
    row(
        "logical_xor",
        "torch.logical_xor(x, y)",
        "tf.math.logical_xor(x, y)",
        "keras.ops.logical_xor(x, y)",
        inputs=_BITS,
        dtypes=("bool",),
    ),
    row(
        "logical_not",
        "torch.logical_not(x)",
        "tf.math.logical_not(x)",
        "keras.ops.logical_not(x)",
        inputs=given(x=Array(dtype="bool")),
        dtypes=("bool",),
    ),
    row(
        "logical_and_numbers",
        "torch.logical_and(x, y)",
        "tf.math.logical_and(tf.cast(x, tf.bool), tf.cast(y, tf.bool))",
        "keras.ops.logical_and(x, y)",
        inputs=_XY,
        dtypes=ALL,
    ),
    row(
        "bitwise_and",
        "torch.bitwise_and(x, y)",
        "tf.bitwise.bitwise_and(x, y)",
        "keras.ops.bitwise_and(x, y)",
        inputs=_XY,
        dtypes=INTEGERS,
    ),
    row(
        "bitwise_or",
        "torch.bitwise_or(x, y)",
        "tf.bitwise.bitwise_or(x, y)",
        "keras.ops.bitwise_or(x, y)",
        inputs=_XY,
        dtypes=INTEGERS,
    ),
    row(
        "bitwise_xor",
        "torch.bitwise_xor(x, y)",
        "tf.bitwise.bitwise_xor(x, y)",
        "keras.ops.bitwise_xor(x, y)",
        inputs=_XY,
        dtypes=INTEGERS,
    ),
    row(
        "bitwise_not",
        "torch.bitwise_not(x)",
        "tf.bitwise.invert(x)",
        "keras.ops.bitwise_not(x)",
        dtypes=INTEGERS,
    ),
    row(
        "bitwise_left_shift",
        "torch.bitwise_left_shift(x, y)",
        "tf.bitwise.left_shift(x, y)",
        "keras.ops.bitwise_left_shift(x, y)",
        inputs=_SHIFT,
        dtypes=INTEGERS,
    ),
    row(
        "bitwise_right_shift",
        "torch.bitwise_right_shift(x, y)",
        "tf.bitwise.right_shift(x, y)",
        "keras.ops.bitwise_right_shift(x, y)",
        inputs=_SHIFT,
        dtypes=INTEGERS,
    ),
    row(
        "cast_to_float",
        "x.to(torch.float32)",
        "tf.cast(x, tf.float32)",
        "keras.ops.cast(x, 'float32')",
        dtypes=(*INTEGERS, "float64", "float16", "bfloat16"),
    ),
    row(
        "cast_to_half",
        "x.to(torch.float16)",
        "tf.cast(x, tf.float16)",
        "keras.ops.cast(x, 'float16')",
        dtypes=REALS,
    ),
    row(
        "cast_to_bfloat16",
        "x.to(torch.bfloat16)",
        "tf.cast(x, tf.bfloat16)",
        "keras.ops.cast(x, 'bfloat16')",
        dtypes=REALS,
    ),
    row(
        "cast_to_int",
        "x.to(torch.int32)",
        "tf.cast(x, tf.int32)",
        "keras.ops.cast(x, 'int32')",
        inputs=given(x=Array(low=-2e9, high=2e9)),
        dtypes=REALS,
    ),
    row(
        "cast_to_bool",
        "x.to(torch.bool)",
        "tf.cast(x, tf.bool)",
        "keras.ops.cast(x, 'bool')",
        dtypes=(*FLOATS, *INTEGERS),
    ),
    row(
        "saturate_cast",
        "torch.clamp(x, -128, 127).to(torch.int8)",
        "tf.saturate_cast(x, tf.int8)",
        "keras.ops.saturate_cast(x, 'int8')",
        inputs=given(x=Array(low=-1e6, high=1e6)),
        dtypes=(*REALS, "int32"),
    ),
)
