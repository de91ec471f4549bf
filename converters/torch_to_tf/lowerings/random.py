"""Random numbers and dropout. Streams never match PyTorch's; distributions do.

What is drawn passes no gradient, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.creation import INT64, int64_or
from converters.torch_to_tf.promotion import Number, cast, default_dtype, opmath, promote, shape_of
from converters.torch_to_tf.random_state import next_seed

Size: TypeAlias = int | tf.Tensor

_ALG = "philox"
"""One stream on every device."""


def drawn_uniform(size: Sequence[Size], dtype: tf.DType) -> tf.Tensor:
    """Uniform in [0, 1), complex numbers in both parts. Shapes: -> size."""
    return _drawn(tf.random.stateless_uniform, _shape(size), dtype)


def drawn_normal(size: Sequence[Size] | tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Standard normal; of complex numbers each part has half the variance. Shapes: -> size."""
    drawn = _drawn(tf.random.stateless_normal, _shape(size), dtype)
    return drawn * cast(0.5**0.5, dtype) if dtype.is_complex else drawn


def _drawn(draw: Callable[..., tf.Tensor], shape: object, dtype: tf.DType) -> tf.Tensor:
    if dtype.is_complex:
        parts = (draw(shape, next_seed(), dtype=dtype.real_dtype, alg=_ALG) for _ in range(2))
        return tf.complex(*parts)
    return cast(draw(shape, next_seed(), dtype=opmath(dtype), alg=_ALG), dtype)


def drawn_integers(size: Sequence[Size], low: Size, high: Size) -> tf.Tensor:
    """Integers from ``low`` to ``high - 1``, int64. Shapes: -> size."""
    bounds = cast(low, tf.int64), cast(high, tf.int64)
    return tf.random.stateless_uniform(_shape(size), next_seed(), *bounds, tf.int64, _ALG)


def _shape(size: Sequence[Size] | tf.Tensor) -> list[Size] | tf.Tensor:
    return size if isinstance(size, tf.Tensor) else list(size) or tf.zeros([0], tf.int32)


def _kept(x: tf.Tensor, p: float, size: Sequence[Size]) -> tf.Tensor:
    """True with probability 1 - p."""
    return drawn_uniform(size, tf.float32) >= p


def _dropped(x: tf.Tensor, p: float, size: Sequence[Size]) -> tf.Tensor:
    """Zero with probability p, the rest scaled up so that the mean stays."""
    if p == 1:
        return x * tf.zeros_like(x)
    scale = tf.where(_kept(x, p, size), cast(1 / (1 - p), x.dtype), cast(0, x.dtype))
    return x * scale


def _per_feature(x: tf.Tensor) -> list[Size]:
    sizes = shape_of(x)
    return [*sizes[:2], *[1] * (len(sizes) - 2)]


@lower("aten.dropout.default", layout=ANY)
def dropout(input: tf.Tensor, p: float, train: bool) -> tf.Tensor:
    """In training each element is dropped with probability ``p``; otherwise nothing happens.

    Differs: ``tf.nn.dropout`` refuses p = 1.
    """
    if not train or p == 0:
        return tf.identity(input)
    return _dropped(input, p, shape_of(input))


@lower("aten.native_dropout.default", layout=ANY)
def native_dropout(input: tf.Tensor, p: float, train: bool | None) -> tuple[tf.Tensor, tf.Tensor]:
    """As dropout, with the mask of what was kept."""
    if train is False or p == 0:
        return tf.identity(input), tf.ones_like(input, tf.bool)
    kept = tf.zeros_like(input, tf.bool) if p == 1 else _kept(input, p, shape_of(input))
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return input * cast(kept, input.dtype) * cast(scale, input.dtype), kept


@lower("aten.feature_dropout.default")
def feature_dropout(input: tf.Tensor, p: float, train: bool) -> tf.Tensor:
    """In training whole channels are dropped. Shapes: input (N, C, ...)."""
    if not train or p == 0:
        return tf.identity(input)
    return _dropped(input, p, _per_feature(input))


_ALPHA = 1.7580993408473766


def _alpha_dropped(x: tf.Tensor, p: float, size: Sequence[Size]) -> tf.Tensor:
    """Elements set to SELU's negative limit, then mean and variance restored.

    Source: Klambauer et al., arXiv:1706.02515; ATen Dropout.cpp.
    """
    if p == 1:
        return x * tf.zeros_like(x)
    a = 1 / ((_ALPHA**2 * p + 1) * (1 - p)) ** 0.5
    kept = _kept(x, p, size)
    scale = tf.where(kept, cast(a, x.dtype), cast(0, x.dtype))
    shift = tf.where(kept, cast(_ALPHA * a * p, x.dtype), cast(_ALPHA * a * (p - 1), x.dtype))
    return x * scale + shift


