"""The bare structure of a graph: which operator takes which values.

It is small enough to travel with a saved model.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from converters.graph import Graph, TensorSpec, Value

Reference = tuple[str, int] | None
"""A value by producer and output, or None for a constant."""


@dataclass(frozen=True, slots=True)
class Bone:
    """A node without its constants: name, operator and the tensors among its arguments."""

    name: str
    op: str
    arguments: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A graph's nodes in execution order, and the names that need no matching.

    Attributes:
        bones: the nodes.
        ends: names of inputs and parameters.
        parameters: names of the parameters only.
    """

    bones: tuple[Bone, ...]
    ends: frozenset[str]
    parameters: frozenset[str]

    @classmethod
    def of(cls, graph: Graph) -> Skeleton:
        """The skeleton of a captured graph."""
        parameters = frozenset(parameter.name for parameter in graph.parameters)
        tensors = {v for v, spec in graph.specs.items() if isinstance(spec, TensorSpec)}
        return cls(
            tuple(Bone(n.name, n.op, tuple(_references(n.args, tensors))) for n in graph.nodes),
            parameters | {item.name for item in graph.inputs},
            parameters,
        )

    def to_json(self) -> dict[str, object]:
        """Plain lists and strings."""
        return {
            "bones": [
                [b.name, b.op, [list(r) if r else None for r in b.arguments]] for b in self.bones
            ],
            "ends": sorted(self.ends),
            "parameters": sorted(self.parameters),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Skeleton:
        """What :meth:`to_json` wrote."""
        bones = tuple(
            Bone(
                str(name), str(op), tuple((str(r[0]), int(r[1])) if r else None for r in references)
            )
            for name, op, references in data["bones"]
        )
        return cls(
            bones, frozenset(map(str, data["ends"])), frozenset(map(str, data["parameters"]))
        )


def _references(argument: object, tensors: Collection[Value]) -> Iterable[Reference]:
    """A size that is computed in one capture is a constant in another that leaves it no room."""
    if isinstance(argument, Value) and argument in tensors:
        yield argument.producer, argument.index
    elif isinstance(argument, Mapping):
        for item in argument.values():
            yield from _references(item, tensors)
    elif isinstance(argument, tuple):
        for item in argument:
            yield from _references(item, tensors)
    else:
        yield None


def matched_nodes(source: Skeleton, target: Skeleton) -> dict[str, str]:
    """Which node of one graph is which of another.

    The two are captures of one model, or of a model and its changed copy.

    Names are not trusted: an operator more, and all that follow are called otherwise. Two nodes are
    the same if they have one operator and their arguments are the same; constants may differ, for
    that is what a fault looks like. Where arguments differ because something was inserted before,
    an operator that holds parameters is recognised by them.

    Returns:
        For each recognised node of the target the source's name for it.
    """
    found: dict[str, str] = {name: name for name in source.ends & target.ends}
    whole: defaultdict[object, list[Bone]] = defaultdict(list)
    anchors: defaultdict[object, list[Bone]] = defaultdict(list)
    for bone in source.bones:
        whole[bone.op, bone.arguments].append(bone)
        anchors[_anchor(bone, source)].append(bone)
    ours = Counter(_anchor(bone, target) for bone in target.bones)
    taken: set[str] = set()
    for bone in target.bones:
        renamed = tuple(
            None if r is None else (found.get(r[0], f"? {r[0]}"), r[1]) for r in bone.arguments
        )
        anchor = _anchor(bone, target)
        candidates = [b for b in whole[bone.op, renamed] if b.name not in taken]
        if not candidates and anchor is not None and ours[anchor] == len(anchors[anchor]):
            candidates = [b for b in anchors[anchor] if b.name not in taken]
        if candidates:
            found[bone.name] = candidates[0].name
            taken.add(candidates[0].name)
    return {name: other for name, other in found.items() if name not in target.ends}


def _anchor(bone: Bone, skeleton: Skeleton) -> object:
    """The operator and the parameters that it holds; None if it holds none."""
    held = tuple(r[0] for r in bone.arguments if r is not None and r[0] in skeleton.parameters)
    return (bone.op, held) if held else None
