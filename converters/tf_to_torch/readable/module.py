"""Python source as a module: run, and given its weights."""

from __future__ import annotations

import itertools
import linecache
import types
from collections.abc import Mapping

import torch

_COUNT = itertools.count()


def run_source(text: str, name: str, constants: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """The module that source written by :mod:`.source` describes, without memory for its weights.

    Args:
        text: the source.
        name: the class of the model.
        constants: tensors that the source holds as numbers, by their paths.
    """
    path = f"<converted {name} {next(_COUNT)}>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    space = types.ModuleType(f"converted_{name}")
    space.__file__ = path
    exec(compile(text, path, "exec"), vars(space))  # noqa: S102  # it was written a moment ago
    with torch.device("meta"):
        model: torch.nn.Module = getattr(space, name)()
    for target, tensor in constants.items():
        *owner, last = target.split(".")
        model.get_submodule(".".join(owner))._buffers[last] = tensor
    return model
