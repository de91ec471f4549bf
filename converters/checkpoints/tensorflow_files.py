"""TensorFlow's checkpoints (``.index`` and ``.data-*`` files) and the variables of SavedModels.

Names are those of TensorFlow without the suffix ``/.ATTRIBUTES/VARIABLE_VALUE``, which all
variables of an object checkpoint have.
"""

from __future__ import annotations

import glob
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from converters.checkpoints.checksums import crc32c
from converters.checkpoints.listing import tensorflow_listing
from converters.checkpoints.store import (
    Checkpoint,
    Format,
    Output,
    Write,
    require_same,
    require_template,
    sharded,
)
from converters.checkpoints.streams import Check, Numbers, Place, pour
from converters.checkpoints.tensor_bundle import (
    Entry,
    data_file,
    entries_of,
    masked,
    shards_of,
    write_index,
)
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
_BY_NAME = ".ckpt"


def prefix_of(path: Path) -> Path | None:
    """What TensorFlow calls a checkpoint: the path without ``.index``; None if there is none."""
    if path.name.endswith(".index") and not path.name.endswith(".index.json"):
        return path.with_suffix("") if path.is_file() else None
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return path / "variables" / "variables"
        found = sorted(path.glob("*.index"))
        return found[0].with_suffix("") if len(found) == 1 else None
    index = path.with_name(path.name + ".index")
    return path if index.is_file() else None


@contextmanager
def open_tensorflow(path: Path) -> Iterator[Checkpoint]:
    """Open a checkpoint, by its prefix, its ``.index`` file or its folder, or a SavedModel.

    Raises:
        CheckpointError: files are missing or damaged.
    """
    reader, prefix = _reader(path)
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    keys = {_named(key): key for key, dtype in dtypes.items() if dtype.name != "string"}
    tensors = {}

    def fetch(key: str) -> Any:
        try:
            return reader.get_tensor(key)
        except Exception as error:  # TensorFlow's errors have no common class
            raise CheckpointError(f"{key} in {path} can't be read: {_first(error)}") from error

    for key, dtype in dtypes.items():
        if dtype.name == "string":
            fetch(key)  # nothing is done with it, but its checksum is compared
    for name, key in sorted(keys.items()):
        dtype = dtypes[key]
        try:
            tensors[name] = TensorInfo(tuple(shapes[key]), DType(dtype.name))
        except ValueError as error:
            raise CheckpointError(
                f"{name} in {path} is {dtype.name}, which PyTorch and NumPy don't have."
            ) from error

    files = sorted(prefix.parent.glob(f"{glob.escape(prefix.name)}.*"))
    with _places(prefix, keys, tensors) as place:

        def read(name: str) -> np.ndarray:
            found = place(name)
            return found.read() if found is not None else np.asarray(fetch(keys[name]))

        yield Checkpoint(tensors, read, place=place, files=tuple(files))


@contextmanager
def _places(
    prefix: Path, keys: Mapping[str, str], tensors: Mapping[str, TensorInfo]
) -> Iterator[Callable[[str], Place | None]]:
    """Where tensors lie; nothing is said of files that TensorFlow has to read."""
    index = Path(f"{prefix}.index")
    try:
        entries, shards = entries_of(index), shards_of(index)
    except CheckpointError:
        entries, shards = {}, 0
    with ExitStack() as stack:
        files: dict[int, int] = {}
        lock = threading.Lock()

        def place(name: str) -> Place | None:
            entry = entries.get(keys[name])
            if entry is None or entry.info != tensors[name] or entry.size != entry.info.bytes:
                return None
            path = data_file(prefix, entry.shard, shards)
            with lock:
                if entry.shard not in files:
                    file = stack.enter_context(path.open("rb", buffering=0))
                    files[entry.shard] = file.fileno()
            check = Check(crc32c, partial(_compare, path, name, entry.checksum))
            return Place(path, files[entry.shard], entry.offset, tensors[name], check)

        yield place


def _compare(path: Path, name: str, known: int, found: int) -> None:
    if masked(found) != known:
        raise CheckpointError(
            f"{name} can't be read: {path} was altered or damaged, for its checksum is wrong. "
            "Fetch it again."
        )


def _reader(path: Path) -> tuple[Any, Path]:
    import tensorflow as tf

    prefix = prefix_of(path)
    if prefix is None:
        raise CheckpointError(f"{path} holds no TensorFlow checkpoint, or several. Name one.")
    try:
        return tf.train.load_checkpoint(str(prefix)), prefix
    except Exception as error:  # TensorFlow's errors have no common class
        raise CheckpointError(
            f"{path} is no sound TensorFlow checkpoint: {_first(error)} Fetch or save it again."
        ) from error


