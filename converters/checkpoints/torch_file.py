"""PyTorch's ``.pt``, ``.pth``, ``.bin`` and ``.ckpt`` files.

A zip file of a pickle and of one member for each storage. Only ``weights_only`` pickles are read,
with the tensors left in the file; older files, which are one pickle, are read whole.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import tempfile
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from converters.checkpoints.checksums import crc32
from converters.checkpoints.listing import torch_listing
from converters.checkpoints.raw import PAGE, bytes_of, read_at, write_at
from converters.checkpoints.store import (
    Checkpoint,
    Format,
    Output,
    Write,
    require_same,
    require_template,
)
from converters.checkpoints.streams import Check, Numbers, Place, pour
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.zip_members import Members, is_zip, members_of, write_checksums
from converters.dtypes import dtype_of
from converters.errors import CheckpointError

_ONLY = "data/0"
"""The member of a file of one tensor that its numbers are."""
_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")


@contextmanager
def open_torch(path: Path) -> Iterator[Checkpoint]:
    """Open a file; nested dicts and lists become names with dots.

    Raises:
        CheckpointError: the file is damaged, holds objects other than tensors and plain values, or
            tensors of a type that the other frameworks don't have.
    """
    import torch

    found = load_safely(path, path, lazily=is_zip(path))
    leaves: dict[str, Any] = {}
    tensors = {}
    for name, leaf in _tensors(found, ""):
        if name in leaves:
            raise CheckpointError(f"{path} holds two tensors that are called {name}. Rename one.")
        leaves[name] = leaf
        if leaf.layout is not torch.strided:
            raise CheckpointError(
                f"{name} in {path} is sparse, which other files can't hold. Save it as to_dense()."
            )
        try:
            tensors[name] = TensorInfo(tuple(leaf.shape), dtype_of(leaf))
        except ValueError as error:
            raise CheckpointError(
                f"{name} in {path} is {str(leaf.dtype).removeprefix('torch.')}, which TensorFlow "
                "and NumPy don't have. Save it in another type."
            ) from error
    if not leaves:
        held = ", ".join(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
        raise CheckpointError(
            f"{path} holds no weights: there is no tensor in it, but {held or 'nothing'}. Write "
            "one with torch.save(module.state_dict(), path)."
        )
    members = members_of(path) if is_zip(path) else None
    with path.open("rb", buffering=0) as file:
        yield Checkpoint(
            tensors,
            lambda name: _read(file.fileno(), leaves[name], name, path, members),
            place=lambda name: _place(file.fileno(), leaves[name], tensors[name], path, members),
            files=(path,),
        )


def load_safely(file: Path | IO[bytes], path: Path, *, lazily: bool = False) -> Any:
    """What a pickle of tensors and plain values holds.

    Args:
        file: the path, or what is open.
        path: for messages.
        lazily: leave the tensors' numbers in the file, which has to be a zip file.

    Raises:
        CheckpointError: the pickle is damaged, or holds more.
    """
    import torch
    from torch._subclasses import FakeTensorMode

    mode = FakeTensorMode() if lazily else contextlib.nullcontext()
    try:
        with mode, warnings.catch_warnings(action="ignore"):  # of unusual pickles
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may fail in any way
        named = _GLOBAL.search(str(error))
        if isinstance(error, pickle.UnpicklingError) and named:
            raise CheckpointError(
                f"{path} is refused, because it holds {named[1]}, and unpickling that could run "
                "code. Load it where you trust it and write only its weights: "
                "torch.save(module.state_dict(), path)."
            ) from error
        reason = str(error).split("\n")[0].split(". ")[0] or type(error).__name__
        if isinstance(error, pickle.UnpicklingError):
            reason = "its pickle is damaged, or holds more than tensors and plain values"
        elif not isinstance(error, RuntimeError) or reason.startswith(
            "["
        ):  # a bare number, a place
            reason = "it is damaged, or no file of PyTorch's"
        raise CheckpointError(
            f"{path} can't be read as a checkpoint: {reason}. Fetch it again; or load it where you "
            "trust it, and save its state_dict()."
        ) from error


_GLOBAL = re.compile(r"(?:GLOBAL|global:?|class) `?([\w.]+\.[\w.]*\w)")
"""What PyTorch's refusal names, for example ``posix.system``."""


