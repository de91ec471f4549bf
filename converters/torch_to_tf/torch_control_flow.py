"""PyTorch's operators of control flow, one call after another.

``torch.while_loop`` and its like are made for compilers: run eagerly they compile first, and some
of them have no gradient. As Python they have both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

Branch = Callable[..., list[Any]]


def cond(pred: Any, true_fn: Branch, false_fn: Branch, operands: Sequence[Any]) -> list[Any]:
    """``torch.cond``."""
    return (true_fn if bool(pred) else false_fn)(*operands)


def while_loop(
    cond_fn: Branch,
    body_fn: Branch,
    carried_inputs: Sequence[Any],
    additional_inputs: Sequence[Any],
) -> list[Any]:
    """``torch.while_loop``."""
    carried = list(carried_inputs)
    while bool(cond_fn(*carried, *additional_inputs)[0]):
        carried = body_fn(*carried, *additional_inputs)
    return carried


def map_impl(f: Branch, xs: Sequence[Any], pos_args: Sequence[Any]) -> list[Any]:
    """``map``: one call for each row, the results stacked."""
    rows = [f(*row, *pos_args) for row in zip(*xs, strict=True)]
    return [_stacked(column) for column in zip(*rows, strict=True)]


def scan(
    combine_fn: Branch, init: Sequence[Any], xs: Sequence[Any], additional_inputs: Sequence[Any]
) -> list[Any]:
    """``scan``: the last carry, then the stacked results."""
    carry, rows = list(init), []
    for row in zip(*xs, strict=True):
        results = combine_fn(*carry, *row, *additional_inputs)
        carry = results[: len(init)]
        rows.append(results[len(init) :])
    return [*carry, *(_stacked(column) for column in zip(*rows, strict=True))]


def _stacked(column: Sequence[Any]) -> Any:
    return None if column[0] is None else torch.stack(list(column))


def check(x: Any, message: Sequence[Any]) -> list[Any]:  # noqa: ARG001
    """Nothing: what is replayed has passed, and rounding errors may fail it."""
    return []


FUNCTIONS: Mapping[str, Callable[..., list[Any]]] = {
    "higher_order.cond": cond,
    "higher_order.while_loop": while_loop,
    "higher_order.map_impl": map_impl,
    "higher_order.scan": scan,
    "check.scalar": check,
}
"""By operator name; the parameters are those of the lowerings."""
