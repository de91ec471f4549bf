"""The ``.index`` file of TensorFlow's checkpoints: a sorted table of what lies where in data files.

A file is read only if all of it is as TensorFlow mostly writes it, and its checksums are right.

Sources: tensorflow's tensor_bundle.proto, tensor_shape.proto and tensor_bundle.cc; LevelDB's
doc/table_format.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.checkpoints.checksums import crc32c
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError

_NUMBERS = {
    1: DType.float32, 2: DType.float64, 3: DType.int32, 4: DType.uint8, 5: DType.int16,
    6: DType.int8, 8: DType.complex64, 9: DType.int64, 10: DType.bool, 14: DType.bfloat16,
    17: DType.uint16, 18: DType.complex128, 19: DType.float16, 22: DType.uint32, 23: DType.uint64,
}  # fmt: skip
_NUMBER_OF = {dtype: number for number, dtype in _NUMBERS.items()}
_STRING = 7
_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57
_TRAILER = 5
_FIXED = {1: 8, 5: 4}
_BLOCK = 2**18
"""Bytes after which a block of the table ends."""
_RESTART = 16
"""Keys of which all but the first leave out what they share with the one before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor in a data file.

    Attributes:
        type: its number in TensorFlow; ``shape``: its lengths.
        shard: which data file; ``offset`` and ``size``: where in it.
        checksum: masked CRC-32C of its bytes.
    """

    type: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int

    @classmethod
    def of(cls, info: TensorInfo, shard: int, offset: int, checksum: int) -> Entry:
        """Of numbers, with their checksum as it is computed."""
        return cls(_NUMBER_OF[info.dtype], info.shape, shard, offset, info.bytes, masked(checksum))

    @property
    def info(self) -> TensorInfo | None:
        """Shape and type; None of text."""
        return None if self.type == _STRING else TensorInfo(self.shape, _NUMBERS[self.type])


def masked(checksum: int) -> int:
    """As the format keeps checksums, for those of data that holds checksums are weak."""
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def data_file(prefix: Path, shard: int, shards: int) -> Path:
    """One of a checkpoint's data files."""
    return prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}")


def shards_of(index: Path) -> int:
    """How many data files there are.

    Raises:
        CheckpointError: as for :func:`entries_of`.
    """
    return _read(index)[0]


def entries_of(index: Path) -> dict[str, Entry]:
    """What an ``.index`` file says, by the tensors' keys.

    Raises:
        CheckpointError: it is damaged, or not as TensorFlow mostly writes it.
    """
    return _read(index)[1]


def _read(index: Path) -> tuple[int, dict[str, Entry]]:
    try:
        data = index.read_bytes()
        footer = data[-_FOOTER:]
        if len(footer) < _FOOTER or int.from_bytes(footer[-8:], "little") != _MAGIC:
            raise ValueError("it doesn't end as a table")
        _, at = _handle(footer, 0)
        place, _ = _handle(footer, at)
        shards, found = 0, {}
        for _, handle in _pairs(data, *place):
            for key, value in _pairs(data, *_handle(handle, 0)[0]):
                if key:
                    found[key.decode()] = _entry(value)
                else:
                    shards = _shards(value)
        if any(not 0 <= entry.shard < shards for entry in found.values()):
            raise ValueError("it names files that don't belong to it")
    except (IndexError, ValueError, KeyError, TypeError, OSError) as error:
        raise CheckpointError(f"{index} can't be read: {error}. Fetch or save it again.") from error
    return shards, found


def _shards(header: bytes) -> int:
    said = dict(_fields(header))
    if said.get(2, 0) != 0:
        raise ValueError("its numbers are big-endian")
    return int(said.get(1, 0))


def _entry(message: bytes) -> Entry:
    said: dict[int, Any] = {}
    for number, value in _fields(message):
        if number == 7:
            raise ValueError("it holds a tensor in slices")
        said[number] = value
    shape = []
    for number, dimension in _fields(said.get(2, b"")):
        if number == 2:
            shape.append(int(dict(_fields(dimension)).get(1, 0)))
    if said[1] != _STRING and said[1] not in _NUMBERS:
        raise ValueError("it holds tensors of another type")
    checksum = int.from_bytes(said.get(6, b""), "little")
    shard, offset, size = (int(said.get(number, 0)) for number in (3, 4, 5))
    return Entry(said[1], tuple(shape), shard, offset, size, checksum)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value: Any
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            length = _FIXED[kind]
            value, at = message[at : at + length], at + length
        yield tag >> 3, value


