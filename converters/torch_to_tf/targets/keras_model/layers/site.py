"""Where a layer goes: the node, its arguments, the name of its module."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from converters.graph import Node
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.values import Tensor, Value, Weight


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A node that may become a layer.

    Attributes:
        builder: of the model.
        node: the node.
        arguments: its arguments, tensors as values.
        shared: names of weights that other layers hold too.
        module: the name for a layer without weights.
    """

    builder: Builder
    node: Node
    arguments: Mapping[str, Any]
    shared: Collection[str]
    module: str

    def __getitem__(self, name: str) -> Any:
        """An argument by its name."""
        return self.arguments[name]

    def tensor(self, name: str) -> Tensor:
        """An argument as a tensor of the model."""
        return self.builder.symbolic(self.arguments[name])

    def policy(self, tensor: Value) -> str:
        """The dtype policy of a layer that is called with a tensor."""
        return tensor.dtype

    def owns(self, *weights: object) -> bool:
        """Whether the layer can hold these weights: nothing else does, and all train or none."""
        given = [weight for weight in weights if weight is not None]
        if not all(isinstance(weight, Weight) for weight in given):
            return False
        parameters = [weight.parameter for weight in given if isinstance(weight, Weight)]
        alike = len({p.trainable for p in parameters}) <= 1
        types = {p.spec.dtype for p in parameters}
        return alike and len(types) <= 1 and not {p.name for p in parameters} & set(self.shared)

    def owner(self, weight: Weight | None) -> str:
        """The path of the module that a weight belongs to."""
        if weight is None:
            return self.module
        path, _, leaf = weight.parameter.name.rpartition(".")
        return path if path and leaf.startswith(("weight", "bias")) else self.module

    def key(self, *weights: Weight | None, config: object = ()) -> object:
        """Two calls with one key are calls of one layer."""
        names = tuple(weight.parameter.name if weight else None for weight in weights)
        return ("layer", self.node.op, names, config)


def trains(*weights: object) -> bool:
    """Whether a layer that holds these weights trains."""
    held = [weight.parameter for weight in weights if isinstance(weight, Weight)]
    return not held or any(parameter.trainable for parameter in held)


Maker = Callable[[Site], object]
Handler = TypeVar("Handler", bound=Maker)
LAYERS: dict[str, Maker] = {}


def becomes_layer(*operators: str) -> Callable[[Handler], Handler]:
    """Register what makes a layer of a node: returns the results, or None if no layer fits."""

    def register(function: Handler) -> Handler:
        for operator in operators:
            if operator in LAYERS:
                raise ValueError(f"{operator} becomes a layer already")
            LAYERS[operator] = function
        return function

    return register
