"""What every checkpoint is to a conversion: named tensors, read and written one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from converters.checkpoints.journal import Journal
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
        files: that hold all of it.
    """

    tensors: Mapping[str, TensorInfo]
    read: Callable[[str], np.ndarray]
    metadata: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[str], Place | None] = lambda _: None
    files: tuple[Path, ...] = ()


Write = Callable[[str, Numbers], None]
"""Writes one tensor; each of the announced tensors is written once, in any order."""


SHARD = 5 * 10**9
"""Bytes of a shard, as transformers and Keras have it."""


@dataclass(frozen=True, slots=True)
class Output:
    """A checkpoint that is to be written.

    Attributes:
        path: where; nothing is there yet, or what an interrupted run left.
        tensors: all of them, before the first one comes.
        template: a checkpoint of the same model to fill with other numbers.
        journal: is told of every tensor that is in its file, and knows those that are already.
        part: whether another process begins the files and ends them.
        shard: bytes of a shard at most, where the format has several.
        keeps: whether a tensor of the template that isn't written stays as it is there.
    """

    path: Path
    tensors: Mapping[str, TensorInfo]
    template: Path | None = None
    journal: Journal = field(default_factory=Journal)
    part: bool = False
    shard: int = SHARD
    keeps: Callable[[str], bool] = lambda _: False


Create = Callable[[Output], AbstractContextManager[Write]]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of checkpoint.

    Attributes:
        name: in words.
        suffixes: of its files; empty for a folder.
        recognises: whether a path holds one, from its name and its neighbours.
        open: opens one for reading.
        create: writes one, or goes on with it.
        template: whether a checkpoint of the same model is "needed" (the format holds more than
            tensors), "possible" or "refused".
        written: from the beginning to the end by one process ("whole"), or by several at a time and
            by one that goes on where another stopped ("shared"). With a template it is "whole".
        listing: what one holds, without its framework; None if that has to be read by it.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Path], bool]
    open: Callable[[Path], AbstractContextManager[Checkpoint]]
    create: Create
    template: str = "possible"
    written: Literal["whole", "shared"] = "whole"
    listing: Callable[[Path], Mapping[str, TensorInfo] | None] = lambda _: None


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


def require_template(output: Output, held: Mapping[str, TensorInfo]) -> None:
    """Refuse a template with other tensors.

    Args:
        output: what is to be written.
        held: the template's tensors.

    Raises:
        CheckpointError: it lacks some, has more, or has them in other shapes or types.
    """
    tensors = output.tensors
    missing = sorted(tensors.keys() - held.keys())
    more = sorted(name for name in held.keys() - tensors.keys() if not output.keeps(name))
    other = [
        f"{name} ({held[name]}, not {info})"
        for name, info in tensors.items()
        if name in held and held[name] != info
    ]
    parts = [
        f"{words}: {', '.join(names)}"
        for words, names in (
            ("not in the template", missing),
            ("only in the template", more),
            ("different in the template", other),
        )
        if names
    ]
    if parts:
        raise CheckpointError(
            f"{output.template} is not of the same model; {'; '.join(parts)}. Give names and "
            "layouts in a mapping."
        )


def sharded(tensors: Mapping[str, TensorInfo], limit: int) -> list[dict[str, TensorInfo]]:
    """The tensors in order, in as few parts of at most ``limit`` bytes as that takes.

    A part holds at least one tensor.
    """
    names = list(tensors)
    sizes = [info.bytes for info in tensors.values()]
    groups = grouped(sizes, limit) or [[]]
    return [{names[n]: tensors[names[n]] for n in group} for group in groups]


def grouped(sizes: Sequence[int], limit: int) -> list[list[int]]:
    """Places in order, in as few groups of at most ``limit`` as that takes.

    >>> grouped([3, 3, 3, 9, 1], 6)
    [[0, 1], [2], [3], [4]]
    """
    groups: list[list[int]] = []
    filled = 0
    for place, size in enumerate(sizes):
        if not groups or filled + size > limit:
            groups.append([])
            filled = 0
        groups[-1].append(place)
        filled += size
    return groups
