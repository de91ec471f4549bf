"""Activations that may write over what they are given, as a person would have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

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


def in_place(program: Program, parts: Mapping[str, Part]) -> dict[str, Part]:
    """The modules, with activations in place where nothing else takes what they are given.

    Args:
        program: what calls them.
        parts: the modules by their paths.
    """
    makers = {value: step for step in program.steps for value in program.made(step)}
    uses = Counter(value for step in program.steps for value in program.taken(step))
    uses.update(program.value(leaf) for leaf in program.results if isinstance(leaf, fx.Node))

    def may(step: Step) -> bool:
        (value,) = program.taken(step)
        maker = makers.get(value)
        if maker is None or uses[value] > 1:
            return False
        if maker.leaf is None:
            return str(maker.node.target) == "aten.add.Tensor"
        return parts[maker.leaf.path].kind in _FRESH

    found: dict[str, bool] = {}
    for step in program.steps:
        if step.leaf is not None and parts[step.leaf.path].kind in _ABLE:
            path = step.leaf.path
            found[path] = found.get(path, True) and may(step)
    written = {
        path: replace(parts[path], kwargs={**parts[path].kwargs, "inplace": True})
        for path, able in found.items()
        if able
    }
    return {**parts, **written}
