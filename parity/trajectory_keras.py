"""Training runs of a Keras model and of its conversion to PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

import converters
from converters import (
    Conversion,
    TensorSpec,
    WeightMap,
    WeightRule,
    keras_variables,
    tf_caller,
    torch_optimizer,
)
from parity.calls import torch_call, torch_inputs_of
from parity.errors import CheckError
from parity.sides import as_numpy, leaves_of
from parity.trajectory import Chance, Trajectories, Trajectory, seeded_targets, source_order


class KerasTrajectories(Trajectories):
    """The runs of one check whose source is a Keras model."""

    def _trained(self) -> dict[str, Any]:
        import keras

        if not isinstance(self.module, keras.Layer):
            raise CheckError(
                "a training is checked against a live model. Load the file with "
                "keras.models.load_model, and pass the model with its Keras optimiser."
            )
        if not isinstance(self.optimizer, keras.optimizers.Optimizer):
            raise CheckError(
                f"a Keras model is trained by a Keras optimiser; {type(self.optimizer).__name__} "
                "is none. Pass one of keras.optimizers."
            )
        self.draws = [{}] * self.steps  # a model that draws was refused
        self.variables = keras_variables(self.module)
        trained = {id(variable) for variable in self.module.trainable_variables}
        names = {p.name for p in self.one.graph.parameters if p.value.size}
        return {n: v for n, v in self.variables.items() if n in names and id(v) in trained}

    # --- the loss ---------------------------------------------------------------------------------

    def _loss(self, loss: Callable[..., Any] | None) -> Conversion:
        """The loss as a conversion of its own: a function of the outputs that are tensors."""
        import tensorflow as tf

        outputs = self.one.call()
        values = tuple(outputs[name] for name in self.outputs)
        self.function = loss or _distance(values, self.seed)
        taken = [tf.TensorSpec(value.shape, value.dtype) for value in values]
        traced = tf.function(self.function).get_concrete_function(*taken)
        conversion = converters.tf_to_torch(traced)
        specs = [conversion.source.specs.get(o.value) for o in conversion.source.outputs]  # type: ignore[call-overload]
        if len(specs) != 1 or not isinstance(specs[0], TensorSpec):
            raise CheckError("the loss has to be one floating-point scalar.")
        if specs[0].shape or not specs[0].dtype.is_floating:
            raise CheckError("the loss has to be one floating-point scalar.")
        return conversion

    # --- the source -------------------------------------------------------------------------------

    def source(self) -> Trajectory:
        """The model itself, with a copy of its own optimiser, in its own types."""
        import tensorflow as tf

        found: Trajectory = {}
        run = tf_caller(self.module, None, training=self.target_.training)
        variables = [v.value for v in self.module.trainable_variables]
        with _restored(self.variables.values()):
            optimizer = _copied(self.optimizer, self.module)
            for step in range(1, self.steps + 1):
                with tf.GradientTape() as tape:
                    named = dict(leaves_of(self.one.graph.result, run(self.one.inputs)))
                    value = self.function(*[named[name] for name in self.outputs])
                gradients = tape.gradient(value, variables)
                if all(gradient is None for gradient in gradients):
                    raise CheckError("the loss doesn't depend on a parameter that is trained.")
                optimizer.apply(gradients, self.module.trainable_variables)
                found[f"step {step}: loss"] = np.asarray(value)
                for p in self._kept():
                    array = self.variables[p.name].numpy()
                    found[f"step {step}: {p.name}"] = np.array(array)
        return found

    def _optimizer(self, leaves: Mapping[str, Any], dtype: Any, chance: Chance | None) -> Any:
        """The optimiser's rule for the graph's parameters."""
        rules = (
            WeightRule(name, name, tuple(leaf.shape), tuple(range(leaf.ndim)))
            for name, leaf in leaves.items()
        )
        held = SimpleNamespace(named_parameters=leaves.items)
        made: Any = torch_optimizer(
            self.optimizer,
            self.module,
            replace(self.target_, model=held, weights=WeightMap(tuple(rules))),
        )
        if chance is not None:
            # Keras takes the powers of its shares in the type of what is trained.
            made.power = lambda base, step: chance.number(base**step)
        return made

    # --- the target -------------------------------------------------------------------------------

    def target(
        self, conversion: Conversion, make: Callable[[Conversion], Any], *, wide: bool
    ) -> Trajectory:
        """The conversion, with a PyTorch optimiser."""
        loss = self.loss.promoted() if wide else self.loss
        own = replace(conversion, model=copy.deepcopy(conversion.model))
        optimizer, model = make(own), own.model
        found: Trajectory = {}
        for step in range(1, self.steps + 1):
            ends = torch_call(own, torch_inputs_of(own.graph, self.one.inputs))()
            optimizer.zero_grad()
            ordered = [ends[n].permute(source_order(own.graph, n)) for n in self.outputs]
            value = loss.model(*ordered)
            value.backward()
            optimizer.step()
            found[f"step {step}: loss"] = as_numpy(value).copy()
            arrays = {name: as_numpy(item) for name, item in model.state_dict().items()}
            back = own.weights.to_source(arrays)
            for p in self._kept():
                found[f"step {step}: {p.name}"] = np.array(back[p.name])
        return found


@contextmanager
def _restored(variables: Any) -> Iterator[None]:
    """While active, variables may change; afterwards they are as before."""
    before = [(variable, variable.numpy()) for variable in variables]
    try:
        yield
    finally:
        for variable, array in before:
            variable.assign(array)


def _copied(optimizer: Any, model: Any) -> Any:
    """An optimiser of the same kind in the same state."""
    made = type(optimizer).from_config(optimizer.get_config())
    made.build(model.trainable_variables)
    if optimizer.built:
        for own, given in zip(made.variables, optimizer.variables, strict=True):
            own.assign(given)
    else:
        made.learning_rate.assign(optimizer.learning_rate)
    return made


def _distance(outputs: tuple[np.ndarray, ...], seed: int) -> Callable[..., Any]:
    """The mean squared distance of each floating-point output to a seeded target."""
    import tensorflow as tf

    targets = seeded_targets(outputs, seed)

    def loss(*outputs: Any) -> Any:
        pairs = [(y, t) for y, t in zip(outputs, targets, strict=True) if t is not None]
        return tf.add_n([tf.reduce_mean(tf.square(y - t)) for y, t in pairs])

    return loss
