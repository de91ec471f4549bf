"""Comparisons, logic and choices, element by element."""

from __future__ import annotations

from collections.abc import Callable

import torch

from converters.layout import ANY
from converters.tf_to_torch.lowerings import Operand, Tensor, lower
from converters.tf_to_torch.lowerings.arithmetic import tensors


def _register(op: str, function: Callable[[Tensor, Tensor], Tensor], summary: str) -> None:
    def lowering(x: Operand, y: Operand) -> Tensor:
        return function(*tensors(x, y))

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = summary
    lower(op, layout=ANY)(lowering)


for _op, _function, _summary in (
    ("tf.Greater", torch.gt, "Whether x > y."),
    ("tf.GreaterEqual", torch.ge, "Whether x >= y."),
    ("tf.Less", torch.lt, "Whether x < y."),
    ("tf.LessEqual", torch.le, "Whether x <= y."),
    ("tf.LogicalAnd", torch.logical_and, "Whether both are true."),
    ("tf.LogicalOr", torch.logical_or, "Whether one of the two is true."),
    ("tf.BitwiseAnd", torch.bitwise_and, "The bits that both have."),
    ("tf.BitwiseOr", torch.bitwise_or, "The bits that one of the two has."),
    ("tf.BitwiseXor", torch.bitwise_xor, "The bits that only one of the two has."),
    ("tf.LeftShift", torch.bitwise_left_shift, "Bits moved up."),
    ("tf.RightShift", torch.bitwise_right_shift, "Bits moved down."),
):
    _register(_op, _function, _summary)


@lower("tf.Equal", layout=ANY)
def equal(x: Operand, y: Operand, incompatible_shape_error: bool = True) -> Tensor:
    """Whether x = y. Shapes: broadcast. Dtypes: all -> bool."""
    return torch.eq(*tensors(x, y))


@lower("tf.NotEqual", layout=ANY)
def not_equal(x: Operand, y: Operand, incompatible_shape_error: bool = True) -> Tensor:
    """Whether x differs from y. Shapes: broadcast. Dtypes: all -> bool."""
    return torch.ne(*tensors(x, y))


@lower("tf.SelectV2", layout=ANY)
def select_v2(condition: Tensor, t: Tensor, e: Tensor) -> Tensor:
    """t where the condition holds, else e. Shapes: broadcast. Dtypes: all."""
    return torch.where(condition, t, e)


@lower("tf.Select")
def select(condition: Tensor, t: Tensor, e: Tensor) -> Tensor:
    """t where the condition holds, else e; a condition of rank 1 chooses rows.

    Shapes: condition (...) or (n), t and e (n, ...) -> (n, ...). Dtypes: all.
    """
    if condition.ndim == 1 and t.ndim > 1:
        condition = condition.reshape(-1, *[1] * (t.ndim - 1))
    return torch.where(condition, t, e)
