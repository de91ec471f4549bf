"""A graph to a ``tf.Module``: TensorFlow's own tracer writes the target graph."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from converters.conversion import Conversion
from converters.dtypes import DType
from converters.errors import naming
from converters.graph import (
    Dim,
    Graph,
    Node,
    Parameter,
    TensorSpec,
    Value,
    flat_results,
    map_argument,
)
from converters.interpreter import Observer, evaluate
from converters.passes.expose_draws import is_draw, with_draws_given
from converters.registry import Registry
from converters.structure import leaves, map_structure, pruned, structured
from converters.torch_to_tf.promotion import default_float, shape_of
from converters.torch_to_tf.random_state import drawing_from, new_state
from converters.torch_to_tf.targets import Saver
from converters.torch_to_tf.targets.traced import Traced
from converters.weights import WeightMap


class ConvertedModule(tf.Module):
    """A converted model.

    ``weights`` holds one variable for each parameter and buffer, by the source's names. Calling the
    module takes what the source's ``forward`` takes, nested as it is there, and returns what it
    returns; named containers come back as dicts.

    Where the model draws random numbers, ``seed`` holds the seed and how many tensors were drawn
    with it: ``model.seed.assign([7, 0])`` starts the stream of the seed 7. It is None elsewhere.
    """

    def __init__(self, parameters: Sequence[Parameter], name: str, seed: int | None) -> None:
        """Makes the variables; every array is put into the target's axis order once."""
        super().__init__(name=name)
        self.weights = {parameter.name: _variable(parameter) for parameter in parameters}
        self.seed = None if seed is None else new_state(seed)


def _variable(parameter: Parameter) -> tf.Variable:
    value = parameter.value
    if parameter.spec.axes is not None:
        value = np.ascontiguousarray(value.transpose(parameter.spec.axes))
    return tf.Variable(value, trainable=parameter.trainable, name=parameter.name, shape=value.shape)


