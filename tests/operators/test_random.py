"""How random numbers are distributed: streams never match, distributions must."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from converters.torch_to_tf.lowerings import random

SIZE = (200, 500)
COUNT = 100_000
DEVIATIONS = 6
"""How many standard errors a mean may be off: one run in 500 million by chance."""


def assert_mean(values: np.ndarray, mean: float, deviation: float) -> None:
    bound = DEVIATIONS * deviation / np.sqrt(values.size)
    assert abs(values.mean() - mean) <= bound, f"mean {values.mean():.3g}, not {mean:.3g}"


@pytest.fixture(autouse=True)
def _seed() -> None:
    tf.random.set_seed(1)


@pytest.mark.parametrize("draw", [random.rand, lambda size: random.rand_like(tf.zeros(size))])
def test_rand_is_uniform_in_the_unit_interval(draw) -> None:
    values = draw(SIZE).numpy()
    assert values.min() >= 0
    assert values.max() < 1
    assert_mean(values, 0.5, 12**-0.5)
    assert_mean((values - 0.5) ** 2, 1 / 12, 180**-0.5)


@pytest.mark.parametrize(
    "draw",
    [
        random.randn,
        lambda size: random.randn_like(tf.zeros(size)),
        lambda size: random.normal(tf.zeros(size)),
        lambda size: (random.normal_each(tf.fill(size, 3.0), tf.constant(2.0)) - 3) / 2,
    ],
)
def test_randn_is_standard_normal(draw) -> None:
    values = draw(SIZE).numpy()
    assert_mean(values, 0, 1)
    assert_mean(values**2, 1, 2**0.5)
    assert_mean(values**4, 3, 96**0.5)


def test_randint_takes_every_integer_of_its_range_equally_often() -> None:
    values = random.randint_low(-2, 3, SIZE).numpy()
    assert values.dtype == np.int64
    for value in range(-2, 3):
        assert_mean((values == value).astype(float), 0.2, 0.4)


def test_randperm_is_a_permutation_and_not_the_identity() -> None:
    values = random.randperm(1000).numpy()
    assert sorted(values) == list(range(1000))
    assert (values != np.arange(1000)).mean() > 0.9


def test_bernoulli_is_one_as_often_as_it_is_told() -> None:
    assert_mean(random.bernoulli(tf.fill(SIZE, 0.3)).numpy(), 0.3, 0.21**0.5)
    assert_mean(random.bernoulli_p(tf.zeros(SIZE), 0.3).numpy(), 0.3, 0.21**0.5)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_with_its_probability_and_keeps_the_mean(p: float) -> None:
    values = random.dropout(tf.ones(SIZE), p, True).numpy()
    assert_mean((values == 0).astype(float), p, (p * (1 - p)) ** 0.5)
    assert set(np.unique(values)) == {np.float32(0), np.float32(1 / (1 - p))}


def test_dropout_of_features_drops_whole_channels() -> None:
    values = random.feature_dropout(tf.ones((40, 50, 3, 3)), 0.5, True).numpy()
    assert np.array_equal(values, np.broadcast_to(values[:, :, :1, :1], values.shape))
    assert_mean((values[:, :, 0, 0] == 0).astype(float), 0.5, 0.5)


def test_native_dropout_returns_the_mask_of_what_it_kept() -> None:
    values, kept = random.native_dropout(tf.ones(SIZE), 0.25, True)
    assert np.array_equal(values.numpy() != 0, kept.numpy())
    assert_mean(kept.numpy().astype(float), 0.75, 0.1875**0.5)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(p: float) -> None:
    values = random.alpha_dropout(tf.random.normal(SIZE), p, True).numpy()
    assert_mean(values, 0, 1)
    assert_mean(values**2, 1, 4)


def test_rrelu_draws_its_slopes_between_the_bounds_in_training() -> None:
    slopes = -random.rrelu(tf.fill(SIZE, -1.0), 0.25, 0.5, True).numpy()
    assert slopes.min() >= 0.25
    assert slopes.max() <= 0.5
    assert_mean(slopes, 0.375, 0.25 * 12**-0.5)
