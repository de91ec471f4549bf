"""``MultiHeadAttention`` for the nodes of an ``nn.MultiheadAttention``.

The module is recognised by its parameters and by what its nodes are, and proven by its numbers: the
nodes and the layer are run on the same random input before one takes the place of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from converters.graph import (
    Graph,
    Node,
    Output,
    Parameter,
    ScalarSpec,
    TensorSpec,
    Value,
    values_in,
)
from converters.interpreter import evaluate
from converters.registry import Registry
from converters.torch_to_tf.emit import lowered
from converters.torch_to_tf.promotion import default_float
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.values import Tensor

_MOVES = frozenset(
    {
        "aten.contiguous.default",
        "aten.permute.default",
        "aten.reshape.default",
        "aten.select.int",
        "aten.squeeze.dim",
        "aten.transpose.int",
        "aten.unflatten.int",
        "aten.unsqueeze.default",
        "aten.view.default",
        "layout.reshape",
        "layout.transpose",
    }
)
_SCORES = "aten.scaled_dot_product_attention.default"
_CLOSE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """One call of a self-attention module.

    Attributes:
        module: its path.
        nodes: the names of its nodes.
        source: what it attends to.
        result: the node that gives its result.
        batch_first: whether axis 0 of ``source`` counts the samples.
        heads: their number.
        weights: as Keras holds them.
        trainable: whether it trains.
    """

    module: str
    nodes: frozenset[str]
    source: Value
    result: str
    batch_first: bool
    heads: int
    weights: tuple[np.ndarray, ...]
    trainable: bool


def attentions(graph: Graph, registry: Registry) -> list[Attention]:
    """The modules of a graph that are a ``MultiHeadAttention`` of one tensor without a mask."""
    parameters = {p.name: p for p in graph.parameters}
    modules = [
        name.removesuffix("in_proj_weight").removesuffix(".")
        for name in parameters
        if name.rpartition(".")[2] == "in_proj_weight"
    ]
    found = [_attention(graph, registry, module, parameters) for module in modules]
    return [attention for attention in found if attention is not None]


def _attention(
    graph: Graph, registry: Registry, module: str, parameters: Mapping[str, Parameter]
) -> Attention | None:
    held = [_full(module, leaf) for leaf in _LEAVES]
    if not all(name in parameters for name in held):
        return None
    places, specs = (module, _full(module, "out_proj")), graph.specs
    nodes = [n for n in graph.nodes if n.module in places and isinstance(n.outputs[0], TensorSpec)]
    names = {node.name for node in nodes}
    inner = {v.producer for node in nodes for v in values_in(node.args)}
    outer = sorted({v for n in nodes for v in values_in(n.args)} - _made(nodes), key=str)
    sources = [v for v in outer if v.producer not in held and isinstance(specs[v], TensorSpec)]
    used = {v.producer for n in graph.nodes if n.name not in names for v in values_in(n.args)}
    used |= {v.producer for o in graph.outputs for v in values_in((o.value,))}
    results = names & used
    scores = [node for node in nodes if node.op == _SCORES]
    kinds = sorted(n.op for n in nodes if n.op not in _MOVES and n.op != _SCORES)
    plain = kinds == ["aten.linear.default"] * 2 and len(scores) == 1 and not used & set(held)
    if not (plain and len(sources) == 1 == len(results) and set(held) <= inner):
        return None
    if set(scores[0].args) - {"query", "key", "value"}:
        return None
    return _proven(graph, registry, module, nodes, sources[0], results.pop(), scores[0], parameters)


_LEAVES = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")


def _full(module: str, leaf: str) -> str:
    return f"{module}.{leaf}" if module else leaf


def _made(nodes: Sequence[Node]) -> set[Value]:
    return {Value(node.name, i) for node in nodes for i in range(len(node.outputs))}


def _proven(
    graph: Graph,
    registry: Registry,
    module: str,
    nodes: Sequence[Node],
    source: Value,
    result: str,
    scores: Node,
    parameters: Mapping[str, Parameter],
) -> Attention | None:
    specs = graph.specs
    spec, end, inside = specs[source], specs[Value(result)], scores.outputs[0]
    if not all(isinstance(s, TensorSpec) and s.axes is None for s in (spec, end, inside)):
        return None
    assert isinstance(spec, TensorSpec)
    assert isinstance(inside, TensorSpec)
    own = [parameters[_full(module, leaf)] for leaf in _LEAVES]
    one_kind = len({(p.trainable, p.spec.dtype, spec.dtype) for p in own}) == 1
    if spec.rank != 3 or inside.rank != 4 or not one_kind:
        return None
    heads = inside.hint[1]
    for batch_first in (True, False):
        found = Attention(
            module,
            frozenset(node.name for node in nodes),
            source,
            result,
            batch_first,
            heads,
            _weights(own, heads),
            own[0].trainable,
        )
        if _same(graph, registry, nodes, found, spec):
            return found
    return None


def _weights(own: Sequence[Parameter], heads: int) -> tuple[np.ndarray, ...]:
    packed, bias, last, last_bias = (parameter.value for parameter in own)
    width = packed.shape[1]
    result: list[np.ndarray] = []
    for kernel, shift in zip(np.split(packed, 3), np.split(bias, 3), strict=True):
        result += [kernel.T.reshape(width, heads, -1), shift.reshape(heads, -1)]
    return (*result, last.T.reshape(heads, -1, width), last_bias)


def _same(
    graph: Graph, registry: Registry, nodes: Sequence[Node], found: Attention, spec: TensorSpec
) -> bool:
    """Whether nodes and layer agree on a random input."""
    values = {v.producer for node in nodes for v in values_in(node.args)}
    sizes = {v for v in values if v not in found.nodes and v != found.source.producer}
    own = [p for p in graph.parameters if p.name in sizes]
    numbers = {name: graph.specs[Value(name)] for name in sizes - {p.name for p in own}}
    if not all(isinstance(s, ScalarSpec) and s.hint is not None for s in numbers.values()):
        return False
    part = graph.replace(
        inputs=(), parameters=tuple(own), nodes=tuple(nodes), mutations={},
        outputs=(Output("result", Value(found.result)),),
    )  # fmt: skip
    x = np.random.default_rng(0).standard_normal(spec.hint).astype(spec.dtype.numpy)
    given: dict[str, Any] = {
        p.name: tf.constant(p.value if p.spec.axes is None else p.value.transpose(p.spec.axes))
        for p in own
    }
    given |= {name: number.hint for name, number in numbers.items()}  # type: ignore[union-attr]
    given[found.source.producer] = tf.constant(x)
    with default_float(tf.as_dtype(graph.default_float.value)):
        expected = evaluate(part, given, lowered(registry))[0][0]
    layer = _layer(found, "proof", spec.dtype.value)
    turned = x if found.batch_first else x.swapaxes(0, 1)
    actual = _called(layer, turned, found)
    actual = actual if found.batch_first else actual.swapaxes(0, 1)
    array = np.asarray(expected)
    return array.shape == actual.shape and bool(
        np.abs(array - actual).max() <= _CLOSE * np.abs(array).max()
    )


def _called(layer: Any, x: np.ndarray, found: Attention) -> np.ndarray:
    layer.build(x.shape, x.shape)
    layer.set_weights(list(found.weights))
    return np.asarray(layer(x, x))


def _layer(found: Attention, name: str, dtype: str) -> Any:
    return keras.layers.MultiHeadAttention(
        found.heads,
        found.weights[0].shape[-1],
        name=name,
        dtype=dtype,
        trainable=found.trainable,
    )


def attention_layer(builder: Builder, found: Attention, x: Tensor) -> Tensor:
    """The layer in the model."""
    if not found.batch_first:
        x = builder.call(ops.transpose, x, (1, 0, 2), dims=(x.dims[1], x.dims[0], x.dims[2]))
    result: Tensor = builder.layer(
        ("attention", found.module, found.result),
        lambda name: _layer(found, name, x.dtype),
        found.module,
        x,
        found.weights,
        dims=x.dims,
        options={"value": x.keras},
    )
    if found.batch_first:
        return result
    dims = (x.dims[1], x.dims[0], x.dims[2])
    back: Tensor = builder.call(ops.transpose, result, (1, 0, 2), dims=dims)
    return back
