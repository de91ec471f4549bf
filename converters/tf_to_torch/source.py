"""What can be captured: something callable with tensors, and the variables that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as the converted model will know it.

    Attributes:
        name: dotted path.
        trainable: whether a gradient is wanted.
        kind: ``parameter`` or ``buffer``.
    """

    name: str
    trainable: bool
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class TensorFlowSource:
    """A model of TensorFlow's.

    Attributes:
        label: what it is, in words.
        call: takes the arguments of ``signature`` in order and returns nested tensors.
        signature: for each argument its nested structure with names of inputs as leaves.
        specs: for each input what it takes.
        variables: by the identity of its handle what a variable is to be called.
        owner: what has to stay alive while the source is used.
    """

    label: str
    call: Callable[..., Any]
    signature: Mapping[str, object]
    specs: Mapping[str, tf.TensorSpec]
    variables: Mapping[int, Variable] = field(default_factory=dict)
    owner: Any = None


def variables_held(owner: Any) -> list[Any]:
    """The variables of what stays alive while a source is used: a model, a module, a function."""
    if hasattr(owner, "_flatten_layers"):
        from converters.tf_to_torch.keras_source import all_variables

        return all_variables(owner)
    found = owner.graph.variables if hasattr(owner, "graph") else getattr(owner, "variables", ())
    return list({id(variable): variable for variable in found}.values())
