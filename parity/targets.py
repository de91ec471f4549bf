"""What a TensorFlow model is to a check: programs to probe, and what stands for which node."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters import Conversion, Graph, Skeleton, TensorSpec, Value, matched_nodes
from parity.errors import CheckError
from parity.sides import Arrays, leaves_of

if TYPE_CHECKING:
    from parity.runtimes.tensorflow_program import Program

Axes = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a value of the source's graph stands in the target: a tensor and its axis order."""

    tensor: str
    axes: Axes | None

    def logical(self, array: np.ndarray) -> np.ndarray:
        """The target's array in the source's axis order."""
        return array if self.axes is None else array.transpose(np.argsort(self.axes))

    def physical(self, array: np.ndarray) -> np.ndarray:
        """The source's array in the target's axis order."""
        return array if self.axes is None else np.ascontiguousarray(array.transpose(self.axes))


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A TensorFlow model.

    Attributes:
        program: the model as it ships.
        wide: builds the same in float64; raises ProgramError if it can't.
        constants_rounded: whether ``wide`` keeps constants as float32 rounded them.
        places: for each value of the graph that it was made from, where it stands; empty if that is
            unknown.
        skeleton: the structure of the graph that it was made from; None if that is unknown.
        inputs: places of the inputs, by name; ``outputs``: of the outputs.
        conversions: in its own dtype and in float64, what it was made by; None if that is unknown.
        label, runtime: what it is and what ran it, in words.
    """

    program: Program
    wide: Callable[[], tuple[Program, Mapping[Value, Place]]]
    constants_rounded: bool
    places: Mapping[Value, Place]
    skeleton: Skeleton | None
    inputs: Mapping[str, Axes | None]
    outputs: Mapping[str, Axes | None]
    conversions: tuple[Callable[[], Conversion], Callable[[], Conversion]] | None
    label: str
    runtime: str


def target_of(target: Any, graph: Graph) -> Target:
    """Open a target: a :class:`Conversion`, a SavedModel folder, or anything callable with tensors.

    Args:
        target: the model. Callables take and return what the source does, in the source's axis
            orders.
        graph: the source's graph, whose inputs and outputs the target must have.

    Raises:
        CheckError: the target can't be loaded or has other inputs or outputs.
    """
    if isinstance(target, Conversion):
        return _converted(target)
    if isinstance(target, str | Path):
        return _saved(Path(target), graph)
    if callable(target):
        return _foreign(target, graph, f"{type(target).__name__} (TensorFlow)")
    raise CheckError(
        f"{type(target).__name__} is no target: pass a Conversion, a SavedModel folder, or a "
        "callable."
    )


def matched_places(
    target: Target, graph: Graph, places: Mapping[Value, Place]
) -> dict[Value, Place]:
    """A target's places by the values of a source's graph.

    The graph may be another than the target was made from.

    Args:
        target: whose skeleton says what the places stand for.
        graph: the source's graph.
        places: the target's places, in its own dtype or in float64.
    """
    if target.skeleton is None:
        return {}
    names, specs = matched_nodes(Skeleton.of(graph), target.skeleton), graph.specs
    found = {Value(names[v.producer], v.index): p for v, p in places.items() if v.producer in names}
    return {
        value: place for value, place in found.items() if isinstance(specs.get(value), TensorSpec)
    }


def _converted(conversion: Conversion) -> Target:
    from parity.runtimes.tensorflow_program import Program

    laid = conversion.graph
    specs = laid.specs

    def opened(one: Conversion) -> tuple[Program, dict[Value, Place]]:
        function = one.model.__call__.get_concrete_function()
        program = Program.of(
            function,
            _flat_names(laid.signature.values()),
            _flat_names([laid.result], constants=True),
        )
        return program, _places(one.provenance, specs)

    program, places = opened(conversion)
    promoted = functools.cache(conversion.promoted)
    return Target(
        program,
        lambda: opened(promoted()),
        constants_rounded=False,
        places=places,
        skeleton=Skeleton.of(conversion.source),
        inputs={item.name: item.spec.axes for item in laid.inputs},
        outputs={
            item.name: spec.axes
            for item in laid.outputs
            if isinstance(item.value, Value) and isinstance(spec := specs[item.value], TensorSpec)
        },
        conversions=(lambda: conversion, promoted),
        label=f"{type(conversion.model).__name__} (TensorFlow, converted)",
        runtime="tf.function",
    )


def _places(
    provenance: Mapping[str, tuple[str | None, ...]], specs: Mapping[Value, object]
) -> dict[Value, Place]:
    places = {}
    for name, tensors in provenance.items():
        for index, tensor in enumerate(tensors):
            spec = specs.get(Value(name, index))
            if tensor is not None and isinstance(spec, TensorSpec):
                places[Value(name, index)] = Place(tensor, spec.axes)
    return places


def _flat_names(structures: Any, *, constants: bool = False) -> list[str]:
    """Leaf names in the order in which TensorFlow flattens the same nesting.

    Args:
        structures: nested structures with values as leaves.
        constants: whether a number among the leaves has a tensor of its own, as it has in results.
    """
    import tensorflow as tf

    def named(structure: object) -> object:
        if isinstance(structure, Value):
            return structure.producer
        if constants and isinstance(structure, bool | int | float):
            return f"constant {structure}"
        if isinstance(structure, Mapping):
            return {key: named(item) for key, item in structure.items()}
        if isinstance(structure, tuple | list):
            return [named(item) for item in structure]
        return None

    return [
        leaf for leaf in tf.nest.flatten([named(s) for s in structures]) if isinstance(leaf, str)
    ]


def _saved(path: Path, graph: Graph) -> Target:
    import tensorflow as tf

    if not path.exists():
        raise CheckError(f"{path} does not exist.")
    if not (path / "saved_model.pb").is_file():
        raise CheckError(f"{path} is not a SavedModel folder: it has no saved_model.pb.")
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
        return _foreign(loaded, graph, str(path), "SavedModel")
    names = list(signature.structured_input_signature[1])

    def call(*args: Any) -> Any:
        return signature(**dict(zip(names, args, strict=True)))

    return _foreign(call, graph, str(path), "SavedModel")


def _saved_with_provenance(
    path: Path, function: Any, record: Mapping[str, Any], graph: Graph
) -> Target:
    from parity.runtimes.tensorflow_program import Program

    program = Program.of(
        function, _flat_names(graph.signature.values()), _flat_names([graph.result], constants=True)
    )
    known = {node.name for node in program.graph_def.node}
    places = {}
    for name, outputs in record["nodes"].items():
        for index, entry in enumerate(outputs):
            tensor = entry["tensor"]
            if tensor is not None and tensor.split(":")[0] in known:
                axes = None if entry["axes"] is None else tuple(entry["axes"])
                places[Value(name, index)] = Place(tensor, axes)
    plain = _plain_ends(graph)
    return Target(
        program,
        lambda: (program.promoted(), places),
        constants_rounded=True,
        places=places,
        skeleton=Skeleton.from_json(record["skeleton"]),
        inputs={n: _axes(record.get("inputs", {}).get(n)) for n in plain[0]},
        outputs={n: _axes(record.get("outputs", {}).get(n)) for n in plain[1]},
        conversions=None,
        label=str(path),
        runtime="SavedModel",
    )


def _axes(entry: Any) -> Axes | None:
    return None if entry is None else tuple(entry)


def _plain_ends(graph: Graph) -> tuple[dict[str, None], dict[str, None]]:
    inputs = {item.name: None for item in graph.inputs}
    outputs = {item.name: None for item in graph.outputs if isinstance(item.value, Value)}
    return inputs, outputs


def _foreign(target: Any, graph: Graph, label: str, runtime: str = "tf.function") -> Target:
    import tensorflow as tf

    from parity.runtimes.tensorflow_program import Program

    names = [name for structure in graph.signature.values() for name, _ in _named(structure)]
    wanted = [name for name, _ in _named(graph.result)]
    specs = {item.name: item.spec for item in graph.inputs}

    def flat(*tensors: Any) -> list[Any]:
        values = dict(zip(names, tensors, strict=True))
        arguments = [_filled(structure, values) for structure in graph.signature.values()]
        positional = arguments[: graph.positional]
        named = dict(list(zip(graph.signature, arguments, strict=True))[graph.positional :])
        return _outputs(target(*positional, **named), graph, wanted)

    signature = [
        tf.TensorSpec(specs[name].hint, tf.as_dtype(specs[name].dtype.value)) for name in names
    ]
    try:
        function = tf.function(flat, autograph=False).get_concrete_function(*signature)
    except CheckError:
        raise
    except Exception as error:
        raise CheckError(
            f"{label} can't be called like the source, with {', '.join(names)}: {error}"
        ) from error
    program = Program.of(function, names, wanted)
    inputs, outputs = _plain_ends(graph)
    return Target(
        program,
        lambda: (program.promoted(), {}),
        constants_rounded=True,
        places={},
        skeleton=None,
        inputs=inputs,
        outputs=outputs,
        conversions=None,
        label=label,
        runtime=runtime,
    )


def _named(structure: object) -> list[tuple[str, object]]:
    if isinstance(structure, Value):
        return [(structure.producer, structure)]
    if isinstance(structure, Mapping):
        return [pair for item in structure.values() for pair in _named(item)]
    if isinstance(structure, tuple | list):
        return [pair for item in structure for pair in _named(item)]
    return []


def _filled(structure: object, values: Mapping[str, object]) -> object:
    if isinstance(structure, Value):
        return values[structure.producer]
    if isinstance(structure, Mapping):
        return {key: _filled(item, values) for key, item in structure.items()}
    if isinstance(structure, tuple | list):
        return type(structure)(_filled(item, values) for item in structure)
    return structure


def _outputs(result: Any, graph: Graph, wanted: list[str]) -> list[Any]:
    """The target's results: by name where the names are the source's, else by order."""
    import tensorflow as tf

    try:
        by_name = dict(leaves_of(graph.result, result))
    except (KeyError, AttributeError, TypeError, ValueError):
        by_name = {}
    if len(by_name) == len(wanted) and all(tf.is_tensor(v) for v in by_name.values()):
        return [by_name[name] for name in wanted]
    flat = [leaf for leaf in tf.nest.flatten(result) if tf.is_tensor(leaf)]
    if len(flat) != len(wanted):
        raise CheckError(
            f"the target returns {len(flat)} tensors, the source {len(wanted)}: {', '.join(wanted)}"
        )
    return flat


def feeds(target: Target, inputs: Arrays, graph: Graph) -> Arrays:
    """The inputs as the target takes them: in its axis orders, in the types of ``graph``."""
    result = {}
    for item in graph.inputs:
        place = Place("", target.inputs.get(item.name))
        result[item.name] = place.physical(inputs[item.name].astype(item.spec.dtype.numpy))
    return result
