"""Optimiser steps of a Keras model and of its conversion: the same state, and faults caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
import parity
from converters import Conversion
from parity.results import Result
from parity.verdict import Verdict

RNG = np.random.default_rng(0)
INPUTS = (RNG.standard_normal((6, 4)).astype(np.float32),)
Make = Callable[[], Any]
optimizers = keras.optimizers
OPTIMIZERS: dict[str, Make] = {
    "SGD, nesterov, decay": lambda: optimizers.SGD(0.1, 0.9, nesterov=True, weight_decay=0.01),
    "Adam, amsgrad, clipped": lambda: optimizers.Adam(0.01, amsgrad=True, clipvalue=0.1),
    "AdamW": lambda: optimizers.AdamW(0.01, beta_1=0.8),
    "Adamax": lambda: optimizers.Adamax(0.01),
    "RMSprop, centred": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: optimizers.Adagrad(0.1),
    "Lion": lambda: optimizers.Lion(0.01),
}


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((4,), name="x"),
            layers.Dense(3, name="body"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(2, name="head"),
        ]
    )


@pytest.fixture(scope="module")
def model() -> tuple[keras.Model, Conversion]:
    source = network()
    return source, converters.tf_to_torch(source, training=True)


def trained(source: keras.Model, target: Conversion, make: Make, **options: Any) -> Result:
    return parity.check_training(source, target, INPUTS, make(), **options).results[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_three_steps_of_an_optimiser_follow_keras(model: tuple[keras.Model, Conversion], name: str):
    before = [variable.numpy() for variable in model[0].variables]
    state = {key: value.clone() for key, value in model[1].model.state_dict().items()}
    result = trained(*model, OPTIMIZERS[name])
    assert result.verdict is Verdict.rounding, result.summary
    assert result.certificate.outcome == "same function"
    assert (result.source_runtime, result.target_runtime) == ("TensorFlow eager", "torch eager")
    names = {comparison.name for comparison in result.outputs}
    assert {f"step {n}: {part}" for n in (1, 2, 3) for part in ("loss", "norm.running_var")} < names
    for variable, array in zip(model[0].variables, before, strict=True):  # nothing was changed
        np.testing.assert_array_equal(variable.numpy(), array)
    assert all(torch.equal(state[k], value) for k, value in model[1].model.state_dict().items())


def test_a_training_goes_on_from_the_state_of_a_keras_optimiser():
    source, optimizer = network(), optimizers.Adam(0.01)
    source.compile(optimizer, "mse")
    source.fit(INPUTS[0], RNG.standard_normal((6, 2)), epochs=2, verbose=0)
    target = converters.tf_to_torch(source, training=True)
    report = parity.check_training(source, target, INPUTS, optimizer, steps=1)
    assert report.passes, report.results[0].summary
    fresh = optimizers.Adam(0.01)
    forgetful = parity.check_training(
        source, target, INPUTS, optimizer, steps=1,
        target_optimizer=lambda made: converters.torch_optimizer(fresh, source, made),
    )  # fmt: skip
    assert forgetful.verdict is Verdict.mismatch


def test_a_loss_of_keras_goes_with_its_labels(model: tuple[keras.Model, Conversion]):
    labels = np.array([0, 1, 1, 0, 1, 0])
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    options = {"steps": 2, "loss": lambda logits: entropy(labels, logits)}
    result = trained(*model, OPTIMIZERS["AdamW"], **options)
    assert result.verdict.passes, result.summary


FAULTS: dict[str, Callable[[Any], Any]] = {
    "PyTorch's own Adam": lambda held: torch.optim.Adam(held, lr=0.01, eps=1e-3),
    "another decay of weights": lambda held: torch.optim.AdamW(held, lr=0.01, weight_decay=0.1),
    "another learning rate": lambda held: torch.optim.Adam(held, lr=0.0101, eps=1e-7),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_another_training_is_found(model: tuple[keras.Model, Conversion], fault: str):
    def wrong(made: Conversion) -> Any:
        return FAULTS[fault](made.model.parameters())

    result = trained(*model, lambda: optimizers.Adam(0.01), steps=1, target_optimizer=wrong)
    assert result.verdict is Verdict.mismatch
    assert "step 1" in result.summary


REFUSED: dict[str, tuple[Make, str]] = {
    "clipnorm": (lambda: optimizers.SGD(0.1, clipnorm=1.0), "clip_grad_norm_"),
    "a schedule": (
        lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 9, 0.9)),
        "the learning rate is a schedule",
    ),
    "another rule": (lambda: optimizers.Ftrl(0.1), "Ftrl has no counterpart"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_optimiser_without_a_counterpart_is_refused(
    model: tuple[keras.Model, Conversion], name: str
):
    make, reason = REFUSED[name]
    with pytest.raises(converters.ConversionError, match=reason):
        converters.torch_optimizer(make(), *model)


def test_a_variable_with_a_constraint_is_refused():
    source = keras.Sequential([layers.Input((2,)), layers.Dense(1, kernel_constraint="non_neg")])
    target = converters.tf_to_torch(source)
    with pytest.raises(converters.ConversionError, match="has a constraint"):
        converters.torch_optimizer(optimizers.SGD(0.1), source, target)


def test_an_optimiser_of_pytorch_does_not_train_a_keras_model(
    model: tuple[keras.Model, Conversion],
):
    wrong = torch.optim.SGD(model[1].model.parameters(), lr=0.1)
    with pytest.raises(parity.CheckError, match="trained by a Keras optimiser; SGD is none"):
        parity.check_training(*model, INPUTS, wrong)
