"""Two live models are matched, whatever their weights and names; what isn't sure is listed."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn

import parity
from converters import convert_checkpoint
from parity import CheckError, ParityError, map_weights


class Images(nn.Module):
    """Two branches of one shape, square kernels, batch statistics, a depthwise convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.a, self.b, self.head = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        x = torch.relu(self.depthwise(self.norm(self.conv(x)))).mean((2, 3))
        return self.head(torch.tanh(self.a(x)) * self.b(x))


def images(epsilon: float = 1e-5) -> keras.Model:
    layers = keras.layers
    image = keras.Input((6, 6, 3))
    x = layers.BatchNormalization(epsilon=epsilon)(layers.Conv2D(8, 3, padding="same")(image))
    x = layers.ReLU()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.GlobalAveragePooling2D()(x)
    b, a = layers.Dense(8, name="first")(x), layers.Dense(8, name="second")(x)
    x = layers.Dropout(0.1)(layers.Multiply()([layers.Activation("tanh")(a), b]))
    return keras.Model(image, layers.Dense(4)(x))


IMAGE = (torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0)),)


def test_a_convolutional_model_is_matched_and_its_checkpoint_crosses_both_ways(tmp_path):
    source, target = Images().eval(), images()
    before = [w.copy() for w in target.get_weights()]
    found = map_weights(source, target, IMAGE, channels_last=True)
    assert all(np.array_equal(x, y) for x, y in zip(before, target.get_weights(), strict=True))
    assert found.left_out == ("norm.num_batches_tracked",)
    assert found.reasons[("a.weight",)] == "numbers"
    assert found.reasons[("conv.weight",)] == "shape"

    found.save(tmp_path / "map.toml")
    torch.save(source.state_dict(), tmp_path / "a.pt")
    there = convert_checkpoint(
        tmp_path / "a.pt", tmp_path / "b.weights.h5", weights=tmp_path / "map.toml"
    )
    target.load_weights(there.path)
    with torch.no_grad():
        expected = source(*IMAGE)
    actual = target(np.transpose(IMAGE[0].numpy(), (0, 2, 3, 1)))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)
    back = convert_checkpoint(
        there.path, tmp_path / "c.pt", weights=tmp_path / "map.toml", reverse=True
    )
    state = torch.load(back.path, weights_only=True)
    assert state.keys() == source.state_dict().keys() - {"norm.num_batches_tracked"}
    assert all(torch.equal(tensor, source.state_dict()[name]) for name, tensor in state.items())


def test_models_that_differ_in_more_than_names_are_refused():
    with pytest.raises((CheckError, ParityError), match=r"[Dd]ifferent function"):
        map_weights(Images(), images(epsilon=1e-2), IMAGE, channels_last=True)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 5)
        self.lstm = nn.LSTM(5, 6, batch_first=True)
        self.gru = nn.GRU(6, 6, batch_first=True)
        self.head = nn.Linear(6, 11)

    def forward(self, ids):
        return self.head(self.gru(self.lstm(self.embedding(ids))[0])[0])


def test_gates_and_biases_of_recurrent_layers_follow_the_known_rules():
    layers = keras.layers
    ids = keras.Input((4,), dtype="int64")
    x = layers.LSTM(6, return_sequences=True)(layers.Embedding(11, 5)(ids))
    x = layers.Dense(11)(layers.GRU(6, return_sequences=True)(x))
    found = map_weights(Recurrent(), keras.Model(ids, x), (torch.tensor([[1, 2, 3, 10]]),))
    rules = {rule.source: rule for rule in found.names.rules}
    assert rules[("lstm.bias_ih_l0", "lstm.bias_hh_l0")].join == "sum"
    assert rules[("gru.bias_ih_l0", "gru.bias_hh_l0")].join == "stack"
    assert rules[("gru.weight_hh_l0",)].blocks == (1, 0, 2)


