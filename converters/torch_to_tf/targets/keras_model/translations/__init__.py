"""Translations of TensorFlow operations by family; importing the package registers them."""

from converters.torch_to_tf.targets.keras_model.translations import (
    complexes,
    elementwise,
    images,
    indexing,
    products,
    reductions,
    shapes,
    spectrum,
)

__all__ = [
    "complexes",
    "elementwise",
    "images",
    "indexing",
    "products",
    "reductions",
    "shapes",
    "spectrum",
]
