"""What a Keras file may ask for: its configuration is judged before Keras reads it.

Older releases of Keras run code that a configuration holds or names, whatever they are told.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from converters.errors import CheckpointError

_CONFIG = "config.json"
_MEMBERS = frozenset({_CONFIG, "metadata.json", "model.weights.h5"})
_CODE = frozenset(
    {"__lambda__", "FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
)
"""Classes of Keras's that run what a file brings along."""

_FUNCTIONS = tuple(
    f"keras.{inner}{part}"
    for inner in ("", "src.")
    for part in ("activations", "constraints", "initializers", "losses", "metrics", "regularizers")
)
"""Where functions are that a configuration may name."""

_NAMED = ("builtins", None)
"""What a configuration gives as the module of something that the caller passes."""


def vet(path: Path, custom_objects: Collection[str]) -> None:
    """Refuse a file whose configuration holds code, or names any but Keras's own or the caller's.

    Args:
        path: a ``.keras`` archive, or an HDF5 file.
        custom_objects: the names that the caller passes.

    Raises:
        CheckpointError: it is damaged, has no model, or would run something.
    """
    config = _zipped(path) if zipfile.is_zipfile(path) else _hdf5(path)
    for item in _classes(config):
        _require_known(path, item, custom_objects)


def _zipped(path: Path) -> object:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            _require_members(path, names)
            if _CONFIG not in names:
                raise CheckpointError(f"{path} has no {_CONFIG}, so it is no Keras model.")
            if (damaged := archive.testzip()) is not None:
                raise CheckpointError(f"{path} is damaged: {damaged} in it can't be read.")
            return json.loads(archive.read(_CONFIG))
    except (zipfile.BadZipFile, OSError, ValueError, RecursionError, EOFError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _require_members(path: Path, names: Collection[str]) -> None:
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name:
            raise CheckpointError(
                f"{path} holds a file called {name}, which would be written outside of the folder "
                "that it is unpacked to. Keras writes no such file; don't use it."
            )
        if name not in _MEMBERS and parts.parts[0] != "assets":
            raise CheckpointError(
                f"{path} holds {name}, which is no part of a Keras model: it may be a pickle, and "
                "nothing is unpickled. Save the model again with model.save."
            )


def _hdf5(path: Path) -> object:
    import h5py

    try:
        with h5py.File(path) as file:
            text = file.attrs.get("model_config")
            if text is None:
                raise CheckpointError(
                    f"{path} holds weights but no model. Build the model in Python, load the "
                    "weights into it with load_weights, and pass the model."
                )
            return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        kind = "a Keras archive or an HDF5 file" if path.suffix == ".keras" else "an HDF5 file"
        raise CheckpointError(f"{path} is damaged, or not {kind}: {error}") from error


def _classes(item: object) -> Iterator[Mapping[str, Any]]:
    """Every object that a configuration describes, from the outside in."""
    waiting = [item]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            if isinstance(found.get("class_name"), str):
                yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _require_known(path: Path, item: Mapping[str, Any], custom_objects: Collection[str]) -> None:
    kind, module = item["class_name"], item.get("module")
    names = {kind, item.get("registered_name")}
    names |= {str(name).split(">")[-1] for name in names if name}
    function = kind == "function"
    if function:
        names = {item.get("config"), item.get("registered_name")} - {"function", None}
        names = {name for name in names if isinstance(name, str)}
    if names & set(custom_objects):
        return
    if kind in _CODE:
        inner = item.get("config")
        name = inner.get("name", "") if isinstance(inner, Mapping) else ""
        raise CheckpointError(
            f"{path} holds a {kind} layer{f' called {name}' if name else ''}, that is, code, and "
            "code from a file is never run. Build the model in Python, load its weights and pass "
            "the model; or replace it by a layer."
        )
    own = isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras", "tensorflow")
    if function and module not in _NAMED:
        own = isinstance(module, str) and module.startswith(_FUNCTIONS)
    if module not in _NAMED and not own:
        name = next(iter(sorted(names)), kind) if function else kind
        raise CheckpointError(
            f"{path} uses {name} of {module}, which is not Keras's, and what a file names is never "
            f"imported. Pass it as custom_objects={{'{name}': ...}}, or on the command line "
            f"--custom-objects {module}:{name}."
        )
