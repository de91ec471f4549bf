"""Matrix products and linear algebra."""

from __future__ import annotations

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower


@lower("aten.linear.default")
def linear(input: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | None = None) -> tf.Tensor:
    """``input @ weight.T + bias``.

    Shapes: input (..., in), weight (out, in) or (in,), bias (out,) -> (..., out).
    """
    if weight.shape.rank == 1:
        product = tf.linalg.matvec(input, weight) if input.shape.rank > 1 else tf.tensordot(input, weight, 1)
    elif input.shape.rank == 1:
        product = tf.linalg.matvec(weight, input)
    else:
        product = tf.matmul(input, weight, transpose_b=True)
    return product if bias is None else product + bias
