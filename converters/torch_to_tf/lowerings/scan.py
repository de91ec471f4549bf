"""Running sums, products and extrema."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.indexing import take_along
from converters.torch_to_tf.promotion import cast, default_dtype, kind_of, normalized, opmath

_ALONG = along("dim")


def _running(x: tf.Tensor, dtype: tf.DType | None) -> tuple[tf.Tensor, tf.DType]:
    """The operand as PyTorch accumulates it (on the CPU, in double), and the result's type."""
    dtype = dtype or (tf.int64 if kind_of(x.dtype) < 2 else x.dtype)
    return cast(cast(x, dtype), tf.float64 if dtype.is_floating else dtype), dtype


@lower("aten.cumsum.default", layout=_ALONG)
def cumsum(x: tf.Tensor, dim: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """Running sum along ``dim``; integers and bools in int64.

    Differs: ``tf.cumsum`` accumulates in the type of x: 47 units of roundoff in float32, and it
    stalls in the 16-bit types. PyTorch accumulates in double on the CPU, and so does this.
    """
    wide, dtype = _running(x, dtype)
    return cast(tf.cumsum(wide, _axis(x, dim)) if x.shape.rank else wide, dtype)


def _axis(x: tf.Tensor, dim: int) -> int:
    return normalized(dim, x.shape.rank)


@lower("aten.cumprod.default", layout=_ALONG)
def cumprod(x: tf.Tensor, dim: int, dtype: tf.DType | None = None) -> tf.Tensor:
    """Running product along ``dim``; integers and bools in int64.

    Differs: the gradient of ``tf.math.cumprod`` is wrong where an element is 0; it is written out
    here.
    """
    wide, dtype = _running(x, dtype)
    if x.shape.rank == 0:
        return cast(wide, dtype)
    axis = _axis(x, dim)

    @tf.custom_gradient
    def product(a: tf.Tensor) -> object:
        y = tf.math.cumprod(a, axis)

        def gradient(dy: tf.Tensor) -> tf.Tensor:
            zero = a == 0
            first = zero & (tf.cumsum(tf.cast(zero, tf.int32), axis) == 1)
            one = tf.ones_like(a)
            terms = dy * conjugate(y)
            before = tf.cumsum(terms, axis, reverse=True) / conjugate(tf.where(zero, one, a))
            without = conjugate(tf.math.cumprod(tf.where(first, one, a), axis))
            at = tf.cumsum(dy * without, axis, reverse=True)
            return tf.where(first, at, before)

        return y, gradient

    conjugate = tf.math.conj if wide.dtype.is_complex else tf.identity
    if wide.dtype.is_integer:
        return cast(tf.math.cumprod(wide, axis), dtype)
    return cast(product(wide), dtype)


@lower("aten.logcumsumexp.default", layout=_ALONG)
def logcumsumexp(x: tf.Tensor, dim: int) -> tf.Tensor:
    """``log(cumsum(exp(x)))`` along ``dim`` without overflow; what follows a NaN is NaN.

    Of complex numbers the imaginary part goes on from the one of the largest real part, so that it
    may lie outside -pi to pi.
    Differs: ``tf.math.cumulative_logsumexp`` passes over NaN and has no complex numbers.
    """
    dtype = x.dtype if kind_of(x.dtype) >= 2 else default_dtype()
    if x.shape.rank == 0:
        return cast(x, dtype)
    axis = _axis(x, dim)
    if dtype.is_complex:
        order = [axis, *(place for place in range(x.shape.rank) if place != axis)]
        first = tf.transpose(x, order)
        nothing = tf.fill(tf.shape(first)[1:], tf.constant(complex("-inf"), dtype))
        total = tf.scan(_log_added, first, tf.ensure_shape(nothing, first.shape[1:]))
        return tf.transpose(total, [order.index(place) for place in range(x.shape.rank)])
    wide = cast(x, opmath(dtype))
    bad = tf.cumsum(tf.cast(tf.math.is_nan(wide), tf.int32), axis) > 0
    total = tf.math.cumulative_logsumexp(tf.where(bad, tf.zeros_like(wide), wide), axis)
    return cast(tf.where(bad, cast(float("nan"), wide.dtype), total), dtype)


def _log_added(total: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """``log(exp(total) + exp(x))`` of complex numbers.

    Source: ATen native/cpu/LogAddExp.h, _log_add_exp_helper.
    """
    here, before = tf.math.real(x), tf.math.real(total)
    largest = here >= before
    top, low = tf.where(largest, x, total), tf.where(largest, total, x)
    adds = tf.minimum(here, before) != -math.inf
    ratio = tf.exp(tf.where(adds, low - top, tf.zeros_like(x)))
    return top + tf.math.log1p(tf.where(adds, ratio, tf.zeros_like(x)))


@lower("aten.cummax.default", layout=_ALONG)
def cummax(x: tf.Tensor, dim: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Running maximum along ``dim`` and the index of its last occurrence; NaN wins."""
    return _running_extremum(x, dim, tf.greater_equal)


@lower("aten.cummin.default", layout=_ALONG)
def cummin(x: tf.Tensor, dim: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Running minimum along ``dim`` and the index of its last occurrence; NaN wins."""
    return _running_extremum(x, dim, tf.less_equal)


def _running_extremum(
    x: tf.Tensor, dim: int, wins: Callable[..., tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """A prefix scan by doubling (Hillis and Steele, 1986) over pairs of value and index."""
    if x.shape.rank == 0:
        return tf.identity(x), tf.zeros([], tf.int64)
    axis = _axis(x, dim)
    size = x.shape[axis]
    if size is None:
        raise UnsupportedVariantError(
            f"cummax and cummin need a size of axis {dim} that is known when the model is "
            "converted. "
            "Convert without a dynamic dimension there."
        )
    ordered = tf.cast(x, tf.uint8) if x.dtype == tf.bool else tf.stop_gradient(x)
    positions = tf.reshape(
        tf.range(size, dtype=tf.int64),
        [-1 if place == axis else 1 for place in range(x.shape.rank)],
    )
    values, index = ordered, tf.broadcast_to(positions, tf.shape(x))
    step = 1
    while step < size:
        head, later = _cut(values, axis, 0, step), _cut(values, axis, step, size - step)
        before = _cut(values, axis, 0, size - step)
        keep = wins(later, before)
        if x.dtype.is_floating:
            keep = tf.math.is_nan(later) | (~tf.math.is_nan(before) & keep)
        values = tf.concat([head, tf.where(keep, later, before)], axis)
        moved = tf.where(
            keep, _cut(index, axis, step, size - step), _cut(index, axis, 0, size - step)
        )
        index = tf.concat([_cut(index, axis, 0, step), moved], axis)
        step *= 2
    return take_along(x, index, axis), index


def _cut(x: tf.Tensor, axis: int, start: int, length: int) -> tf.Tensor:
    begin, size = [0] * x.shape.rank, [-1] * x.shape.rank
    begin[axis], size[axis] = start, length
    return tf.slice(x, begin, size)
