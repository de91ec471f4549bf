"""PyTorch's distributed checkpoints: a folder of ``.distcp`` files and a ``.metadata`` file.

A tensor may lie in pieces in several files. What says where is a pickle: it is read by a reader
that makes nothing but records, so that no function of any module is called.
"""

from __future__ import annotations

import io
import itertools
import math
import os
import pickle
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from converters.checkpoints.raw import LARGE, PAGE
from converters.checkpoints.store import Checkpoint, Format, Output, Write, require_same
from converters.checkpoints.streams import Numbers
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.torch_file import Frame, as_array, frame, load_safely
from converters.checkpoints.zip_members import DAMAGES
from converters.dtypes import DType
from converters.errors import CheckpointError

_METADATA = ".metadata"
_DATA = "__0_0.distcp"
_OWN = "torch.distributed.checkpoint"


class _Record:
    """Stands for an object of PyTorch's; it holds what the pickle says of it."""

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) == 5:  # of a tensor's properties
            state = {"dtype": state[0]}
        vars(self).update(state)


def _said(*arguments: object) -> object:
    return arguments


_STANDS_FOR: Mapping[tuple[str, str], Any] = {
    **{
        (f"{_OWN}.metadata", name): _Record
        for name in (
            "Metadata", "TensorStorageMetadata", "TensorProperties", "ChunkStorageMetadata",
            "BytesStorageMetadata", "MetadataIndex", "StorageMeta",
        )
    },
    (f"{_OWN}.filesystem", "_StorageInfo"): _Record,
    (f"{_OWN}.metadata", "_MEM_FORMAT_ENCODING"): _said,
    ("builtins", "getattr"): _said,  # some Pythons write an enum's member so; nothing is looked up
    ("torch.serialization", "_get_layout"): _said,
    ("torch", "Size"): tuple,
    ("pathlib", "PosixPath"): _said,
    ("pathlib", "WindowsPath"): _said,
    ("pathlib._local", "PosixPath"): _said,
}  # fmt: skip


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and (name in DType.__members__ or name.startswith("float8")):
            return name
        if (module, name) not in _STANDS_FOR:
            raise pickle.UnpicklingError(f"it holds {module}.{name}")
        return _STANDS_FOR[module, name]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a tensor: where it goes, and where it lies."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    path: Path
    start: int
    length: int


@contextmanager
def open_distributed(path: Path) -> Iterator[Checkpoint]:
    """Open a folder.

    Raises:
        CheckpointError: it is damaged, unsafe, or names a file elsewhere.
    """
    try:
        record = _Reader(io.BytesIO((path / _METADATA).read_bytes())).load()
        tensors, pieces = _understood(path, record)
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        raise CheckpointError(
            f"{path / _METADATA} can't be read: {error or type(error).__name__}. Fetch or save the "
            "checkpoint again."
        ) from error

    def read(name: str) -> np.ndarray:
        result = np.empty(tensors[name].shape, tensors[name].dtype.numpy)
        for piece in pieces[name]:
            with piece.path.open("rb") as file:
                file.seek(piece.start)
                data = io.BytesIO(file.read(piece.length))
            _require_sound(data, piece.path)
            array = as_array(load_safely(data, piece.path))
            if array.shape != piece.sizes or array.dtype != result.dtype:
                raise CheckpointError(f"{piece.path} holds another {name} than {_METADATA} says.")
            place = zip(piece.offsets, piece.sizes, strict=True)
            result[tuple(slice(start, start + size) for start, size in place)] = array
        return result

    parts = {piece.path for found in pieces.values() for piece in found}
    yield Checkpoint(tensors, read, files=(path / _METADATA, *sorted(parts)))


def _require_sound(data: io.BytesIO, path: Path) -> None:
    """Compare the checksums of a piece, which PyTorch doesn't when it reads one."""
    try:
        with zipfile.ZipFile(data) as archive:
            wrong = archive.testzip()
    except DAMAGES as error:
        raise CheckpointError(f"{path} is damaged: {error}. Fetch or save it again.") from error
    if wrong is not None:
        raise CheckpointError(
            f"{path} was altered or damaged: a checksum is wrong. Fetch or save it again."
        )
    data.seek(0)


def _understood(folder: Path, record: Any) -> tuple[dict[str, TensorInfo], dict[str, list[_Piece]]]:
    lies: dict[tuple[str, tuple[int, ...]], Any] = {
        (index.fqn, tuple(index.offset)): found
        for index, found in record.storage_data.items()
        if getattr(index, "offset", None) is not None  # else it is no tensor
    }
    tensors: dict[str, TensorInfo] = {}
    pieces: dict[str, list[_Piece]] = {}
    for name, entry in record.state_dict_metadata.items():
        if not hasattr(entry, "chunks"):
            continue  # no tensor: a number of the training, for example
        if entry.properties.dtype not in DType.__members__:
            raise CheckpointError(
                f"{name} in {folder} is {entry.properties.dtype}, which TensorFlow and NumPy don't "
                "have. Save it in another type."
            )
        tensors[name] = TensorInfo(tuple(entry.size), DType(entry.properties.dtype))
        pieces[name] = [
            _piece(folder, name, tuple(c.offsets), tuple(c.sizes), lies) for c in entry.chunks
        ]
        if not _covers(tensors[name].shape, pieces[name]):
            raise CheckpointError(f"the pieces of {name} in {folder} don't make up the tensor.")
    if not tensors:
        raise CheckpointError(f"{folder} holds no weights: there is no tensor in it.")
    return tensors, pieces


