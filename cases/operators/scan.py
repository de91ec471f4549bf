"""Running sums and their kin."""

from __future__ import annotations

from cases.inputs import FLOATS, INTEGERS, REALS, Array, Axis, Shapes, given
from cases.rows import CONDITIONED, EITHER_ZERO, EXACT, SUM, row

_AXIS = given(Shapes((1, 4), long=True), x=Array(), axis=Axis())
_FEW = given(Shapes((1, 4)), x=Array(), axis=Axis())

CASES = (
    row(
        "cumsum",
        "torch.cumsum(x, axis)",
        "tf.math.cumsum(x, axis)",
        "keras.ops.cumsum(x, axis)",
        SUM,
        _AXIS,
        FLOATS,
    ),
    row(
        "cumsum_integers",
        "torch.cumsum(x, axis, dtype=x.dtype)",
        "tf.math.cumsum(x, axis)",
        "keras.ops.cumsum(x, axis)",
        EXACT,
        _AXIS,
        INTEGERS,
        gradients=False,
    ),
    row(
        "cumsum_reverse",
        "torch.flip(torch.cumsum(torch.flip(x, (axis,)), axis), (axis,))",
        "tf.math.cumsum(x, axis, reverse=True)",
        "",
        SUM,
        _FEW,
        REALS,
    ),
    row(
        "cumsum_exclusive",
        "torch.cumsum(x, axis).roll(1, axis) * (torch.arange(x.shape[axis])"
        " > 0).to(x.dtype).reshape([-1] + [1] * (x.ndim - 1 - axis % x.ndim))",
        "tf.math.cumsum(x, axis, exclusive=True)",
        "",
        SUM,
        given(Shapes((1, 4)), x=Array(specials=False), axis=Axis()),
        REALS,
    ),
    row(
        "cumprod",
        "torch.cumprod(x, axis)",
        "tf.math.cumprod(x, axis)",
        "keras.ops.cumprod(x, axis)",
        CONDITIONED,
        _FEW,
        REALS,
    ),
    row(
        "cumprod_integers",
        "torch.cumprod(x, axis, dtype=x.dtype)",
        "tf.math.cumprod(x, axis)",
        "keras.ops.cumprod(x, axis)",
        EXACT,
        _FEW,
        ("int32", "int64"),
        gradients=False,
    ),
    row(
        "logcumsumexp",
        "torch.logcumsumexp(x, axis)",
        "tf.math.cumulative_logsumexp(x, axis)",
        "",
        CONDITIONED,
        _FEW,
        REALS,
    ),
    row(
        "cummax",
        "torch.cummax(x, axis).values",
        "tf.transpose(tf.scan(tf.math.maximum, tf.transpose(x)))",
        "keras.ops.associative_scan(keras.ops.maximum, x, axis=axis)",
        EITHER_ZERO,
        given(x=Array("mn"), axis=1),
        REALS,
        gradients=False,
    ),
    row(
        "diff",
        "torch.diff(x, dim=axis)",
        "tf.experimental.numpy.diff(x, axis=axis)",
        "keras.ops.diff(x, axis=axis)",
        CONDITIONED,
        given(Shapes((1, 4), 1), x=Array(), axis=Axis()),
        REALS,
    ),
    row(
        "diff_twice",
        "torch.diff(x, 2, dim=axis)",
        "tf.experimental.numpy.diff(x, 2, axis=axis)",
        "keras.ops.diff(x, 2, axis=axis)",
        CONDITIONED,
        given(Shapes((1, 4), 3), x=Array(), axis=Axis()),
        REALS,
    ),
)
