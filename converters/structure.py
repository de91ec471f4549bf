"""Nested arguments and results: values of a graph inside tuples, lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from converters.graph import Value


def pruned(structure: object) -> object:
    """The structure without constants; None where no tensor is left."""
    if isinstance(structure, Mapping):
        kept = {
            key: inner for key, item in structure.items() if (inner := pruned(item)) is not None
        }
        return kept or None
    if isinstance(structure, tuple | list):
        items = tuple(inner for item in structure if (inner := pruned(item)) is not None)
        return items or None
    return structure if isinstance(structure, Value) else None


def structured(structure: object, specs: Mapping[str, object]) -> Any:
    """The structure with each value replaced by what stands under its name in ``specs``."""
    if isinstance(structure, Value):
        return specs[structure.producer]
    return map_structure(lambda leaf: structured(leaf, specs), structure)


def map_structure(function: Callable[[object], object], structure: object) -> object:
    """Apply a function to the direct children of a tuple, list or dict; to a leaf itself."""
    if isinstance(structure, Mapping):
        return {key: function(item) for key, item in structure.items()}
    if isinstance(structure, list):
        return [function(item) for item in structure]
    if isinstance(structure, tuple):
        return tuple(function(item) for item in structure)
    return structure


def leaves(structure: object, argument: Any) -> Iterator[tuple[str, object]]:
    """The values of an argument with the names that the structure gives them."""
    if isinstance(structure, Value):
        yield structure.producer, argument
    elif isinstance(structure, Mapping):
        for key, item in structure.items():
            yield from leaves(item, argument[key])
    elif isinstance(structure, tuple):
        for item, part in zip(structure, argument, strict=True):
            yield from leaves(item, part)


def named(structure: object, result: Any) -> Iterator[tuple[str, Any]]:
    """The tensors of a result with the names that the structure gives them."""
    if isinstance(structure, Value):
        yield structure.producer, result
    elif isinstance(structure, Mapping):
        for key, item in structure.items():
            yield from named(item, result[key])
    elif isinstance(structure, tuple | list):
        for item, part in zip(structure, result, strict=True):
            yield from named(item, part)


def flat_names(structures: Any, *, constants: bool = False) -> list[str]:
    """Leaf names in the order in which TensorFlow flattens the same nesting.

    Args:
        structures: nested structures with values as leaves.
        constants: whether a number among the leaves has a tensor of its own, as it has in results.
    """
    import tensorflow as tf

    def named(structure: object) -> object:
        if isinstance(structure, Value):
            return structure.producer
        if constants and isinstance(structure, bool | int | float):
            return f"constant {structure}"
        if isinstance(structure, Mapping):
            return {key: named(item) for key, item in structure.items()}
        if isinstance(structure, tuple | list):
            return [named(item) for item in structure]
        return None

    return [
        leaf for leaf in tf.nest.flatten([named(s) for s in structures]) if isinstance(leaf, str)
    ]
