"""What every checkpoint is to a conversion: named tensors, read and written one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from converters.checkpoints.streams import Numbers, Place
from converters.checkpoints.tensor_info import TensorInfo
from converters.errors import CheckpointError


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """An open checkpoint.

    Attributes:
        tensors: what it holds, in the file's order.
        read: one tensor by name, as a new array.
        metadata: further text that the file holds.
        place: where a tensor lies in a file as it is; None if it doesn't.
    """

    tensors: Mapping[str, TensorInfo]
    read: Callable[[str], np.ndarray]
    metadata: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[str], Place | None] = lambda _: None


Write = Callable[[str, Numbers], None]
"""Writes one tensor; each of the announced tensors is written once, in any order."""


Create = Callable[[Path, Mapping[str, TensorInfo], Path | None], AbstractContextManager[Write]]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of checkpoint.

    Attributes:
        name: in words.
        suffixes: of its files; empty for a folder.
        recognises: whether a path holds one, from its name and its neighbours.
        open: opens one for reading.
        create: writes one at a path that doesn't exist yet: it is told all tensors before the first
            comes, and a checkpoint of the same model to fill with other numbers, or None.
        template: whether such a one is "needed" (the format holds more than tensors), "possible"
            or "refused".
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path], bool]
    open: Callable[[Path], AbstractContextManager[Checkpoint]]
    create: Create
    template: str = "possible"


def require_same(name: str, info: TensorInfo, value: Numbers) -> None:
    """Refuse numbers of another shape or type than was announced.

    Raises:
        CheckpointError: that is so.
    """
    shape, dtype = value.shape, value.dtype
    if shape != info.shape or dtype != info.dtype.numpy:
        raise CheckpointError(
            f"{name} is {dtype}[{', '.join(map(str, shape))}], but {info} was announced. The "
            "checkpoint changed while it was read; convert it again."
        )


SHARD = 5 * 10**9
"""Bytes of a shard, as transformers and Keras have it."""


def sharded(
    tensors: Mapping[str, TensorInfo], limit: int | None = None
) -> list[dict[str, TensorInfo]]:
    """The tensors in order, in as few parts of at most ``limit`` bytes as that takes.

    A part holds at least one tensor. None is :data:`SHARD`.
    """
    shards: list[dict[str, TensorInfo]] = [{}]
    filled = 0
    for name, info in tensors.items():
        if shards[-1] and filled + info.bytes > (SHARD if limit is None else limit):
            shards.append({})
            filled = 0
        shards[-1][name] = info
        filled += info.bytes
    return shards
