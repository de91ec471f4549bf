"""Models in TensorFlow without Keras: modules, functions, loops, and images resized."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from cases.case import ModelCase
from cases.keras_models.keras_plain import numbers
from cases.keras_models.seeding import images


def _weights(*shape: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)


def _module() -> tuple[object, object]:
    """A network of ``tf.nn``, with a signature of open sizes."""
    import tensorflow as tf

    class Network(tf.Module):
        def __init__(self) -> None:
            super().__init__(name="network")
            self.kernel = tf.Variable(_weights(3, 3, 3, 6, seed=1), name="conv/kernel")
            self.bias = tf.Variable(_weights(6, seed=2), name="conv/bias")
            self.depth = tf.Variable(_weights(3, 3, 6, 2, seed=3), name="depth/kernel")
            self.head = tf.Variable(_weights(12, 5, seed=4), name="head/kernel")

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], name="image")])
        def __call__(self, image: Any) -> Any:
            x = tf.nn.conv2d(image, self.kernel, 2, "SAME") + self.bias
            x = tf.nn.leaky_relu(x, 0.1)
            x = tf.nn.depthwise_conv2d(x, self.depth, [1, 1, 1, 1], "SAME")
            x = tf.nn.avg_pool2d(tf.nn.elu(x), 3, 2, "SAME")
            return tf.nn.log_softmax(tf.reduce_mean(x, [1, 2]) @ self.head)

    return Network(), (images(2, 13, width=10),)


def _scan() -> tuple[object, object]:
    """A recurrence by ``tf.scan``, with weights of its own."""
    import tensorflow as tf

    class Recurrence(tf.Module):
        def __init__(self) -> None:
            super().__init__(name="recurrence")
            self.inner = tf.Variable(_weights(4, 4, seed=1), name="inner")
            self.outer = tf.Variable(_weights(3, 4, seed=2), name="outer")

        @tf.function(input_signature=[tf.TensorSpec([6, None, 3], name="steps")])
        def __call__(self, steps: Any) -> Any:
            start = tf.zeros([tf.shape(steps)[1], 4])
            return tf.scan(lambda h, x: tf.tanh(h @ self.inner + x @ self.outer), steps, start)

    return Recurrence(), numbers(6, 2, 3, seed=0)


def _map() -> tuple[object, object]:
    """``tf.map_fn`` over the rows of a batch of fixed size."""
    import tensorflow as tf

    weight = tf.Variable(_weights(5, 5, seed=1), name="weight")

    class Mapped(tf.Module):
        def __init__(self) -> None:
            super().__init__(name="mapped")
            self.weight = weight

        @tf.function(input_signature=[tf.TensorSpec([4, 5], name="rows")])
        def __call__(self, rows: Any) -> Any:
            return tf.map_fn(
                lambda row: tf.nn.softmax(tf.linalg.matvec(self.weight, row)) * tf.norm(row), rows
            )

    return Mapped(), numbers(4, 5, seed=0)


def _while() -> tuple[object, object]:
    """Newton's iteration for a square root, until it stands still: as long as the data wants."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def root(x: Any) -> Any:
        square = tf.square(x) + 1.0

        def going(guess: Any) -> Any:
            return tf.reduce_max(tf.abs(tf.square(guess) / square - 1.0)) > 0.05

        (found,) = tf.while_loop(going, lambda guess: ((guess + square / guess) / 2.0,), (square,))
        return found

    return root, numbers(2, 3, seed=0)


def _branch() -> tuple[object, object]:
    """One of two computations, by what the numbers say."""
    import tensorflow as tf

    weight = tf.Variable(_weights(3, 4, seed=1), name="weight")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def choose(x: Any) -> Any:
        y = x @ weight
        return tf.cond(tf.reduce_mean(y) > 0.0, lambda: tf.exp(y), lambda: y * 0.5 - 1.0)

    return choose, numbers(3, 3, seed=0)


def _resize() -> tuple[object, object]:
    """A picture's size halved and doubled by every usual method."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], name="image")])
    def resized(image: Any) -> Any:
        small = tf.shape(image)[1:3] // 2
        large = tf.shape(image)[1:3] * 2
        return {
            "bilinear": tf.image.resize(image, large),
            "nearest": tf.image.resize(image, small, "nearest"),
            "fixed": tf.image.resize(image, [7, 9]),
            "gray": tf.image.rgb_to_grayscale(image),
            "flipped": tf.image.flip_left_right(image),
            "padded": tf.pad(image, [[0, 0], [1, 2], [2, 1], [0, 0]], "REFLECT"),
        }

    return resized, (images(2, 8, width=6),)


def _bicubic() -> tuple[object, object]:
    """A picture in two sizes that are known."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 6, 3], name="image")])
    def resized(image: Any) -> Any:
        return tf.image.resize(image, [12, 15], "bicubic"), tf.image.resize(image, [5, 3])

    return resized, (images(2, 8, width=6),)


CASES = (
    ModelCase(
        "tf_module", _module, "tensorflow", other_inputs=lambda: (images(1, 9, seed=3, width=16),)
    ),
    ModelCase("tf_scan", _scan, "tensorflow", other_inputs=partial(numbers, 6, 5, 3, seed=1)),
    ModelCase("tf_map_fn", _map, "tensorflow"),
    ModelCase("tf_while", _while, "tensorflow", other_inputs=partial(numbers, 4, 3, seed=1)),
    ModelCase("tf_cond", _branch, "tensorflow", other_inputs=partial(numbers, 4, 3, seed=5)),
    ModelCase(
        "tf_resize",
        _resize,
        "tensorflow",
        other_inputs=lambda: (images(1, 10, seed=3, width=12),),
    ),
    ModelCase("tf_bicubic", _bicubic, "tensorflow"),
)