class Attention(nn.Module):
    """A fused projection; a bias of the keys, which moves nothing; a buffer that is no weight."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.register_buffer("places", torch.arange(5))

    def forward(self, x):
        return self.norm(self.attention(x, x, x, need_weights=False)[0] + x)


class Separate(tf.Module):
    """The same with its projections apart, made and used in another order."""

    def __init__(self) -> None:
        super().__init__()
        for name in "okvq":
            setattr(self, f"w_{name}", tf.Variable(tf.zeros((8, 8))))
            setattr(self, f"b_{name}", tf.Variable(tf.zeros(8)))
        self.scale, self.shift = tf.Variable(tf.ones(8)), tf.Variable(tf.zeros(8))

    def __call__(self, x):
        def heads(name):
            y = tf.matmul(x, getattr(self, f"w_{name}")) + getattr(self, f"b_{name}")
            return tf.transpose(tf.reshape(y, (-1, 5, 2, 4)), (0, 2, 1, 3))

        keys, queries, values = heads("k"), heads("q"), heads("v")
        weights = tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True) / 2.0)
        y = tf.transpose(tf.matmul(weights, values), (0, 2, 1, 3))
        y = tf.matmul(tf.reshape(y, (-1, 5, 8)), self.w_o) + self.b_o + x
        mean, variance = tf.nn.moments(y, -1, keepdims=True)
        return (y - mean) / tf.sqrt(variance + 1e-5) * self.scale + self.shift


TOKENS = (torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0)),)


def test_a_fused_projection_is_split_into_queries_keys_and_values():
    found = map_weights(Attention(), Separate(), TOKENS)
    targets = {rule.source[0]: rule.target for rule in found.names.rules if rule.source}
    assert targets["attention.in_proj_weight"] == ("w_q", "w_k", "w_v")
    assert targets["attention.in_proj_bias"] == ("b_q", "b_k", "b_v")
    assert (targets["norm.weight"], targets["norm.bias"]) == (("scale",), ("shift",))
    assert targets["places"] == ()


def test_what_has_no_counterpart_is_listed_and_nothing_is_written(tmp_path):
    class More(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 4)
            self.scale = nn.Parameter(torch.ones(3, 4))

        def forward(self, x):
            return self.layer(x) * self.scale.sum(0)

    given = keras.Input((8,))
    target = keras.Model(given, keras.layers.Dense(4)(given))
    with pytest.raises(CheckError, match=r"scale \[3, 4\] of the PyTorch model: nothing of its"):
        map_weights(More(), target, (torch.ones(2, 8),))


def test_the_package_offers_it():
    assert parity.map_weights is map_weights


class Heads(nn.Module):
    """Attention with projections that Keras keeps by heads, and a slope for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.PReLU(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        x = self.slope(x.transpose(1, 2)).transpose(1, 2)
        return self.attention(x, x, x, need_weights=False)[0]


def test_heads_that_are_apart_and_axes_of_one_element_are_found(tmp_path):
    layers = keras.layers
    given = keras.Input((4, 8))
    x = layers.PReLU(shared_axes=[1])(given)
    model = keras.Model(given, layers.MultiHeadAttention(2, 4)(x, x))
    inputs = (torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0)),)
    source = Heads().eval()
    found = map_weights(source, model, inputs)
    patterns = {rule.source: rule.pattern for rule in found.names.rules}
    assert patterns[("slope.weight",)] == "a -> 1 a"
    assert patterns[("attention.in_proj_weight",)] == "a (b c) -> a b c"
    assert patterns[("attention.out_proj.weight",)] == "(a b) c -> a b c"
    found.save(tmp_path / "map.toml")
    torch.save(source.state_dict(), tmp_path / "a.pt")
    there = convert_checkpoint(
        tmp_path / "a.pt", tmp_path / "b.weights.h5", weights=tmp_path / "map.toml"
    )
    model.load_weights(there.path)
    with torch.no_grad():
        np.testing.assert_allclose(model(inputs[0].numpy()), source(*inputs), atol=1e-6)
    back = convert_checkpoint(
        there.path, tmp_path / "c.pt", weights=tmp_path / "map.toml", reverse=True
    )
    state = torch.load(back.path, weights_only=True)
    assert all(torch.equal(state[name], tensor) for name, tensor in source.state_dict().items())
