"""Activations, sums and products that may write over what they are given, as people write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn

from converters.tf_to_torch.readable.blocks import Program, Step
from converters.tf_to_torch.readable.table import Part

_ABLE = frozenset({nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.Hardtanh})

_FRESH = frozenset(
    {
        *(nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d),
        *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d),
    }
)
"""Modules whose result is a tensor of its own, which their gradient doesn't need."""

_THROUGH = frozenset({nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d})
"""Modules that hand on what they are given, or return a tensor of their own."""

_ARITHMETIC = frozenset({"add.Tensor", "sub.Tensor", "mul.Tensor", "erfc.default"})
"""Operators that may write over their input; neither do their gradients need their result."""


def in_place(
    program: Program, parts: Mapping[str, Part], blocks: Collection[int]
) -> tuple[Program, dict[str, Part]]:
    """The same with results that overwrite what nothing else takes.

    Args:
        program: the steps.
        parts: the modules by their paths; activations among them are told to work in place.
        blocks: the calls that may have a ``forward`` of their own.
    """
    found = _Found(program, parts, blocks)
    over: dict[fx.Node, fx.Node] = {}
    able: dict[str, bool] = {}
    for step in program.steps:
        if step.leaf is None:
            value = found.overwritten(step)
            if value is not None:
                over[step.node] = value
        elif parts[step.leaf.path].kind in _ABLE:
            path, (value,) = step.leaf.path, program.taken(step)
            able[path] = able.get(path, True) and found.is_free(value)
    written = {
        path: replace(parts[path], kwargs={**parts[path].kwargs, "inplace": True})
        for path, may in able.items()
        if may
    }
    return replace(program, over=over), {**parts, **written}


class _Found:
    """Who makes and who takes each value."""

    def __init__(
        self, program: Program, parts: Mapping[str, Part], blocks: Collection[int]
    ) -> None:
        self.program, self.parts, self.blocks = program, parts, blocks
        self.makers = {value: step for step in program.steps for value in program.made(step)}
        self.uses = Counter(value for step in program.steps for value in program.taken(step))
        self.uses.update(
            program.value(leaf) for leaf in program.results if isinstance(leaf, fx.Node)
        )

    def is_free(self, value: fx.Node) -> bool:
        """Whether a value that one step takes is needed by nothing else, nor by a gradient."""
        maker = self.makers.get(value)
        if maker is None or self.uses[value] > 1:
            return False
        if maker.leaf is None:
            return _own(maker) in _ARITHMETIC
        kind = self.parts[maker.leaf.path].kind
        if kind in _THROUGH:
            return self.is_free(self.program.taken(maker)[0])
        return kind in _FRESH

    def overwritten(self, step: Step) -> fx.Node | None:
        """The value that arithmetic writes over; None if it has to make a new tensor."""
        own = _own(step)
        if own not in _ARITHMETIC or step.node.kwargs:
            return None
        tensors = [self.program.value(arg) for arg in step.node.args if isinstance(arg, fx.Node)]
        if any(self._kind(value) is None for value in tensors) or len(set(tensors)) < len(tensors):
            return None
        first = tensors[:1] if own == "sub.Tensor" else tensors
        return next((value for value in first if self._may(value, step)), None)

    def _may(self, value: fx.Node, step: Step) -> bool:
        within, maker = self._within(step), self.makers.get(value)
        if maker is None or self._within(maker)[: len(within)] != within:
            return False  # it would be an argument, and the caller's
        return self.is_free(value) and self._kind(value) == self._kind(step.node)

    def _within(self, step: Step) -> list[int]:
        return [call for call in self.program.scopes[step.node] if call in self.blocks]

    def _kind(self, value: Any) -> tuple[str, torch.dtype] | None:
        """Shape and type of an image's or a layer's numbers; None for anything else.

        In mixed precision types follow the operators: what comes straight from a parameter or a
        normalisation of another kind may be wider than what it would overwrite.
        """
        maker = self.makers.get(value)
        if maker is None:
            return None
        if maker.leaf is None and _own(maker) not in _ARITHMETIC:
            return None
        if maker.leaf is not None:
            kind = self.parts[maker.leaf.path].kind
            if kind not in _FRESH | _THROUGH | _ABLE:
                return None
        tensor = value.meta["val"]
        return str(tuple(tensor.shape)), tensor.dtype


def _own(step: Step) -> str:
    return str(step.node.target).removeprefix("aten.")
