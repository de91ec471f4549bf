"""Factors of symmetric and Hermitian matrices that need not be definite.

PyTorch keeps the exchanges as LAPACK does, counted from 1: a positive ``pivots[k]`` exchanged row
and column k with it, and D has a single number there; a pair of equal negative ones, ``-p``,
exchanged the second row and column of the pair with p, and D has a block of two rows there. Such an
exchange leaves the columns of L before it alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.elimination import (
    exchanged,
    first_true,
    magnitude,
    require,
)
from converters.torch_to_tf.promotion import shape_of

_ALPHA = (1 + math.sqrt(17)) / 8


@lower("aten.linalg_ldl_factor_ex.default")
def linalg_ldl_factor_ex(
    x: tf.Tensor, hermitian: bool = False, check_errors: bool = False
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """L below the blocks of D, the exchanges, and which pivot is 0; the lower triangle is read.

    Shapes: x (..., n, n) -> (..., n, n), (..., n) and (...). Dtypes: float32, float64, complex; the
    exchanges and the place of the first pivot 0, counted from 1, are int32. A complex matrix is
    symmetric unless ``hermitian``.
    Source: Bunch and Kaufman 1977, Some stable methods for calculating inertia and solving
    symmetric linear systems, algorithm A.
    """
    packed, pivots = _factored(x, hermitian=hermitian and x.dtype.is_complex)
    single = pivots > 0
    info = first_true(single & ~(tf.abs(tf.linalg.diag_part(packed)) > 0))
    if check_errors:
        require(info == 0, "the matrix is singular: a pivot of its LDL factorisation is 0")
    return packed, pivots, info


@lower("aten.linalg_ldl_factor.default")
def linalg_ldl_factor(x: tf.Tensor, hermitian: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`linalg_ldl_factor_ex` for regular matrices; others are an error at run time."""
    packed, pivots, _ = linalg_ldl_factor_ex(x, hermitian, check_errors=True)
    return packed, pivots


