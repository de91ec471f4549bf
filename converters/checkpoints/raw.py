"""Numbers as bytes, at a place in a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from converters.errors import CheckpointError

_CHUNK = 2**24
"""Bytes of one call: the system reads and writes at most 2 GiB at once."""


def bytes_of(array: np.ndarray) -> memoryview:
    """The memory of a C-contiguous array."""
    return array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")


def read_at(descriptor: int, view: memoryview, offset: int, path: Path) -> None:
    """Fill a buffer from a file.

    Raises:
        CheckpointError: the file ends before.
    """
    done = 0
    while done < len(view):
        count = os.preadv(descriptor, [view[done : done + _CHUNK]], offset + done)
        if count == 0:
            raise CheckpointError(f"{path} is cut off. Fetch or save it again.")
        done += count


def write_at(
    descriptor: int,
    view: memoryview,
    offset: int,
    see: Callable[[memoryview], None] | None = None,
) -> None:
    """Write a buffer into a file; ``see`` is shown each part."""
    done = 0
    while done < len(view):
        part = view[done : done + _CHUNK]
        part = part[: os.pwrite(descriptor, part, offset + done)]
        if see is not None:
            see(part)
        done += len(part)
