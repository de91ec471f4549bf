"""Branches and loops.

What is known while the model is traced is followed: a loop whose condition depends on numbers alone
is written out, step by step. What depends on data becomes PyTorch's own ``cond`` and
``while_loop``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._higher_order_ops.while_loop import while_loop_op

from converters.errors import UnsupportedVariantError
from converters.tf_to_torch.lists import TensorList
from converters.tf_to_torch.lowerings import Tensor, lower

Branch = Callable[..., list[Any]]

STEPS = 2048
"""As many steps of a loop are written out at most."""


def _is_known(condition: Any) -> bool:
    return isinstance(condition, bool | int) and not isinstance(condition, torch.SymBool)


def _as_tensor(value: Any) -> Tensor:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, TensorList):
        raise UnsupportedVariantError(
            "a list of tensors in a branch or a loop whose number of steps depends on data is not "
            "supported. Give the loop a number of steps that is known (a fixed sequence length)."
        )
    kind = torch.bool if isinstance(value, bool) else torch.int32
    return torch.full((), value, dtype=torch.float32 if isinstance(value, float) else kind)


def _alone(value: Any) -> Tensor:
    """A tensor of its own with its axes in order, as both branches have to return it."""
    return _as_tensor(value).clone(memory_format=torch.contiguous_format)


@lower("tf.If")
def if_(cond: Any, then_branch: Branch, else_branch: Branch, input: Sequence[Any]) -> list[Any]:
    """One of two branches. A condition that is known chooses while the model is traced."""
    if _is_known(cond):
        return (then_branch if cond else else_branch)(*input)
    operands = [_as_tensor(value) for value in input]

    def results(branch: Branch) -> Callable[..., tuple[Tensor, ...]]:
        return lambda *values: tuple(_alone(v) for v in branch(*values))

    chosen = torch.ops.higher_order.cond(
        cond.reshape(()), results(then_branch), results(else_branch), tuple(operands)
    )
    return list(chosen)


@lower("tf.While")
def while_(cond: Branch, body: Branch, input: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
    """Repeat the body while the condition holds."""
    carried = list(input)
    for _ in range(STEPS):
        (again,) = cond(*carried, *captured)
        if not _is_known(again):
            break
        if not again:
            return carried
        carried = body(*carried, *captured)
    return _repeated(cond, body, carried, captured)


def _repeated(
    cond: Branch, body: Branch, carried: Sequence[Any], captured: Sequence[Any]
) -> list[Any]:
    """A loop whose number of steps is known only when the model runs."""
    start = tuple(_alone(value) for value in carried)
    tensors = tuple(value for value in captured if isinstance(value, torch.Tensor))

    def filled(given: Sequence[Any]) -> list[Any]:
        rest = iter(given)
        return [next(rest) if isinstance(v, torch.Tensor) else v for v in captured]

    count = len(start)

    def again(*values: Any) -> Tensor:
        return _as_tensor(cond(*values[:count], *filled(values[count:]))[0]).reshape(())

    def step(*values: Any) -> tuple[Tensor, ...]:
        results = body(*values[:count], *filled(values[count:]))
        return tuple(_alone(result) for result in results)

    run: Any = while_loop_op
    return list(run(again, step, start, tensors))
