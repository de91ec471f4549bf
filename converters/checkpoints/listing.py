"""What PyTorch's and TensorFlow's checkpoints hold, without loading a framework.

Only names, types and shapes are read, and only from files as they mostly are: of others nothing is
said, and the frameworks have to read them. Nothing is believed but for a list: whoever reads the
numbers has the framework check the file.

Source: torch/serialization.py and torch/_utils.py of PyTorch.
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

from converters.checkpoints.tensor_bundle import entries_of
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.zip_members import DAMAGES
from converters.dtypes import DType
from converters.errors import CheckpointError

Listed = dict[str, TensorInfo]
_LARGEST = 2**28
_STORAGES = {
    "FloatStorage": DType.float32, "DoubleStorage": DType.float64, "HalfStorage": DType.float16,
    "BFloat16Storage": DType.bfloat16, "LongStorage": DType.int64, "IntStorage": DType.int32,
    "ShortStorage": DType.int16, "CharStorage": DType.int8, "ByteStorage": DType.uint8,
    "BoolStorage": DType.bool, "ComplexFloatStorage": DType.complex64,
    "ComplexDoubleStorage": DType.complex128,
}  # fmt: skip


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
        found = entries_of(index)
    except CheckpointError:
        return None
    return {key: entry.info for key, entry in found.items() if entry.info is not None}
