"""What PyTorch draws in the place of TensorFlow is as TensorFlow's, in distribution or in bits."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from scipy import stats

import converters
import parity
from parity.errors import CheckError

COUNT = 20_000
UNLIKELY = 1e-4
"""The seeds are fixed, so that this is no chance of a false alarm."""

DRAWS = {
    "normal": lambda: tf.random.normal([COUNT], 0.3, 2.0),
    "uniform": lambda: tf.random.uniform([COUNT], -1.0, 3.0),
    "double": lambda: tf.random.uniform([COUNT], dtype=tf.float64),
    "truncated normal": lambda: tf.random.truncated_normal([COUNT]),
    "integers": lambda: tf.random.uniform([COUNT], -3, 40, tf.int32),
    "wide integers": lambda: tf.random.uniform([COUNT], -(2**40), 2**50, tf.int64),
    "shuffled": lambda: tf.random.shuffle(tf.range(COUNT))[: COUNT // 2],
    "categories": lambda: tf.random.categorical([[0.0, 1.0, -2.0, 0.5]], COUNT)[0],
    "dropped": lambda: tf.nn.dropout(tf.range(1.0, COUNT), 0.3),
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_is_drawn_is_distributed_alike(name):
    tf.random.set_seed(3)
    torch.manual_seed(4)
    function = tf.function(lambda x: tf.cast(DRAWS[name](), tf.float64) + x)
    conversion = converters.tf_to_torch(function, (np.zeros(()),))
    zero = torch.zeros((), dtype=torch.float64)
    found = conversion.model(zero).numpy()
    expected = function(tf.zeros((), tf.float64)).numpy()
    assert found.shape == expected.shape
    assert stats.ks_2samp(found, expected).pvalue > UNLIKELY
    assert not np.array_equal(conversion.model(zero).numpy(), found)  # new ones each time
    with pytest.raises(CheckError, match="draws random numbers"):
        parity.check(function, conversion, (np.zeros(()),))


@keras.saving.register_keras_serializable()
class Sampling(keras.layers.Layer):
    """Numbers around a mean, as variational autoencoders draw them."""

    def __init__(self, **options):
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(7)

    def call(self, inputs):
        mean, spread = inputs
        drawn = keras.random.normal(keras.ops.shape(mean), seed=self.generator)
        return mean + keras.ops.exp(0.5 * spread) * drawn


def autoencoder() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = keras.Input((8,), name="x")
    hidden = keras.layers.Dense(6, activation="relu")(x)
    code = Sampling()([keras.layers.Dense(3)(hidden), keras.layers.Dense(3)(hidden)])
    return keras.Model(x, keras.layers.Dense(8)(code))


def test_a_variational_autoencoder_draws_the_same_numbers_call_after_call(tmp_path):
    model = autoencoder()
    conversion = converters.tf_to_torch(model)
    x = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    (result,) = parity.check(model, conversion, (x,)).results
    assert result.verdict is parity.Verdict.rounding
    conversion.save(tmp_path / "model.pt2")
    alone = torch.export.load(tmp_path / "model.pt2").module()
    calls = []
    for count in (5, 4, 1):  # an odd number of numbers is a broken pair
        expected = model(x[:count]).numpy()
        for module in (conversion.model, alone):
            found = module(torch.from_numpy(x[:count])).detach().numpy()
            np.testing.assert_allclose(found, expected, atol=5e-6)
        calls.append(expected[0])
    assert not np.allclose(calls[0], calls[1])
    (state,) = (v for k, v in conversion.model.state_dict().items() if k.endswith("_state"))
    assert state.tolist() == [7, 3]
    (again,) = parity.check(model, conversion, (x,)).results  # in the state that calls left
    assert again.verdict is parity.Verdict.rounding


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_normal_numbers_of_a_seed_are_tensorflows(dtype):
    def drawn(x):
        seed = tf.cast(tf.stack([tf.shape(x)[0], 9]), tf.int32)
        return tf.random.stateless_normal(tf.shape(x), seed, 1, 2, dtype)

    function = tf.function(drawn, input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    conversion = converters.tf_to_torch(function)
    fixed = tf.function(lambda x: drawn(tf.ensure_shape(x, [3, 3])))
    settled = converters.tf_to_torch(fixed, (np.zeros((3, 3), np.float32),))
    atol = 40 * converters.DType(dtype).unit_roundoff
    for rows in (1, 3, 64):
        x = np.zeros((rows, 3), np.float32)
        expected = tf.cast(function(x), tf.float64).numpy()
        found = conversion.model(torch.from_numpy(x)).double().numpy()
        np.testing.assert_allclose(found, expected, atol=atol)
    found = settled.model(torch.zeros(3, 3)).double().numpy()
    np.testing.assert_allclose(found, tf.cast(fixed(np.zeros((3, 3), np.float32)), tf.float64),
                               atol=atol)  # fmt: skip


def test_other_bits_are_refused():
    function = tf.function(
        lambda x: x + tf.random.stateless_uniform([3], [1, 2], alg="threefry"),
        input_signature=[tf.TensorSpec([3])],
    )
    with pytest.raises(converters.ConversionError, match="ThreeFry"):
        converters.tf_to_torch(function)
