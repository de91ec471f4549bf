"""Files and folders of TensorFlow's and Keras's as sources. No code from a file is run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from converters.errors import CaptureError, CheckpointError
from converters.graph import Value
from converters.tf_to_torch.functions import function_source, variables_of
from converters.tf_to_torch.keras_config import vet
from converters.tf_to_torch.source import TensorFlowSource

_USUAL = "serving_default"

KERAS = frozenset({".keras", ".h5", ".hdf5"})
"""The suffixes of Keras's files."""


def open_graph(path: Path, signature: str | None) -> TensorFlowSource:
    """Open a SavedModel folder or a frozen ``.pb``.

    Raises:
        CaptureError: it is neither, or what to take of it isn't said.
        CheckpointError: it is damaged.
    """
    if not path.exists():
        raise CaptureError(f"{path} does not exist.")
    if path.is_dir():
        return _saved_model(path, signature)
    if signature is not None:
        raise CaptureError(f"{path} has no signatures: only a SavedModel folder has.")
    if path.suffix == ".pb":
        return _frozen(path)
    raise CaptureError(
        f"{path} is no kind of model known here. Name a .keras or .h5 file, a SavedModel folder or "
        "a frozen .pb file."
    )


def load_keras(path: Path, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Read a Keras model without running code from the file.

    Raises:
        CaptureError: there is no such file.
        CheckpointError: it is damaged, holds weights alone, or needs code.
    """
    import keras

    if not path.is_file():
        raise CaptureError(f"{path} does not exist.")
    vet(path, (custom_objects or {}).keys())
    try:
        return keras.saving.load_model(
            path, custom_objects=dict(custom_objects or {}), compile=False, safe_mode=True
        )
    except Exception as error:
        text = " ".join(str(error).split())
        raise CheckpointError(_refusal(path, text)) from error


def _refusal(path: Path, text: str) -> str:
    short = text if len(text) <= 400 else f"{text[:397]}..."
    if "pickle" in text:
        return f"{path} holds pickled objects, which are never loaded. Save the model again."
    if "ocate class" in text or "nknown layer" in text or "ocate function" in text:
        return (
            f"{path} uses a class or a function that Keras doesn't know. Pass it as "
            "custom_objects={'Name': Class}, or on the command line --custom-objects "
            f"package.module:Class. Keras says: {short}"
        )
    return f"{path} can't be read as a Keras model; it may be damaged. Keras says: {short}"


def _saved_model(path: Path, signature: str | None) -> TensorFlowSource:
    if not (path / "saved_model.pb").is_file():
        raise CaptureError(f"{path} is a folder without a saved_model.pb, so it is no SavedModel.")
    proto = _parsed(path)
    try:
        loaded = _loaded(path, proto)
    except Exception as error:
        text = " ".join(str(error).split())[:400]
        raise CheckpointError(
            f"{path} can't be loaded; its variables may be damaged or missing. TensorFlow says: "
            f"{text}"
        ) from error
    found = dict(loaded.signatures)
    if signature is None and len(found) == 1:
        (signature,) = found
    if signature is None and _USUAL in found:
        signature = _USUAL
    if not found:
        raise CaptureError(
            f"{path} has no signature, so it isn't known what it takes. Save it with "
            "tf.saved_model.save(model, path, signatures=...), or convert the live model."
        )
    if signature is None or signature not in found:
        names = ", ".join(sorted(found))
        wanted = f"no signature {signature}" if signature else "several signatures"
        raise CaptureError(
            f"{path} has {wanted}; it has: {names}. Pass signature= with one of these names, or "
            "--signature on the command line."
        )
    opened = function_source(found[signature], None)
    variables = variables_of(getattr(loaded, "variables", ()) or ())
    return TensorFlowSource(
        f"{path.name}, signature {signature} (SavedModel)",
        opened.call,
        opened.signature,
        opened.specs,
        {**opened.variables, **variables},
        (loaded, opened.owner),
    )


def _parsed(path: Path) -> Any:
    """What a SavedModel's file says.

    Raises:
        CaptureError: it needs operators that this TensorFlow hasn't; all are named.
        CheckpointError: it is no SavedModel.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    proto = SavedModel()
    try:
        proto.ParseFromString((path / "saved_model.pb").read_bytes())
    except Exception as error:
        raise CheckpointError(f"{path / 'saved_model.pb'} is damaged: {error}") from error
    if not proto.meta_graphs:
        raise CheckpointError(f"{path / 'saved_model.pb'} is damaged: it holds no graph.")
    unknown = set()
    for meta in proto.meta_graphs:
        unknown |= _unknown(meta.graph_def)
    _refuse(unknown, path)
    return proto


def _loaded(path: Path, proto: Any) -> Any:
    """The SavedModel, without what its optimizer keeps for each variable.

    An optimizer of Keras 2 is an object that TensorFlow alone can't build, and slots can't be added
    to it (``'_UserObject' object has no attribute 'add_slot'``, TensorFlow 2.21).
    """
    objects = [node for meta in proto.meta_graphs for node in meta.object_graph_def.nodes]
    slots = [node for node in objects if node.slot_variables]
    if not slots:
        return tf.saved_model.load(str(path))
    for node in slots:
        node.ClearField("slot_variables")
    with tempfile.TemporaryDirectory() as folder:
        for item in path.iterdir():
            if item.name not in ("saved_model.pb", "fingerprint.pb"):
                (Path(folder) / item.name).symlink_to(item.resolve())
        (Path(folder) / "saved_model.pb").write_bytes(proto.SerializeToString())
        return tf.saved_model.load(folder)


def _unknown(graph_def: Any) -> set[str]:
    from tensorflow.python.framework import op_def_registry

    own = {function.signature.name for function in graph_def.library.function}
    nodes = [node for function in graph_def.library.function for node in function.node_def]
    used = {node.op for node in (*graph_def.node, *nodes)} - own
    return {op for op in used if op_def_registry.get(op) is None}


def _refuse(unknown: set[str], path: Path) -> None:
    if unknown:
        raise CaptureError(
            f"{path} uses operators that TensorFlow {tf.__version__} doesn't have: "
            f"{', '.join(sorted(unknown))}. They are custom operators; replace them in the model, "
            "or take the part of it that needs none."
        )


def _frozen(path: Path) -> TensorFlowSource:
    """A frozen graph: its placeholders are inputs, what nothing uses is its result."""
    if path.name == "saved_model.pb":
        raise CaptureError(f"{path} is a part of a SavedModel; name the folder that it is in.")
    graph_def = tf.compat.v1.GraphDef()
    try:
        graph_def.ParseFromString(path.read_bytes())
    except Exception as error:
        raise CheckpointError(f"{path} is no GraphDef: {error}") from error
    if not graph_def.node:
        raise CheckpointError(f"{path} is no GraphDef: it holds no operator.")
    _refuse(_unknown(graph_def), path)
    used = {entry.lstrip("^").split(":")[0] for node in graph_def.node for entry in node.input}
    inputs = [node.name for node in graph_def.node if node.op == "Placeholder"]
    outputs = [
        node.name
        for node in graph_def.node
        if node.name not in used and node.op not in ("Placeholder", "NoOp", "Assert", "Const")
    ]
    if not inputs or not outputs:
        raise CaptureError(
            f"{path} has no placeholder or no result. Freeze a function that takes a tensor and "
            "returns one."
        )

    def imported() -> None:
        tf.graph_util.import_graph_def(graph_def, name="")

    wrapped = tf.compat.v1.wrap_function(imported, [])
    function = wrapped.prune(
        [wrapped.graph.get_tensor_by_name(f"{name}:0") for name in inputs],
        {name: wrapped.graph.get_tensor_by_name(f"{name}:0") for name in outputs},
    )
    specs = {
        name.replace("/", "_"): tf.TensorSpec(tensor.shape, tensor.dtype)
        for name, tensor in zip(inputs, function.inputs, strict=False)
    }
    return TensorFlowSource(
        f"{path.name} (frozen graph)",
        function,
        {name: Value(name) for name in specs},
        specs,
        {},
        function,
    )
