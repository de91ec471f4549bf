"""A frozen ``GraphDef`` file as a target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters import Graph, Skeleton
from parity.errors import CheckError
from parity.targets import Place, Target
from parity.targets.nesting import ends_by_name
from parity.targets.record import axes_of, places_of

_RECORD = "conversion/record"


def open_frozen_graph(path: Path, graph: Graph) -> Target:
    """Open a ``.pb`` file.

    Args:
        path: of the file.
        graph: the source's graph, whose inputs and outputs it must have.

    Raises:
        CheckError: it is no GraphDef, calls what only a trusted graph may, or has other ends.
    """
    import tensorflow as tf

    from parity.runtimes.graph_safety import require_pure_graph
    from parity.runtimes.tensorflow_program import Program

    try:
        definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    except OSError as error:
        raise CheckError(f"{path} can't be read: {error.strerror}.") from error
    except Exception as error:
        raise CheckError(
            f"{path} is no frozen graph (GraphDef), or is truncated. Write it again."
        ) from error
    if not definition.node:
        raise CheckError(f"{path} holds a graph without nodes. Write it again.")
    require_pure_graph(definition, path)
    record = _record(definition, path)
    inputs, outputs = _ends(definition, record, graph, path)
    program = Program(definition, inputs, outputs, {}, {})
    places: Mapping[Any, Place] = {}
    skeleton = None
    if record:
        places = places_of(record, {node.name for node in definition.node})
        skeleton = Skeleton.from_json(record["skeleton"])
    return Target(
        program,
        lambda: (program.promoted(), places),
        constants_rounded=True,
        places=places,
        skeleton=skeleton,
        inputs={n: axes_of(record.get("inputs", {}).get(n)) for n in inputs},
        outputs={n: axes_of(record.get("outputs", {}).get(n)) for n in outputs},
        conversions=None,
        label=str(path),
        runtime="frozen graph",
    )


def _record(definition: Any, path: Path) -> Mapping[str, Any]:
    import tensorflow as tf

    node = next((n for n in definition.node if n.name == _RECORD and n.op == "Const"), None)
    if node is None:
        return {}
    try:
        record = json.loads(tf.make_ndarray(node.attr["value"].tensor).item())
        Skeleton.from_json(record["skeleton"])
        places_of(record, ())
    except Exception as error:
        raise CheckError(
            f"{path}: the record of its origin is damaged. Convert the model again."
        ) from error
    found: Mapping[str, Any] = record
    return found


def _ends(
    definition: Any, record: Mapping[str, Any], graph: Graph, path: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """The tensors of inputs and outputs: as recorded, else by name, else by order."""
    consumed = {edge.lstrip("^").split(":")[0] for node in definition.node for edge in node.input}
    begins = [node.name for node in definition.node if node.op.startswith("Placeholder")]
    ends = [
        node.name
        for node in definition.node
        if node.name not in consumed and node.op not in ("Const", "NoOp", "Placeholder", "Assert")
    ]
    known = record.get("ends", {})
    recorded = [
        {name: tensor.split(":")[0] for name, tensor in known.get(kind, {}).items()}
        for kind in ("inputs", "outputs")
    ]
    inputs, outputs = ends_by_name(graph, begins, ends, recorded, str(path))
    present = {node.name for node in definition.node}
    for name, node in (*inputs.items(), *outputs.items()):
        if node not in present:
            raise CheckError(f"{path} has no node {node}, which should hold {name}.")
    return (
        {name: f"{node}:0" for name, node in inputs.items()},
        {name: f"{node}:0" for name, node in outputs.items()},
    )
