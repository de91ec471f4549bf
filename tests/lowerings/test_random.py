"""How random numbers are distributed: streams never match, distributions must."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from converters.torch_to_tf.lowerings import distributions, random

SIZE = (200, 500)
COUNT = 100_000
DEVIATIONS = 6
"""How many standard errors a mean may be off: one run in 500 million by chance."""


def assert_mean(values: np.ndarray, mean: float, deviation: float) -> None:
    bound = DEVIATIONS * deviation / np.sqrt(values.size)
    assert abs(values.mean() - mean) <= bound, f"mean {values.mean():.3g}, not {mean:.3g}"


@pytest.fixture(autouse=True)
def _seed() -> None:
    tf.random.set_global_generator(tf.random.Generator.from_seed(1))


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


ZEROS = tf.zeros(SIZE)


def test_uniform_fills_its_interval() -> None:
    values = distributions.uniform(ZEROS, -3, 5).numpy()
    assert values.min() >= -3
    assert values.max() <= 5
    assert_mean(values, 1, 8 * 12**-0.5)
    assert_mean((values - 1) ** 2, 64 / 12, 64 * 180**-0.5)


def test_exponential_has_its_rate() -> None:
    values = distributions.exponential(ZEROS, 2.0).numpy()
    assert values.min() >= 0
    assert np.isfinite(values).all()
    assert_mean(values, 0.5, 0.5)
    assert_mean(values**2, 0.5, 20**0.5 / 4)


@pytest.mark.parametrize("p", [0.1, 0.7, 1.0])
def test_geometric_counts_trials(p: float) -> None:
    values = distributions.geometric(ZEROS, p).numpy()
    assert values.min() == 1
    assert np.array_equal(values, np.round(values))
    assert_mean(values, 1 / p, (1 - p) ** 0.5 / p)
    assert_mean((values == 1).astype(float), p, (p * (1 - p)) ** 0.5)


def test_cauchy_has_its_quartiles() -> None:
    values = distributions.cauchy(ZEROS, 1.0, 0.5).numpy()
    assert_mean((values < 1).astype(float), 0.5, 0.5)
    assert_mean((values < 0.5).astype(float), 0.25, 0.1875**0.5)
    assert_mean((values < 1.5).astype(float), 0.75, 0.1875**0.5)


def test_log_normal_is_normal_in_its_logarithm() -> None:
    values = np.log(distributions.log_normal(ZEROS, 0.5, 0.25).numpy())
    assert_mean(values, 0.5, 0.25)
    assert_mean((values - 0.5) ** 2, 0.0625, 0.0625 * 2**0.5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: distributions.normal_functional(ZEROS, 2.0, 3.0),
        lambda: distributions.normal_around(2.0, tf.fill(SIZE, 3.0)),
        lambda: distributions.normal_of_size(2.0, 3.0, SIZE),
    ],
)
def test_normal_has_its_mean_and_deviation(draw) -> None:
    values = draw().numpy()
    assert_mean(values, 2, 3)
    assert_mean((values - 2) ** 2, 9, 9 * 2**0.5)


def test_bernoulli_takes_a_probability_for_each_element() -> None:
    chances = np.linspace(0, 1, SIZE[1], dtype=np.float32)
    values = distributions.bernoulli_each(ZEROS, tf.constant(chances)).numpy()
    assert_mean(values, 0.5, 0.5)
    assert (values[:, 0] == 0).all()
    assert (values[:, -1] == 1).all()


@pytest.mark.parametrize("rate", [0.5, 20.0])
def test_poisson_has_its_rate_as_mean_and_variance(rate: float) -> None:
    values = distributions.poisson(tf.fill(SIZE, rate)).numpy()
    assert_mean(values, rate, rate**0.5)
    assert_mean((values - rate) ** 2, rate, (rate + 2 * rate**2) ** 0.5)


@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial_draws_by_weight(replacement: bool) -> None:
    weights = tf.constant([[0.0, 1.0, 2.0, 5.0]] * 50_000)
    values = distributions.multinomial(weights, 1, replacement).numpy()
    for index, weight in enumerate([0.0, 1.0, 2.0, 5.0]):
        chance = weight / 8
        assert_mean((values == index).astype(float), chance, (chance * (1 - chance)) ** 0.5)


def test_multinomial_without_replacement_draws_no_index_twice() -> None:
    values = distributions.multinomial(tf.ones((1000, 6)), 6).numpy()
    assert np.array_equal(np.sort(values, axis=1), np.tile(np.arange(6), (1000, 1)))
    assert_mean((values[:, 0] == 0).astype(float), 1 / 6, (5 / 36) ** 0.5)


def test_randint_like_takes_every_integer_of_its_range_equally_often() -> None:
    values = distributions.randint_like_low(ZEROS, -1, 3).numpy()
    for value in range(-1, 3):
        assert_mean((values == value).astype(float), 0.25, 0.1875**0.5)
