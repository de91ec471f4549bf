"""What every target is written from: a traced model, and what its tensors stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from converters.graph import Graph, TensorSpec, Value
from converters.skeleton import Skeleton
from converters.structure import named, structured

if TYPE_CHECKING:
    from converters.torch_to_tf.emit import ConvertedModule


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A converted model, as the writers of :mod:`converters.torch_to_tf.targets` take it.

    Attributes:
        module: the model; its ``__call__`` is traced.
        source: the captured graph.
        graph: the graph that was lowered, with the target's axis orders.
        signature: the arguments of ``forward``, nested, without those that are constants.
        specs: for each input of the graph its TensorFlow spec.
        provenance: for each node of the source graph its tensors in ``module.__call__``.
    """

    module: ConvertedModule
    source: Graph
    graph: Graph
    signature: Mapping[str, object]
    specs: Mapping[str, tf.TensorSpec]
    provenance: Mapping[str, tuple[str | None, ...]]

    def serving(self, specs: Mapping[str, tf.TensorSpec] | None = None) -> Any:
        """A ConcreteFunction from flat inputs to flat outputs, by the source graph's names.

        Args:
            specs: the inputs' specs, if they are not to be the model's own.
        """

        def serve(**flat: tf.Tensor) -> dict[str, tf.Tensor]:
            result = self.module(*[structured(s, flat) for s in self.signature.values()])
            return dict(named(self.graph.result, result))

        return tf.function(serve, autograph=False).get_concrete_function(**(specs or self.specs))

    def record(
        self,
        tensors: Mapping[str, tuple[str | None, ...]] | None = None,
        **ends: Mapping[str, str],
    ) -> str:
        """Which tensor stands for which node, as JSON.

        Args:
            tensors: for each node its tensors in the target; those of ``module.__call__`` unless
                given.
            ends: where names don't say it, the tensors of the ``inputs`` and ``outputs``.
        """
        axes = {
            value: spec.axes
            for value, spec in self.graph.specs.items()
            if isinstance(spec, TensorSpec)
        }
        nodes = {
            name: [
                {"tensor": tensor, "axes": axes.get(Value(name, index))}
                for index, tensor in enumerate(outputs)
            ]
            for name, outputs in (self.provenance if tensors is None else tensors).items()
        }
        return json.dumps(
            {
                "version": 1,
                "nodes": nodes,
                "skeleton": Skeleton.of(self.source).to_json(),
                "weights": {p.name: p.spec.axes for p in self.graph.parameters},
                "inputs": {item.name: item.spec.axes for item in self.graph.inputs},
                "outputs": {
                    item.name: axes.get(item.value)
                    for item in self.graph.outputs
                    if isinstance(item.value, Value)
                },
                "ends": ends,
            }
        )
