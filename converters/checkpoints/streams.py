"""Numbers from file to file, in parts that stay in the processor's cache.

What keeps its bytes is copied by the system, which needs half the time of reading and writing.
What is turned round is so part by part, from the system's own memory of the file, while it is
written, by a few threads: NumPy, OpenCV and the system let them run beside each other.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from converters.checkpoints.checksums import Checksum, joined
from converters.checkpoints.raw import (
    bytes_of,
    copy_at,
    fetch_ahead,
    mapped,
    read_at,
    room_of,
    write_at,
)
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.transposition import transpose
from converters.layout import Axes, inverse

_COPIED = 2**20
"""Bytes that are read at once for a checksum."""
_PART = 2**21
"""Bytes of a part that is turned round. All these are measured against half and twice as much."""
_DOUBLED = 3
"""How often a part may be doubled to be read or written in longer runs."""
_RUN = 256
"""Bytes that are to be read or written in a row, if a part can be large enough."""
_SMALL = 2**19
"""Bytes that are packed at once."""
_TILE = 256
"""Elements of a tile's side, and those that its rows are longer."""
_GAP = 16
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Check:
    """A checksum that a file has of a tensor.

    Attributes:
        checksum: of which kind.
        compare: is told that of all bytes when they were read; raises a CheckpointError.
    """

    checksum: Checksum
    compare: Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a tensor lies in an open file: in C order, little-endian, uncompressed.

    Attributes:
        path: of the file, for messages.
        descriptor: of the same.
        offset: of the first byte.
        info: the tensor's shape and type as it lies there.
        check: the file's checksum of it, if it has one.
        axes: which of the axes there each of the tensor's is; the same ones if None.
        memory: the tensor's bytes, if they were fetched.
    """

    path: Path
    descriptor: int
    offset: int
    info: TensorInfo
    check: Check | None = None
    axes: Axes | None = None
    memory: memoryview | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        shape = self.info.shape
        return shape if self.axes is None else tuple(shape[axis] for axis in self.axes)

    @property
    def dtype(self) -> np.dtype:
        """As of an array."""
        return self.info.dtype.numpy

    def turned(self, axes: Axes) -> Place:
        """The tensor with its axes in another order."""
        return replace(self, axes=None if list(axes) == sorted(axes) else tuple(axes))

    def fetched(self) -> Place:
        """The same before it is used: into memory if it is to be turned, or else by the system."""
        if self.axes is None:
            fetch_ahead(self.descriptor, self.offset, self.info.bytes)
            return self
        return replace(self, memory=self._bytes())

    def _bytes(self) -> memoryview:
        """In the system's own memory of the file where it gives it, or in ours."""
        count = self.info.bytes
        view = mapped(self.descriptor, self.offset, count) if count else memoryview(b"")
        if view is None:
            view = room_of(count).data
            read_at(self.descriptor, view, self.offset, self.path)
        return view

    def read(self) -> np.ndarray:
        """The tensor, in C order, in new memory.

        Raises:
            CheckpointError: the file is cut off, or its checksum is wrong.
        """
        if self.axes is not None:
            with self.lying() as array:
                return whole(array)
        room = room_of(self.info.bytes)
        read_at(self.descriptor, room.data, self.offset, self.path)
        if self.check is not None:
            self.check.compare(self.check.checksum(room.data, 0))
        return room.view(self.dtype).reshape(self.shape)

    @contextmanager
    def lying(self) -> Iterator[np.ndarray]:
        """The tensor as a view of what lies in the file; its checksum is made beside.

        Raises:
            CheckpointError: the file is cut off; at the end, its checksum is wrong.
        """
        view = self._bytes() if self.memory is None else self.memory
        kinds = (self.check.checksum,) if self.check is not None else ()
        starts = range(0, len(view), _COPIED) if kinds else ()

        def sums(start: int) -> _Sums:
            part = view[start : start + _COPIED]
            return len(part), [kind(part, 0) for kind in kinds]

        made = _each(sums, starts)
        array = np.frombuffer(view, np.uint8).view(self.dtype).reshape(self.info.shape)
        yield array if self.axes is None else array.transpose(self.axes)
        totals = _total(kinds, made)
        if self.check is not None:
            self.check.compare(totals[self.check.checksum])


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


