"""What a Keras model is to a check: traced as it ships, and rebuilt in float64 from its config."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters import ConversionError, Graph, Skeleton, Value, keras_record
from parity.errors import CheckError, ProgramError
from parity.targets import Axes, Place, Target
from parity.targets.callables import outputs_in_order
from parity.targets.record import axes_of

if TYPE_CHECKING:
    from parity.runtimes.tensorflow_program import Program

_RECORD = "provenance.json"
_LARGEST_RECORD = 1 << 28
_WIDE = {
    "bfloat16": "float64",
    "complex64": "complex128",
    "float16": "float64",
    "float32": "float64",
    "mixed_bfloat16": "float64",
    "mixed_float16": "float64",
}
Call = tuple[str, int, int]
"""An operation's name, which of its calls, and which of the call's results."""


def open_keras_file(path: Path, graph: Graph) -> Target:
    """Open a ``.keras`` file.

    Raises:
        CheckError: it can't be loaded, its record is damaged, or its inputs are others.
    """
    import keras

    if not path.is_file():
        raise CheckError(f"{path} does not exist.")
    try:
        model = keras.models.load_model(path, compile=False)
        with zipfile.ZipFile(path) as archive:
            record = _record(archive)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise CheckError(f"{path} can't be loaded as a Keras model: {reason}") from error
    try:
        return open_keras_model(model, graph, str(path), record)
    except (KeyError, TypeError, IndexError) as error:
        raise CheckError(
            f"{_RECORD} in {path} is damaged. Convert the model again, or delete it from the "
            "archive: the outputs can be checked without it."
        ) from error


def _record(archive: zipfile.ZipFile) -> Mapping[str, Any] | None:
    if _RECORD not in archive.namelist() or archive.getinfo(_RECORD).file_size > _LARGEST_RECORD:
        return None
    found: Mapping[str, Any] = json.loads(archive.read(_RECORD))
    return found


def fits(target: object, graph: Graph) -> bool:
    """Whether a target is a Keras model whose graph can be read, with as many inputs."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(target, keras.Model):
        return False
    inputs = getattr(target, "inputs", None)
    traced = hasattr(target, "operations") and hasattr(target, "_nodes")
    return traced and inputs is not None and len(inputs) == len(graph.inputs)


def open_keras_model(
    model: Any, graph: Graph, label: str, record: Mapping[str, Any] | None = None
) -> Target:
    """Trace a functional Keras model.

    Args:
        model: the model; takes the source's inputs, by name or in order.
        graph: the source's graph.
        label: what it is, in words.
        record: what its tensors stand for; None if that is unknown.

    Raises:
        CheckError: it can't be called like the source.
    """
    record = record or _remade(model, graph)
    calls, orders = _calls(record), record or {}
    inputs = {i.name: axes_of(orders.get("inputs", {}).get(i.name)) for i in graph.inputs}
    program, places = _traced(model, graph, calls, inputs, wide=False, label=label)

    def wide() -> tuple[Program, Mapping[Value, Place]]:
        return _traced(_widened(model), graph, calls, inputs, wide=True, label=label)

    rebuilds = record is not None or _rebuilds(model)

    return Target(
        program,
        wide if rebuilds else lambda: (program.promoted(), places),
        constants_rounded=not rebuilds,
        places=places,
        skeleton=None if record is None else Skeleton.from_json(record["skeleton"]),
        inputs=inputs,
        outputs={
            o.name: axes_of(orders.get("outputs", {}).get(o.name))
            for o in graph.outputs
            if isinstance(o.value, Value)
        },
        conversions=None,
        label=label,
        runtime="Keras",
        merged=tuple(tuple(map(str, group)) for group in orders.get("merged", ())),
    )


def _remade(model: Any, graph: Graph) -> Mapping[str, Any] | None:
    """The record of a model that has every operation which a conversion of the source would have.

    A few layers with the names of modules are not enough: an independent model may have those.
    """
    owners = {parameter.name.rpartition(".")[0] for parameter in graph.parameters}
    names = {operation.name for operation in model.operations}
    if not owners & names:
        return None
    try:
        record = keras_record(graph)
    except ConversionError:
        return None
    wanted = {call[0] for call, _ in _calls(record).values()}
    return record if wanted <= names else None


def _calls(record: Mapping[str, Any] | None) -> dict[Value, tuple[Call, Any]]:
    if record is None:
        return {}
    return {
        Value(name, index): (tuple(entry["operation"]), axes_of(entry["axes"]))
        for name, results in record["nodes"].items()
        for index, entry in enumerate(results)
        if entry["operation"] is not None
    }


