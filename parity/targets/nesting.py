"""The ends of a source's graph, and which ends of a file they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converters import Graph, Value
from parity.errors import CheckError


def plain_ends(graph: Graph) -> tuple[dict[str, None], dict[str, None]]:
    """The names of a graph's inputs and of its tensor outputs, in the source's axis orders."""
    inputs = {item.name: None for item in graph.inputs}
    outputs = {item.name: None for item in graph.outputs if isinstance(item.value, Value)}
    return inputs, outputs


def ends_by_name(
    graph: Graph,
    begins: Sequence[str],
    ends: Sequence[str],
    recorded: Sequence[Mapping[str, str]],
    label: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """Which ends of a file are the source's inputs and outputs.

    They are matched as the file's record says, else by name, else by order where there are as many.

    Args:
        graph: the source's graph.
        begins: the file's inputs.
        ends: its outputs.
        recorded: for inputs and for outputs, what the file says itself; empty if nothing.
        label: the file, for messages.

    Raises:
        CheckError: the file has other inputs or outputs.
    """
    wanted = plain_ends(graph)
    found = []
    for kind, names, own, said in zip(
        ("inputs", "outputs"), wanted, (begins, ends), recorded, strict=True
    ):
        if all(name in said for name in names):
            found.append({name: said[name] for name in names})
        elif all(name in own for name in names):
            found.append({name: name for name in names})
        elif len(own) == len(names):
            found.append(dict(zip(names, own, strict=True)))
        else:
            raise CheckError(
                f"{label} has the {kind} {', '.join(own) or 'none'}; the source has "
                f"{', '.join(names)}."
            )
    return found[0], found[1]
