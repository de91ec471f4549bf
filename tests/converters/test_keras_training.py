"""Keras models as they train: batch statistics, dropout, and what a step changes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers

import converters
import parity

IMAGES = np.random.default_rng(0).standard_normal((4, 6, 5, 3)).astype(np.float32)


def network(rate: float) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            layers.Input((6, 5, 3), name="image"),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.Dropout(rate, name="dropout"),
            layers.Dense(2, name="head"),
        ],
        name="network",
    )


def test_batch_statistics_and_their_gradients_have_the_certificate():
    model = network(0.0)
    conversion = converters.tf_to_torch(model, training=True)
    before = {name: value.clone() for name, value in conversion.model.state_dict().items()}
    (result,) = parity.assert_parity(model, conversion, (IMAGES,), runs=2).results
    assert result.certificate.outcome == "same function"
    assert "gradient of norm.weight (float64)" in {c.name for c in result.gradients}
    for name, value in conversion.model.state_dict().items():
        assert torch.equal(value, before[name])  # a check changes nothing


def test_steps_of_training_leave_the_same_statistics_and_weights():
    model = network(0.0)
    module = converters.tf_to_torch(model, training=True).model
    assert module.training
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    own = keras.optimizers.SGD(0.1)
    for _ in range(3):
        optimizer.zero_grad()
        module(torch.from_numpy(IMAGES)).square().mean().backward()
        optimizer.step()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(IMAGES, training=True)))
        variables = model.trainable_variables
        own.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    state, norm = module.state_dict(), model.get_layer("norm")
    for name, variable in {
        "norm.running_mean": norm.moving_mean,
        "norm.running_var": norm.moving_variance,  # of the batch itself, not n/(n-1) of it
        "norm.weight": norm.gamma,
        "head.bias": model.get_layer("head").bias,
    }.items():
        np.testing.assert_allclose(state[name].numpy(), variable.numpy(), rtol=2e-5, atol=1e-6)


def test_dropout_is_a_module_that_draws_while_the_model_trains(tmp_path):
    model = network(0.5)
    conversion = converters.tf_to_torch(model, training=True)
    assert isinstance(conversion.model.dropout, torch.nn.Dropout)
    x = torch.from_numpy(IMAGES)
    assert not torch.equal(conversion.model(x), conversion.model(x))
    text = conversion.save(tmp_path / "network.py").read_text()
    assert "self.norm.running_var.copy_(" in text
    assert "return model.train()" in text
    with pytest.raises(parity.CheckError, match="rate of dropout at zero"):
        parity.check(model, conversion, (IMAGES,))


def test_training_in_inference_mode_differs_only_by_the_unbiased_variance():
    model = network(0.0)
    module = converters.tf_to_torch(model).model.train()
    module(torch.from_numpy(IMAGES))
    model(IMAGES, training=True)
    norm = model.get_layer("norm")
    count = IMAGES.shape[0] * 4 * 3
    np.testing.assert_allclose(module.norm.running_mean, norm.moving_mean.numpy(), atol=1e-6)
    batch = (norm.moving_variance.numpy() - 0.9) / 0.1
    expected = 0.9 + 0.1 * batch * count / (count - 1)
    np.testing.assert_allclose(module.norm.running_var, expected, rtol=1e-4)


def test_only_keras_models_are_converted_as_they_train():
    with pytest.raises(converters.CaptureError, match="only a Keras model says how it trains"):
        converters.tf_to_torch(tf.function(tf.nn.relu), (IMAGES,), training=True)
