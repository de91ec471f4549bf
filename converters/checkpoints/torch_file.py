"""PyTorch's ``.pt``, ``.pth``, ``.bin`` and ``.ckpt`` files.

A zip file of a pickle and of one member for each storage. Only ``weights_only`` pickles are read,
with the tensors left in the file; older files, which are one pickle, are read whole.
"""

from __future__ import annotations

import os
import pickle
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from converters.checkpoints.raw import bytes_of, read_at, write_at
from converters.checkpoints.store import Checkpoint, Format, TensorInfo, Write, require_same
from converters.dtypes import dtype_of
from converters.errors import CheckpointError

_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")


@contextmanager
def open_torch(path: Path) -> Iterator[Checkpoint]:
    """Open a file; nested dicts and lists become names with dots.

    Raises:
        CheckpointError: the file is damaged, holds objects other than tensors and plain values, or
            tensors of a type that the other frameworks don't have.
    """
    found = _loaded(path)
    leaves = dict(_tensors(found, ""))
    if not leaves:
        raise CheckpointError(f"{path} holds no tensor.")
    tensors = {}
    for name, leaf in leaves.items():
        try:
            tensors[name] = TensorInfo(tuple(leaf.shape), dtype_of(leaf))
        except ValueError as error:
            raise CheckpointError(
                f"{name} in {path} is {str(leaf.dtype).removeprefix('torch.')}, which TensorFlow "
                "and NumPy don't have. Save it in another type."
            ) from error
    with path.open("rb", buffering=0) as file:
        yield Checkpoint(tensors, lambda name: _read(file.fileno(), leaves[name], name, path))


def _loaded(path: Path) -> Any:
    """What the pickle holds: tensors of a zip file without their numbers."""
    import torch
    from torch._subclasses import FakeTensorMode

    try:
        if not zipfile.is_zipfile(path):
            return torch.load(path, map_location="cpu", weights_only=True)
        with FakeTensorMode():
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).split("\n")[0].split(". This file")[0]
        raise CheckpointError(
            f"{path} is not read, because its pickle is damaged or holds more than tensors and "
            f"plain values ({reason}). Load it where you trust it and save its state_dict() alone."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise CheckpointError(
            f"{path} is no sound PyTorch file: {reason}. Fetch or save it again."
        ) from error


def _tensors(found: Any, name: str) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(found, torch.Tensor):
        yield name, found
    elif isinstance(found, Mapping | list | tuple):
        items = found.items() if isinstance(found, Mapping) else enumerate(found)
        for key, item in items:
            yield from _tensors(item, f"{name}.{key}" if name else str(key))


def _read(descriptor: int, tensor: Any, name: str, path: Path) -> np.ndarray:
    import torch
    from torch._subclasses.fake_tensor import FakeTensor

    if not isinstance(tensor, FakeTensor):
        return _as_numpy(tensor.detach().contiguous()).copy()
    start = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
    if start is None and tensor.numel():
        raise CheckpointError(f"{path} doesn't say where {name} lies. Save it again.")
    size = tensor.element_size()
    # the elements between the first and the last one: a view may skip some
    span = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    span = span if tensor.numel() else 0
    held = torch.empty(int(span), dtype=tensor.dtype)
    offset = int((start or 0) + tensor.storage_offset() * size)
    read_at(descriptor, bytes_of(_as_numpy(held)), offset, path)
    strided = held.as_strided(tuple(tensor.shape), tuple(tensor.stride())) if span else held
    return _as_numpy(strided.contiguous()).reshape(tuple(tensor.shape))


def _as_numpy(tensor: Any) -> np.ndarray:
    import ml_dtypes
    import torch

    if tensor.dtype == torch.bfloat16:
        bits: np.ndarray = tensor.view(torch.int16).numpy()
        return bits.view(ml_dtypes.bfloat16)
    array: np.ndarray = tensor.numpy()
    return array


@contextmanager
def create_torch(
    path: Path,
    tensors: Mapping[str, TensorInfo],
    template: Path | None = None,  # noqa: ARG001
) -> Iterator[Write]:
    """Write a state dict, tensor by tensor: PyTorch writes the file with gaps, which are filled."""
    import torch

    with tempfile.TemporaryFile(dir=path.parent) as hole:
        largest = max((info.bytes for info in tensors.values()), default=0)
        os.truncate(hole.fileno(), largest)  # holds nothing, so it takes no space
        state = {name: _gap(info, hole.fileno()) for name, info in tensors.items()}
        with torch.serialization.skip_data():
            torch.save(state, path)
    reader: Any = torch._C.PyTorchFileReader(str(path))
    places = {
        name: reader.get_record_offset(f"data/{number}") for number, name in enumerate(tensors)
    }
    members = {name: f"data/{number}" for number, name in enumerate(tensors)}
    del reader
    sums: dict[str, int] = {}
    with path.open("r+b", buffering=0) as file:

        def write(name: str, array: np.ndarray) -> None:
            array = require_same(name, tensors[name], array)
            checksum = 0

            def add(part: memoryview) -> None:
                nonlocal checksum
                checksum = zlib.crc32(part, checksum)

            write_at(file.fileno(), bytes_of(array), places[name], add)
            sums[members[name]] = checksum

        yield write
        _write_checksums(path, file.fileno(), sums)


def _gap(info: TensorInfo, hole: int) -> Any:
    """A tensor of the right kind whose numbers don't matter and take no memory."""
    import torch

    dtype = getattr(torch, info.dtype.value)
    if not info.bytes:
        return torch.empty(info.shape, dtype=dtype)
    storage = torch.UntypedStorage.from_file(f"/proc/self/fd/{hole}", False, info.bytes)
    return torch.empty(0, dtype=dtype).set_(storage, 0, info.shape)  # type: ignore[call-overload]


def _write_checksums(path: Path, descriptor: int, sums: Mapping[str, int]) -> None:
    """Write the members' checksums behind the members and into the zip file's directory.

    Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.9 and 4.3.12.
    """
    with zipfile.ZipFile(path) as archive:
        place = archive.start_dir
        for entry in archive.infolist():
            checksum = sums.get(entry.filename.partition("/")[2])
            fixed = os.pread(descriptor, 46, place)
            lengths = struct.unpack("<HHH", fixed[28:34])
            if checksum is not None:
                packed = struct.pack("<I", checksum)
                os.pwrite(descriptor, packed, place + 16)
                local = os.pread(descriptor, 30, entry.header_offset)
                data = entry.header_offset + 30 + sum(struct.unpack("<HH", local[26:30]))
                behind = data + entry.file_size
                if entry.flag_bits & 8 and os.pread(descriptor, 4, behind) == b"PK\x07\x08":
                    os.pwrite(descriptor, packed, behind + 4)
            place += 46 + sum(lengths)


def _recognises(path: Path) -> bool:
    return path.is_file() and path.suffix in _SUFFIXES


TORCH = Format("a PyTorch file", _SUFFIXES, _recognises, open_torch, create_torch, "refused")
