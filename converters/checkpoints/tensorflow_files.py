"""TensorFlow's checkpoints (``.index`` and ``.data-*`` files) and the variables of SavedModels.

Names are those of TensorFlow without the suffix ``/.ATTRIBUTES/VARIABLE_VALUE``, which all
variables of an object checkpoint have.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from converters.checkpoints.keras_file import require_template
from converters.checkpoints.store import Checkpoint, Format, Write, require_same
from converters.checkpoints.streams import Numbers, whole
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
_BY_NAME = ".ckpt"
_PART = 2**25
"""Bytes that are collected before they are written: TensorFlow writes many tensors at a time."""


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
    reader, _ = _reader(path)
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

    yield Checkpoint(tensors, lambda name: np.asarray(fetch(keys[name])))


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
def create_tensorflow(
    path: Path, tensors: Mapping[str, TensorInfo], template: Path | None = None
) -> Iterator[Write]:
    """Write ``NAME.index`` and its data files: an object checkpoint, or ``template`` refilled.

    ``tf.train.Checkpoint(...).restore`` finds the variables by their names as paths of attributes.
    ``NAME.ckpt.index`` is a checkpoint as TensorFlow 1 has them, by the variables' names alone:
    ``tf.compat.v1.train.Saver`` restores it.
    """
    prefix = path.with_suffix("")
    if template is None and prefix.suffix == _BY_NAME:
        keys, strings = {name: name for name in tensors}, {}
    elif template is None:
        keys = {name: name + _SUFFIX for name in tensors}
        strings = {_OBJECTS: _objects(keys)}
    else:
        keys, strings = _keys_and_strings(template, tensors)
    with _written(prefix, tensors, keys, strings) as write:
        yield write


@contextmanager
def create_saved_model(
    path: Path, tensors: Mapping[str, TensorInfo], template: Path | None = None
) -> Iterator[Write]:
    """Write a copy of a SavedModel with other variables."""
    assert template is not None
    path.mkdir(exist_ok=True)
    shutil.copytree(template, path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("variables"))
    (path / "variables").mkdir()
    keys, strings = _keys_and_strings(template, tensors)
    with _written(path / "variables" / "variables", tensors, keys, strings) as write:
        yield write


def _keys_and_strings(
    template: Path, tensors: Mapping[str, TensorInfo]
) -> tuple[dict[str, str], dict[str, Any]]:
    reader, _ = _reader(template)
    with open_tensorflow(template) as held:
        require_template(tensors, held.tensors, template)
    dtypes = reader.get_variable_to_dtype_map()
    keys = {_named(key): key for key, dtype in dtypes.items() if dtype.name != "string"}
    strings = {k: reader.get_tensor(k) for k, dtype in dtypes.items() if dtype.name == "string"}
    return keys, strings


@contextmanager
def _written(
    prefix: Path,
    tensors: Mapping[str, TensorInfo],
    keys: Mapping[str, str],
    strings: Mapping[str, Any],
) -> Iterator[Write]:
    """Write parts of limited size and merge them, which moves files and copies nothing."""
    import tensorflow as tf

    parts: list[str] = []
    waiting: dict[str, Any] = {}
    held = 0

    def flush() -> None:
        nonlocal held
        if not waiting:
            return
        parts.append(f"{prefix}.part{len(parts):05d}")
        tf.raw_ops.SaveV2(
            prefix=parts[-1],
            tensor_names=list(waiting),
            shape_and_slices=[""] * len(waiting),
            tensors=list(waiting.values()),
        )
        waiting.clear()
        held = 0

    def write(name: str, value: Numbers) -> None:
        nonlocal held
        require_same(name, tensors[name], value)
        with tf.device("CPU"):
            waiting[keys[name]] = tf.constant(whole(value))
        held += tensors[name].bytes
        if held >= _PART:
            flush()

    yield write
    waiting.update({key: tf.constant(value) for key, value in strings.items()})
    flush()
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(prefix), delete_old_dirs=False
    )


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


def _is_checkpoint(path: Path) -> bool:
    return not (path / "saved_model.pb").is_file() and prefix_of(path) is not None


TENSORFLOW = Format(
    "a TensorFlow checkpoint", (".index",), _is_checkpoint, open_tensorflow, create_tensorflow
)
SAVED_MODEL = Format(
    "a SavedModel",
    (),
    lambda path: (path / "saved_model.pb").is_file(),
    open_tensorflow,
    create_saved_model,
    template="needed",
)