def lowered(registry: Registry) -> Callable[[Node, Mapping[str, object]], Sequence[object]]:
    """The ``call`` of the interpreter that applies a node's lowering."""

    def call(node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
        lowering = registry.get(node.op)
        assert lowering is not None
        given = {name: map_argument(_own_dtype, argument) for name, argument in arguments.items()}
        with naming(node), tf.name_scope(scope_name(node)):
            result = lowering.function(**given)
        return flat_results(result)

    return call


def _own_dtype(leaf: object) -> object:
    return tf.as_dtype(leaf.value) if isinstance(leaf, DType) else leaf


def scope_name(node: Node) -> str:
    """The TensorFlow name scope of a node: its module path, then its name."""
    path = "/".join((*node.module.split("."), node.name)) if node.module else node.name
    path = re.sub(r"[^A-Za-z0-9_./\\-]", "_", path)
    return path if re.match(r"[A-Za-z0-9.]", path) else f"n{path}"


def run(
    graph: Graph,
    registry: Registry,
    values: Mapping[str, object],
    observe: Observer | None = None,
) -> tuple[list[object], dict[str, object]]:
    """Walk a graph with its lowerings, eagerly or under a tracer."""
    with default_float(tf.as_dtype(graph.default_float.value)):
        return evaluate(graph, require_sizes(graph, values), lowered(registry), observe)


def require_sizes(graph: Graph, values: Mapping[str, object]) -> dict[str, object]:
    """Check what the graph demands of its inputs' sizes: now, or when the traced graph runs.

    Returns:
        The values; those that something is demanded of wait for it.

    Raises:
        tf.errors.InvalidArgumentError: a constraint is violated.
    """
    places = {item.name: item.spec.axes for item in graph.inputs}
    checks = []
    for constraint in graph.constraints:
        sizes = {}
        for name, axis in constraint.sizes:
            axes, shape = places[name], shape_of(values[name])
            sizes[name, axis] = shape[axis if axes is None else axes.index(axis)]
        holds = constraint.holds(sizes)
        if holds is not True:
            with tf.name_scope("constraint"):
                checks.append(tf.debugging.Assert(holds, constraint.complaint(sizes), summarize=8))
    if not checks or tf.executing_eagerly():
        return dict(values)
    names = {name for constraint in graph.constraints for name, _ in constraint.sizes}
    with tf.control_dependencies(checks), tf.name_scope("constraint"):
        return {k: tf.identity(v) if k in names else v for k, v in values.items()}


def emit(
    source: Graph,
    graph: Graph,
    registry: Registry,
    promoted: Callable[[], Conversion],
    capture: Callable[[Any, Any], Graph],
    *,
    seed: int = 0,
    training: bool = False,
    name: str = "converted",
) -> Conversion:
    """Trace a laid-out graph into a ``tf.Module``.

    Args:
        source: the captured graph.
        graph: the graph to lower, with axis orders assigned.
        registry: the lowerings.
        promoted: builds the same conversion in float64.
        capture: captures another source in the same way.
        seed: of the random numbers.
        training: whether the source was captured as it trains.
        name: the module's name.
    """
    provenance: dict[str, tuple[str | None, ...]] = {}
    signature = {key: kept for key, s in graph.signature.items() if (kept := pruned(s)) is not None}

    def observe(node: Node, outputs: Sequence[object]) -> None:
        provenance[node.name] = tuple(getattr(output, "name", None) for output in outputs)

    def forward(
        self: ConvertedModule,
        *args: object,
        walked: Graph = graph,
        draws: Mapping[str, object] = MappingProxyType({}),
        observe: Observer | None = observe,
    ) -> object:
        values: dict[str, object] = {k: v.read_value() for k, v in self.weights.items()}
        values.update(draws)
        for structure, argument in zip(signature.values(), args, strict=True):
            values.update(leaves(structure, argument))
        with drawing_from(self.seed):
            results, mutated = run(walked, registry, values, observe)
        for key, value in mutated.items():
            self.weights[key].assign(value)
        return _filled(graph, results)

    def given(draws: Mapping[str, object], *args: object) -> object:
        return forward(module, *args, walked=with_draws_given(graph), draws=draws, observe=None)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(key, kind) for key in ("self", *signature)]
    )
    specs = {item.name: _tensor_spec(item.name, item.spec) for item in graph.inputs}
    input_signature = [structured(structure, specs) for structure in signature.values()]
    function = tf.function(forward, input_signature=input_signature, autograph=False)
    # SavedModel looks __call__ up on the class, so each converted model is a class of its own.
    module = type(name, (ConvertedModule,), {"__call__": function})(
        graph.parameters, name, seed if any(map(is_draw, graph.all_nodes)) else None
    )
    module.__call__.get_concrete_function()
    return Conversion(
        model=module,
        weights=WeightMap.of(graph.parameters),
        provenance=provenance,
        source=source,
        graph=graph,
        save=Saver(Traced(module, source, graph, signature, specs, provenance)),
        promoted=promoted,
        capture=capture,
        training=training,
        given=tf.function(given, autograph=False),
    )


def _tensor_spec(name: str, spec: TensorSpec) -> tf.TensorSpec:
    shape = [None if isinstance(dim, Dim) else dim for dim in spec.target_shape]
    return tf.TensorSpec(shape, tf.as_dtype(spec.dtype.value), name=name)


def _filled(graph: Graph, results: Sequence[object]) -> object:
    """The results in the nesting that the source returns."""
    named = {output.name: result for output, result in zip(graph.outputs, results, strict=True)}

    def fill(structure: object) -> object:
        if isinstance(structure, Value):
            result = named[structure.producer]
            return result if tf.is_tensor(result) else tf.constant(result)
        return (
            map_structure(fill, structure)
            if isinstance(structure, dict | list | tuple)
            else structure
        )

    return fill(graph.result)
