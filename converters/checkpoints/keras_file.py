"""Keras's files: ``.weights.h5``, ``.h5`` of Keras 2, ``.keras``, and sharded ``.weights.json``.

A tensor's name is the path of its dataset: ``layers/dense/vars/0``.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from converters.checkpoints.raw import LARGE, PAGE
from converters.checkpoints.store import (
    Checkpoint,
    Format,
    Output,
    Write,
    require_same,
    require_template,
    sharded,
)
from converters.checkpoints.streams import Numbers, Place, pour, whole
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.zip_members import DAMAGES, require_sound
from converters.dtypes import DType
from converters.errors import CheckpointError

_WEIGHTS = "model.weights.h5"
_BFLOAT16 = np.dtype("V2")


@contextmanager
def open_h5(path: Path) -> Iterator[Checkpoint]:
    """Open an HDF5 file of Keras 2 or 3.

    Raises:
        CheckpointError: the file is damaged, or refers to other files.
    """
    import h5py

    with _sound(path):
        file = h5py.File(path, "r")
    with file, path.open("rb", buffering=0) as raw:
        yield _checkpoint(file, path, raw.fileno())


@contextmanager
def open_keras(path: Path) -> Iterator[Checkpoint]:
    """Open the weights inside a ``.keras`` file; the model itself is not built.

    Raises:
        CheckpointError: the file is damaged, or refers to other files.
    """
    import h5py

    with ExitStack() as stack:
        with _sound(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            require_sound(archive, _WEIGHTS)
            member = stack.enter_context(archive.open(_WEIGHTS))
            file = stack.enter_context(h5py.File(member, "r"))
        yield _checkpoint(file, path)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """What h5py and zipfile say of a damaged file, in our words."""
    try:
        yield
    except (*DAMAGES, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is no sound file of Keras: {error}. Fetch or save it again."
        ) from error


def _checkpoint(file: Any, path: Path, descriptor: int | None = None) -> Checkpoint:
    with _sound(path):
        datasets = dict(_datasets(file, path))
        tensors = {name: _info(name, dataset, path) for name, dataset in datasets.items()}

    def read(name: str) -> np.ndarray:
        with _sound(path):
            array = np.asarray(datasets[name][()])
        dtype = tensors[name].dtype.numpy
        return array.view(dtype) if array.dtype == _BFLOAT16 else array.astype(dtype, copy=False)

    def place(name: str) -> Place | None:
        offset = _offset(datasets[name])
        if descriptor is None or offset is None:
            return None
        return Place(path, descriptor, offset, tensors[name])

    return Checkpoint(tensors, read, place=place, files=(path,))


def _offset(dataset: Any) -> int | None:
    """Where the numbers lie in the file; None if they lie in pieces, compressed or turned round."""
    if dataset.chunks is not None or not dataset.dtype.isnative:
        return None
    offset: int | None = dataset.id.get_offset()
    return offset


def _datasets(group: Any, path: Path, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dataset by its path. Links to elsewhere are not followed: they may name any file."""
    import h5py

    for key in group:
        name = f"{prefix}{key}"
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise CheckpointError(
                f"{path} has a link at {name}, which may lead to another file. Save the weights "
                "into one file without links."
            )
        item = group[key]
        if isinstance(item, h5py.Group):
            if len(name) > 10_000:
                raise CheckpointError(f"{path} nests its groups without end. Save it again.")
            yield from _datasets(item, path, f"{name}/")
        elif isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise CheckpointError(
                    f"{name} in {path} keeps its numbers in another file. Save the weights into "
                    "one file."
                )
            if item.dtype.kind not in "OSU":
                yield name, item


def _info(name: str, dataset: Any, path: Path) -> TensorInfo:
    if dataset.dtype == _BFLOAT16 and dataset.attrs.get("dtype") == "bfloat16":
        return TensorInfo(tuple(dataset.shape), DType.bfloat16)
    try:
        return TensorInfo(tuple(dataset.shape), DType(dataset.dtype.name))
    except ValueError as error:
        raise CheckpointError(
            f"{name} in {path} is {dataset.dtype}, which no framework has. Save it in another type."
        ) from error


@contextmanager
def create_h5(output: Output) -> Iterator[Write]:
    """Write an HDF5 file, or a copy of the template with other numbers."""
    with _refilled(output) if output.template else _filled(output) as write:
        yield write


@contextmanager
def _filled(output: Output) -> Iterator[Write]:
    """The file has its place for every tensor before the first one comes."""
    import h5py

    path, tensors, journal = output.path, output.tensors, output.journal
    if not journal.begun:
        with h5py.File(path, "x", alignment_threshold=LARGE, alignment_interval=PAGE) as file:
            for name, info in tensors.items():
                _new_dataset(file, name, info)
    with h5py.File(path, "r") as file:
        places = {name: file[name].id.get_offset() for name in tensors}
    with path.open("r+b", buffering=0) as raw:

        def write(name: str, value: Numbers) -> None:
            require_same(name, tensors[name], value)
            if places[name] is not None:  # else it has no elements
                pour(value, raw.fileno(), places[name])
            journal.add(name)

        yield write


