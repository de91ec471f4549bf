"""Numbers into a file, in parts that stay in the processor's cache.

What lies in one file as it is to lie in another is copied by the system. What is turned round is
packed tile by tile and written at once, by a few threads: NumPy and the system let them run beside
each other.
"""

from __future__ import annotations

import errno
import math
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np

from converters.checkpoints.raw import bytes_of, read_at, write_at
from converters.checkpoints.tensor_info import TensorInfo

_PART = 2**21
"""Bytes of a part: it fits into a processor's caches. Measured against half and twice as much."""
_TILE = 128
"""Elements of a tile's side: few enough for the cache to keep their lines, measured."""
_AT_ONCE = 2**26
"""Bytes that the system is asked to copy at once: in between, the program can be interrupted."""
_THREADS = 4
_NOT_HERE = frozenset({errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM})


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a tensor lies in an open file: in C order, little-endian, uncompressed.

    Attributes:
        path: of the file, for messages.
        descriptor: of the same.
        offset: of the first byte.
        info: the tensor's shape and type.
        check: is told the CRC-32 of all bytes when they were read, if the file has one.
    """

    path: Path
    descriptor: int
    offset: int
    info: TensorInfo
    check: Callable[[int], None] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return self.info.shape

    @property
    def dtype(self) -> np.dtype:
        """As of an array."""
        return self.info.dtype.numpy

    def read(self, room: np.ndarray | None = None) -> np.ndarray:
        """The tensor, in new memory or in these bytes.

        Raises:
            CheckpointError: the file is cut off, or its checksum is wrong.
        """
        if room is None:
            room = np.empty(self.info.bytes, np.uint8)
        array = room[: self.info.bytes].view(self.dtype).reshape(self.shape)
        view = bytes_of(array)
        read_at(self.descriptor, view, self.offset, self.path)
        if self.check is not None:
            self.check(zlib.crc32(view))
        return array


Numbers = np.ndarray | Place


def whole(value: Numbers) -> np.ndarray:
    """A C-contiguous array of what may lie in a file or be a view."""
    if isinstance(value, Place):
        return value.read()
    if value.flags.c_contiguous or value.nbytes <= _PART:
        # ascontiguousarray would make a scalar a vector
        return np.asarray(value, order="C")
    result = np.empty(value.shape, value.dtype)
    list(_pool().map(lambda part: _pack(value[part], result[part]), _parts(value)))
    return result


def pour(value: Numbers, descriptor: int, offset: int, *, summed: bool = False) -> int:
    """Write a tensor's numbers in C order.

    Args:
        value: an array, a view of one, or a place in another file.
        descriptor: of the file to write.
        offset: where the first byte goes.
        summed: whether the checksum is wanted.

    Returns:
        The CRC-32 of all bytes, or 0.

    Raises:
        CheckpointError: the place's file is cut off, or its checksum is wrong.
    """
    if isinstance(value, Place):
        if not summed and value.check is None and _copied(value, descriptor, offset):
            return 0
        check, pieces = value.check, _fetches(value)
    else:
        check, pieces = None, _packs(value)
    summed = summed or check is not None

    def one(piece: _Piece) -> tuple[int, int]:
        view = piece.bytes()
        write_at(descriptor, view, offset + piece.start)
        return zlib.crc32(view) if summed else 0, len(view)

    total = 0
    for checksum, count in map(one, pieces) if len(pieces) == 1 else _pool().map(one, pieces):
        total = joined(total, checksum, count) if summed else 0
    if check is not None:
        check(total)
    return total


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of a tensor's bytes: where they go behind its first one, and how to get them."""

    start: int
    bytes: Callable[[], memoryview]


def _fetches(place: Place) -> list[_Piece]:
    def fetched(start: int) -> memoryview:
        view = _room(min(_PART, place.info.bytes - start)).data
        read_at(place.descriptor, view, place.offset + start, place.path)
        return view

    return [_Piece(start, partial(fetched, start)) for start in range(0, place.info.bytes, _PART)]


def _packs(array: np.ndarray) -> list[_Piece]:
    pieces, start = [], 0
    for part in _parts(array):
        view = array[part]
        pieces.append(_Piece(start, partial(_packed, view)))
        start += view.nbytes
    return pieces


def _copied(place: Place, descriptor: int, offset: int) -> bool:
    """Have the system copy; False where it can't between these two files."""
    done, count = 0, place.info.bytes
    while done < count:
        try:
            copied = os.copy_file_range(
                place.descriptor,
                descriptor,
                min(_AT_ONCE, count - done),
                place.offset + done,
                offset + done,
            )
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            return False
        if copied == 0:  # the file ends here: reading says so
            return False
        done += copied
    return True


def _packed(view: np.ndarray) -> memoryview:
    if view.flags.c_contiguous:
        return bytes_of(view)
    into = _room(view.nbytes).view(view.dtype).reshape(view.shape)
    _pack(view, into)
    return bytes_of(into)


def _room(count: int) -> np.ndarray:
    """Bytes that this thread may use until it asks again."""
    room: np.ndarray | None = getattr(_own, "room", None)
    if room is None or len(room) < count:
        room = _own.room = np.empty(max(_PART, count), np.uint8)
    return room[:count]


_own = threading.local()


def _pack(view: np.ndarray, into: np.ndarray) -> None:
    """Fill a C-contiguous array, tile by tile where the order of the axes differs."""
    if view.nbytes <= _PART // 4 or abs(view.strides[-1]) == min(map(abs, view.strides)):
        np.copyto(into, view)
        return
    for start in range(0, view.shape[-1], _TILE):
        tile = (..., slice(start, start + _TILE))
        np.copyto(into[tile], view[tile])


def _parts(array: np.ndarray) -> Iterator[tuple[int | slice, ...]]:
    """Indices of parts of about :data:`_PART` bytes, which follow each other in C order."""
    if array.nbytes <= _PART:
        if array.size:
            yield (slice(None),) * array.ndim
        return
    shape = array.shape
    sizes = [math.prod(shape[axis + 1 :]) * array.itemsize for axis in range(array.ndim)]
    axis = next(axis for axis, size in enumerate(sizes) if size <= _PART)
    rows = _PART // sizes[axis]
    for outer in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], rows):
            yield (*outer, slice(start, start + rows))


def joined(first: int, second: int, count: int) -> int:
    """The CRC-32 of two pieces, from that of each and the number of bytes of the second.

    A checksum is linear in what it starts with: what ``count`` zeros make of each of its bits is
    all that has to be known.

    >>> joined(zlib.crc32(b"tea"), zlib.crc32(b"pot"), 3) == zlib.crc32(b"teapot")
    True
    """
    if not first:
        return second
    for bit, moved in enumerate(_moved_bits(count)):
        if first >> bit & 1:
            second ^= moved
    return second


@lru_cache(maxsize=64)
def _moved_bits(count: int) -> tuple[int, ...]:
    zeros = bytes(count)
    nothing = zlib.crc32(zeros)
    return tuple(zlib.crc32(zeros, 1 << bit) ^ nothing for bit in range(32))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), "checkpoint")
