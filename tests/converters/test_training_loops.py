"""A converted model in loops of one's own; the optimisers that follow PyTorch's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn

import converters
from converters import ConversionError, torch_to_tf

INPUTS = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(1))


def network() -> nn.Module:
    torch.manual_seed(0)
    tied = nn.Linear(4, 4, bias=False)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), tied, tied
    )


@pytest.mark.parametrize("optimizer", [keras.optimizers.AdamW(1e-2), keras.optimizers.SGD(0.1)])
def test_a_loop_with_an_optimiser_of_keras_lowers_the_loss(
    optimizer: keras.optimizers.Optimizer,
) -> None:
    conversion = torch_to_tf(network(), (INPUTS,), training=True)
    model, x = conversion.model, tf.constant(INPUTS.numpy())
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - 1))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        losses.append(float(loss))
    assert losses[-1] < 0.97 * losses[0]


def test_trained_weights_return_to_the_module_bit_for_bit() -> None:
    module = network()
    conversion = torch_to_tf(module, (INPUTS,), training=True)
    model = conversion.model
    optimizer = converters.keras_optimizer(
        torch.optim.SGD(module.parameters(), lr=0.1), module, conversion
    )
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(INPUTS.numpy()) - 1))
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    trained = {name: variable.numpy() for name, variable in model.weights.items()}
    state = conversion.weights.to_source(trained)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    module.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in state.items()})
    assert all(not torch.equal(before[name], t) for name, t in module.state_dict().items())
    again = conversion.weights.to_target(
        {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    )
    assert set(again) == set(trained)
    assert all(np.array_equal(again[name], trained[name]) for name in trained)


def test_a_learning_rate_that_is_changed_moves_all_groups() -> None:
    first, second = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = first, second

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * (self.first + self.second)

    module = Two()
    conversion = torch_to_tf(module, (torch.ones(1),), training=True)
    groups = [{"params": [first], "lr": 0.1}, {"params": [second], "lr": 0.4}]
    optimizer = converters.keras_optimizer(torch.optim.SGD(groups), module, conversion)
    optimizer.learning_rate = 0.05
    variables = [conversion.model.weights[name] for name in ("first", "second")]
    optimizer.apply([tf.ones(1), tf.ones(1)], variables)
    np.testing.assert_allclose([v.numpy()[0] for v in variables], [0.95, 0.8], rtol=1e-7)


def test_an_embedding_is_updated_where_no_token_was_too() -> None:
    """Its gradient is sparse in TensorFlow and dense in PyTorch, where decay moves all rows."""
    module = nn.Embedding(4, 2)
    tokens = torch.tensor([1, 1])
    conversion = torch_to_tf(module, (tokens,), training=True)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, weight_decay=0.5)
    twin = converters.keras_optimizer(optimizer, module, conversion)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(conversion.model(tokens.numpy()))
    variables = conversion.model.trainable_variables
    twin.apply(tape.gradient(loss, variables), variables)
    module(tokens).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(variables[0], module.weight.detach(), rtol=1e-6)


def test_an_optimiser_of_another_model_or_rule_is_refused() -> None:
    module = network()
    conversion = torch_to_tf(module, (INPUTS,), training=True)
    with pytest.raises(ConversionError, match="doesn't have"):
        converters.keras_optimizer(torch.optim.SGD(network().parameters()), module, conversion)
    with pytest.raises(ConversionError, match="Rprop has no counterpart"):
        converters.keras_optimizer(torch.optim.Rprop(module.parameters()), module, conversion)
    made = converters.keras_optimizer(torch.optim.SGD(module.parameters()), module, conversion)
    with pytest.raises(ConversionError, match="belongs to one model"):
        made.get_config()