def _tensors(found: Any, name: str) -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(found, torch.Tensor):
        yield name, found
    elif isinstance(found, Mapping | list | tuple):
        items = found.items() if isinstance(found, Mapping) else enumerate(found)
        for key, item in items:
            yield from _tensors(item, _below(name, key))


def _below(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _read(
    descriptor: int, tensor: Any, name: str, path: Path, members: Members | None
) -> np.ndarray:
    import torch

    if members is None:
        return as_array(tensor.detach().resolve_conj().resolve_neg().contiguous()).copy()
    if not tensor.numel():
        return np.empty(tuple(tensor.shape), dtype_of(tensor).numpy)
    storage, size = tensor.untyped_storage(), tensor.element_size()
    start = getattr(storage, "_checkpoint_offset", None)
    if start is None:
        raise CheckpointError(f"{path} doesn't say where {name} lies. Save it again.")
    # the elements between the first and the last one: a view may skip some
    span = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    held = torch.empty(int(span), dtype=tensor.dtype)
    offset = int(tensor.storage_offset() * size)
    if offset + span * size > storage.nbytes():
        raise CheckpointError(f"{path}: {name} reaches beyond its storage. Save it again.")
    view = bytes_of(as_array(held))
    read_at(descriptor, view, start + offset, path)
    members.check(descriptor, start, view if len(view) == storage.nbytes() else None)
    strided = held.as_strided(tuple(tensor.shape), tuple(tensor.stride()))
    if tensor.is_conj():
        strided = strided.conj().resolve_conj()
    if tensor.is_neg():
        strided = -strided
    return as_array(strided.contiguous())


def _place(
    descriptor: int, tensor: Any, info: TensorInfo, path: Path, members: Members | None
) -> Place | None:
    """Of a tensor that is all of its storage, as tensors mostly are."""
    if members is None or not tensor.numel() or tensor.is_conj() or tensor.is_neg():
        return None
    storage = tensor.untyped_storage()
    start = getattr(storage, "_checkpoint_offset", None)
    if start is None or storage.nbytes() != info.bytes or not tensor.is_contiguous():
        return None
    check = Check(crc32, partial(members.compare, start))
    return Place(path, descriptor, start, info, check)


def as_tensor(array: np.ndarray) -> Any:
    """A tensor in an array's memory."""
    import torch

    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def as_array(tensor: Any) -> np.ndarray:
    """The numbers of a tensor in its memory."""
    import ml_dtypes
    import torch

    if tensor.dtype == torch.bfloat16:
        bits: np.ndarray = tensor.view(torch.int16).numpy()
        return bits.view(ml_dtypes.bfloat16)
    array: np.ndarray = tensor.numpy()
    return array


@contextmanager
def create_torch(output: Output) -> Iterator[Write]:
    """Write a state dict, or a copy of the template with other tensors, tensor by tensor.

    PyTorch writes the file with gaps, which are filled.
    """
    path, infos, journal = output.path, dict(output.tensors), output.journal
    kept: dict[str, np.ndarray] = {}
    if output.template is not None:
        with open_torch(output.template) as held:
            require_template(output, held.tensors)
            infos = dict(held.tensors)
            kept = {name: held.read(name) for name in infos if name not in output.tensors}
    if not journal.begun:
        _begin(path, infos, output.template)
    places, members = _places(path, infos)
    with path.open("r+b", buffering=0) as file:

        def write(name: str, value: Numbers) -> None:
            require_same(name, infos[name], value)
            journal.add(name, pour(value, file.fileno(), places[name], summed=crc32))

        for name, array in kept.items():
            write(name, array)
        yield write
        if not output.part:
            sums = {members[name]: note for name, note in journal.held.items()}
            write_checksums(path, file.fileno(), sums)


@dataclass(frozen=True, slots=True)
class Frame:
    """A file of one tensor without its numbers.

    Attributes:
        path: of the file; ``descriptor``: of the same.
        size: its bytes, ``place`` where the numbers of ``info`` go.
    """

    path: Path
    descriptor: int
    size: int
    place: int
    info: TensorInfo

    def fill(self, value: Numbers, descriptor: int, offset: int) -> None:
        """Write the file with a tensor's numbers into another file."""
        found = pour(value, descriptor, offset + self.place, summed=crc32)
        write_checksums(self.path, self.descriptor, {_ONLY: found})
        behind = self.place + self.info.bytes
        for start, end in ((0, self.place), (behind, self.size)):
            part = os.pread(self.descriptor, end - start, start)
            write_at(descriptor, memoryview(part), offset + start)


@contextmanager
def frame(path: Path, info: TensorInfo) -> Iterator[Frame]:
    """Write the file of a tensor without its numbers, which takes no space for them."""
    import torch

    with tempfile.TemporaryFile(dir=path.parent) as hole:
        os.truncate(hole.fileno(), info.bytes)
        with torch.serialization.skip_data():
            torch.save(_gap(info, hole.fileno()), path)
    reader: Any = torch._C.PyTorchFileReader(str(path))
    place = reader.get_record_offset(_ONLY)
    with path.open("r+b", buffering=0) as file:
        yield Frame(path, file.fileno(), path.stat().st_size, place, info)


def _begin(path: Path, infos: Mapping[str, TensorInfo], template: Path | None) -> None:
    """Write the file without the numbers."""
    import torch

    with tempfile.TemporaryFile(dir=path.parent) as hole:
        largest = max((info.bytes for info in infos.values()), default=0)
        os.truncate(hole.fileno(), largest)  # holds nothing, so it takes no space
        gaps: Any = {name: _gap(info, hole.fileno()) for name, info in infos.items()}
        if template is not None:
            found = load_safely(template, template, lazily=is_zip(template))
            gaps = _with_gaps(found, "", gaps)
        with torch.serialization.skip_data(), _pages(list(infos.values())):
            torch.save(gaps, path)


def _pages(infos: Sequence[TensorInfo]) -> AbstractContextManager[None]:
    """While active, PyTorch (from 2.7) begins each tensor with a page, if that adds 1 % at most."""
    if 100 * PAGE * len(infos) > sum(info.bytes for info in infos):
        return nullcontext()
    try:
        from torch.utils.serialization import config
    except ImportError:
        return nullcontext()
    options: Any = config  # its functions are put there as it is imported
    patched: AbstractContextManager[None] = options.patch({"save.storage_alignment": PAGE})
    return patched


def _places(path: Path, infos: Mapping[str, TensorInfo]) -> tuple[dict[str, int], dict[str, str]]:
    """Where every tensor's numbers go, and the member of the zip file that they are.

    Members are numbered as their tensors are pickled.
    """
    import torch

    reader: Any = torch._C.PyTorchFileReader(str(path))
    members = {name: f"data/{number}" for number, name in enumerate(infos)}
    return {name: reader.get_record_offset(member) for name, member in members.items()}, members


def _with_gaps(found: Any, name: str, gaps: Mapping[str, Any]) -> Any:
    """The same with other tensors."""
    import torch

    if isinstance(found, torch.Tensor):
        return gaps[name]
    if isinstance(found, Mapping):
        items = [(key, _with_gaps(item, _below(name, key), gaps)) for key, item in found.items()]
        return OrderedDict(items) if isinstance(found, OrderedDict) else dict(items)
    if isinstance(found, list | tuple):
        parts = [_with_gaps(item, _below(name, key), gaps) for key, item in enumerate(found)]
        return parts if isinstance(found, list) else tuple(parts)
    return found


def _gap(info: TensorInfo, hole: int) -> Any:
    """A tensor of the right kind whose numbers don't matter and take no memory."""
    import torch

    dtype = getattr(torch, info.dtype.value)
    if not info.bytes:
        return torch.empty(info.shape, dtype=dtype)
    storage = torch.UntypedStorage.from_file(f"/proc/self/fd/{hole}", False, info.bytes)
    return torch.empty(0, dtype=dtype).set_(storage, 0, info.shape)  # type: ignore[call-overload]


def _recognises(path: Path) -> bool:
    return path.is_file() and path.suffix in _SUFFIXES


TORCH = Format(
    "a PyTorch file",
    _SUFFIXES,
    _recognises,
    open_torch,
    create_torch,
    written="shared",
    listing=torch_listing,
)
