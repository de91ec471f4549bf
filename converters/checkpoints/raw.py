"""Numbers as bytes, at a place in a file."""

from __future__ import annotations

import os
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


def write_at(descriptor: int, view: memoryview, offset: int) -> None:
    """Write a buffer into a file."""
    done = 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done : done + _CHUNK], offset + done)
