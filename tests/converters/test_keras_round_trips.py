"""There and back again: bit-equal weights, and the certificate on the way back."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
import parity


def convolutional() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((9, 8, 3), name="image"),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def recurrent() -> keras.Model:
    return keras.Sequential([layers.Input((3, 4), name="x"), layers.LSTM(3), layers.Dense(2)])


def attention() -> keras.Model:
    x = inputs = layers.Input((4, 8), name="x")
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    return keras.Model(inputs, layers.Dense(8, activation="relu")(layers.LayerNormalization()(x)))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "convolutional": convolutional,
    "recurrent": recurrent,
    "attention": attention,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_keras_model_comes_back_with_the_same_weights(name: str):
    keras.utils.set_random_seed(4)
    model = MODELS[name]()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, *model.inputs[0].shape[1:])).astype(np.float32)
    there = converters.tf_to_torch(model)
    back = converters.torch_to_tf(there.model, (torch.from_numpy(x),))
    (result,) = parity.assert_parity(there.model, back, (x,), runs=2, gradients=False).results
    assert result.certificate.outcome == "same function"
    np.testing.assert_allclose(
        np.asarray(back.model(x)), model(x, training=False).numpy(), atol=1e-5
    )
    state = back.weights.to_source({k: v.numpy() for k, v in back.model.weights.items()})
    own = {key: value.numpy() for key, value in there.model.state_dict().items()}
    returned = there.weights.to_source({**own, **state})
    for parameter in there.source.parameters:
        np.testing.assert_array_equal(returned[parameter.name], parameter.value)


@pytest.mark.parametrize("name", ["mixer", "recurrent"])
def test_a_pytorch_model_comes_back_with_the_same_weights(name: str):
    torch.manual_seed(0)
    module: torch.nn.Module = {
        "mixer": lambda: torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3, padding=1),
            torch.nn.BatchNorm2d(4),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(16, 3),
        ),
        "recurrent": lambda: torch.nn.Sequential(
            torch.nn.LayerNorm(4), torch.nn.Linear(4, 6), torch.nn.GELU(), torch.nn.Linear(6, 2)
        ),
    }[name]()
    module.eval()
    shape = (2, 3, 4, 4) if name == "mixer" else (2, 5, 4)
    x = torch.randn(shape)
    there = converters.torch_to_tf(module, (x,))
    back = converters.tf_to_torch(there.model, (x.numpy(),))
    (result,) = parity.assert_parity(
        there.model, back, (x.numpy(),), runs=2, gradients=False
    ).results
    assert result.certificate.outcome == "same function"
    torch.testing.assert_close(back.model(x), module(x), atol=1e-5, rtol=1e-4)
    state = {key: value.numpy() for key, value in back.model.state_dict().items()}
    held = back.weights.to_source(state)
    returned = there.weights.to_source(
        {name: held[name] for name in there.model.weights if name in held}
        | {n: v.numpy() for n, v in there.model.weights.items() if n not in held}
    )
    for key, value in module.state_dict().items():
        np.testing.assert_array_equal(returned[key], value.numpy())


def test_mobilenet_goes_there_and_back_with_the_same_weights():
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)
    rng = np.random.default_rng(1)
    for variable in model.variables:
        if variable.path.split("/")[-1] in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif variable.path.split("/")[-1] in ("beta", "moving_mean", "bias"):
            variable.assign(rng.normal(0, 0.3, variable.shape))
    x = rng.standard_normal((2, 96, 96, 3)).astype(np.float32)
    there = converters.tf_to_torch(model)
    expected = model(x, training=False).numpy()
    assert expected.std() > 0.01
    found = there.model(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    state = {key: value.numpy() for key, value in there.model.state_dict().items()}
    back = converters.torch_to_tf(there.model, (torch.from_numpy(x),))
    np.testing.assert_allclose(np.asarray(back.model(x)), expected, atol=1e-5)
    again = back.weights.to_source({k: v.numpy() for k, v in back.model.weights.items()})
    returned = there.weights.to_source({**state, **again})
    for parameter in there.source.parameters:
        np.testing.assert_array_equal(returned[parameter.name], parameter.value)
