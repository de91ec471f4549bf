"""Logic on truth values and on bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, promote, same_shape

Operand: TypeAlias = tf.Tensor | Number
Binary = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _logical(op: str, function: Binary, summary: str) -> None:
    """Register a logical operator: operands of any type count as true where they are not 0."""

    def lowering(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        return function(truth(x), truth(other))

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"{summary} Operands count as true where they are not 0."
    lower(op, layout=ANY)(lowering)


def truth(x: Operand) -> tf.Tensor:
    """True where ``x`` is not 0."""
    x = tf.convert_to_tensor(x)
    return x if x.dtype == tf.bool else x != tf.zeros_like(x)


_logical("aten.logical_and.default", tf.logical_and, "Both.")
_logical("aten.logical_or.default", tf.logical_or, "At least one.")
_logical("aten.logical_xor.default", tf.not_equal, "Exactly one.")


@lower("aten.logical_not.default", layout=ANY)
def logical_not(x: tf.Tensor) -> tf.Tensor:
    """True where ``x`` is 0."""
    return tf.logical_not(truth(x))


def _bitwise(ops: tuple[str, ...], logical: Binary, bitwise: Binary, summary: str) -> None:
    """Register a bitwise operator: logical on bools, bit by bit on integers."""

    def lowering(x: Operand, other: Operand) -> tf.Tensor:
        a, b = same_shape(*promote(x, other))
        return logical(a, b) if a.dtype == tf.bool else bitwise(a, b)

    lowering.__name__ = ops[0].split(".")[1].strip("_")
    lowering.__doc__ = f"{summary} Dtypes: bool and integers."
    lower(*ops, layout=ANY)(lowering)


for _name, _logic, _bits, _summary in (
    ("and", tf.logical_and, tf.bitwise.bitwise_and, "And of every bit."),
    ("or", tf.logical_or, tf.bitwise.bitwise_or, "Or of every bit."),
    ("xor", tf.not_equal, tf.bitwise.bitwise_xor, "Exclusive or of every bit."),
):
    _bitwise(
        (
            f"aten.bitwise_{_name}.Tensor",
            f"aten.bitwise_{_name}.Scalar",
            f"aten.bitwise_{_name}.Scalar_Tensor",
            f"aten.__{_name}__.Tensor",
            f"aten.__{_name}__.Scalar",
        ),
        _logic,
        _bits,
        _summary,
    )


@lower("aten.bitwise_not.default", layout=ANY)
def bitwise_not(x: tf.Tensor) -> tf.Tensor:
    """Every bit inverted. Dtypes: bool and integers."""
    return tf.logical_not(x) if x.dtype == tf.bool else tf.bitwise.invert(x)


@lower(
    "aten.bitwise_left_shift.Tensor",
    "aten.bitwise_left_shift.Tensor_Scalar",
    "aten.bitwise_left_shift.Scalar_Tensor",
    "aten.__lshift__.Tensor",
    "aten.__lshift__.Scalar",
    layout=ANY,
)
def left_shift(x: Operand, other: Operand) -> tf.Tensor:
    """Bits moved up; 0 when all are moved out.

    Differs: ``tf.bitwise.left_shift`` moves by at most the width less one. Dtypes: integers.
    """
    a, b = same_shape(*promote(x, other))
    moved = tf.bitwise.left_shift(a, tf.where(_in_width(b), b, tf.zeros_like(b)))
    return tf.where(_in_width(b), moved, tf.zeros_like(a))


@lower(
    "aten.bitwise_right_shift.Tensor",
    "aten.bitwise_right_shift.Tensor_Scalar",
    "aten.bitwise_right_shift.Scalar_Tensor",
    "aten.__rshift__.Tensor",
    "aten.__rshift__.Scalar",
    layout=ANY,
)
def right_shift(x: Operand, other: Operand) -> tf.Tensor:
    """Bits moved down, the sign kept. Dtypes: integers."""
    a, b = same_shape(*promote(x, other))
    if a.dtype.is_unsigned:
        inside = _in_width(b)
        moved = tf.bitwise.right_shift(a, tf.where(inside, b, tf.zeros_like(b)))
        return tf.where(inside, moved, tf.zeros_like(a))
    last = cast(8 * a.dtype.size - 1, a.dtype)
    return tf.bitwise.right_shift(a, tf.where(_in_width(b), b, last))


def _in_width(shift: tf.Tensor) -> tf.Tensor:
    return (shift >= 0) & (shift < 8 * shift.dtype.size)
