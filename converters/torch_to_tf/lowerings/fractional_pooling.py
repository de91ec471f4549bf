"""Maxima of windows at random distances."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of

Pair = tuple[tf.Tensor, tf.Tensor]


def _begins(sample: tf.Tensor, size: int | tf.Tensor, count: int, kernel: int) -> tf.Tensor:
    """Where the windows of an axis begin. Shapes: sample (...) -> (..., count).

    Source: ATen native/FractionalMaxPooling.h, generate_intervals.
    """
    last = tf.fill([*shape_of(sample), 1], cast(size, tf.int32) - kernel)
    if count == 1:
        return last
    stride = cast(cast(size, tf.int32) - kernel, sample.dtype) / cast(count - 1, sample.dtype)
    number = tf.cast(tf.range(count - 1), sample.dtype)
    sample = sample[..., None]
    first = tf.cast(sample * stride, tf.int32)
    return tf.concat([tf.cast((number + sample) * stride, tf.int32) - first, last], -1)


def _pooled(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    output_size: Sequence[int],
    samples: Sequence[tf.Tensor],
) -> Pair:
    """Shapes: x (N, C, *sizes), each sample (N, C) -> twice (N, C, *output_size)."""
    sizes = shape_of(x)[2:]
    rank = len(sizes)
    places: tf.Tensor = tf.zeros([], tf.int32)
    windows = x
    for axis, (size, kernel, count) in enumerate(zip(sizes, kernel_size, output_size, strict=True)):
        begins = _begins(samples[axis], size, count, kernel)
        taken = tf.reshape(
            begins[..., None] + tf.range(kernel), [*shape_of(begins)[:2], count * kernel]
        )
        order = [0, 1, 2 + axis, *(2 + other for other in range(rank) if other != axis)]
        moved = tf.gather(tf.transpose(windows, order), taken, axis=2, batch_dims=2)
        windows = tf.transpose(moved, [order.index(place) for place in range(2 + rank)])
        ones = [-1 if other == axis else 1 for other in range(rank)]
        places = places * size + tf.reshape(taken, [*shape_of(taken)[:2], *ones])
    apart = [n for pair in zip(output_size, kernel_size, strict=True) for n in pair]
    order = [0, 1, *range(2, 2 + 2 * rank, 2), *range(3, 3 + 2 * rank, 2)]

    def spread(tensor: tf.Tensor) -> tf.Tensor:
        tensor = tf.reshape(tensor, [*shape_of(tensor)[:2], *apart])
        return tf.reshape(tf.transpose(tensor, order), [*shape_of(tensor)[:2], *output_size, -1])

    windows, places = spread(windows), spread(tf.broadcast_to(places, tf.shape(windows)))
    # Of several NaNs PyTorch takes the last, of several maxima the first.
    bad = tf.math.is_nan(windows)
    number = tf.range(tf.shape(windows)[-1])
    last_bad = tf.argmax(tf.where(bad, number, -1), -1)
    chosen = tf.where(tf.reduce_any(bad, -1), last_bad, tf.argmax(windows, -1))[..., None]
    values = tf.gather(windows, chosen, axis=-1, batch_dims=windows.shape.rank - 1)
    indices = tf.gather(places, chosen, axis=-1, batch_dims=windows.shape.rank - 1)
    return tf.squeeze(values, -1), tf.cast(tf.squeeze(indices, -1), tf.int64)


def _batched(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    output_size: Sequence[int],
    samples: Sequence[tf.Tensor],
) -> Pair:
    if x.shape.rank == len(kernel_size) + 2:
        return _pooled(x, kernel_size, output_size, samples)
    values, indices = _pooled(x[None], kernel_size, output_size, samples)
    return values[0], indices[0]


@lower("aten.fractional_max_pool2d.default")
def fractional_max_pool2d(
    x: tf.Tensor, kernel_size: Sequence[int], output_size: Sequence[int], random_samples: tf.Tensor
) -> Pair:
    """The maxima of windows that begin where random numbers say, and their places in a plane.

    Shapes: x (N, C, H, W) or (C, H, W), random_samples (N, C, 2), for the width and the height ->
    twice (..., *output_size).
    """
    samples = [random_samples[..., 1], random_samples[..., 0]]
    return _batched(x, kernel_size, output_size, samples)


@lower("aten.fractional_max_pool3d.default")
def fractional_max_pool3d(
    x: tf.Tensor, kernel_size: Sequence[int], output_size: Sequence[int], random_samples: tf.Tensor
) -> Pair:
    """As fractional_max_pool2d in three dimensions, random_samples in their order.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), random_samples (N, C, 3) -> (..., *output_size).
    """
    samples = [random_samples[..., place] for place in range(3)]
    return _batched(x, kernel_size, output_size, samples)
