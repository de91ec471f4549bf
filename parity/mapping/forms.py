"""How a tensor of PyTorch may look in TensorFlow: the known rules of layout.

A unit is what one rule takes: a tensor, a part of one (a fused projection), or a pair (the two
biases of a recurrent cell).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converters import Rule

Shape = tuple[int, ...]
_RECURRENT = re.compile(r"(?P<of>(?:.*\.)?)(?P<kind>weight|bias)_(?P<side>ih|hh)(?P<layer>\w*)")
_GRU = (1, 0, 2)
"""Keras has the update gate before the reset gate."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What of the source one tensor of the target is made from.

    Attributes:
        names: one tensor, or two that are joined.
        part: which of how many parts of the first axis it is.
    """

    names: tuple[str, ...]
    part: tuple[int, int] = (0, 1)

    def __str__(self) -> str:
        """The name in a message."""
        words = " and ".join(self.names)
        return words if self.part[1] == 1 else f"{words} (part {self.part[0] + 1})"

    def taken(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Its tensors."""
        place, count = self.part
        return [np.split(arrays[name], count)[place] for name in self.names]


@dataclass(frozen=True, slots=True)
class Form:
    """A layout that fits: the options of a rule, and the shape that it gives.

    Attributes:
        axis: along which the parts of a fused tensor lie then.
    """

    shape: Shape
    options: Mapping[str, Any] = field(hash=False, compare=False)
    key: str = ""
    axis: int = 0

    def rule(self, source: tuple[str, ...], target: tuple[str, ...], **more: Any) -> Rule:
        """The rule between named tensors."""
        return Rule(source=source, target=target, **{**self.options, **more})

    def forward(self, arrays: list[np.ndarray]) -> np.ndarray:
        """The target's tensor."""
        names = tuple(f"t{i}" for i in range(len(arrays)))
        made: np.ndarray = self.rule(names, ("t",)).forward(arrays)[0]
        return made


def units_of(shapes: Mapping[str, Shape], wanted: set[Shape]) -> dict[Unit, tuple[Form, ...]]:
    """The units of a source, each with the forms that some tensor of the target has.

    Args:
        shapes: of the source's tensors.
        wanted: shapes of the target's.
    """
    units: dict[Unit, tuple[Form, ...]] = {}
    paired: set[str] = set()
    for name, shape in shapes.items():
        if name in paired:
            continue
        unit = Unit((name,))
        forms = list(_with_patterns(_forms(name, shape, shapes), wanted))
        match = _RECURRENT.fullmatch(name)
        other = name.replace("bias_ih", "bias_hh")
        if match and match["kind"] == "bias" and match["side"] == "ih" and other in shapes:
            unit = Unit((name, other))
            forms = list(_pair_forms(name, shape, shapes))
            paired.add(other)
        fitting = tuple(form for form in forms if form.shape in wanted)
        parts = _parts(name, shape, wanted) if not fitting and len(unit.names) == 1 else {}
        units.update(parts or {unit: fitting})
    return units


def _forms(name: str, shape: Shape, shapes: Mapping[str, Shape]) -> Iterator[Form]:
    rank = len(shape)
    if _gates(name, shapes) == 3 and rank == 2:
        options = {"layout": "transpose", "axis": 1, "blocks": _GRU}
        yield Form(shape[::-1], options, "gates")
    elif rank == 2:
        yield Form(shape[::-1], {"layout": "transpose"}, "transpose", axis=1)
        yield Form(shape, {}, "same")
    elif rank > 2:
        yield Form((*shape[2:], shape[1], shape[0]), {"layout": "convolution"}, "convolution")
        depthwise = (*range(2, rank), 0, 1)
        yield Form(tuple(shape[axis] for axis in depthwise), {"axes": depthwise}, "depthwise")
        yield Form(shape, {}, "same")
    else:
        yield Form(shape, {}, "same")


def _with_patterns(forms: Iterator[Form], wanted: set[Shape]) -> Iterator[Form]:
    """The forms, and those whose axes are split (heads) or have axes of one element beside them."""
    seen: set[tuple[Shape, str]] = set()
    for form in forms:
        yield form
        for shape in sorted(wanted):
            pattern = _pattern(form.shape, shape) if shape != form.shape else None
            key = f"{form.key} {pattern}"
            if pattern is not None and (shape, key) not in seen:
                seen.add((shape, key))
                text, sizes = pattern
                options = {**form.options, "pattern": text, "sizes": sizes}
                yield Form(shape, options, f"{form.key} {text}", form.axis)


def _pattern(given: Shape, wanted: Shape) -> tuple[str, dict[str, int]] | None:
    """How axes are split, with axes of one element put in or left out; None if that can't be."""
    names = iter("abcdefghij")
    left, right, sizes = [], [], {}
    rest = list(wanted)

    def ones() -> None:
        while rest and rest[0] == 1:
            right.append("1")
            rest.pop(0)

    for size in given:
        if size == 1:
            left.append("1")
            continue
        ones()
        group: list[str] = []
        found = 1
        while found < size and rest and size % (found * rest[0]) == 0:
            name, length = next(names, ""), rest.pop(0)
            found *= length
            group.append(name)
            if group[1:]:
                sizes[name] = length
        if found != size:
            return None
        right += group
        left.append(group[0] if len(group) == 1 else f"({' '.join(group)})")
    ones()
    return None if rest else (f"{' '.join(left)} -> {' '.join(right)}", sizes)


def _pair_forms(name: str, shape: Shape, shapes: Mapping[str, Shape]) -> Iterator[Form]:
    if _gates(name, shapes) == 3:
        options = {"join": "stack", "axis": 0, "blocks": _GRU, "block_axis": 1}
        yield Form((2, *shape), options, "stack")
    else:
        yield Form(shape, {"join": "sum"}, "sum")


def _gates(name: str, shapes: Mapping[str, Shape]) -> int:
    """How many gates a recurrent cell has; 0 if the tensor is none of a cell."""
    match = _RECURRENT.fullmatch(name)
    state = shapes.get(f"{match['of']}weight_hh{match['layer']}") if match else None
    return state[0] // state[1] if state is not None else 0


def _parts(name: str, shape: Shape, wanted: set[Shape]) -> dict[Unit, tuple[Form, ...]]:
    """The parts of a fused projection: as many as there are tensors that these fit."""
    for count in (3, 2):
        if not shape or len(shape) > 2 or shape[0] % count or shape[0] == count:
            continue
        part = (shape[0] // count, *shape[1:])
        forms = tuple(f for f in _with_patterns(_forms("", part, {}), wanted) if f.shape in wanted)
        if forms:
            return {Unit((name,), (place, count)): forms for place in range(count)}
    return {}
