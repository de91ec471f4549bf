"""Weights from a file: state dicts, Lightning checkpoints, safetensors.

Pickles are read with ``weights_only=True``, and nothing else: whatever is more than tensors,
numbers and containers is refused.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from converters.errors import CheckpointError
from converters.torch_to_tf.capture.refusals import explanation

_NESTED = ("state_dict", "model_state_dict")
"""Under which key a training checkpoint keeps the weights: Lightning's, PyTorch's tutorials'."""


def load_weights(module: object, path: str | Path) -> None:
    """Load the weights of a file into a module; either all of them, or none.

    Names must be the module's own. If all of them are there under one prefix, as in
    ``model.layer.weight`` (a LightningModule that holds the module as ``model``, a ``module.`` of
    DataParallel), that prefix is taken off, and what is not under it belongs to something else and
    is left out.

    Args:
        module: what the weights belong to; it is changed.
        path: a ``.ckpt``, ``.pt``, ``.pth``, ``.bin`` or ``.safetensors`` file.

    Raises:
        CheckpointError: the file is missing, damaged or more than data, or its tensors are not the
            module's; all that are missing, unexpected or of another shape are listed.
    """
    if not isinstance(module, torch.nn.Module):
        raise CheckpointError(
            f"{path} holds weights, and {type(module).__name__} is no module to load them into. "
            "Pass the torch.nn.Module that they belong to."
        )
    path = Path(path)
    found, wanted = _tensors(path), module.state_dict()
    prefix = _prefix(found, wanted)
    found = {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}
    tied = _tied_names(wanted)
    missing = [k for k in wanted if k not in found and not (tied[k] & found.keys())]
    unexpected = [k for k in found if k not in wanted]
    shapes = [
        f"{k} has the shape {tuple(found[k].shape)}, not {tuple(tensor.shape)}"
        for k, tensor in wanted.items()
        if k in found and found[k].shape != tensor.shape
    ]
    reasons = [
        f"{word}: {', '.join(names)}"
        for word, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", shapes),
        )
        if names
    ]
    if reasons:
        raise CheckpointError(
            f"{path} doesn't belong to {type(module).__name__}; {'; '.join(reasons)}."
        )
    module.load_state_dict(found, strict=not missing and len(found) == len(wanted))


def _prefix(found: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """What stands before every name of the module in the file; empty if nothing does.

    Where a name is wanted under several prefixes, all of the module's names decide.
    """
    if not wanted or any(name in found for name in wanted):
        return ""
    one = next(iter(wanted))
    prefixes = [k.removesuffix(one) for k in found if k.endswith(f".{one}")]
    counts = {p: sum(f"{p}{name}" in found for name in wanted) for p in prefixes}
    complete = [p for p, count in counts.items() if count == len(wanted)]
    if len(complete) > 1:
        raise CheckpointError(
            f"the file holds the module's tensors {len(complete)} times, under "
            f"{', '.join(sorted(complete))}. Write a file that holds them once."
        )
    return max(counts, key=lambda p: counts[p], default="")


def _tied_names(wanted: Mapping[str, torch.Tensor]) -> dict[str, set[str]]:
    """For each name all names of the same memory."""
    groups: dict[tuple[object, ...], set[str]] = {}
    for name, tensor in wanted.items():
        key = (tensor.data_ptr(), tuple(tensor.shape)) if tensor.numel() else (name,)
        groups.setdefault(key, set()).add(name)
    return {name: group for group in groups.values() for name in group}


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist or is not a file.")
    content = _read(path)
    nested = [key for key in _NESTED if isinstance(content, Mapping) and key in content]
    state = content[nested[0]] if nested else content
    if not isinstance(state, Mapping) or not state or not all(_is_entry(*e) for e in state.items()):
        held = (
            ", ".join(map(str, content)) if isinstance(content, Mapping) else type(content).__name__
        )
        raise CheckpointError(
            f"{path} holds no weights: neither tensors by name, nor any under "
            f"{' or '.join(_NESTED)}. It holds {held or 'nothing'}. "
            "Write one with torch.save(module.state_dict(), path)."
        )
    return dict(state)


def _is_entry(key: object, value: object) -> bool:
    return isinstance(key, str) and isinstance(value, torch.Tensor)


def _read(path: Path) -> Any:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = _GLOBAL.search(str(error))
        held = named[1] if named else "more than tensors"
        raise CheckpointError(
            f"{path} is refused, because it holds {held}, and unpickling that could run code. "
            "Write only its weights: torch.save(module.state_dict(), path)."
        ) from error
    except Exception as error:
        raise CheckpointError(
            f"{path} can't be read as a checkpoint: {explanation(error)} "
            "It is damaged, or in another format."
        ) from error


_GLOBAL = re.compile(r"(?:GLOBAL|global:?|class) `?([\w.]+\.[\w.]*\w)")
"""What PyTorch's refusal names, for example ``posix.system``."""
