"""PyTorch's trees of tuples, lists, dicts and other containers, as this project nests values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils import _pytree as pytree


def children_of(spec: pytree.TreeSpec) -> list[pytree.TreeSpec]:
    """What a container directly holds."""
    return list(spec.children()) if hasattr(spec, "children") else list(spec.children_specs)


def unflatten(spec: pytree.TreeSpec, leaves: Iterator[object]) -> object:
    """Nested tuples, lists and dicts; a dataclass or any other named container becomes a dict."""
    if spec.is_leaf():
        return next(leaves)
    children = [unflatten(child, leaves) for child in children_of(spec)]
    if spec.type is list:
        return children
    keys = _keys(spec)
    return dict(zip(keys, children, strict=True)) if keys is not None else tuple(children)


def _keys(spec: pytree.TreeSpec) -> list[str] | None:
    context: Any = spec.context
    count = len(children_of(spec))
    if hasattr(context, "_fields"):
        return list(context._fields)
    candidates = context if isinstance(context, tuple | list) else [context]
    for candidate in (context, *candidates):
        if (
            isinstance(candidate, tuple | list)
            and len(candidate) == count
            and all(isinstance(key, str) for key in candidate)
        ):
            return list(candidate)
    return None


def leaf_names(structure: object, prefix: str) -> Iterator[str]:
    """A name for each leaf: the keys and places that lead to it.

    >>> list(leaf_names({"logits": 0, "states": (1, 2)}, ""))
    ['logits', 'states_0', 'states_1']
    """
    items: list[tuple[object, object]]
    if isinstance(structure, Mapping):
        items = list(structure.items())
    elif isinstance(structure, tuple | list):
        items = list(enumerate(structure))
    else:
        yield prefix
        return
    for key, item in items:
        yield from leaf_names(item, f"{prefix}_{key}" if prefix else str(key))