@lower("aten.alpha_dropout.default", layout=ANY)
def alpha_dropout(input: tf.Tensor, p: float, train: bool) -> tf.Tensor:
    """Dropout that keeps mean and variance of self-normalising networks."""
    return _alpha_dropped(input, p, shape_of(input)) if train and p > 0 else tf.identity(input)


@lower("aten.feature_alpha_dropout.default")
def feature_alpha_dropout(input: tf.Tensor, p: float, train: bool) -> tf.Tensor:
    """As alpha_dropout, for whole channels. Shapes: input (N, C, ...)."""
    return _alpha_dropped(input, p, _per_feature(input)) if train and p > 0 else tf.identity(input)


@lower("aten.rrelu.default", layout=ANY)
def rrelu(
    x: tf.Tensor,
    lower: Number = 0.125,
    upper: Number = 0.33333333333333331,
    training: bool = False,
) -> tf.Tensor:
    """Negative elements scaled.

    By the mean of the bounds, or in training by a random slope between them.
    """
    slope = cast((lower + upper) / 2, x.dtype)
    if training:
        slope = cast(lower, x.dtype) + drawn_uniform(shape_of(x), x.dtype) * cast(
            upper - lower, x.dtype
        )
    return tf.where(x <= 0 if training else x < 0, x * slope, x)


@lower("aten.bernoulli.default", layout=ANY)
def bernoulli(x: tf.Tensor) -> tf.Tensor:
    """1 with the probability that ``x`` gives, else 0."""
    return cast(drawn_uniform(shape_of(x), opmath(x.dtype)) < cast(x, opmath(x.dtype)), x.dtype)


@lower("aten.bernoulli.p", layout=ANY)
def bernoulli_p(x: tf.Tensor, p: float) -> tf.Tensor:
    """1 with probability ``p``, else 0, in the shape and type of ``x``."""
    return cast(drawn_uniform(shape_of(x), tf.float64) < p, x.dtype)


@lower("aten.rand.default")
def rand(size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Uniform in [0, 1)."""
    return drawn_uniform(size, dtype or default_dtype())


@lower("aten.rand_like.default", layout=ANY)
def rand_like(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Uniform in [0, 1), in the shape of ``x``."""
    return drawn_uniform(shape_of(x), dtype or x.dtype)


@lower("aten.randn.default")
def randn(size: Sequence[Size], dtype: tf.DType | None = None) -> tf.Tensor:
    """Standard normal."""
    return drawn_normal(size, dtype or default_dtype())


@lower("aten.randn_like.default", layout=ANY)
def randn_like(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """Standard normal, in the shape of ``x``."""
    return drawn_normal(shape_of(x), dtype or x.dtype)


@lower("aten.randint.default")
def randint(high: Size, size: Sequence[Size], dtype: tf.DType | int | None = INT64) -> tf.Tensor:
    """Integers from 0 to ``high - 1``."""
    return randint_low(0, high, size, dtype)


@lower("aten.randint.low")
def randint_low(
    low: Size, high: Size, size: Sequence[Size], dtype: tf.DType | int | None = INT64
) -> tf.Tensor:
    """Integers from ``low`` to ``high - 1``."""
    return cast(drawn_integers(size, low, high), int64_or(dtype))


@lower("aten.randperm.default")
def randperm(n: Size, dtype: tf.DType | int | None = INT64) -> tf.Tensor:
    """The integers below ``n`` in random order."""
    return cast(tf.random.experimental.stateless_shuffle(tf.range(n), next_seed()), int64_or(dtype))


@lower("aten.normal.Tensor_float")
def normal(mean: tf.Tensor, std: float = 1.0) -> tf.Tensor:
    """Normal with the given means and one standard deviation."""
    drawn = mean + cast(std, mean.dtype) * drawn_normal(shape_of(mean), mean.dtype)
    return tf.stop_gradient(drawn)


@lower("aten.normal.Tensor_Tensor")
def normal_each(mean: tf.Tensor, std: tf.Tensor) -> tf.Tensor:
    """Normal with the given means and standard deviations, which broadcast."""
    mean, std = promote(mean, std)
    shape = tf.broadcast_dynamic_shape(tf.shape(mean), tf.shape(std))
    return tf.stop_gradient(mean + std * drawn_normal(shape, mean.dtype))
