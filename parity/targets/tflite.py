"""A ``.tflite`` file as a target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters import Graph, Skeleton
from parity.errors import CheckError
from parity.targets import Target
from parity.targets.nesting import ends_by_name
from parity.targets.record import axes_of, places_of

_RECORD = "conversion_record"


def open_tflite(path: Path, graph: Graph) -> Target:
    """Open a ``.tflite`` file.

    Args:
        path: of the file.
        graph: the source's graph, whose inputs and outputs it must have.

    Raises:
        CheckError: it is damaged, calls operators that are not run here, or has other ends.
    """
    from parity.runtimes.lite_model import name_of
    from parity.runtimes.lite_program import LiteProgram

    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckError(f"{path} can't be read: {error.strerror}.") from error
    program = LiteProgram.of(data, str(path))
    record: Mapping[str, Any] = {}
    for entry in program.model.metadata or []:
        if name_of(entry) == _RECORD:
            record = _record(program.model.buffers[entry.buffer].data, path)
    inputs, outputs = ends_by_name(
        graph, list(program.inputs), list(program.outputs), ({}, {}), str(path)
    )
    own = LiteProgram(
        program.model,
        program.names,
        {name: program.inputs[end] for name, end in inputs.items()},
        {name: program.outputs[end] for name, end in outputs.items()},
    )
    return Target(
        own,
        None,
        constants_rounded=True,
        places=places_of(record, frozenset(own.names)) if record else {},
        skeleton=Skeleton.from_json(record["skeleton"]) if record else None,
        inputs={n: axes_of(record.get("inputs", {}).get(n)) for n in inputs},
        outputs={n: axes_of(record.get("outputs", {}).get(n)) for n in outputs},
        conversions=None,
        label=str(path),
        runtime=own.runtime,
    )


def _record(data: Any, path: Path) -> Mapping[str, Any]:
    try:
        record: Mapping[str, Any] = json.loads(bytes(data).decode())
        Skeleton.from_json(record["skeleton"])
        places_of(record, ())
    except Exception as error:
        raise CheckError(
            f"{path}: the record of its origin is damaged. Convert the model again."
        ) from error
    return record
