"""Scales of quantised tensors, and the numbers that their integers stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

INTEGERS: dict[int, Any] = {2: np.int32, 3: np.uint8, 4: np.int64, 7: np.int16, 9: np.int8}
"""The integer types of a ``.tflite`` file that can be quantised."""


def is_quantised(tensor: Any) -> bool:
    """Whether a tensor's integers stand for other numbers."""
    given = tensor.quantization
    return (
        tensor.type in INTEGERS
        and given is not None
        and given.scale is not None
        and len(given.scale) > 0
    )


def dequantised(array: np.ndarray, tensor: Any) -> np.ndarray:
    """The numbers that integers stand for."""
    scale, zero = along(tensor, array.ndim)
    return ((array.astype(np.float64) - zero) * scale).astype(np.float32)


def quantised(array: np.ndarray, tensor: Any) -> np.ndarray:
    """The integers that stand for numbers."""
    scale, zero = along(tensor, array.ndim)
    kind = INTEGERS[tensor.type]
    bounds = np.iinfo(kind)
    return np.clip(np.rint(array / scale + zero), bounds.min, bounds.max).astype(kind)


def along(tensor: Any, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point, shaped so that they broadcast."""
    given = tensor.quantization
    scale = np.asarray(given.scale, np.float64)
    zero = np.zeros_like(scale) if given.zeroPoint is None else np.asarray(given.zeroPoint, float)
    if scale.size == 1:
        return scale.reshape(()), zero[:1].reshape(())
    shape = [1] * rank
    shape[int(given.quantizedDimension)] = scale.size
    return scale.reshape(shape), np.resize(zero, scale.size).reshape(shape)
