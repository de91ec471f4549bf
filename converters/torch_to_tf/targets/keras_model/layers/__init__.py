"""Nodes that are a layer of Keras as a whole; importing the package registers them."""

from converters.torch_to_tf.targets.keras_model.layers import (
    activation,
    convolution,
    dense,
    normalization,
    pooling,
    recurrent,
)

__all__ = ["activation", "convolution", "dense", "normalization", "pooling", "recurrent"]
