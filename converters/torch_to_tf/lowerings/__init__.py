"""ATen operators as plain TensorFlow functions, one file per family.

A lowering's parameters are the ATen schema's, in its order and with its names (``self`` is ``x``;
arguments that say where a tensor is stored are left out). It is called with tensors, or with Python
numbers where the graph holds constants, and branches on shape, dtype and attributes, never on
values.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil

from converters.registry import Registry
from converters.torch_to_tf.schema import aten_schema

REGISTRY = Registry(aten_schema)
lower = REGISTRY.lower


@functools.cache
def load() -> Registry:
    """The registry with every family imported."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return REGISTRY
