"""Numbers of NumPy's, TensorFlow's and PyTorch's, one as another."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import torch


def from_numpy(array: np.ndarray) -> torch.Tensor:
    """A tensor that shares the array's memory where PyTorch allows it.

    Shapes: (...) -> (...). Dtypes: all of :class:`~converters.dtypes.DType`.
    """
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":
        held = np.ascontiguousarray(array).reshape(array.shape).view(np.int16)
        return torch.from_numpy(held).view(torch.bfloat16)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def to_tensorflow(tensor: torch.Tensor) -> tf.Tensor:
    """The same numbers in TensorFlow.

    Shapes: (...) -> (...). Dtypes: all of :class:`~converters.dtypes.DType`.
    """
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tf.bitcast(tf.constant(tensor.contiguous().view(torch.int16).numpy()), tf.bfloat16)
    if tensor.is_complex():
        tensor = tensor.resolve_conj()
    return tf.constant(tensor.numpy())


def from_tensorflow(tensor: Any) -> torch.Tensor:
    """The same numbers in PyTorch.

    Shapes: (...) -> (...). Dtypes: all of :class:`~converters.dtypes.DType`.
    """
    return from_numpy(tensor.numpy())
