"""``.safetensors`` files: a header of names, types and places, then the numbers.

Source: the format's description, https://github.com/huggingface/safetensors (little-endian, C
order). The package checks a header when it opens a file; reading and writing single tensors is done
here, because it can neither say where a tensor lies nor write one at a time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from converters.checkpoints.raw import PAGE, write_at
from converters.checkpoints.store import Checkpoint, Format, Output, Write, require_same
from converters.checkpoints.streams import Numbers, Place, pour
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError

_TYPES = {
    "BOOL": DType.bool,
    "U8": DType.uint8,
    "U16": DType.uint16,
    "U32": DType.uint32,
    "U64": DType.uint64,
    "I8": DType.int8,
    "I16": DType.int16,
    "I32": DType.int32,
    "I64": DType.int64,
    "F16": DType.float16,
    "BF16": DType.bfloat16,
    "F32": DType.float32,
    "F64": DType.float64,
    "C64": DType.complex64,
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


@contextmanager
def open_safetensors(path: Path) -> Iterator[Checkpoint]:
    """Open a file; only its header is read.

    Raises:
        CheckpointError: the file is no safetensors file, is cut off, or its header is wrong.
    """
    tensors, places, metadata = _header(path)
    with path.open("rb", buffering=0) as file:

        def place(name: str) -> Place:
            return Place(path, file.fileno(), places[name], tensors[name])

        yield Checkpoint(tensors, lambda name: place(name).read(), metadata, place, (path,))


def _header(path: Path) -> tuple[dict[str, TensorInfo], dict[str, int], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
    except (SafetensorError, ValueError, OSError) as error:
        raise CheckpointError(
            f"{path} is no sound safetensors file: {error}. Fetch or save it again."
        ) from error
    metadata = header.pop("__metadata__", {})
    unknown = sorted({entry["dtype"] for entry in header.values()} - set(_TYPES))
    if unknown:
        raise CheckpointError(
            f"{path} holds tensors of the type {', '.join(unknown)}, which TensorFlow and NumPy "
            "don't have. Save them in another type."
        )
    ordered = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    tensors = {
        name: TensorInfo(tuple(entry["shape"]), _TYPES[entry["dtype"]]) for name, entry in ordered
    }
    places = {name: 8 + length + entry["data_offsets"][0] for name, entry in ordered}
    return tensors, places, metadata


@contextmanager
def create_safetensors(output: Output) -> Iterator[Write]:
    """Write a file, tensor by tensor.

    Raises:
        CheckpointError: a type that the format doesn't have.
    """
    tensors, journal = output.tensors, output.journal
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    places: dict[str, int] = {}
    offset = 0
    # as the format's own library lays them out: the widest types first, so that all are aligned
    for name in sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name)):
        info = tensors[name]
        if info.dtype not in _NAMES:
            raise CheckpointError(
                f"{name} is {info.dtype}, which safetensors files can't hold. Write a .pt file."
            )
        places[name] = offset
        end = offset + info.bytes
        header[name] = {
            "dtype": _NAMES[info.dtype],
            "shape": list(info.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % PAGE)
    start = 8 + len(text)
    if not journal.begun:
        with output.path.open("xb", buffering=0) as file:
            write_at(file.fileno(), memoryview(len(text).to_bytes(8, "little") + text), 0)
            os.ftruncate(file.fileno(), start + offset)
    with output.path.open("r+b", buffering=0) as file:

        def write(name: str, value: Numbers) -> None:
            require_same(name, tensors[name], value)
            pour(value, file.fileno(), start + places[name])
            journal.add(name)

        yield write


def _recognises(path: Path) -> bool:
    return path.is_file() and path.suffix == ".safetensors"


SAFETENSORS = Format(
    "safetensors",
    (".safetensors",),
    _recognises,
    open_safetensors,
    create_safetensors,
    "refused",
    written="shared",
)
