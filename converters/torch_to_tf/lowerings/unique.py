"""Different elements, where they are, and how often they occur."""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.sorting import leading
from converters.torch_to_tf.promotion import count_of, normalized, shape_of

Triple = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def _runs(rows: tf.Tensor) -> Triple:
    """Where runs of equal rows begin, the number of each row's run, and the runs' lengths.

    Shapes: rows (N, K) -> (N,), (N,) and (number of runs,).
    """
    other = tf.reduce_any(rows[1:] != rows[:-1], 1)
    begins = tf.concat([tf.ones([1], tf.bool), other], 0)[: shape_of(rows)[0]]
    numbers = tf.cumsum(tf.cast(begins, tf.int64)) - 1
    count = tf.reduce_sum(tf.cast(begins, tf.int64))
    return begins, numbers, tf.math.unsorted_segment_sum(tf.ones_like(numbers), numbers, count)


def _order(rows: tf.Tensor) -> tf.Tensor:
    """Indices that put rows in order, the first column counting most. Shapes: (N, K) -> (N,)."""
    size, columns = shape_of(rows)

    def by_column(column: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.gather(tf.gather(rows, column, axis=1), order)
        return column - 1, tf.gather(order, leading(values, size, 0, descending=False))

    start = (tf.cast(columns, tf.int32) - 1, tf.range(tf.cast(size, tf.int64)))
    return tf.while_loop(lambda column, order: column >= 0, by_column, start)[1]


def _as_rows(x: tf.Tensor, dim: int | None) -> tuple[tf.Tensor, tf.Tensor]:
    """``x`` with the axis in front (flat if None), and the same with all other axes in one."""
    if dim is None or x.shape.rank == 0:
        flat = tf.reshape(x, [-1])
        return flat, flat[:, tf.newaxis]
    axis = normalized(dim, x.shape.rank)
    front = tf.transpose(x, [axis, *(a for a in range(x.shape.rank) if a != axis)])
    return front, tf.reshape(front, [shape_of(front)[0], count_of(front, range(1, x.shape.rank))])


def _back(front: tf.Tensor, dim: int | None, rank: int) -> tf.Tensor:
    """The inverse of the first of :func:`_as_rows`."""
    if dim is None or rank == 0:
        return front
    order = list(range(1, rank))
    order.insert(normalized(dim, rank), 0)
    return tf.transpose(front, order)


def _sorted(x: tf.Tensor, dim: int | None) -> Triple:
    front, rows = _as_rows(x, dim)
    order = _order(rows)
    begins, numbers, counts = _runs(tf.gather(rows, order))
    values = tf.boolean_mask(tf.gather(front, order), begins)
    inverse = tf.scatter_nd(order[:, tf.newaxis], numbers, tf.shape(order, tf.int64))
    return _back(values, dim, x.shape.rank), inverse, counts


@lower("aten._unique2.default")
def unique(
    x: tf.Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False
) -> Triple:
    """The different elements in order, each element's place among them, and how often they occur.

    The number of them is known at run time only. What is not asked for is empty. No NaN equals
    another.

    Shapes: x (...) -> (M,), (...), (M,).
    Differs: without ``sorted`` PyTorch leaves the order open; here they are sorted all the same.
    Of both zeros either may stand for both.
    """
    values, inverse, counts = _sorted(x, None)
    nothing = tf.zeros([0], tf.int64)
    places = tf.reshape(inverse, shape_of(x)) if return_inverse else nothing
    return values, places, counts if return_counts else nothing


@lower("aten.unique_dim.default")
def unique_dim(
    x: tf.Tensor,
    dim: int,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
) -> Triple:
    """As :func:`unique`, for the slices along an axis. Everything is returned, asked for or not.

    Shapes: x (..., N, ...) -> (..., M, ...), (N,), (M,).
    """
    return _sorted(x, dim)


@lower("aten.unique_consecutive.default")
def unique_consecutive(
    x: tf.Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Triple:
    """The first of every run of equal elements (of equal slices along an axis).

    Each element's run and the lengths of the runs come with it, empty if not asked for.

    Shapes: x (...) -> (M,), (...), (M,); with an axis x (..., N, ...) -> (..., M, ...), (N,), (M,).
    """
    front, rows = _as_rows(x, dim)
    begins, numbers, counts = _runs(rows)
    values = _back(tf.boolean_mask(front, begins), dim, x.shape.rank)
    if dim is not None:
        return values, numbers, counts
    nothing = tf.zeros([0], tf.int64)
    places = tf.reshape(numbers, shape_of(x)) if return_inverse else nothing
    return values, places, counts if return_counts else nothing
