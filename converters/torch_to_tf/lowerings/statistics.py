"""Variance and standard deviation."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.reduction import flat_sqrt
from converters.torch_to_tf.promotion import Number, cast, count_of, dims_of, opmath

Dims = int | Sequence[int] | None
Pair = tuple[tf.Tensor, tf.Tensor]
_ALONG = along("dim")


def _moments(x: tf.Tensor, dim: Dims, correction: Number | None, keepdim: bool) -> Pair:
    """Variance and mean in the type of computation.

    Squared distances over ``max(n - correction, 0)``; of complex numbers a real number.
    """
    axes = dims_of(dim, x.shape.rank)
    wide = cast(x, opmath(x.dtype))
    mean = tf.reduce_mean(wide, axes, keepdims=True)
    apart = wide - mean
    size = tf.square(apart)
    if x.dtype.is_complex:
        size = tf.square(tf.math.real(apart)) + tf.square(tf.math.imag(apart))
    squares = tf.reduce_sum(size, axes, keepdims=keepdim)
    count = cast(count_of(x, axes), size.dtype) - cast(
        1 if correction is None else correction, size.dtype
    )
    variance = squares / tf.maximum(count, 0)
    return variance, mean if keepdim or x.shape.rank == 0 else tf.squeeze(mean, axes)


def _var(x: tf.Tensor, dim: Dims, correction: Number | None, keepdim: bool) -> tf.Tensor:
    return cast(_moments(x, dim, correction, keepdim)[0], x.dtype.real_dtype)


def _std(x: tf.Tensor, dim: Dims, correction: Number | None, keepdim: bool) -> tf.Tensor:
    return cast(flat_sqrt(_moments(x, dim, correction, keepdim)[0]), x.dtype.real_dtype)


def _var_mean(x: tf.Tensor, dim: Dims, correction: Number | None, keepdim: bool) -> Pair:
    variance, mean = _moments(x, dim, correction, keepdim)
    return cast(variance, x.dtype.real_dtype), cast(mean, x.dtype)


def _std_mean(x: tf.Tensor, dim: Dims, correction: Number | None, keepdim: bool) -> Pair:
    variance, mean = _moments(x, dim, correction, keepdim)
    return cast(flat_sqrt(variance), x.dtype.real_dtype), cast(mean, x.dtype)


@lower("aten.var.default", layout=along())
def var(x: tf.Tensor, unbiased: bool = True) -> tf.Tensor:
    """Variance of all elements, over n - 1 unless ``unbiased`` is False."""
    return _var(x, None, int(unbiased), False)


@lower("aten.var.dim", layout=_ALONG)
def var_dim(x: tf.Tensor, dim: Dims, unbiased: bool = True, keepdim: bool = False) -> tf.Tensor:
    """Variance along ``dim``, over n - 1 unless ``unbiased`` is False."""
    return _var(x, dim, int(unbiased), keepdim)


@lower("aten.var.correction", layout=_ALONG)
def var_correction(
    x: tf.Tensor, dim: Dims = None, correction: Number | None = None, keepdim: bool = False
) -> tf.Tensor:
    """Variance along ``dim``, over n - correction (1 where None)."""
    return _var(x, dim, correction, keepdim)


@lower("aten.std.default", layout=along())
def std(x: tf.Tensor, unbiased: bool = True) -> tf.Tensor:
    """Standard deviation of all elements. Its gradient is 0 where it is 0."""
    return _std(x, None, int(unbiased), False)


@lower("aten.std.dim", layout=_ALONG)
def std_dim(x: tf.Tensor, dim: Dims, unbiased: bool = True, keepdim: bool = False) -> tf.Tensor:
    """Standard deviation along ``dim``, over n - 1 unless ``unbiased`` is False."""
    return _std(x, dim, int(unbiased), keepdim)


@lower("aten.std.correction", layout=_ALONG)
def std_correction(
    x: tf.Tensor, dim: Dims = None, correction: Number | None = None, keepdim: bool = False
) -> tf.Tensor:
    """Standard deviation along ``dim``, over n - correction (1 where None)."""
    return _std(x, dim, correction, keepdim)


@lower("aten.var_mean.default", layout=along())
def var_mean(x: tf.Tensor, unbiased: bool = True) -> Pair:
    """Variance and mean of all elements."""
    return _var_mean(x, None, int(unbiased), False)


@lower("aten.var_mean.dim", layout=_ALONG)
def var_mean_dim(x: tf.Tensor, dim: Dims, unbiased: bool = True, keepdim: bool = False) -> Pair:
    """Variance and mean along ``dim``."""
    return _var_mean(x, dim, int(unbiased), keepdim)


@lower("aten.var_mean.correction", layout=_ALONG)
def var_mean_correction(
    x: tf.Tensor, dim: Dims = None, correction: Number | None = None, keepdim: bool = False
) -> Pair:
    """Variance, over n - correction, and mean along ``dim``."""
    return _var_mean(x, dim, correction, keepdim)


@lower("aten.std_mean.default", layout=along())
def std_mean(x: tf.Tensor, unbiased: bool = True) -> Pair:
    """Standard deviation and mean of all elements."""
    return _std_mean(x, None, int(unbiased), False)


@lower("aten.std_mean.dim", layout=_ALONG)
def std_mean_dim(x: tf.Tensor, dim: Dims, unbiased: bool = True, keepdim: bool = False) -> Pair:
    """Standard deviation and mean along ``dim``."""
    return _std_mean(x, dim, int(unbiased), keepdim)


@lower("aten.std_mean.correction", layout=_ALONG)
def std_mean_correction(
    x: tf.Tensor, dim: Dims = None, correction: Number | None = None, keepdim: bool = False
) -> Pair:
    """Standard deviation, over n - correction, and mean along ``dim``."""
    return _std_mean(x, dim, correction, keepdim)
