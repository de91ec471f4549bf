"""Operators whose result nobody wrote: memory as it was found."""

from __future__ import annotations

from converters import Graph, Node, Value

_UNWRITTEN = frozenset(
    [
        "empty",
        "empty_like",
        "empty_permuted",
        "empty_strided",
        "new_empty",
        "new_empty_strided",
        "resize",
        "resize_as",
    ]
)


def is_unwritten(node: Node) -> bool:
    """Whether an operator returns memory that was never written: only its form is defined."""
    library, name = node.op.split(".")[:2]
    return library == "aten" and name in _UNWRITTEN


def unwritten_outputs(graph: Graph) -> frozenset[str]:
    """The outputs of a graph whose contents PyTorch leaves undefined."""
    producers = {node.name for node in graph.nodes if is_unwritten(node)}
    return frozenset(
        output.name
        for output in graph.outputs
        if isinstance(output.value, Value) and output.value.producer in producers
    )