def pour(value: Numbers, descriptor: int, offset: int, *, summed: Checksum | None = None) -> int:
    """Write a tensor's numbers in C order.

    Args:
        value: an array, a view of one, or a place in another file.
        descriptor: of the file to write.
        offset: where the first byte goes.
        summed: which checksum of them is wanted.

    Returns:
        That of all bytes, or 0.

    Raises:
        CheckpointError: the place's file is cut off, or its checksum is wrong.
    """
    if isinstance(value, Place):
        if value.axes is None:
            return _copy(value, descriptor, offset, summed)
        with value.lying() as array:
            return pour(array, descriptor, offset, summed=summed)
    kinds = (summed,) if summed is not None else ()

    def one(piece: _Piece) -> _Sums:
        view = piece.bytes()
        write_at(descriptor, view, offset + piece.start)
        return len(view), [kind(view, 0) for kind in kinds]

    if value.flags.c_contiguous and not kinds:
        write_at(descriptor, bytes_of(value), offset)
        return 0
    pieces = list(_pieces(value))
    totals = _total(kinds, map(one, pieces) if value.flags.c_contiguous else _each(one, pieces))
    return totals[summed] if summed is not None else 0


def _copy(place: Place, descriptor: int, offset: int, summed: Checksum | None) -> int:
    """From file to file; checksums are made of the same bytes, read beside."""
    check = place.check.checksum if place.check is not None else None
    kinds = tuple({kind for kind in (summed, check) if kind is not None})

    def sums(start: int) -> _Sums:
        view = _room(min(_COPIED, place.info.bytes - start), "part").data
        read_at(place.descriptor, view, place.offset + start, place.path)
        return len(view), [kind(view, 0) for kind in kinds]

    starts = range(0, place.info.bytes, _COPIED) if kinds else ()
    made = _each(sums, starts)
    copy_at(place.descriptor, place.offset, descriptor, offset, place.info.bytes, place.path)
    totals = _total(kinds, made)
    if place.check is not None:
        place.check.compare(totals[place.check.checksum])
    return totals[summed] if summed is not None else 0


_T = TypeVar("_T")
_Sums = tuple[int, list[int]]
"""How many bytes, and their checksums."""
_Part = tuple[int, tuple[int | slice, ...]]
"""Where its first byte lies behind the tensor's, and its index."""


def _each(one: Callable[[_T], _Sums], given: Sequence[_T]) -> Iterable[_Sums]:
    return map(one, given) if len(given) <= 1 else _pool().map(one, given)


def _total(kinds: tuple[Checksum, ...], pieces: Iterable[_Sums]) -> dict[Checksum, int]:
    """The checksums of pieces that follow each other; all of them are waited for."""
    totals = dict.fromkeys(kinds, 0)
    for count, sums in pieces:
        for kind, found in zip(kinds, sums, strict=True):
            totals[kind] = joined(kind, totals[kind], found, count)
    return totals


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of a tensor's bytes: where they go behind its first one, and how to get them."""

    start: int
    bytes: Callable[[], memoryview]


def _pieces(value: np.ndarray) -> Iterator[_Piece]:
    if value.flags.c_contiguous:
        view = bytes_of(value)
        for start in range(0, len(view), _PART):
            yield _Piece(start, partial(_between, view, start, start + _PART))
    else:
        for start, index in _placed_parts(value):
            yield _Piece(start, partial(_packed, value[index]))


def _placed_parts(array: np.ndarray) -> Iterator[_Part]:
    start = 0
    for index in _parts(array):
        yield start, index
        start += array[index].nbytes


def _between(view: memoryview, start: int, end: int) -> memoryview:
    return view[start:end]


