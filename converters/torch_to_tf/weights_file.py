"""Weights from a checkpoint into a module."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from converters.checkpoints import open_checkpoint
from converters.errors import CheckpointError
from converters.torch_tensors import from_numpy

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
        path: a checkpoint of any format whose names are the module's: a ``.ckpt``, ``.pt``,
            ``.pth``, ``.bin`` or ``.safetensors`` file, or a Hugging Face folder of shards.

    Raises:
        CheckpointError: the file is missing, damaged or more than data, or its tensors are not the
            module's; all that are missing, unexpected or of another shape are listed.
    """
    if not isinstance(module, torch.nn.Module):
        raise CheckpointError(
            f"{path} holds weights, and {type(module).__name__} is no module to load them into. "
            "Pass the torch.nn.Module that they belong to."
        )
    wanted = module.state_dict()
    with open_checkpoint(path) as checkpoint:
        prefix = _prefix(checkpoint.tensors, wanted)
        names = {k.removeprefix(prefix): k for k in checkpoint.tensors if k.startswith(prefix)}
        shapes = {name: checkpoint.tensors[k].shape for name, k in names.items()}
        _require_same(Path(path), module, shapes, wanted)
        # all of them before the first is loaded: a damaged one leaves the module as it is
        found = {name: from_numpy(checkpoint.read(k)) for name, k in names.items()}
    module.load_state_dict(found, strict=len(found) == len(wanted))


def _require_same(
    path: Path,
    module: torch.nn.Module,
    found: Mapping[str, tuple[int, ...]],
    wanted: Mapping[str, torch.Tensor],
) -> None:
    """Refuse shapes by name that are not the module's; of tied tensors one is enough."""
    tied = _tied_names(wanted)
    missing = [k for k in wanted if k not in found and not (tied[k] & found.keys())]
    unexpected = [k for k in found if k not in wanted]
    shapes = [
        f"{k} has the shape {found[k]}, not {tuple(tensor.shape)}"
        for k, tensor in wanted.items()
        if k in found and found[k] != tuple(tensor.shape)
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


def _prefix(found: Collection[str], wanted: Mapping[str, object]) -> str:
    """What stands before every name of the module in the file; empty if nothing does.

    Where a name is wanted under several prefixes, all of the module's names decide.
    """
    if not wanted or any(name in wanted for name in found):
        return ""
    nested = next((f"{key}." for key in _NESTED if any(k.startswith(f"{key}.") for k in found)), "")
    inner = {k.removeprefix(nested) for k in found if k.startswith(nested)}
    return nested + _common(inner, wanted)


def _common(found: Collection[str], wanted: Mapping[str, object]) -> str:
    if any(name in found for name in wanted):
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
