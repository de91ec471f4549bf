"""Elements that stand within rounding of a kink: either slope there is right.

The slope of relu jumps where its argument changes its sign. An argument that is nearer to that than
rounding moves it may fall on either side, in the source as in the target, and then a gradient moves
by the whole of what flows through that element. That is a decision and no rounding error, so no
tolerance grows with it: the elements are counted, and what the gradients may be off is what turning
exactly these decisions moves them by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from converters import Graph, Node
from parity.noise import added

Prepare = Callable[[Node, Mapping[str, object]], Mapping[str, object]]

REACH = 4.0
"""How many times its noise an argument may be from a kink to be undecided."""

_FIXED: Mapping[str, tuple[float, ...]] = {
    **dict.fromkeys("relu leaky_relu prelu abs Relu LeakyRelu Abs Selu selu".split(), (0.0,)),
    **dict.fromkeys(("relu6", "Relu6"), (0.0, 6.0)),
    **dict.fromkeys(("hardswish", "hardsigmoid"), (-3.0, 3.0)),
}
_BOUNDED = {
    "hardtanh": ("min_val", "max_val"),
    "clamp": ("min", "max"),
    "clamp_min": ("min",),
    "clamp_max": ("max",),
    "ClipByValue": ("clip_value_min", "clip_value_max"),
}
_DEFAULTS = {"min_val": -1.0, "max_val": 1.0}
_ARGUMENTS = ("x", "features", "t", "input")


def kinks(node: Node) -> tuple[float, ...]:
    """Where the slope of a node's function jumps; empty if it doesn't, or it depends on tensors.

    >>> kinks(Node("a", "tf.Relu6", {}, ())), kinks(Node("b", "aten.tanh.default", {}, ()))
    ((0.0, 6.0), ())
    """
    name = node.op.split(".")[1]
    if name in _FIXED:
        return _FIXED[name]
    found = (node.args.get(key, _DEFAULTS.get(key)) for key in _BOUNDED.get(name, ()))
    return tuple(float(number) for number in found if isinstance(number, int | float))


class Kinks:
    """The arguments of functions with kinks, as they are and as rounding moves them."""

    def __init__(self, graph: Graph) -> None:
        """Looks at the nodes outside of branches and loops."""
        self._kinks = {node.name: found for node in graph.nodes if (found := kinks(node))}
        self._still: dict[str, np.ndarray] = {}
        self._moved: dict[str, np.ndarray] = {}
        self._runs = 0

    def watching(self, prepare: Prepare | None = None) -> Prepare:
        """What an interpreter does to arguments: look at them, after ``prepare`` has moved them.

        Args:
            prepare: moves them; None for the run that nothing moves, which comes first.
        """
        self._runs += prepare is not None

        def look(node: Node, arguments: Mapping[str, object]) -> Mapping[str, object]:
            given = arguments if prepare is None else prepare(node, arguments)
            if node.name in self._kinks:
                x = given[_key(given)].detach().numpy()  # type: ignore[attr-defined]
                if prepare is None:
                    self._still[node.name] = x.copy()
                else:
                    before = self._moved.get(node.name)
                    self._moved[node.name] = added(before, x, self._still[node.name])
            return given

        return look

    def undecided(self) -> dict[str, np.ndarray]:
        """For each node with undecided elements how far each such argument is moved, else NaN.

        Its mirror image is on the other side of the kink, and no further from it. What rounding
        doesn't move at all, such as a sum of zeros, is decided.
        """
        return dict(self._undecided())

    def _undecided(self) -> Iterator[tuple[str, np.ndarray]]:
        for name, x in self._still.items():
            field = self._moved[name] / max(self._runs, 1) ** 0.5
            usual = float(np.sqrt(np.mean(field**2))) if field.size else 0.0
            reach = REACH * np.maximum(field, usual)
            turned = np.full(x.shape, np.nan)
            for kink in self._kinks[name]:
                near = (np.abs(x - kink) <= reach) & (field > 0)
                turned[near] = np.where(x == kink, reach, 2 * (kink - x))[near]
            if not np.isnan(turned).all():
                yield name, turned


def turning(
    undecided: Mapping[str, np.ndarray], *, seed: int, others: bool, prepare: Prepare | None = None
) -> Prepare:
    """What an interpreter does to arguments: about half of the undecided ones fall otherwise.

    Args:
        undecided: of :meth:`Kinks.undecided`.
        seed: of the choice.
        others: whether it is the other half of that choice.
        prepare: what else is done to them.
    """
    import torch

    generator = np.random.default_rng(seed)
    moves = {}
    for name, move in undecided.items():
        chosen = (generator.random(move.shape) < 0.5) != others
        moves[name] = torch.from_numpy(np.where(chosen & ~np.isnan(move), move, 0.0))

    def turn(node: Node, arguments: Mapping[str, object]) -> Mapping[str, object]:
        given = arguments if prepare is None else prepare(node, arguments)
        if node.name not in undecided:
            return given
        key = _key(given)
        x: Any = given[key]
        return {**given, key: x + moves[node.name]}

    return turn


def _key(arguments: Mapping[str, object]) -> str:
    """Under which name a function with kinks takes what it is a function of."""
    return next(key for key in _ARGUMENTS if key in arguments)
