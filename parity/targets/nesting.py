"""Nested calls as TensorFlow flattens them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters import Graph, Value


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


def plain_ends(graph: Graph) -> tuple[dict[str, None], dict[str, None]]:
    """The names of a graph's inputs and of its tensor outputs, in the source's axis orders."""
    inputs = {item.name: None for item in graph.inputs}
    outputs = {item.name: None for item in graph.outputs if isinstance(item.value, Value)}
    return inputs, outputs
