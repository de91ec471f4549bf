"""What PyTorch's and TensorFlow's checkpoints hold, without loading a framework.

Only names, types and shapes are read, and only from files as they mostly are: of others nothing is
said, and the frameworks have to read them. Nothing is believed but for a list: whoever reads the
numbers has the framework check the file.

Sources: torch/serialization.py and torch/_utils.py of PyTorch; tensorflow's tensor_bundle.proto and
tensor_shape.proto; LevelDB's doc/table_format.md.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.zip_members import DAMAGES
from converters.dtypes import DType

Listed = dict[str, TensorInfo]
_LARGEST = 2**28
_STORAGES = {
    "FloatStorage": DType.float32, "DoubleStorage": DType.float64, "HalfStorage": DType.float16,
    "BFloat16Storage": DType.bfloat16, "LongStorage": DType.int64, "IntStorage": DType.int32,
    "ShortStorage": DType.int16, "CharStorage": DType.int8, "ByteStorage": DType.uint8,
    "BoolStorage": DType.bool, "ComplexFloatStorage": DType.complex64,
    "ComplexDoubleStorage": DType.complex128,
}  # fmt: skip
_NUMBERS = {
    1: DType.float32, 2: DType.float64, 3: DType.int32, 4: DType.uint8, 5: DType.int16,
    6: DType.int8, 8: DType.complex64, 9: DType.int64, 10: DType.bool, 14: DType.bfloat16,
    17: DType.uint16, 18: DType.complex128, 19: DType.float16, 22: DType.uint32, 23: DType.uint64,
}  # fmt: skip
_STRING = 7
_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57
_FIXED = {1: 8, 5: 4}


@dataclass(frozen=True, slots=True)
class _Leaf:
    info: TensorInfo


def _rebuilt(storage: object, _offset: int, size: Any, *_: object) -> _Leaf:
    if not isinstance(storage, DType):
        raise pickle.UnpicklingError("it has another storage")
    return _Leaf(TensorInfo(tuple(size), storage))


def _parameter(data: object, *_: object) -> object:
    return data


_KNOWN: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{("torch", name): dtype for name, dtype in _STORAGES.items()},
}


class _Lister(pickle.Unpickler):
    """Makes nothing but records: it calls no function of any other module."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it holds {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        return pid[1]


def torch_listing(path: Path) -> Listed | None:
    """What a zip file of PyTorch holds; None if that has to be read by PyTorch."""
    try:
        with zipfile.ZipFile(path) as archive:
            (entry,) = (e for e in archive.infolist() if e.filename.endswith("/data.pkl"))
            if entry.file_size > _LARGEST or entry.compress_type != zipfile.ZIP_STORED:
                return None
            found = _Lister(io.BytesIO(archive.read(entry))).load()
        listed = dict(_leaves(found, ""))
    except (*DAMAGES, pickle.UnpicklingError, TypeError, AttributeError, KeyError, IndexError):
        return None
    return listed or None


def _leaves(found: Any, name: str) -> Iterator[tuple[str, TensorInfo]]:
    if isinstance(found, _Leaf):
        yield name, found.info
    elif isinstance(found, Mapping | list | tuple):
        items = found.items() if isinstance(found, Mapping) else enumerate(found)
        for key, item in items:
            yield from _leaves(item, f"{name}.{key}" if name else str(key))


def tensorflow_listing(index: Path) -> Listed | None:
    """What an ``.index`` file lists; None if that has to be read by TensorFlow."""
    try:
        data = index.read_bytes()
        footer = data[-_FOOTER:]
        if len(footer) < _FOOTER or int.from_bytes(footer[-8:], "little") != _MAGIC:
            return None
        _, at = _handle(footer, 0)
        place, _ = _handle(footer, at)
        listed: Listed = {}
        for _, handle in _entries(data, *place):
            for key, value in _entries(data, *_handle(handle, 0)[0]):
                info = _info(value) if key else None
                if info is not None:
                    listed[key.decode()] = info
    except (IndexError, ValueError, KeyError):
        return None
    return listed


def _info(entry: bytes) -> TensorInfo | None:
    """Of a BundleEntryProto; None for text.

    Raises:
        ValueError: it is in slices.
    """
    number, shape = 0, []
    for field, value in _fields(entry):
        if field == 1:
            number = int(value)
        elif field == 7:
            raise ValueError("it is in slices")
        elif field == 2:
            for inner, dimension in _fields(value):
                if inner == 2:
                    sizes = [int(size) for part, size in _fields(dimension) if part == 1]
                    shape.append(sizes[0] if sizes else 0)
    return None if number == _STRING else TensorInfo(tuple(shape), _NUMBERS[number])


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


def _entries(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a block; a key leaves out what it shares with the one before.

    Raises:
        ValueError: it is compressed, or cut off.
    """
    block = data[offset : offset + size + 1]
    if len(block) != size + 1 or block[-1] != 0:
        raise ValueError("it is compressed or cut off")
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
