"""Random distributions with parameters. Streams never match PyTorch's; distributions do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.random import drawn_integers, drawn_normal, drawn_uniform
from converters.torch_to_tf.promotion import cast, default_dtype, opmath, shape_of
from converters.torch_to_tf.random_state import next_seed

Size: TypeAlias = int | tf.Tensor


def _drawn(x: tf.Tensor, transform: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """A function of numbers uniform in (0, 1], in the shape and type of ``x``."""
    kind = tf.float64 if x.dtype.is_integer else opmath(x.dtype)
    one = complex(1, 1) if kind.is_complex else 1
    return cast(transform(cast(one, kind) - drawn_uniform(shape_of(x), kind)), x.dtype)


@lower("aten.uniform.default", layout=ANY)
def uniform(x: tf.Tensor, from_: float = 0.0, to: float = 1.0) -> tf.Tensor:
    """Uniform between two bounds, complex numbers in both parts."""

    def between(u: tf.Tensor) -> tf.Tensor:
        top = complex(to, to) if u.dtype.is_complex else to
        return cast(top, u.dtype) - cast(to - from_, u.dtype) * u

    return _drawn(x, between)


@lower("aten.exponential.default", layout=ANY)
def exponential(x: tf.Tensor, lambd: float = 1.0) -> tf.Tensor:
    """Exponential with the rate ``lambd``, by the inverse of its distribution function."""
    return _drawn(x, lambda u: -tf.math.log(u) / cast(lambd, u.dtype))


@lower("aten.geometric.default", layout=ANY)
def geometric(x: tf.Tensor, p: float) -> tf.Tensor:
    """How many trials of probability ``p`` it takes to succeed once: 1, 2, and so on."""
    if p == 1:
        return tf.ones_like(x)
    return _drawn(
        x, lambda u: tf.maximum(tf.math.ceil(tf.math.log(u) / math.log1p(-p)), cast(1, u.dtype))
    )


@lower("aten.cauchy.default", layout=ANY)
def cauchy(x: tf.Tensor, median: float = 0.0, sigma: float = 1.0) -> tf.Tensor:
    """Cauchy with a median and a half width, by the inverse of its distribution function."""
    return _drawn(x, lambda u: median + sigma * tf.tan(math.pi * (u - 0.5)))


@lower("aten.log_normal.default", layout=ANY)
def log_normal(x: tf.Tensor, mean: float = 1.0, std: float = 2.0) -> tf.Tensor:
    """The exponential of a normal number of that mean and standard deviation."""
    return cast(tf.exp(mean + std * drawn_normal(shape_of(x), opmath(x.dtype))), x.dtype)


@lower("aten.normal_functional.default", layout=ANY)
def normal_functional(x: tf.Tensor, mean: float = 0.0, std: float = 1.0) -> tf.Tensor:
    """Normal with one mean and one standard deviation, in the shape and type of ``x``."""
    kind = opmath(x.dtype)
    start = complex(mean, mean) if kind.is_complex else mean  # PyTorch gives both parts one mean
    return cast(cast(start, kind) + cast(std, kind) * drawn_normal(shape_of(x), kind), x.dtype)


@lower("aten.normal.float_Tensor")
def normal_around(mean: float, std: tf.Tensor) -> tf.Tensor:
    """Normal with one mean and the given standard deviations."""
    return cast(mean, std.dtype) + tf.stop_gradient(std * drawn_normal(shape_of(std), std.dtype))


@lower("aten.normal.float_float")
def normal_of_size(
    mean: float, std: float, size: Sequence[Size], dtype: tf.DType | None = None
) -> tf.Tensor:
    """Normal with one mean and one standard deviation, in a given shape."""
    kind = dtype or default_dtype()
    return cast(mean, kind) + cast(std, kind) * drawn_normal(size, kind)


@lower("aten.bernoulli.Tensor")
def bernoulli_each(x: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """1 with the probability that ``p`` gives, else 0, in the shape and type of ``x``."""
    chance = tf.broadcast_to(tf.cast(p, tf.float64), tf.shape(x))
    return cast(drawn_uniform(shape_of(x), tf.float64) < chance, x.dtype)


@lower("aten.poisson.default", layout=ANY)
def poisson(x: tf.Tensor) -> tf.Tensor:
    """Poisson with the given rates."""
    kind = opmath(x.dtype)
    drawn = tf.random.stateless_poisson(tf.shape(x), next_seed(), cast(x, kind), dtype=kind)
    return cast(drawn, x.dtype)


@lower("aten.multinomial.default")
def multinomial(x: tf.Tensor, num_samples: Size, replacement: bool = False) -> tf.Tensor:
    """Indices drawn with the given weights, with or without putting them back.

    Shapes: x (n,) or (m, n) -> (num_samples,) or (m, num_samples), int64. Without replacement the
    largest of ``log w + Gumbel noise`` are an ordered sample.
    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
    """
    rows = x if x.shape.rank == 2 else x[tf.newaxis]
    weights = tf.math.log(cast(rows, tf.float64))
    if replacement:
        drawn = tf.random.stateless_categorical(weights, num_samples, next_seed(), tf.int64)
    else:
        noise = -tf.math.log(-tf.math.log(1 - drawn_uniform(shape_of(rows), tf.float64)))
        drawn = tf.cast(tf.math.top_k(weights + noise, num_samples).indices, tf.int64)
    return drawn if x.shape.rank == 2 else drawn[0]


@lower("aten.randint_like.default", layout=ANY)
def randint_like(x: tf.Tensor, high: Size, dtype: tf.DType | None = None) -> tf.Tensor:
    """Integers from 0 to ``high - 1``, in the shape of ``x``."""
    return randint_like_low(x, 0, high, dtype)


@lower("aten.randint_like.low_dtype", layout=ANY)
def randint_like_low(
    x: tf.Tensor, low: Size, high: Size, dtype: tf.DType | None = None
) -> tf.Tensor:
    """Integers from ``low`` to ``high - 1``, in the shape of ``x``."""
    return cast(drawn_integers(shape_of(x), low, high), dtype or x.dtype)
