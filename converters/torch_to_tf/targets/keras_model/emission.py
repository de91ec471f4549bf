"""A laid-out graph as a functional Keras model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from converters.errors import (
    ConversionError,
    LoweringError,
    MissingOp,
    OutputError,
    UnsupportedVariantError,
)
from converters.graph import (
    Graph,
    Node,
    ScalarSpec,
    TensorSpec,
    values_in,
)
from converters.graph import Value as Reference
from converters.interpreter import evaluate
from converters.passes.promote import promote
from converters.registry import Registry
from converters.torch_to_tf.targets.keras_model import layers, translations
from converters.torch_to_tf.targets.keras_model.attention import attention_layer, attentions
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.layers.site import LAYERS, Site
from converters.torch_to_tf.targets.keras_model.sizes import Dims, size_of, static
from converters.torch_to_tf.targets.keras_model.tracing import trace
from converters.torch_to_tf.targets.keras_model.translate import translated
from converters.torch_to_tf.targets.keras_model.values import (
    VALUES,
    Constant,
    Tensor,
    Weight,
)

_TABLES = (layers, translations)  # importing them fills the tables


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A functional model and what its tensors stand for.

    Attributes:
        model: the model.
        places: for each node its results in the model: operation, call, result; None for none.
        merged: groups of parameters of which the model holds the sum.
    """

    model: Any
    places: Mapping[str, tuple[tuple[str, int, int] | None, ...]]
    merged: Sequence[tuple[str, ...]]


class SharedWeights(frozenset[str]):
    """Names of weights that more than one layer would hold; which of them tie a table."""

    tied: Mapping[str, bool]


def build(graph: Graph, registry: Registry, name: str) -> Built:
    """Build the model.

    Args:
        graph: with axis orders assigned, as it is lowered.
        registry: the lowerings.
        name: of the model.

    Raises:
        OutputError: Keras has nothing for some operators; all are listed.
    """
    if graph.mutations:
        raise OutputError(
            "a .keras model has both modes in one: its dropout and batch normalisation train in "
            "fit. Convert the model with training=False and save it as .keras."
        )
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        return _Emitter(graph, registry).build(name)
    finally:
        keras.config.set_image_data_format(before)