def _first(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _named(key: str) -> str:
    return key.removesuffix(_SUFFIX)


@contextmanager
def create_tensorflow(output: Output) -> Iterator[Write]:
    """Write ``NAME.index`` and its data files: an object checkpoint, or ``template`` refilled.

    ``tf.train.Checkpoint(...).restore`` finds the variables by their names as paths of attributes.
    ``NAME.ckpt.index`` is a checkpoint as TensorFlow 1 has them, by the variables' names alone:
    ``tf.compat.v1.train.Saver`` restores it.
    """
    prefix = output.path.with_suffix("")
    if output.template is not None:
        keys, others = _keys_and_strings(output)
    elif prefix.suffix == _BY_NAME:
        keys, others = {name: name for name in output.tensors}, {}
    else:
        keys = {name: name + _SUFFIX for name in output.tensors}
        others = {_OBJECTS: _objects(keys)}
    with _written(output, prefix, keys, others) as write:
        yield write


@contextmanager
def create_saved_model(output: Output) -> Iterator[Write]:
    """Write a copy of a SavedModel with other variables."""
    path, template = output.path, output.template
    assert template is not None
    path.mkdir(exist_ok=True)
    shutil.copytree(template, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("variables"))
    (path / "variables").mkdir()
    keys, others = _keys_and_strings(output)
    with _written(output, path / "variables" / "variables", keys, others) as write:
        yield write


def _keys_and_strings(output: Output) -> tuple[dict[str, str], dict[str, Any]]:
    assert output.template is not None
    reader, _ = _reader(output.template)
    with open_tensorflow(output.template) as held:
        require_template(output, held.tensors)
    dtypes = reader.get_variable_to_dtype_map()
    keys = {_named(key): key for key, dtype in dtypes.items() if dtype.name != "string"}
    kept = [key for key in dtypes if _named(key) not in output.tensors]
    return keys, {key: reader.get_tensor(key) for key in kept}


@contextmanager
def _written(
    output: Output, prefix: Path, keys: Mapping[str, str], others: Mapping[str, Any]
) -> Iterator[Write]:
    """Write data files of limited size, in which all have their places, and then the index.

    What else there is, mostly text, TensorFlow writes; it is added to the last data file.
    """
    tensors, journal = output.tensors, output.journal
    shards = sharded(tensors, output.shard)
    paths = [data_file(prefix, number, len(shards)) for number in range(len(shards))]
    places: dict[str, tuple[int, int]] = {}
    for number, (path, shard) in enumerate(zip(paths, shards, strict=True)):
        offset = 0
        for name, info in shard.items():
            places[name] = number, offset
            offset += info.bytes
        if not journal.begun:
            with path.open("xb") as file:
                file.truncate(offset)
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("r+b", buffering=0)) for path in paths]

        def write(name: str, value: Numbers) -> None:
            require_same(name, tensors[name], value)
            number, offset = places[name]
            journal.add(name, pour(value, files[number].fileno(), offset, summed=crc32c))

        yield write
    if output.part:
        return
    entries = {}
    for name, info in tensors.items():
        checksum = journal.held[name]
        assert isinstance(checksum, int)
        entries[keys[name]] = Entry.of(info, *places[name], checksum)
    if others:
        last = sum(info.bytes for info in shards[-1].values())
        entries |= _added(prefix, others, paths[-1], len(shards) - 1, last)
    write_index(Path(f"{prefix}.index"), len(shards), entries)


def _added(
    prefix: Path, others: Mapping[str, Any], path: Path, shard: int, offset: int
) -> dict[str, Entry]:
    """Have TensorFlow write what else there is, and add that to a data file."""
    import tensorflow as tf

    own = prefix.with_name(f"{prefix.name}.others")
    tf.raw_ops.SaveV2(
        prefix=str(own),
        tensor_names=list(others),
        shape_and_slices=[""] * len(others),
        tensors=[tf.constant(value) for value in others.values()],
    )
    index, data = Path(f"{own}.index"), data_file(own, 0, 1)
    entries = entries_of(index)
    with data.open("rb") as source, path.open("r+b") as target:
        target.seek(offset)
        shutil.copyfileobj(source, target)
    index.unlink()
    data.unlink()
    return {
        key: replace(entry, shard=shard, offset=offset + entry.offset)
        for key, entry in entries.items()
    }


def _objects(keys: Mapping[str, str]) -> bytes:
    """The tree of objects that an object checkpoint keeps, of names as paths of attributes."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.nodes.add()
    places = {"": 0}

    def node(path: str) -> int:
        if path not in places:
            parent, _, own = path.rpartition("/")
            above = node(parent)
            places[path] = len(graph.nodes)
            graph.nodes.add()
            graph.nodes[above].children.add(node_id=places[path], local_name=own)
        return places[path]

    for name, key in keys.items():
        graph.nodes[node(name)].attributes.add(
            name="VARIABLE_VALUE", full_name=name, checkpoint_key=key
        )
    serialized: bytes = graph.SerializeToString()
    return serialized


def _listing(path: Path) -> Mapping[str, TensorInfo] | None:
    prefix = prefix_of(path)
    found = tensorflow_listing(Path(f"{prefix}.index")) if prefix is not None else None
    if found is None:
        return None
    return {_named(key): found[key] for key in sorted(found, key=_named)}


def _is_checkpoint(path: Path) -> bool:
    return not (path / "saved_model.pb").is_file() and prefix_of(path) is not None


TENSORFLOW = Format(
    "a TensorFlow checkpoint",
    (".index",),
    _is_checkpoint,
    open_tensorflow,
    create_tensorflow,
    written="shared",
    listing=_listing,
)
SAVED_MODEL = Format(
    "a SavedModel",
    (),
    lambda path: (path / "saved_model.pb").is_file(),
    open_tensorflow,
    create_saved_model,
    template="needed",
    listing=_listing,
)
