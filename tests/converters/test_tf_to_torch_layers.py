"""A fixed sample of Keras layers and of TensorFlow's control flow, in float32 and float64."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers

import converters
import parity
from converters.passes.assign_layouts import assign_layouts
from converters.tf_to_torch.emit import run
from converters.tf_to_torch.lowerings import load


def stacked(shape: tuple[int | None, ...], *parts: keras.Layer, dtype: str = "float32"):
    return keras.Sequential([layers.Input(shape, dtype=dtype), *parts])


def joined(shape: tuple[int, ...], function: Callable[..., object], count: int) -> keras.Model:
    inputs = [layers.Input(shape, name=f"part_{i}") for i in range(count)]
    return keras.Model(inputs, function(*inputs))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "dilated convolution": lambda: stacked(
        (9, 8, 3), layers.Conv2D(4, 3, padding="same", dilation_rate=2)
    ),
    "causal convolution": lambda: stacked(
        (9, 3), layers.Conv1D(4, 3, padding="causal", strides=2, activation="gelu")
    ),
    "separable convolution": lambda: stacked(
        (9, 8, 3), layers.SeparableConv2D(4, 3, padding="same", depth_multiplier=2, strides=2)
    ),
    "transposed convolution": lambda: stacked(
        (5, 6, 3), layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    ),
    "convolution of volumes": lambda: stacked((5, 6, 7, 3), layers.Conv3D(4, 3, strides=2)),
    "open image size": lambda: stacked(
        (None, None, 3),
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.MaxPooling2D(2, padding="same"),
        layers.UpSampling2D(2),
        layers.GlobalAveragePooling2D(),
    ),
    "normalisation": lambda: stacked(
        (5, 6, 8), layers.LayerNormalization(), layers.GroupNormalization(4)
    ),
    "padding and resizing": lambda: stacked(
        (5, 6, 3),
        layers.ZeroPadding2D((1, 2)),
        layers.Cropping2D(1),
        layers.Resizing(9, 7),
        layers.Rescaling(1 / 127.5, -1),
    ),
    "masked lstm": lambda: stacked(
        (5,), layers.Embedding(9, 4, mask_zero=True), layers.LSTM(3), dtype="int32"
    ),
    "bidirectional gru": lambda: stacked(
        (4, 3), layers.Bidirectional(layers.GRU(2, return_sequences=True))
    ),
    "convolutional lstm": lambda: stacked((3, 5, 4, 2), layers.ConvLSTM2D(3, 2, padding="same")),
    "attention": lambda: joined(
        (5, 8), lambda x, y: layers.MultiHeadAttention(2, 4)(x, y, use_causal_mask=True), 2
    ),
    "several inputs and outputs": lambda: joined(
        (5, 6),
        lambda x, y: {"sum": layers.Add()([x, y]), "largest": layers.Maximum()([x, y])},
        2,
    ),
    "activations": lambda: stacked(
        (5, 6), layers.PReLU(), layers.ELU(), layers.Dense(4, "silu"), layers.Softmax(axis=1)
    ),
}


def inputs_of(model: keras.Model) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    found = []
    for item in model.inputs:
        shape = [3, *(7 if size is None else size for size in item.shape[1:])]
        floats = "float" in item.dtype
        array = rng.standard_normal(shape) if floats else rng.integers(0, 4, shape)
        found.append(array.astype(item.dtype))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_model_computes_the_same_in_pytorch(name: str):
    keras.utils.set_random_seed(3)
    model = MODELS[name]()
    arrays = inputs_of(model)
    conversion = converters.tf_to_torch(model, tuple(arrays))
    own = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    found = conversion.model(*map(torch.from_numpy, arrays))
    assert isinstance(found, dict) == isinstance(own, dict)
    pairs = [(found[key], own[key]) for key in own] if isinstance(own, dict) else [(found, own)]
    for actual, expected in pairs:
        assert tuple(actual.shape) == tuple(expected.shape)
        np.testing.assert_allclose(actual.detach().numpy(), expected.numpy(), atol=3e-5)
    assert_same_in_float64(conversion.source, arrays)


def assert_same_in_float64(source: converters.Graph, arrays: list[np.ndarray]) -> None:
    wide, registry = converters.promote(source), load()
    tensors = {
        item.name: torch.from_numpy(array.astype(item.spec.dtype.numpy))
        for item, array in zip(wide.inputs, arrays, strict=True)
    }
    laid = converters.promote(assign_layouts(source, registry))
    weights = {}
    for parameter in laid.parameters:
        axes = parameter.spec.axes or range(parameter.value.ndim)
        weights[parameter.name] = torch.from_numpy(parameter.value.transpose(*axes).copy())
    actual, _ = run(laid, registry, {**weights, **tensors})
    expected, _ = converters.replay(wide, tensors)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_recurrent_network_has_the_certificate_and_gradients():
    keras.utils.set_random_seed(0)
    model = stacked((3, 2), layers.LSTM(2, name="lstm"))
    conversion = converters.tf_to_torch(model)
    x = np.random.default_rng(1).standard_normal((2, 3, 2)).astype(np.float32)
    (result,) = parity.assert_parity(model, conversion, (x,), runs=2).results
    assert result.certificate.outcome == "same function"
    assert set(conversion.model.state_dict()) == {
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
    }


@pytest.mark.parametrize("axis", [-1, 3])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_batch_normalisation_is_one_operator(axis, center, scale):
    """Keras reshapes the vectors for an axis that isn't -1, and leaves out what it hasn't."""
    layer = layers.BatchNormalization(axis, center=center, scale=scale)
    model = stacked((4, 4, 3), layer)
    layer.moving_mean.assign([0.5, -1.0, 2.0])
    layer.moving_variance.assign([0.5, 1.5, 2.0])
    found = [node.op for node in converters.tf_graph(model).nodes]
    assert found == ["tf.Fill"] * (2 - center - scale) + ["tf.FusedBatchNormV3"]
    x = np.random.default_rng(0).random((2, 4, 4, 3)).astype(np.float32)
    result = converters.tf_to_torch(model).model(torch.from_numpy(x))
    np.testing.assert_allclose(result.detach().numpy(), model(x).numpy(), atol=1e-6)


@tf.function
def branches(x: tf.Tensor) -> tf.Tensor:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x - 1)


@tf.function
def repeats(x: tf.Tensor) -> tf.Tensor:
    step = lambda i, y: (i + 1, y * 1.5)  # noqa: E731
    return tf.while_loop(lambda i, y: tf.reduce_max(y) < 100.0, step, (0, x))[1]


@tf.function(input_signature=[tf.TensorSpec([4, 3])])
def scans(x: tf.Tensor) -> tf.Tensor:
    return tf.scan(lambda a, b: a * 0.5 + b, x)


@tf.function(input_signature=[tf.TensorSpec([4, 3])])
def maps(x: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(lambda row: row * tf.reduce_sum(row), x)


@pytest.mark.parametrize("function", [branches, repeats, scans, maps], ids=lambda f: f.__name__)
def test_control_flow_follows_the_data(function):
    x = np.random.default_rng(2).random((4, 3)).astype(np.float32) + 0.1
    module = converters.tf_to_torch(function, (x,)).model
    for given in (x, x * 7, x * 50) + ((-x,) if function is branches else ()):
        found = module(torch.from_numpy(given)).detach().numpy()
        np.testing.assert_allclose(found, function(given).numpy(), rtol=1e-6)


def recurrent() -> Callable[..., object]:
    layer = layers.LSTM(3, return_sequences=True)
    layer.build((None, None, 3))
    return tf.function(layer.call, input_signature=[tf.TensorSpec([2, None, 3])])


OPEN: dict[str, Callable[[], Callable[..., object]]] = {
    "recurrence": recurrent,
    "map": lambda: tf.function(
        lambda x: tf.map_fn(lambda row: row * tf.reduce_sum(row), x),
        input_signature=[tf.TensorSpec([None, 2, 3])],
    ),
    "scan": lambda: tf.function(
        lambda x: tf.scan(lambda a, b: a * 0.5 + b, x),
        input_signature=[tf.TensorSpec([None, 2, 3])],
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_lists_of_open_length_compute_the_same_at_lengths_that_were_never_traced(name: str):
    function = OPEN[name]()
    rng = np.random.default_rng(0)
    shape = (2, 5, 3) if name == "recurrence" else (5, 2, 3)
    x = rng.standard_normal(shape).astype(np.float32)
    conversion = converters.tf_to_torch(function, (x,))
    parity.assert_parity(function, conversion, (x,), runs=2, gradients=False)
    for length in (1, 9):
        shape = (2, length, 3) if name == "recurrence" else (length, 2, 3)
        other = rng.standard_normal(shape).astype(np.float32)
        found = conversion.model(torch.from_numpy(other)).detach().numpy()
        np.testing.assert_allclose(found, function(other).numpy(), atol=1e-6)
