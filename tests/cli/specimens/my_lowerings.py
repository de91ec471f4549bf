"""What --plugin names: lowerings of the operators that specimens.py makes."""

from __future__ import annotations

import own_operators  # noqa: F401  # an operator is defined before it is lowered
import tensorflow as tf

import converters


@converters.lower("specimens::first", "specimens::second")
def own_sine(x: tf.Tensor) -> tf.Tensor:
    """The sine, as both operators compute it."""
    return tf.sin(x)
