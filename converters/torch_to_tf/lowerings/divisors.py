"""Common divisors and multiples of integers."""

from __future__ import annotations

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import promote, same_shape


@lower("aten.gcd.default", layout=ANY)
def gcd(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The greatest common divisor, by Euclid's algorithm; that of 0 and 0 is 0. Dtypes: integers.

    The absolute value of the smallest number of a type wraps around to itself, as in PyTorch.
    """
    left, right = same_shape(*promote(x, other))
    sizes = (x if x.dtype.is_unsigned else tf.abs(x) for x in (left, right))
    return tf.cast(_divisor(*map(_wide, sizes)), left.dtype)


@lower("aten.lcm.default", layout=ANY)
def lcm(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """The least common multiple; 0 if one of both is. Dtypes: integers. Overflow wraps around."""
    left, right = same_shape(*promote(x, other))
    divisor = _wide(gcd(left, right))
    parts = tf.truncatediv(_wide(left), tf.where(divisor == 0, tf.ones_like(divisor), divisor))
    return tf.cast(tf.abs(parts * _wide(right)), left.dtype)


def _wide(x: tf.Tensor) -> tf.Tensor:
    """As a type that TensorFlow can divide."""
    return x if x.dtype == tf.int64 else tf.cast(x, tf.int32)


def _divisor(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    def step(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        safe = tf.where(a == 0, tf.ones_like(a), a)
        return tf.where(a == 0, a, tf.truncatemod(b, safe)), tf.where(a == 0, b, a)

    same = [a.shape, b.shape]
    found = tf.while_loop(lambda a, _: tf.reduce_any(a != 0), step, [a, b], shape_invariants=same)
    return found[1]
