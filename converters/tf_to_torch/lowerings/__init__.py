"""TensorFlow's operators as plain PyTorch functions, one file per family.

A lowering's parameters are the inputs of TensorFlow's definition of the operator and then those
attributes that don't follow from them. What an input arrives as is said by its annotation: a
``Tensor``; an ``Operand``, which may also be a Python number; or ``Sizes``, which is a number or a
tuple of numbers, each an ``int`` or a ``torch.SymInt``.

Sizes that are computed from shapes stay numbers: :data:`SIZES` holds, for operators on integers,
what computes them outside tensors.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any, TypeAlias

import torch

from converters.layout import CHANNELS_FIRST
from converters.registry import Registry
from converters.tf_to_torch.schema import tf_schema

Tensor: TypeAlias = torch.Tensor
Number: TypeAlias = float | int | bool
Operand: TypeAlias = torch.Tensor | Number
Size: TypeAlias = Any  # an int or a torch.SymInt
Sizes: TypeAlias = Any  # a number or nested tuples of them: which, the operator says

REGISTRY = Registry(tf_schema, CHANNELS_FIRST)
SIZES = Registry(tf_schema)
lower = REGISTRY.lower
size = SIZES.lower


@functools.cache
def load() -> Registry:
    """The registry with every family imported."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return REGISTRY