class _Emitter:
    """The walk over the graph.

    A class only to share its tables among the methods.
    """

    def __init__(self, graph: Graph, registry: Registry) -> None:
        self.graph, self.registry, self.builder = graph, registry, Builder()
        self.promoted = {node.name: node for node in promote(graph).nodes}
        self.shared = _shared(graph)
        self.modules = _modules(graph)
        self.attentions = {a.result: a for a in attentions(graph, registry)}
        self.inside = {n: a for a in self.attentions.values() for n in a.nodes}
        self.made: dict[str, list[object]] = {}
        self.refused: list[tuple[Node, str]] = []
        self.attended: dict[str, Tensor] = {}
        self.open: set[str] = set()  # nodes whose results nothing can stand in for

    def build(self, name: str) -> Built:
        if not self.graph.inputs:
            raise OutputError("a model without inputs can't be a .keras file. Write a SavedModel.")
        starts = {item.name: self._input(item.name, item.spec) for item in self.graph.inputs}
        values: dict[str, object] = dict(starts)
        values.update({p.name: Weight(p) for p in self.graph.parameters})
        results, _ = evaluate(self.graph, values, self._call)
        if self.refused:
            raise OutputError(self._refusal())
        outputs = self._outputs(results)
        inputs = {key: tensor.keras for key, tensor in starts.items()}
        first = next(iter(inputs.values()))
        model = keras.Model(first if len(inputs) == 1 else inputs, outputs, name=_legal(name))
        return Built(model, self._places(model), tuple(dict.fromkeys(self.builder.merged)))

    def _input(self, name: str, spec: TensorSpec) -> Tensor:
        dims = tuple(size_of(dim) for dim in spec.target_shape)
        start = keras.Input(batch_shape=static(dims), dtype=spec.dtype.value, name=_legal(name))
        return self.builder.start(start, dims)

    # nodes

    def _call(self, node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
        turned = _turned(node, arguments)
        if turned is not None:
            return [turned]
        if node.name in self.inside:
            return self._attention(node, arguments)
        missing = set(_producers(node)) & self.open
        if missing:
            return self._opaque(node)
        module = self.modules.get(node.name, node.name)
        scope = f"{node.module}.{node.name}" if node.module else node.name
        try:
            with self.builder.within(scope):
                results = self._results(node, arguments, module)
        except (ConversionError, ValueError, TypeError, NotImplementedError) as error:
            self.refused.append((node, _reason(error)))
            return self._opaque(node)
        outputs = [
            self._settled(value, spec) for value, spec in zip(results, node.outputs, strict=False)
        ]
        if outputs and isinstance(outputs[0], Tensor):
            self.builder.rename(outputs[0], scope)
        self.made[node.name] = outputs
        return outputs

    def _results(
        self, node: Node, arguments: Mapping[str, object], module: str
    ) -> Sequence[object]:
        make = LAYERS.get(node.op)
        if make is not None:
            lowering = self.registry.get(node.op)
            assert lowering is not None
            given = _with_defaults(lowering.function, arguments)
            found = make(Site(self.builder, node, given, self.shared, module))
            if found is not None:
                return found if isinstance(found, list | tuple) else [found]
        default = self.graph.default_float.value
        traced = trace(node, self.promoted[node.name], arguments, self.registry, default)
        return translated(self.builder, traced)

    def _settled(self, value: object, spec: TensorSpec | ScalarSpec) -> object:
        """The value with the sizes that the capture knows."""
        if isinstance(value, Tensor) and isinstance(spec, TensorSpec):
            try:
                dims: Dims | None = tuple(size_of(dim) for dim in spec.target_shape)
            except UnsupportedVariantError:
                dims = None
            if dims is not None and len(dims) == len(value.dims):
                return self.builder.tensor(value.keras, dims)
        return value

    def _attention(self, node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
        """The layer in the place of the last of its nodes; nothing in that of the others."""
        found = self.inside[node.name]
        for reference, value in _paired(node.args, arguments):
            if reference == found.source:
                assert isinstance(value, Tensor)
                self.attended[found.result] = value
        if node.name != found.result:
            return [None for _ in node.outputs]
        x = self.attended[found.result]
        result = attention_layer(self.builder, found, x)
        self.made[node.name] = [result]
        return [result]

    def _opaque(self, node: Node) -> list[object]:
        """Tensors in the place of a refused node's, so that what follows is looked at too."""
        try:
            return [self._stand_in(spec) for spec in node.outputs]
        except (ConversionError, ValueError, TypeError):
            self.open.add(node.name)
            return [None for _ in node.outputs]

    def _stand_in(self, spec: TensorSpec | ScalarSpec) -> Tensor:
        if isinstance(spec, ScalarSpec):
            raise UnsupportedVariantError("a number that is computed from a refused operator")
        dims = tuple(size_of(dim) for dim in spec.target_shape)
        start = keras.Input(batch_shape=static(dims), dtype=spec.dtype.value)
        return self.builder.tensor(start, dims)

    def _refusal(self) -> str:
        found: dict[tuple[str, str], list[Node]] = {}
        for node, reason in self.refused:
            found.setdefault((node.op, reason), []).append(node)
        lines = "\n".join(
            f"  - {MissingOp(op, len(nodes), nodes[0].module, nodes[0].source)}: {reason}"
            for (op, reason), nodes in found.items()
        )
        return (
            f"Keras has nothing for {len(found)} of the model's operators:\n{lines}\n"
            "Write a SavedModel instead: a path without a suffix."
        )

    # ends

    def _outputs(self, results: Sequence[object]) -> Any:
        named = {o.name: r for o, r in zip(self.graph.outputs, results, strict=True)}
        inputs = {item.name for item in self.graph.inputs}
        used: set[int] = set()

        def tensor(key: str) -> Any:
            value = named[key]
            if not isinstance(value, VALUES):
                value = Constant(np.asarray(value), str(np.asarray(value).dtype))
            with self.builder.within("output"):
                symbolic = self.builder.symbolic(value)
                again = id(symbolic.keras) in used
                start = symbolic.keras._keras_history.operation.name in inputs
                if again or start:
                    copied = self.builder.call(keras.ops.copy, symbolic, dims=symbolic.dims)
                    symbolic = copied
            used.add(id(symbolic.keras))
            return symbolic.keras

        def fill(structure: object) -> Any:
            if isinstance(structure, Reference):
                return tensor(structure.producer)
            if isinstance(structure, Mapping):
                kept = {str(k): fill(item) for k, item in structure.items()}
                return {k: item for k, item in kept.items() if item is not None}
            if isinstance(structure, tuple | list):
                parts = [fill(item) for item in structure]
                return [part for part in parts if part is not None]
            return None

        found = fill(self.graph.result)
        if not tf.nest.flatten(found):
            raise OutputError("a model without tensor outputs can't be a .keras file.")
        return found

    def _places(self, model: Any) -> dict[str, tuple[tuple[str, int, int] | None, ...]]:
        """Where each node's results stand, by what survives the file: names and numbers."""
        calls: dict[int, tuple[str, int]] = {}
        kept = set(model._nodes)
        for operation in model.operations:
            place = 0
            for index, node in enumerate(operation._inbound_nodes):
                if f"{id(operation)}_ib-{index}" in kept:
                    calls[id(node)] = (operation.name, place)
                    place += 1

        def find(value: object) -> tuple[str, int, int] | None:
            if not isinstance(value, Tensor):
                return None
            operation, index, result = value.keras._keras_history
            found = calls.get(id(operation._inbound_nodes[index]))
            return None if found is None else (*found, result)

        return {name: tuple(map(find, outputs)) for name, outputs in self.made.items()}


def _turned(node: Node, arguments: Mapping[str, object]) -> Weight | None:
    """A weight in another axis order is the same weight."""
    weight = arguments.get("x")
    if node.op != "layout.transpose" or not isinstance(weight, Weight) or node.args["lead"]:
        return None
    spec = node.outputs[0]
    assert isinstance(spec, TensorSpec)
    return Weight(weight.parameter, spec.axes)


def _with_defaults(function: Any, arguments: Mapping[str, object]) -> dict[str, object]:
    import inspect

    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return defaults | dict(arguments)


def _paired(reference: Any, argument: Any) -> list[tuple[object, object]]:
    """The leaves of a node's arguments, each with its value."""
    if isinstance(reference, Mapping):
        return [pair for k, item in reference.items() for pair in _paired(item, argument[k])]
    if isinstance(reference, tuple):
        pairs = zip(reference, argument, strict=True)
        return [pair for one, other in pairs for pair in _paired(one, other)]
    return [(reference, argument)]


def _producers(node: Node) -> list[str]:
    return [value.producer for value in values_in(node.args)]


def _reason(error: BaseException) -> str:
    if isinstance(error, LoweringError) and error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().split("\n")[0]


def _legal(name: str) -> str:
    return name.replace("/", ".")


def _modules(graph: Graph) -> dict[str, str]:
    """Names for layers without weights: the module's path where the module is that one operator."""
    kinds: dict[str, set[str]] = {}
    for node in graph.nodes:
        if not node.op.startswith("layout."):
            kinds.setdefault(node.module, set()).add(node.op)
    return {
        node.name: node.module
        if node.module and len(kinds.get(node.module, ())) == 1
        else (f"{node.module}.{node.name}" if node.module else node.name)
        for node in graph.nodes
    }


def _shared(graph: Graph) -> SharedWeights:
    """Weights whose uses don't make one layer."""
    parameters = {p.name: p.name for p in graph.parameters}
    uses: dict[str, set[tuple[object, ...]]] = {}
    for node in graph.nodes:
        held = tuple(
            parameters[v.producer] for v in values_in(node.args) if v.producer in parameters
        )
        if node.op == "layout.transpose" and held and not node.args["lead"]:
            parameters[node.name] = held[0]
            continue
        for name in held:
            use: tuple[object, ...] = (node.op, held) if node.op in LAYERS else (node.name,)
            uses.setdefault(name, set()).add(use)
    for output in graph.outputs:
        for value in values_in((output.value,)):
            if value.producer in parameters:
                uses.setdefault(parameters[value.producer], set()).add(("output",))
    found = SharedWeights(name for name, entries in uses.items() if len(entries) > 1)
    table = {"aten.embedding.default", "aten.linear.default"}
    found.tied = {
        name: {str(entry[0]) for entry in uses[name]} == table
        and all(_holds_table(entry, name) for entry in uses[name])
        for name in found
    }
    return found


def _holds_table(use: tuple[object, ...], name: str) -> bool:
    held = use[1]
    return isinstance(held, tuple) and held.index(name) == 0
