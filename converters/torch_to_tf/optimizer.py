"""A PyTorch optimiser as a Keras optimiser for a converted model, in the same state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch

from converters.conversion import Conversion
from converters.errors import ConversionError
from converters.torch_to_tf.capture.reader import to_numpy
from converters.torch_to_tf.optimizer_rules import Rule, rule_for


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How one variable is updated: hyperparameters, rule, and the state to begin with."""

    options: Mapping[str, Any]
    rule: Rule
    step: float
    slots: Mapping[str, np.ndarray]


class TorchOptimizer(keras.optimizers.Optimizer):
    """Updates the variables of one converted model by PyTorch's rule.

    The learning rate is that of the first parameter group, in float64; those of the other groups
    keep their ratio to it when it is changed.
    """

    def __init__(self, plans: list[tuple[Any, _Plan]], learning_rate: float, name: str) -> None:
        """``plans`` holds variables with their plans."""
        super().__init__(learning_rate=learning_rate, name=name)
        self._base = learning_rate
        self._untrack_variable(self._learning_rate)  # type: ignore[has-type]
        self._learning_rate = keras.Variable(
            learning_rate, dtype="float64", trainable=False, name="learning_rate"
        )
        self._track_variable(self._learning_rate)
        self._plans = {id(variable): plan for variable, plan in plans}
        self._kept: dict[int, dict[str, Any]] = {}
        self.build([variable for variable, _ in plans])

    def build(self, variables: list[Any]) -> None:
        """Make the state of each variable, as it is in PyTorch."""
        if self.built:
            return
        super().build(variables)
        for variable in variables:
            plan = self._plans[id(variable)]
            kept = {"step": self.add_variable((), dtype="float64", name="step")}
            kept["step"].assign(plan.step)
            for slot in plan.rule.slots:
                made = self.add_variable_from_reference(variable, name=slot)
                if slot in plan.slots:
                    made.assign(plan.slots[slot])
                kept[slot] = made
            self._kept[id(variable)] = kept

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        plan, kept = self._plans[id(variable)], self._kept[id(variable)]
        kept["step"].assign_add(1.0)
        state = {name: tf.convert_to_tensor(slot) for name, slot in kept.items()}
        share = plan.options["lr"] / self._base if self._base else 1.0
        options = {**plan.options, "lr": tf.cast(learning_rate, tf.float64) * share}
        p, gradient = tf.convert_to_tensor(variable), tf.convert_to_tensor(gradient)
        p, state = plan.rule.update(p, gradient, state, options)
        for slot in plan.rule.slots:
            kept[slot].assign(state[slot])
        variable.assign(p)

    def get_config(self) -> dict[str, Any]:
        """Refused: it belongs to one model.

        Raises:
            ConversionError: always.
        """
        raise ConversionError(
            "an optimiser that was converted belongs to one model and can't be saved with it. "
            "Save the model alone, or keep the optimiser's variables in a tf.train.Checkpoint."
        )


def keras_optimizer(
    optimizer: torch.optim.Optimizer, module: torch.nn.Module, conversion: Conversion
) -> TorchOptimizer:
    """See :func:`converters.keras_optimizer`."""
    names = {id(p): name for name, p in module.named_parameters(remove_duplicate=False)}
    rules = {name: rule for rule in conversion.weights for name in (rule.source, *rule.aliases)}
    plans: list[tuple[Any, _Plan]] = []
    for group in optimizer.param_groups:
        options = _options(group)
        rule = rule_for(type(optimizer).__name__, options)
        if rule is None or type(optimizer).__module__.partition(".")[0] != "torch":
            raise ConversionError(
                f"{type(optimizer).__name__} has no counterpart. Supported are SGD, Adam, AdamW, "
                "RMSprop and Adagrad of torch.optim."
            )
        for p in group["params"]:
            name = names.get(id(p))
            if name is None or name not in rules:
                raise ConversionError(
                    "the optimiser holds a parameter that the converted model doesn't have. Make "
                    "it of module.parameters() of the module that was converted."
                )
            state = optimizer.state.get(p, {})
            slots = {
                key: rules[name].to_target(to_numpy(value))
                for key, value in state.items()
                if isinstance(value, torch.Tensor) and key in rule.slots
            }
            step = state.get("step", 1.0 if slots else 0.0)
            initial = options.get("initial_accumulator_value")
            if initial and "sum" not in slots:
                slots["sum"] = np.full(rules[name].to_target(to_numpy(p)).shape, initial)
            variable = conversion.model.weights[rules[name].target]
            plans.append((variable, _Plan(options, rule, float(step), slots)))
    if not plans:
        raise ConversionError("the optimiser holds no parameters.")
    return TorchOptimizer(plans, plans[0][1].options["lr"], type(optimizer).__name__)


def _options(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group's hyperparameters as numbers."""
    return {
        key: float(value) if isinstance(value, torch.Tensor) else value
        for key, value in group.items()
        if key != "params"
    }
