"""Drop what no output and no mutated buffer depends on."""

from __future__ import annotations

from converters.graph import Graph, values_in

CHECK = "check.scalar"
"""The operator that stops a run unless its argument holds."""


def drop_dead_nodes(graph: Graph) -> Graph:
    """The graph without nodes whose results nobody uses; checks are there for their own sake.

    Parameters stay, used or not: a checkpoint holds them all.
    """
    wanted = {value.producer for output in graph.outputs for value in values_in((output.value,))}
    wanted.update(value.producer for value in graph.mutations.values())
    kept = []
    for node in reversed(graph.nodes):
        if node.name in wanted or node.op == CHECK:
            kept.append(node)
            wanted.update(value.producer for value in values_in(node.args))
    return graph.replace(nodes=tuple(reversed(kept)))
