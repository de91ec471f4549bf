"""Numbers as bytes, at a place in a file."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

import numpy as np

from converters.errors import CheckpointError

_CHUNK = 2**24
"""Bytes of one call: the system reads and writes at most 2 GiB at once."""
_CANNOT = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
"""What a system answers that doesn't copy from one such file to another."""
_BLOCK = 2**16
"""What systems copy at once in a call; the page cache is quickest where it begins at a multiple."""
_WRITTEN = 2**20
"""Bytes of one call that writes: more would be put into memory of huge pages, which has to be found
and, on a virtual machine, fetched from its host."""
PAGE = 4096
"""Where memory begins, and a file's data where the format leaves that open. Processors copy at half
of their speed to a place that lies a little further on in its page than what is copied."""
_POPULATE = 22
"""Linux's advice to fetch all of a mapping at once, or to say that it can't; Python has no name."""
LARGE = 2**20
"""Bytes of a tensor that begins with a page where each has a place of its own."""


def room_of(count: int) -> np.ndarray:
    """New bytes that begin with a page."""
    room = np.empty(count + PAGE, np.uint8)
    start = -room.ctypes.data % PAGE
    return room[start : start + count]


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


def mapped(descriptor: int, offset: int, count: int) -> memoryview | None:
    """Bytes of a file in the system's own memory, with no copy made; for as long as they are used.

    Args:
        descriptor: of the file.
        offset: of the first byte.
        count: how many; at least one.

    Returns:
        None where the system can't promise that all of them are there: to touch one that isn't, as
        of a file that was cut off, would end the process. :func:`read_at` says what is wrong.
    """
    before = offset % mmap.ALLOCATIONGRANULARITY
    try:
        found = mmap.mmap(
            descriptor, before + count, access=mmap.ACCESS_READ, offset=offset - before
        )
        found.madvise(_POPULATE)
    except (OSError, ValueError, AttributeError):
        return None
    return memoryview(found)[before:]


def fetch_ahead(descriptor: int, offset: int, count: int) -> None:
    """Have the system read bytes that will be used soon, where it takes such advice."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, offset, count, os.POSIX_FADV_WILLNEED)


def _to_block(place: int) -> int:
    """Bytes to write at a place in a file, so that those after it begin with a block."""
    return -place % _BLOCK or _CHUNK


def copy_at(source: int, start: int, target: int, offset: int, count: int, path: Path) -> None:
    """Copy bytes from one file to a place in another, by the system itself where it can.

    Args:
        source: descriptor of the file to read.
        start: of the first byte there.
        target: descriptor of the file to write.
        offset: where the first byte goes.
        count: how many.
        path: of the file to read, for messages.

    Raises:
        CheckpointError: the file ends before.
    """
    done = 0
    while done < count:
        some = min(count - done, _to_block(offset + done))
        try:
            copied = _copy_some(source, target, some, start + done, offset + done)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            view = memoryview(bytearray(some))
            read_at(source, view, start + done, path)
            write_at(target, view, offset + done)
            copied = some
        if copied == 0:
            raise CheckpointError(f"{path} is cut off. Fetch or save it again.")
        done += copied


def _copy_some(source: int, target: int, count: int, start: int, offset: int) -> int:
    if not hasattr(os, "copy_file_range"):
        raise OSError(errno.ENOSYS, "no copy from file to file")
    return os.copy_file_range(source, target, count, start, offset)


def write_at(descriptor: int, view: memoryview, offset: int) -> None:
    """Write a buffer into a file."""
    done = 0
    while done < len(view):
        some = min(_to_block(offset + done), _WRITTEN)
        done += os.pwrite(descriptor, view[done : done + some], offset + done)