def _packed(view: np.ndarray) -> memoryview:
    into = _room(view.nbytes, "part").view(view.dtype).reshape(view.shape)
    _pack(view, into)
    return bytes_of(into)


def _room(count: int, use: str) -> np.ndarray:
    """Bytes that this thread may use until it asks again for the same use."""
    rooms: dict[str, np.ndarray] = vars(_own)
    if use not in rooms or len(rooms[use]) < count:
        rooms[use] = room_of(count)
    return rooms[use][:count]


_own = threading.local()


def _pack(view: np.ndarray, into: np.ndarray) -> None:
    """Fill an array in C order, tile by tile where the order of the axes differs."""
    if view.nbytes <= _SMALL or abs(view.strides[-1]) == view.itemsize:
        np.copyto(into, view)
    elif not transpose(view, into):
        _pack_tiles(view, into)


def _pack_tiles(view: np.ndarray, into: np.ndarray) -> None:
    """Fill an array tile by tile, with NumPy alone.

    A tile is first copied as it lies, to rows that are a little longer than it: rows of a power of
    two bytes would all want the same lines of the cache when they are turned round.
    """
    filled = tuple(reversed(range(view.ndim)))
    read = tuple(sorted(filled, key=lambda axis: abs(view.strides[axis])))
    side, other = _nearest(view.shape, filled), _nearest(view.shape, read)
    rows = [axis for axis in reversed(filled) if side[axis] > 1]
    columns = [axis for axis in reversed(read) if side[axis] == 1]
    wide = math.prod(other[axis] for axis in columns)
    if wide < _GAP:
        np.copyto(into, view)
        return
    order = (*rows, *columns)
    back = inverse(order)
    lengths = tuple(map(max, side, other))
    high = math.prod(lengths[axis] for axis in rows)
    room = _room(high * (wide + _GAP) * view.itemsize, "tile").view(view.dtype).reshape(high, -1)
    for starts in itertools.product(*map(range, itertools.repeat(0), view.shape, lengths)):
        tile = tuple(slice(s, s + n) for s, n in zip(starts, lengths, strict=True))
        given = view[tile].transpose(order)
        count = math.prod(given.shape[: len(rows)])
        held = room[:count, : given.size // count].reshape(given.shape)
        np.copyto(held, given)
        np.copyto(into[tile], held.transpose(back))


def _nearest(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[int]:
    """How long along each axis a tile is that holds some elements in a row, nearest axes first."""
    lengths, left = [1] * len(shape), _TILE
    for axis in axes:
        lengths[axis] = min(shape[axis], left)
        left = max(left // shape[axis], 1)
    return lengths


def _parts(array: np.ndarray) -> Iterator[tuple[int | slice, ...]]:
    """Indices of parts of about :data:`_PART` bytes, which follow each other in C order.

    They are larger where an array that lies in another order would be used in shorter runs.
    """
    if array.nbytes <= _PART:
        if array.size:
            yield (slice(None),) * array.ndim
        return
    shape = array.shape
    sizes = [math.prod(shape[axis + 1 :]) * array.itemsize for axis in range(array.ndim)]
    for limit in (_PART << doubled for doubled in range(_DOUBLED + 1)):
        axis = next(axis for axis, size in enumerate(sizes) if size <= limit)
        rows = min(limit // sizes[axis], shape[axis])
        if _run(array, axis, rows) >= _RUN:
            break
    for outer in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], rows):
            yield (*outer, slice(start, start + rows))


def _run(array: np.ndarray, axis: int, rows: int) -> int:
    """Bytes that lie in a row in a part of an array: some rows along one axis, all behind it."""
    run = array.itemsize
    for nearest in sorted(range(array.ndim), key=lambda axis: abs(array.strides[axis])):
        if nearest >= axis:
            run *= array.shape[nearest] if nearest > axis else rows
        if array.shape[nearest] > (rows if nearest == axis else 1) and nearest <= axis:
            break
    return run


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), "checkpoint")
