"""What the variables of a model are called in PyTorch."""

from __future__ import annotations

import builtins
import functools
import keyword
import re
from collections.abc import Sequence

_LAST = {
    "kernel": "weight",
    "depthwise_kernel": "depthwise_weight",
    "pointwise_kernel": "pointwise_weight",
    "recurrent_kernel": "recurrent_weight",
    "gamma": "weight",
    "beta": "bias",
    "embeddings": "weight",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""The last part of a variable's path, in the words of ``torch.nn``."""

BUFFERS = frozenset({"running_mean", "running_var"})
"""Statistics that a layer keeps, and no gradient changes."""


def torch_names(paths: Sequence[str], root: str = "") -> list[str]:
    """Dotted names for variables, in order; no two are the same.

    A first part that all have, or that is ``root``, is the model's own name and left out.

    >>> torch_names(["net/conv/kernel", "net/bn/gamma", "net/bn/moving_mean"])
    ['conv.weight', 'bn.weight', 'bn.running_mean']
    """
    plain = [path.split(":")[0].split("/") for path in paths]
    split = [[attribute_name(part) for part in parts if part] for parts in plain]
    split = [parts or ["variable"] for parts in split]
    own = attribute_name(root)
    split = [parts[1:] if len(parts) > 2 and parts[0] == own else parts for parts in split]
    while min((len(parts) for parts in split), default=0) > 2 and len({p[0] for p in split}) == 1:
        split = [parts[1:] for parts in split]
    taken: set[str] = set()
    modules: set[str] = set()
    names = []
    for *path, last in split:
        wanted = ".".join([*path, _LAST.get(last, last)])
        if wanted in taken or wanted in modules:
            wanted = ".".join([*path, last])
        name, number = wanted, 0
        while name in taken or name in modules:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        modules.update(".".join(path[: end + 1]) for end in range(len(path)))
        names.append(name)
    return names


def torch_word(word: str) -> str:
    """The last part of a variable's path, in the words of ``torch.nn``.

    >>> torch_word("kernel"), torch_word("scale")
    ('weight', 'scale')
    """
    name = attribute_name(word)
    return _LAST.get(name, name)


def attribute_name(part: str) -> str:
    """A part of a path as a name in Python that means nothing else in a module or its source.

    >>> attribute_name("conv-1"), attribute_name("1x1"), attribute_name("train")
    ('conv_1', '_1x1', 'train_')
    """
    name = re.sub(r"^__+", "_", re.sub(r"\W", "_", part, flags=re.ASCII))
    if keyword.iskeyword(name) or hasattr(builtins, name) or name in taken_names():
        return f"{name}_"  # PyTorch 2.13 mixes up arguments whose names are Python's
    return f"_{name}" if not name or name[0].isdigit() else name


@functools.cache
def taken_names() -> frozenset[str]:
    """What a module calls its own methods and attributes, and a source file its imports."""
    import torch

    return frozenset({*dir(torch.nn.Module()), "self", "torch", "F", "nn", "Tensor", "Path"})