def _pairs(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; a key leaves out what it shares with the one before.

    Raises:
        ValueError: it is compressed, cut off or altered.
    """
    block = data[offset : offset + size + 1]
    if len(block) != size + 1 or block[-1] != 0:
        raise ValueError("it is compressed or cut off")
    known = int.from_bytes(data[offset + size + 1 : offset + size + _TRAILER], "little")
    if masked(crc32c(memoryview(block))) != known:
        raise ValueError("a checksum is wrong")
    end = size - 4 - 4 * int.from_bytes(block[size - 4 : size], "little")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def write_index(index: Path, shards: int, entries: Mapping[str, Entry]) -> None:
    """Write an ``.index`` file of data files that are there, as TensorFlow would to the byte."""
    header = _message((1, shards), (3, _message((1, 1))))
    pairs = sorted((key.encode(), _said(entry)) for key, entry in entries.items())
    table, handles, block = b"", _Block(1), _Block(_RESTART)
    for key, value in [(b"", header), *pairs]:
        if block.full():
            handles.add(_between(block.last, key), _number(len(table)) + _number(block.size))
            table += _sealed(block.ended())
            block = _Block(_RESTART)
        block.add(key, value)
    handles.add(_behind(block.last), _number(len(table)) + _number(block.size))
    table += _sealed(block.ended())
    footer = b""
    for block in (_Block(1), handles):
        footer += _number(len(table)) + _number(block.size)
        table += _sealed(block.ended())
    footer = footer.ljust(_FOOTER - 8, b"\0") + _MAGIC.to_bytes(8, "little")
    index.write_bytes(table + footer)


def _between(before: bytes, key: bytes) -> bytes:
    """A short key that is not less than one and less than the next one."""
    same = _shared(before, key)
    if same < min(len(before), len(key)) and before[same] + 1 < key[same]:
        return before[:same] + bytes([before[same] + 1])
    return before


def _behind(key: bytes) -> bytes:
    """A short key that is not less than another."""
    return bytes([key[0] + 1]) if key and key[0] < 0xFF else key


def _shared(before: bytes, key: bytes) -> int:
    same = (a == b for a, b in zip(before, key, strict=False))
    return sum(itertools.takewhile(bool, same))


@dataclass(slots=True)
class _Block:
    """Pairs of the table; of ``restart`` keys all but the first leave out what they share."""

    restart: int
    last: bytes = b""
    _parts: list[bytes] = field(default_factory=list)
    _restarts: list[int] = field(default_factory=list)
    _length: int = 0

    @property
    def size(self) -> int:
        return self._length + 4 * len(self._restarts or [0]) + 4

    def full(self) -> bool:
        return self.size >= _BLOCK

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if len(self._parts) % self.restart == 0:
            self._restarts.append(self._length)
        else:
            shared = _shared(self.last, key)
        own = key[shared:]
        part = _number(shared) + _number(len(own)) + _number(len(value)) + own + value
        self._parts.append(part)
        self._length += len(part)
        self.last = key

    def ended(self) -> bytes:
        ends = [*(self._restarts or [0]), len(self._restarts or [0])]
        return b"".join([*self._parts, *(end.to_bytes(4, "little") for end in ends)])


def _said(entry: Entry) -> bytes:
    shape = b"".join(_message((2, _message((1, length)))) for length in entry.shape)
    said = _message((1, entry.type), (2, shape), (3, entry.shard), (4, entry.offset))
    said += _message((5, entry.size))
    if entry.checksum:
        said += bytes([6 << 3 | 5]) + entry.checksum.to_bytes(4, "little")
    return said


def _message(*fields: tuple[int, int | bytes]) -> bytes:
    """Of Protocol Buffers, without the numbers that are 0."""
    parts = []
    for number, value in fields:
        if isinstance(value, bytes):
            parts.append(_number(number << 3 | 2) + _number(len(value)) + value)
        elif value:
            parts.append(_number(number << 3) + _number(value))
    return b"".join(parts)


def _number(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _sealed(block: bytes) -> bytes:
    """With its kind, uncompressed, and its checksum."""
    kind = b"\0"
    return block + kind + masked(crc32c(memoryview(block + kind))).to_bytes(4, "little")
