"""A SavedModel folder as a target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters import Graph, Skeleton, flat_names
from parity.errors import CheckError
from parity.targets import Target
from parity.targets.callables import open_callable
from parity.targets.nesting import plain_ends
from parity.targets.record import axes_of, places_of


def open_saved_model(path: Path, graph: Graph) -> Target:
    """Open a SavedModel folder.

    Raises:
        CheckError: it can't be loaded, or has other inputs or outputs.
    """
    import tensorflow as tf

    if not (path / "saved_model.pb").is_file():
        raise CheckError(f"{path} is not a SavedModel folder: it has no saved_model.pb.")
    _require_pure(path)
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:
        raise CheckError(f"{path} can't be loaded as a SavedModel: {error}") from error
    record = path / "assets.extra" / "provenance.json"
    own = getattr(loaded, "__call__", None)  # noqa: B004  the tf.function itself is wanted
    functions = getattr(own, "concrete_functions", None)
    if record.is_file() and functions:
        try:
            return _saved_with_provenance(path, functions[0], json.loads(record.read_text()), graph)
        except (KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
            raise CheckError(
                f"{record} is damaged. Convert the model again, or delete the file: the outputs "
                "can be checked without it."
            ) from error
    signature = getattr(loaded, "signatures", {}).get("serving_default")
    if functions or signature is None:
        return open_callable(loaded, graph, str(path), "SavedModel")
    names = list(signature.structured_input_signature[1])

    def call(*args: Any) -> Any:
        return signature(**dict(zip(names, args, strict=True)))

    return open_callable(call, graph, str(path), "SavedModel")


def _require_pure(path: Path) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    from parity.runtimes.graph_safety import require_pure_saved_model

    try:
        saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    except Exception as error:
        raise CheckError(f"{path} can't be loaded as a SavedModel: it is damaged.") from error
    require_pure_saved_model(saved, path)


def _saved_with_provenance(
    path: Path, function: Any, record: Mapping[str, Any], graph: Graph
) -> Target:
    from parity.runtimes.tensorflow_program import Program

    program = Program.of(
        function, flat_names(graph.signature.values()), flat_names([graph.result], constants=True)
    )
    places = places_of(record, {node.name for node in program.graph_def.node})
    plain = plain_ends(graph)
    return Target(
        program,
        lambda: (program.promoted(), places),
        constants_rounded=True,
        places=places,
        skeleton=Skeleton.from_json(record["skeleton"]),
        inputs={n: axes_of(record.get("inputs", {}).get(n)) for n in plain[0]},
        outputs={n: axes_of(record.get("outputs", {}).get(n)) for n in plain[1]},
        conversions=None,
        label=str(path),
        runtime="SavedModel",
    )
