"""What a model demands of its numbers while it runs."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number


@lower("check.scalar")
def check(x: tf.Tensor | Number, message: Sequence[str | tf.Tensor | Number]) -> tuple[()]:
    """Stop with a message, given in pieces, unless ``x`` holds.

    Raises:
        tf.errors.InvalidArgumentError: it doesn't, which eagerly is known at once.
    """
    if not isinstance(x, tf.Tensor):
        x = tf.constant(bool(x))
    pieces = [piece if isinstance(piece, tf.Tensor) else tf.constant(piece) for piece in message]
    tf.debugging.Assert(tf.reduce_all(tf.cast(x, tf.bool)), pieces, summarize=8)
    return ()