@contextmanager
def _refilled(output: Output) -> Iterator[Write]:
    import h5py

    assert output.template is not None
    shutil.copyfile(output.template, output.path)
    with h5py.File(output.path, "r+") as file, output.path.open("r+b", buffering=0) as raw:
        require_template(output, _checkpoint(file, output.path).tensors)

        def write(name: str, value: Numbers) -> None:
            info = output.tensors[name]
            require_same(name, info, value)
            offset = _offset(file[name])
            if offset is not None:
                pour(value, raw.fileno(), offset)
            else:
                array = whole(value)
                file[name][...] = array.view(_BFLOAT16) if info.dtype is DType.bfloat16 else array

        yield write


def _new_dataset(file: Any, name: str, info: TensorInfo) -> None:
    """One in a piece, for which there is room in the file at once."""
    import h5py

    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_layout(h5py.h5d.CONTIGUOUS)
    created.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    created.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    created.set_obj_track_times(False)  # the same numbers are the same bytes at any time
    is_bfloat16 = info.dtype is DType.bfloat16
    dtype = _BFLOAT16 if is_bfloat16 else info.dtype.numpy
    parent, _, own = name.rpartition("/")
    group = file.require_group(parent) if parent else file
    made = h5py.h5d.create(  # create_dataset gives a scalar no place of its own
        group.id,
        own.encode(),
        h5py.h5t.py_create(dtype, logical=True),
        h5py.h5s.create_simple(info.shape) if info.shape else h5py.h5s.create(h5py.h5s.SCALAR),
        created,
    )
    dataset = h5py.Dataset(made)
    if is_bfloat16:
        dataset.attrs["dtype"] = "bfloat16"


@contextmanager
def create_keras(output: Output) -> Iterator[Write]:
    """Write a copy of a ``.keras`` file with other weights."""
    path, template = output.path, output.template
    assert template is not None
    weights, own = path.with_name("weights.h5"), path.with_name("template.h5")
    try:
        with zipfile.ZipFile(template) as archive:
            with archive.open(_WEIGHTS) as member, own.open("wb") as file:
                shutil.copyfileobj(member, file)
            with _refilled(replace(output, path=weights, template=own)) as write:
                yield write
            with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED, allowZip64=True) as result:
                for entry in archive.infolist():
                    if entry.filename == _WEIGHTS:
                        result.write(weights, _WEIGHTS)
                    else:
                        result.writestr(entry, archive.read(entry))
    except (zipfile.BadZipFile, KeyError) as error:
        raise CheckpointError(f"{template} is no sound .keras file: {error}.") from error
    finally:
        weights.unlink(missing_ok=True)
        own.unlink(missing_ok=True)


class _Index(BaseModel):
    weight_map: dict[str, list[str] | str]


@contextmanager
def open_shards(path: Path) -> Iterator[Checkpoint]:
    """Open a ``.weights.json`` file and the shards that it names.

    Raises:
        CheckpointError: the index is damaged, or names a file that is missing or elsewhere.
    """
    try:
        index = _Index.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise CheckpointError(f"{path} is no index of Keras weights: {error}.") from error
    names: set[str] = set()
    for files in index.weight_map.values():
        names.update([files] if isinstance(files, str) else files)
    with ExitStack() as stack:
        tensors: dict[str, TensorInfo] = {}
        places: dict[str, Checkpoint] = {}
        for name in sorted(names):
            if Path(name).name != name or not (path.parent / name).is_file():
                raise CheckpointError(
                    f"{path} names the file {name!r}, which is not in its folder. Fetch it as well."
                )
            shard = stack.enter_context(open_h5(path.parent / name))
            tensors.update(shard.tensors)
            places.update(dict.fromkeys(shard.tensors, shard))
        yield Checkpoint(
            tensors,
            lambda name: places[name].read(name),
            place=lambda name: places[name].place(name),
            files=(path, *(path.parent / name for name in sorted(names))),
        )


@contextmanager
def create_shards(output: Output) -> Iterator[Write]:
    """Write a ``.weights.json`` file and its shards of limited size."""
    path, tensors = output.path, output.tensors
    shards = sharded(tensors, output.shard)
    stem = path.name.removesuffix(".weights.json")
    names = [f"{stem}_{number:05d}.weights.h5" for number in range(len(shards))]
    places = {t: number for number, shard in enumerate(shards) for t in shard}
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                create_h5(replace(output, path=path.with_name(name), tensors=shard))
            )
            for name, shard in zip(names, shards, strict=True)
        ]

        def write(name: str, value: Numbers) -> None:
            writers[places[name]](name, value)

        yield write
    if output.part:
        return
    groups: dict[str, list[str]] = {}
    for name in tensors:
        files = groups.setdefault("/" + name.rpartition("/")[0], [])
        if names[places[name]] not in files:
            files.append(names[places[name]])
    total = sum(info.bytes for info in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": groups}
    path.write_text(json.dumps(index, indent=4))


def _suffixed(*suffixes: str) -> Any:
    return lambda path: path.is_file() and path.name.endswith(suffixes)


_H5 = (".h5", ".hdf5")
KERAS_H5 = Format("a Keras .h5 file", _H5, _suffixed(*_H5), open_h5, create_h5, written="shared")
KERAS = Format(
    "a .keras file", (".keras",), _suffixed(".keras"), open_keras, create_keras, template="needed"
)
KERAS_SHARDS = Format(
    "sharded Keras weights",
    (".weights.json",),
    _suffixed(".weights.json"),
    open_shards,
    create_shards,
    template="refused",
    written="shared",
)
