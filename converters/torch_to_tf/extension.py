"""Lowerings that a user registers for operators of his own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

from converters.layout import Layout
from converters.torch_to_tf.lowerings import load
from converters.torch_to_tf.schema import overload

Lowered = TypeVar("Lowered", bound=Callable[..., object])


def lower(*targets: str, layout: Layout) -> Callable[[Lowered], Lowered]:
    """Register a function as a lowering; see :func:`converters.lower`."""
    ops = [_operator(target) for target in targets]

    def registered(function: Lowered) -> Lowered:
        load().lower(*ops, layout=layout)(_by_position(function))
        return function

    return registered


def _by_position(function: Callable[..., object]) -> Callable[..., object]:
    """The function, called with positional arguments: ``tf.custom_gradient`` takes no others."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(**given: object) -> object:
        bound = signature.bind(**given)
        return function(*bound.args, **bound.kwargs)

    return call


def _operator(target: str) -> str:
    """The operator's name as graphs have it.

    Raises:
        ValueError: PyTorch has no such operator, or it changes its arguments.
    """
    op = target.replace("::", ".")
    op = op if op.count(".") > 1 else f"{op}.default"
    found = overload(op)
    if found is None:
        raise ValueError(
            f"PyTorch has no operator {target}. Define it with torch.library before its lowering "
            "is registered, and name it namespace::name or namespace::name.overload."
        )
    if found._schema.is_mutable:
        raise ValueError(
            f"{target} changes its arguments in place, which a graph of values can't hold. Define "
            "an operator that returns its result, and lower that."
        )
    return op
