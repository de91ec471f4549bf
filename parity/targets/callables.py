"""Anything that takes and returns TensorFlow tensors as a target, of unknown origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters import Graph, Value
from parity.errors import CheckError
from parity.sides import leaves_of
from parity.targets import Target
from parity.targets.nesting import plain_ends


def open_callable(target: Any, graph: Graph, label: str, runtime: str = "tf.function") -> Target:
    """Open a callable.

    Args:
        target: takes and returns what the source does, in the source's axis orders.
        graph: the source's graph.
        label: what it is, in words.
        runtime: what runs it, in words.

    Raises:
        CheckError: it can't be called like the source.
    """
    import tensorflow as tf

    from parity.runtimes.tensorflow_program import Program

    names = [name for structure in graph.signature.values() for name, _ in named_leaves(structure)]
    wanted = [name for name, _ in named_leaves(graph.result)]
    specs = {item.name: item.spec for item in graph.inputs}

    def flat(*tensors: Any) -> list[Any]:
        values = dict(zip(names, tensors, strict=True))
        arguments = [filled(structure, values) for structure in graph.signature.values()]
        positional = arguments[: graph.positional]
        named = dict(list(zip(graph.signature, arguments, strict=True))[graph.positional :])
        return outputs_in_order(target(*positional, **named), graph, wanted)

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
    inputs, outputs = plain_ends(graph)
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


def named_leaves(structure: object) -> list[tuple[str, object]]:
    """The named leaves of a structure, in order."""
    if isinstance(structure, Value):
        return [(structure.producer, structure)]
    if isinstance(structure, Mapping):
        return [pair for item in structure.values() for pair in named_leaves(item)]
    if isinstance(structure, tuple | list):
        return [pair for item in structure for pair in named_leaves(item)]
    return []


def filled(structure: object, values: Mapping[str, object]) -> Any:
    """A structure with values for its names."""
    if isinstance(structure, Value):
        return values[structure.producer]
    if isinstance(structure, Mapping):
        return {key: filled(item, values) for key, item in structure.items()}
    if isinstance(structure, tuple | list):
        return type(structure)(filled(item, values) for item in structure)
    return structure


def outputs_in_order(result: Any, graph: Graph, wanted: list[str]) -> list[Any]:
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