def _traced(
    model: Any,
    graph: Graph,
    calls: Mapping[Value, tuple[Call, Any]],
    axes: Mapping[str, Axes | None],
    *,
    wide: bool,
    label: str,
) -> tuple[Program, dict[Value, Place]]:
    """The model as one graph, and the tensors in it that stand for the source's nodes.

    A converted function's results are copies, so that the tensors themselves are noted down while
    it is traced.
    """
    import keras
    import tensorflow as tf

    from parity.runtimes.tensorflow_program import Program

    symbolic = _tensors(model, [call for call, _ in calls.values()])
    found = {value: symbolic[call] for value, (call, _) in calls.items() if call in symbolic}
    ends = keras.tree.flatten(model.output)
    function = keras.Function(model.inputs, [*ends, *found.values()])
    names = _input_names(model, graph)
    wanted = [o.name for o in graph.outputs if isinstance(o.value, Value)]
    tensors: dict[Value, str] = {}

    def flat(*arguments: Any) -> list[Any]:
        given = dict(zip(names, arguments, strict=True))
        results = function([given[name] for name in names])
        tensors.update({v: t.name for v, t in zip(found, results[len(ends) :], strict=True)})
        packed = keras.tree.pack_sequence_as(model.output, results[: len(ends)])
        return outputs_in_order(packed, graph, wanted)

    specs = {item.name: item.spec for item in graph.inputs}
    signature = []
    for name in names:
        dtype = specs[name].dtype.promoted if wide else specs[name].dtype
        shape = Place("", axes.get(name)).placed(specs[name].hint)
        signature.append(tf.TensorSpec(shape, tf.as_dtype(dtype.value)))
    try:
        concrete = tf.function(flat, autograph=False).get_concrete_function(*signature)
    except CheckError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        refuse = ProgramError if wide else CheckError
        raise refuse(f"{label} can't be called like the source: {reason}") from error
    places = {value: Place(tensor, calls[value][1]) for value, tensor in tensors.items()}
    return Program.of(concrete, names, wanted), places


def _input_names(model: Any, graph: Graph) -> list[str]:
    """The source's input for each of the model's: by name where the names are the same."""
    own = [tensor._keras_history.operation.name for tensor in model.inputs]
    names = [item.name for item in graph.inputs]
    if len(own) != len(names):
        raise CheckError(
            f"the target takes {len(own)} inputs, the source {len(names)}: {', '.join(names)}"
        )
    return own if set(own) == set(names) else names


def _tensors(model: Any, calls: Sequence[Call]) -> dict[Call, Any]:
    """The symbolic results of calls."""
    kept = set(model._nodes)
    nodes = {
        operation.name: [
            node
            for index, node in enumerate(operation._inbound_nodes)
            if f"{id(operation)}_ib-{index}" in kept
        ]
        for operation in model.operations
    }
    found = {}
    for name, place, result in calls:
        if name in nodes and place < len(nodes[name]):
            outputs = nodes[name][place].output_tensors
            if result < len(outputs):
                found[name, place, result] = outputs[result]
    return found


def _rebuilds(model: Any) -> bool:
    """Whether a model of unknown origin can be rebuilt in float64; else its graph is lifted."""
    try:
        _widened(model)
    except ProgramError:
        return False
    return True


def _widened(model: Any) -> Any:
    """The same model with every floating-point type in its config, and every weight, in float64.

    Numbers in a config are written in full, so that the rebuilt model has them in float64.
    """
    try:
        rebuilt = type(model).from_config(_lifted(model.get_config()))
        for variable, own in zip(rebuilt.weights, model.weights, strict=True):
            variable.assign(np.asarray(own.numpy()))
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ProgramError(f"the model can't be rebuilt in float64: {reason}") from error
    return rebuilt


def _lifted(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {key: _lifted(item) for key, item in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_lifted(item) for item in config)
    return _WIDE.get(config, config) if isinstance(config, str) else config


def merged_graph(graph: Graph, groups: Sequence[tuple[str, ...]]) -> Graph:
    """The graph with the sum of each group of parameters in its first, rounded once.

    A target that holds two biases as one has rounded their sum; rounded alike on the source's side,
    that is no difference.
    """
    from dataclasses import replace

    values = {p.name: p.value for p in graph.parameters}
    for group in groups:
        if not all(name in values for name in group):
            continue
        total = values[group[0]]
        for name in group[1:]:
            total = total + values[name]
            values[name] = np.zeros_like(values[name])
        values[group[0]] = total
    return graph.replace(
        parameters=tuple(
            p if values[p.name] is p.value else replace(p, value=values[p.name])
            for p in graph.parameters
        )
    )
