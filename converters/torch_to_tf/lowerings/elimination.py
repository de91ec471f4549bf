"""Gaussian elimination, and which of its pivots fails."""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.promotion import shape_of


def eliminated(a: tf.Tensor, *, pivoting: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
    """Gaussian elimination, column by column, with LAPACK's choice of the pivot.

    The pivot is the first of the largest elements of the column, by ``|re| + |im|``. A column of
    zeros is passed over.

    Shapes: (..., m, n) -> (..., m, n) and (..., k).
    """
    rows, columns = shape_of(a)[-2:]
    k, batch = smaller(rows, columns), shape_of(a)[:-2]
    row, column = tf.range(rows), tf.range(columns)

    def step(i: tf.Tensor, a: tf.Tensor, pivots: tf.Tensor) -> tuple[tf.Tensor, ...]:
        chosen = tf.broadcast_to(i, batch)
        if pivoting:
            size = tf.where(row >= i, magnitude(a[..., :, i]), -1)
            chosen = tf.argmax(size, -1, tf.int32)
            order = exchanged(row, i, chosen[..., tf.newaxis])
            a = tf.gather(a, order, axis=-2, batch_dims=len(batch))
        pivot = a[..., i, i, tf.newaxis]
        under = tf.where(row > i, a[..., :, i], 0)
        multiplier = under / tf.where(pivot != 0, pivot, 1)
        right = tf.where(column > i, a[..., i, :], 0)
        a -= multiplier[..., tf.newaxis] * right[..., tf.newaxis, :]
        at = (row > i)[:, tf.newaxis] & (column == i)
        a = tf.where(at, multiplier[..., tf.newaxis], a)
        return i + 1, a, tf.where(tf.range(k) == i, chosen[..., tf.newaxis] + 1, pivots)

    start = (tf.constant(0), a, tf.zeros([*batch, k], tf.int32))
    _, result, pivots = tf.while_loop(lambda i, *_: i < k, step, start)
    return result, pivots


def magnitude(x: tf.Tensor) -> tf.Tensor:
    """The size of a number as LAPACK compares pivots: ``|re| + |im|``."""
    if not x.dtype.is_complex:
        return tf.abs(x)
    return tf.abs(tf.math.real(x)) + tf.abs(tf.math.imag(x))


def first_true(marks: tf.Tensor) -> tf.Tensor:
    """The place of the first true value along the last axis, from 1; 0 if there is none."""
    place = tf.range(1, tf.shape(marks)[-1] + 1)
    none = tf.int32.max
    first = tf.reduce_min(tf.where(marks, place, none), -1)
    return tf.where(first != none, first, 0)


def require(condition: tf.Tensor, message: str) -> None:
    """An error when the model runs, unless the condition holds everywhere."""
    tf.debugging.Assert(tf.reduce_all(condition), [message])


def exchanged(place: tf.Tensor, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """``place`` with two numbers exchanged."""
    return tf.where(place == one, other, tf.where(place == other, one, place))


def smaller(one: int | tf.Tensor, other: int | tf.Tensor) -> int | tf.Tensor:
    """The smaller of two sizes."""
    if isinstance(one, int) and isinstance(other, int):
        return min(one, other)
    return tf.minimum(one, other)
