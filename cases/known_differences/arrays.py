"""Arrays as the entries write them."""

from __future__ import annotations

from collections.abc import Sequence

import ml_dtypes
import numpy as np

Numbers = Sequence[object] | np.ndarray | float | complex


def f32(numbers: Numbers) -> np.ndarray:
    """A float32 array."""
    return np.array(numbers, np.float32)


def f64(numbers: Numbers) -> np.ndarray:
    """A float64 array."""
    return np.array(numbers, np.float64)


def f16(numbers: Numbers) -> np.ndarray:
    """A float16 array."""
    return np.array(numbers, np.float16)


def bf16(numbers: Numbers) -> np.ndarray:
    """A bfloat16 array."""
    return np.array(numbers, ml_dtypes.bfloat16)


def c64(numbers: Numbers) -> np.ndarray:
    """A complex64 array."""
    return np.array(numbers, np.complex64)


def i8(numbers: Numbers) -> np.ndarray:
    """An int8 array."""
    return np.array(numbers, np.int8)


def u8(numbers: Numbers) -> np.ndarray:
    """A uint8 array."""
    return np.array(numbers, np.uint8)


def i32(numbers: Numbers) -> np.ndarray:
    """An int32 array."""
    return np.array(numbers, np.int32)


def i64(numbers: Numbers) -> np.ndarray:
    """An int64 array."""
    return np.array(numbers, np.int64)


def bits(numbers: Numbers) -> np.ndarray:
    """A bool array."""
    return np.array(numbers, bool)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Normally distributed float32 numbers, always the same ones.

    >>> normal(2).tolist() == normal(2).tolist()
    True
    """
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def ramp(*shape: int) -> np.ndarray:
    """The float32 numbers 0, 1, 2, ... in a shape.

    >>> ramp(2, 2).tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


__all__ = [
    "Numbers",
    "bf16",
    "bits",
    "c64",
    "f16",
    "f32",
    "f64",
    "i8",
    "i32",
    "i64",
    "normal",
    "ramp",
    "u8",
]