def _piece(
    folder: Path,
    name: str,
    offsets: tuple[int, ...],
    sizes: tuple[int, ...],
    lies: Mapping[tuple[str, tuple[int, ...]], Any],
) -> _Piece:
    found = lies[name, offsets]
    path = folder / found.relative_path
    if Path(found.relative_path).name != found.relative_path or not path.is_file():
        raise CheckpointError(
            f"{folder / _METADATA} names the file {found.relative_path!r}, which is not in its "
            "folder. Fetch it as well; if it lies elsewhere, the checkpoint is damaged or meant to "
            "do harm."
        )
    if getattr(found, "transform_descriptors", None):
        raise CheckpointError(f"{name} in {folder} is compressed. Save it without transforms.")
    if found.offset < 0 or found.offset + found.length > path.stat().st_size:
        raise CheckpointError(f"{path} is cut off. Fetch or save it again.")
    return _Piece(offsets, sizes, path, found.offset, found.length)


def _covers(shape: tuple[int, ...], pieces: list[_Piece]) -> bool:
    """Whether pieces lie inside a tensor, apart from each other, and fill it."""
    inside = all(
        len(p.offsets) == len(p.sizes) == len(shape)
        and all(o >= 0 and s >= 0 and o + s <= n for o, s, n in zip(p.offsets, p.sizes, shape))  # noqa: B905
        for p in pieces
    )
    apart = all(
        any(
            a + s <= b or b + t <= a
            for a, s, b, t in zip(p.offsets, p.sizes, q.offsets, q.sizes, strict=True)
        )
        for p, q in itertools.combinations(pieces, 2)
    )
    return inside and apart and sum(math.prod(p.sizes) for p in pieces) == math.prod(shape)


@contextmanager
def create_distributed(output: Output) -> Iterator[Write]:
    """Write a folder of one data file, as one process would; ``dcp.load`` reads it.

    Every tensor is a file of PyTorch's inside it, and has its place before the first one comes.
    """
    path, tensors, journal = output.path, output.tensors, output.journal
    path.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=path.parent)))
        frames: dict[TensorInfo, Frame] = {}
        for info in tensors.values():
            if info not in frames:
                frames[info] = stack.enter_context(frame(folder / str(len(frames)), info))
        places, end = _places([(name, frames[info]) for name, info in tensors.items()])
        if not journal.begun:
            (path / _DATA).touch(exist_ok=False)
            os.truncate(path / _DATA, end)
        file = stack.enter_context((path / _DATA).open("r+b", buffering=0))

        def write(name: str, value: Numbers) -> None:
            info = tensors[name]
            require_same(name, info, value)
            frames[info].fill(value, file.fileno(), places[name])
            journal.add(name)

        yield write
        if not output.part:
            _write_metadata(path, {n: (i, places[n], frames[i].size) for n, i in tensors.items()})


def _places(files: Iterable[tuple[str, Frame]]) -> tuple[dict[str, int], int]:
    """Where every tensor's file goes, so that large ones' numbers begin with a page; and the end.

    The metadata says where each begins, so gaps may lie between them.
    """
    places, end = {}, 0
    for name, file in files:
        gap = -(end + file.place) % PAGE if file.info.bytes >= LARGE else 0
        places[name] = end + gap
        end += gap + file.size
    return places, end


def _write_metadata(folder: Path, tensors: Mapping[str, tuple[TensorInfo, int, int]]) -> None:
    import torch
    from torch.distributed.checkpoint import metadata as m
    from torch.distributed.checkpoint.filesystem import _StorageInfo

    places: dict[m.MetadataIndex, _StorageInfo] = {}
    held: dict[str, Any] = {}
    for name, (info, start, length) in tensors.items():
        shape = torch.Size(info.shape)
        zeros = torch.Size([0] * len(shape))
        places[m.MetadataIndex(name, zeros, 0)] = _StorageInfo(_DATA, start, length)
        chunk = m.ChunkStorageMetadata(zeros, shape)
        properties = m.TensorProperties(getattr(torch, info.dtype.value))
        held[name] = m.TensorStorageMetadata(properties, shape, [chunk])
    record = m.Metadata(held, {name: (name,) for name in tensors}, places)
    with (folder / _METADATA).open("wb") as file:
        pickle.dump(record, file)


DISTRIBUTED = Format(
    "a PyTorch distributed checkpoint",
    (".dcp",),
    lambda path: (path / _METADATA).is_file(),
    open_distributed,
    create_distributed,
    template="refused",
    written="shared",
)
