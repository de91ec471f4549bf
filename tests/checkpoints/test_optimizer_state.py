"""Training goes on in the other framework where it stopped in the first one.

In float64: Adam divides gradients near 0 by their own size, so that float32's rounding is large.
Hyperparameters are sums of few powers of two, because Keras rounds them to float32, and epsilon
is small, because Keras adds it elsewhere.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn

from converters import CheckpointError, NameMap, Rule, convert_checkpoint, optimizer_rules
from parity import map_weights

STEPS = 3


@pytest.fixture(autouse=True)
def float64():
    before = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # or the one that was asked for first stays
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(before)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.attention = nn.Linear(6, 18)
        self.register_buffer("places", torch.arange(3))
        self.head = nn.Linear(18, 4)

    def forward(self, x):
        return self.head(torch.tanh(self.attention(torch.tanh(self.conv(x)).mean((2, 3)))))


def net() -> keras.Model:
    layers = keras.layers
    image = keras.Input((5, 5, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="tanh")(image))
    parts = [layers.Dense(6, activation="tanh", name=name)(x) for name in "bac"]
    x = layers.Concatenate()([parts[1], parts[0], parts[2]])
    return keras.Model(image, layers.Dense(4)(x))


IMAGES = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
WANTED = torch.randn(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
ADAM = {"betas": (0.875, 1 - 2**-10), "eps": 1e-14}
KERAS_ADAM = {"beta_1": 0.875, "beta_2": 1 - 2**-10, "epsilon": 1e-14}
MORE = {"amsgrad": True, "weight_decay": 0.125}
SGD = {"momentum": 0.875, "nesterov": True}
KINDS = {
    "Adam": (torch.optim.Adam, keras.optimizers.Adam, {"lr": 2**-7, **ADAM}, KERAS_ADAM),
    "AdamW": (
        torch.optim.AdamW,
        keras.optimizers.AdamW,
        {"lr": 2**-8, **ADAM, **MORE},
        {**KERAS_ADAM, **MORE},
    ),
    "SGD": (torch.optim.SGD, keras.optimizers.SGD, {"lr": 2**-4, **SGD}, SGD),
}


def torch_steps(module, optimizer, count: int) -> None:
    for _ in range(count):
        optimizer.zero_grad()
        nn.functional.mse_loss(module(IMAGES), WANTED).backward()
        optimizer.step()


def keras_steps(model, count: int) -> None:
    images = tf.constant(IMAGES.permute(0, 2, 3, 1).numpy())
    for _ in range(count):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(images) - WANTED.numpy()) ** 2)
        weights = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, weights), weights)


def pair(kind: str):
    make, make_keras, options, keras_options = KINDS[kind]
    torch.manual_seed(2)
    module, model = Net().double(), net()
    optimizer = make(module.parameters(), **options)
    model.compile(make_keras(options["lr"], **keras_options))
    model.optimizer.build(model.trainable_variables)
    return module, optimizer, model


def assert_same(module, model, tmp_path, names) -> None:
    torch.save({"model": module.state_dict()}, tmp_path / "now.pt")
    weights = NameMap(
        tuple(
            rule.model_copy(update={"source": tuple(f"model.{n}" for n in rule.source)})
            for rule in names.rules
        )
    )
    other = net()
    convert_checkpoint(tmp_path / "now.pt", tmp_path / "now.weights.h5", weights=weights)
    other.load_weights(tmp_path / "now.weights.h5")
    for actual, expected in zip(model.weights, other.weights, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_three_further_steps_agree_in_either_direction(kind, tmp_path):
    module, optimizer, model = pair(kind)
    names = map_weights(module, model, (IMAGES[:2],), channels_last=True).names
    rules = optimizer_rules(names, module, optimizer, model, model.optimizer)
    (tmp_path / "map.toml").write_text(rules.dumps())
    torch_steps(module, optimizer, 4)
    state = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(state, tmp_path / "a.pt")
    model.save_weights(tmp_path / "template.weights.h5")
    convert_checkpoint(
        tmp_path / "a.pt",
        tmp_path / "b.weights.h5",
        weights=tmp_path / "map.toml",
        template=tmp_path / "template.weights.h5",
    )
    model.load_weights(tmp_path / "b.weights.h5")
    assert_same(module, model, tmp_path, names)
    torch_steps(module, optimizer, STEPS)
    keras_steps(model, STEPS)
    (tmp_path / "now.weights.h5").unlink()
    assert_same(module, model, tmp_path, names)

    # and back, into a training of its own
    model.save_weights(tmp_path / "c.weights.h5")
    convert_checkpoint(
        tmp_path / "c.weights.h5",
        tmp_path / "d.pt",
        weights=tmp_path / "map.toml",
        reverse=True,
        template=tmp_path / "a.pt",
    )
    found = torch.load(tmp_path / "d.pt", weights_only=True)
    assert found["epoch"] == 3
    fresh, further, _ = pair(kind)
    fresh.load_state_dict(found["model"])
    further.load_state_dict(found["optimizer"])
    torch_steps(fresh, further, STEPS)
    keras_steps(model, STEPS)
    (tmp_path / "now.weights.h5").unlink()
    assert_same(fresh, model, tmp_path, names)


def test_the_state_crosses_into_a_checkpoint_of_tensorflow(tmp_path):
    module, optimizer, model = pair("Adam")
    names = map_weights(module, model, (IMAGES[:2],), channels_last=True).names

    def save(folder) -> str:
        both = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
        return both.write(str(folder / "both"))

    rules = optimizer_rules(names, module, optimizer, model, model.optimizer, save=save)
    torch_steps(module, optimizer, 4)
    state = {"model": module.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, tmp_path / "a.pt")
    save(tmp_path)
    convert_checkpoint(
        tmp_path / "a.pt", tmp_path / "b.index", weights=rules, template=tmp_path / "both.index"
    )
    both = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    both.read(str(tmp_path / "b")).assert_consumed()
    torch_steps(module, optimizer, STEPS)
    keras_steps(model, STEPS)
    assert_same(module, model, tmp_path, names)


def test_optimisers_that_take_other_steps_are_refused():
    module, _, model = pair("Adam")
    names = NameMap((Rule(source="w", target="w"),))
    for optimizer, words in (
        (torch.optim.RMSprop(module.parameters()), "the state of RMSprop"),
        (torch.optim.AdamW(module.parameters()), "the state of AdamW"),
        (torch.optim.Adam(module.parameters(), lr=1e-3, **ADAM), "the learning rate"),
        (
            torch.optim.Adam(module.parameters(), lr=2**-7, weight_decay=0.1, **ADAM),
            "another function",
        ),
        (torch.optim.Adam(module.parameters(), lr=2**-7, betas=(0.5, 0.9)), "the betas"),
        (
            torch.optim.Adam(
                [
                    {"params": [module.head.weight], "lr": 2**-7},
                    {"params": [module.head.bias], "lr": 1e-3},
                ]
            ),
            "different hyperparameters",
        ),
    ):
        with pytest.raises(CheckpointError, match=words):
            optimizer_rules(names, module, optimizer, model, model.optimizer)


def test_a_tensor_that_only_one_side_trains_is_refused():
    module, _, model = pair("Adam")
    names = map_weights(module, model, (IMAGES[:2],), channels_last=True).names
    optimizer = torch.optim.Adam(module.head.parameters(), lr=2**-7, **ADAM)
    with pytest.raises(CheckpointError, match=r"conv\.weight is not trained by both"):
        optimizer_rules(names, module, optimizer, model, model.optimizer)
