"""Python source as a module: run, and given its weights."""

from __future__ import annotations

import itertools
import linecache
import sys
import types
import weakref
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
    number = next(_COUNT)
    path = f"<converted {name} {number}>"
    space = types.ModuleType(f"converted_{name}_{number}")
    space.__file__ = path
    exec(compile(text, path, "exec"), vars(space))  # noqa: S102  # it was written a moment ago
    kind = getattr(space, name)
    _show(text, path, kind)
    with torch.device("meta"):
        model: torch.nn.Module = kind()
    for target, tensor in constants.items():
        *owner, last = target.split(".")
        model.get_submodule(".".join(owner))._buffers[last] = tensor
    return model


def _show(text: str, path: str, kind: type) -> None:
    """Let ``inspect`` and tracebacks find the source for as long as the class is there.

    ``inspect`` asks for a class's file by the name of its module: that of an empty one, which keeps
    no class alive.
    """
    name = kind.__module__
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__file__ = path
    weakref.finalize(kind, linecache.cache.pop, path, None)
    weakref.finalize(kind, sys.modules.pop, name, None)
