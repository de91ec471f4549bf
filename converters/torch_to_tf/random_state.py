"""Where a converted model's random numbers come from.

A stateless operator with a seed of its own for each call: the same state gives the same numbers in
every process, and no two calls are given the same seed.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf

_state: contextvars.ContextVar[tf.Variable | None] = contextvars.ContextVar(
    "random_state", default=None
)


def new_state(seed: int) -> tf.Variable:
    """A variable of a seed and of how many tensors were drawn with it, int64."""
    return tf.Variable([seed, 0], trainable=False, dtype=tf.int64, name="seed")


@contextlib.contextmanager
def drawing_from(state: tf.Variable | None) -> Iterator[None]:
    """While active, random operators take their seeds from a variable."""
    token = _state.set(state)
    try:
        yield
    finally:
        _state.reset(token)


def next_seed() -> tf.Tensor:
    """The seed of one stateless operator; TensorFlow's global generator gives it outside a model.

    Shapes: -> (2,), int64.
    """
    state = _state.get()
    if state is None:
        return tf.random.get_global_generator().make_seeds(1)[:, 0]
    state.assign_add(tf.constant([0, 1], tf.int64))
    return state.read_value()