def _factored(x: tf.Tensor, *, hermitian: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """The factors, column by column; what is left to factor is held as a full matrix."""
    n, batch = shape_of(x)[-1], shape_of(x)[:-2]
    below = tf.linalg.band_part(x, -1, 0)
    diagonal = tf.linalg.diag_part(x)
    if hermitian:
        diagonal = tf.cast(tf.math.real(diagonal), x.dtype)
    full = tf.linalg.set_diag(below + _turned(below, hermitian=hermitian), diagonal)
    row = tf.range(n)

    def step(
        k: tf.Tensor, a: tf.Tensor, pivots: tf.Tensor, second: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """Take column k, or with the next one as a block; ``second`` where it is taken already."""
        other, block = _pivot(a, k, row)
        block &= ~second
        place = k + tf.cast(block, tf.int32)
        order = exchanged(row, place[..., tf.newaxis], other[..., tf.newaxis])
        moved = tf.gather(a, order, axis=-2, batch_dims=len(batch))
        moved = tf.gather(moved, order, axis=-1, batch_dims=len(batch))
        moved = tf.where((row >= k)[:, tf.newaxis] & (row >= k), moved, a)
        after = tf.minimum(k + 1, n - 1)
        one = _without_one(moved, k, row, hermitian=hermitian)
        two = _without_two(moved, k, after, row, hermitian=hermitian)
        found = tf.where(block[..., tf.newaxis, tf.newaxis], two, one)
        number = tf.where(block, -other - 1, other + 1)[..., tf.newaxis]
        written = (row == k) | ((row == k + 1) & block[..., tf.newaxis])
        taken = second[..., tf.newaxis]
        return (
            k + 1,
            tf.where(taken[..., tf.newaxis], a, found),
            tf.where(written & ~taken, number, pivots),
            block,
        )

    start = (
        tf.constant(0),
        full,
        tf.zeros([*batch, n], tf.int32),
        tf.zeros(batch, tf.bool),
    )
    _, result, pivots, _ = tf.while_loop(lambda k, *_: k < n, step, start)
    return tf.linalg.band_part(result, -1, 0), pivots


def _turned(x: tf.Tensor, *, hermitian: bool) -> tf.Tensor:
    return tf.linalg.adjoint(x) if hermitian else tf.linalg.matrix_transpose(x)


def _pivot(a: tf.Tensor, k: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """With which row to exchange at column k, and whether to take two columns at once.

    Shapes: a (..., n, n), row (n,) -> (...), int32, and (...).
    """
    own = magnitude(a[..., k, k])
    column = tf.where(row > k, magnitude(a[..., :, k]), -1)
    largest = tf.argmax(column, -1, tf.int32)
    size = tf.maximum(tf.reduce_max(column, -1), 0)
    across = tf.gather(a, largest, axis=-2, batch_dims=a.shape.rank - 2)
    others = (row >= k) & (row != largest[..., tf.newaxis])
    beside = tf.reduce_max(tf.where(others, magnitude(across), 0), -1)
    there = tf.gather(magnitude(across), largest, axis=-1, batch_dims=a.shape.rank - 2)
    alpha = tf.constant(_ALPHA, own.dtype)
    ratio = tf.where(beside > 0, size / tf.where(beside > 0, beside, 1), 0)
    stays = ~(own < alpha * size) | (own >= alpha * size * ratio)
    single = stays | (there >= alpha * beside)
    return tf.where(stays, k, largest), ~single


def _without_one(a: tf.Tensor, k: tf.Tensor, row: tf.Tensor, *, hermitian: bool) -> tf.Tensor:
    """The matrix with column k of L in its place, and what that explains taken off the rest."""
    pivot = a[..., k, k, tf.newaxis]
    column = tf.where(row > k, a[..., :, k], 0)
    scaled = column * (1 / tf.where(pivot != 0, pivot, 1))
    right = tf.math.conj(column) if hermitian else column
    rest = a - scaled[..., tf.newaxis] * right[..., tf.newaxis, :]
    return _with_column(rest, k, row > k, scaled, row, hermitian=hermitian)


def _without_two(
    a: tf.Tensor, k: tf.Tensor, after: tf.Tensor, row: tf.Tensor, *, hermitian: bool
) -> tf.Tensor:
    """As :func:`_without_one`, with two columns and a block of D."""
    under = row > after
    first, second = (tf.where(under, a[..., :, at], 0) for at in (k, after))
    top, corner, low = (a[..., i, j, tf.newaxis] for i, j in ((k, k), (after, k), (after, after)))
    one, two = _over_block(top, corner, low, first, second, hermitian=hermitian)
    kept_one, kept_two = (tf.math.conj(x) if hermitian else x for x in (one, two))
    rest = a - first[..., tf.newaxis] * kept_one[..., tf.newaxis, :]
    rest -= second[..., tf.newaxis] * kept_two[..., tf.newaxis, :]
    rest = _with_column(rest, k, under, one, row, hermitian=hermitian)
    return _with_column(rest, after, under, two, row, hermitian=hermitian)


def _with_column(
    a: tf.Tensor, k: tf.Tensor, under: tf.Tensor, column: tf.Tensor, row: tf.Tensor, *,
    hermitian: bool,
) -> tf.Tensor:  # fmt: skip
    """With another column k in the rows that are ``under``; a Hermitian diagonal is real."""
    if hermitian:
        a = tf.linalg.set_diag(a, tf.cast(tf.math.real(tf.linalg.diag_part(a)), a.dtype))
    return tf.where(under[:, tf.newaxis] & (row == k), column[..., tf.newaxis], a)


def _over_block(
    top: tf.Tensor,
    corner: tf.Tensor,
    low: tf.Tensor,
    one: tf.Tensor,
    two: tf.Tensor,
    *,
    hermitian: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """``[one, two]`` times the inverse of ``[[top, corner^H], [corner, low]]``.

    The block is scaled by its corner, the largest number in it, as LAPACK's sytf2 does.
    """
    corner = tf.where(corner != 0, corner, 1)
    other = tf.math.conj(corner) if hermitian else corner
    low, top = low / corner, top / other
    scale = 1 / _or_one(low * top - 1)
    return scale * (low * one - two) / other, scale * (top * two - one) / corner


def _or_one(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x != 0, x, 1)


@lower("aten.linalg_ldl_solve.default")
def linalg_ldl_solve(
    LD: tf.Tensor, pivots: tf.Tensor, B: tf.Tensor, hermitian: bool = False
) -> tf.Tensor:
    """X with ``A X = B`` from what :func:`linalg_ldl_factor_ex` gives of A.

    Shapes: LD (..., n, n), pivots (..., n), B (..., n, k) -> as B; leading axes broadcast. Dtypes:
    float32, float64, complex.
    """
    conjugated = tf.math.conj if hermitian and LD.dtype.is_complex else tf.identity
    n, columns = shape_of(LD)[-1], shape_of(B)[-1]
    batch = tf.broadcast_dynamic_shape(tf.shape(LD)[:-2], tf.shape(B)[:-2])
    pivots = tf.broadcast_to(tf.cast(pivots, tf.int32), tf.concat([batch, [n]], 0))
    x = tf.broadcast_to(B, tf.concat([batch, [n, columns]], 0))
    row, rank = tf.range(n), x.shape.rank
    negative = pivots < 0
    first = negative & (tf.cumsum(tf.cast(negative, tf.int32), -1) % 2 == 1)
    second = negative & ~first
    corner = (row[:, tf.newaxis] == row + 1) & first[..., tf.newaxis, :]
    below = tf.linalg.band_part(LD, -1, 0)
    low = tf.where(corner | (row[:, tf.newaxis] == row), tf.zeros_like(below), below)

    def exchange(k: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """The rows exchanged at step k; the second of a pair was exchanged at the first."""
        place = k + tf.cast(first[..., k], tf.int32)
        other = tf.where(second[..., k], place, tf.abs(pivots[..., k]) - 1)
        order = exchanged(row, place[..., tf.newaxis], other[..., tf.newaxis])
        return tf.gather(x, order, axis=-2, batch_dims=rank - 2)

    def down(k: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = exchange(k, x)
        return k + 1, x - low[..., :, k, tf.newaxis] * x[..., k, tf.newaxis, :]

    def up(k: tf.Tensor, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        known = tf.reduce_sum(conjugated(low[..., :, k, tf.newaxis]) * x, -2, keepdims=True)
        return k - 1, exchange(k, tf.where((row == k)[:, tf.newaxis], x - known, x))

    invariants = tf.TensorShape([]), x.shape
    _, x = tf.while_loop(lambda k, _: k < n, down, (tf.constant(0), x), invariants)
    pairs = first[..., tf.newaxis], second[..., tf.newaxis]
    x = _over_blocks(below, pairs, x, conjugated)
    return tf.while_loop(lambda k, _: k >= 0, up, (n + tf.constant(-1), x), invariants)[1]


def _over_blocks(
    packed: tf.Tensor,
    pairs: tuple[tf.Tensor, tf.Tensor],
    x: tf.Tensor,
    conjugated: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """The inverse of D times x; ``pairs`` say where a block of two rows begins and ends."""
    first, second = pairs
    diagonal = tf.linalg.diag_part(packed)[..., tf.newaxis]
    corner = _or_one(tf.linalg.diag_part(_next(packed))[..., tf.newaxis])
    other = conjugated(corner)
    top, low = diagonal / other, _next(diagonal) / corner
    one, two = x / other, _next(x) / corner
    scale = 1 / _or_one(low * top - 1)
    upper, lower = scale * (low * one - two), scale * (top * two - one)
    pads = [[0, 0]] * (x.shape.rank - 2) + [[1, 0], [0, 0]]
    shifted = tf.pad(lower, pads)[..., :-1, :]
    return tf.where(first, upper, tf.where(second, shifted, x / diagonal))


def _next(x: tf.Tensor) -> tf.Tensor:
    """At each row the one below; zeros at the last. Shapes: (..., n, k) -> (..., n, k)."""
    pads = [[0, 0]] * (x.shape.rank - 2) + [[0, 1], [0, 0]]
    return tf.pad(x, pads)[..., 1:, :]
