"""Lowerings that a user registers for operators and modules of his own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch.utils import _pytree as pytree

from converters.errors import UnsupportedVariantError
from converters.layout import Layout
from converters.leaf import Leaf
from converters.torch_to_tf.leaves import Call, leaf_op
from converters.torch_to_tf.lowerings import load
from converters.torch_to_tf.nesting import unflatten
from converters.torch_to_tf.schema import overload

Function = Callable[..., object]
Lowered = TypeVar("Lowered", bound=Function)


def lower(*targets: str | type, layout: Layout) -> Callable[[Lowered], Lowered]:
    """Register a function as a lowering; see :func:`converters.lower`."""
    known = [_operator(target) if isinstance(target, str) else target for target in targets]

    def registered(function: Lowered) -> Lowered:
        for target in known:
            if isinstance(target, str):
                load().lower(target, layout=layout)(_by_position(function))
            else:
                _lower_module(target, function, layout)
        return function

    return registered


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


def _by_position(function: Function) -> Function:
    """The function, called with positional arguments: ``tf.custom_gradient`` takes no others."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(**given: object) -> object:
        bound = signature.bind(**given)
        return function(*bound.args, **bound.kwargs)

    return call


def _lower_module(kind: type, function: Function, layout: Layout) -> None:
    """Keep a class of modules whole, and register the function that computes its ``forward``.

    Raises:
        TypeError: it is no class of modules, or the function's parameters are not a leaf and those
            of its ``forward``.
        ValueError: it has a lowering already, or an axis order other than the source's is asked.
    """
    if not (isinstance(kind, type) and issubclass(kind, torch.nn.Module)):
        raise TypeError(f"{kind!r} is neither an operator's name nor a class of torch.nn.Module.")
    if layout != Layout():
        raise ValueError(f"the lowering of {kind.__name__} takes PyTorch's axis order: no layout.")
    _require_parameters(kind, function)

    @functools.wraps(function)
    def call(leaf: Call, weights: Sequence[Any], inputs: Sequence[Any]) -> tuple[object, ...]:
        given = unflatten(leaf.arguments, iter(inputs))
        assert isinstance(given, Mapping)
        bound = inspect.BoundArguments(inspect.signature(kind.forward), {"self": None, **given})
        own = Leaf(dict(zip(leaf.names, weights, strict=True)), leaf.module)
        returned = function(own, *bound.args[1:], **bound.kwargs)
        return tuple(_flat(leaf, returned))

    del call.__wrapped__
    load().lower(leaf_op(kind))(call)


def _require_parameters(kind: type[torch.nn.Module], function: Function) -> None:
    want = list(inspect.signature(kind.forward).parameters.values())[1:]
    have = list(inspect.signature(function).parameters.values())
    if not have:
        raise TypeError(f"the lowering of {kind.__name__} needs a first parameter for the leaf.")

    def plain(parameters: Sequence[inspect.Parameter]) -> list[tuple[object, ...]]:
        return [(p.name, p.kind, p.default) for p in parameters]

    if plain(want) != plain(have[1:]):
        bare = [p.replace(annotation=inspect.Parameter.empty) for p in want]
        raise TypeError(
            f"the parameters of the lowering of {kind.__name__} have to be a leaf, then those of "
            f"{kind.__name__}.forward, leaf and {inspect.Signature(bare)}"
        )


def _flat(leaf: Call, returned: object) -> list[object]:
    """The tensors of a lowering's result, in the order of the module's.

    Raises:
        UnsupportedVariantError: it is nested in another way than the module's result.
    """
    assert leaf.result is not None
    spec, slots = leaf.result
    structure = unflatten(spec, iter(range(len(slots))))
    found: dict[int, object] = {}

    def collect(part: Any, value: Any) -> None:
        if isinstance(part, int):
            found[part] = value
        elif isinstance(part, Mapping):
            for key, item in part.items():
                collect(item, value[key] if isinstance(value, Mapping) else getattr(value, key))
        else:
            for item, inner in zip(part, value, strict=True):
                collect(item, inner)

    try:
        collect(structure, returned)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        example = pytree.tree_unflatten(
            ["tensor" if s.kind == "tensor" else s.value for s in slots], spec
        )
        raise UnsupportedVariantError(
            f"the lowering of {type(leaf.module).__name__} has to return what its forward does: "
            f"{example!r}"
        ) from error
    return [found[place] for place, slot in enumerate(slots) if slot.kind == "tensor"]
