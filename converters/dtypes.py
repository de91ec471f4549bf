"""Element types by name, the same names in every framework.

The names are NumPy's. ``bfloat16`` is NumPy's through ``ml_dtypes``, which every framework uses.
"""

from __future__ import annotations

import builtins
from enum import StrEnum

import ml_dtypes
import numpy as np


class DType(StrEnum):
    """An element type. The value is the name that NumPy, PyTorch and TensorFlow share."""

    bool = "bool"
    uint8 = "uint8"
    uint16 = "uint16"
    uint32 = "uint32"
    uint64 = "uint64"
    int8 = "int8"
    int16 = "int16"
    int32 = "int32"
    int64 = "int64"
    float16 = "float16"
    bfloat16 = "bfloat16"
    float32 = "float32"
    float64 = "float64"
    complex64 = "complex64"
    complex128 = "complex128"

    @property
    def is_floating(self) -> builtins.bool:
        """Whether the type is a real floating-point type."""
        return self in _FLOATING

    @property
    def is_complex(self) -> builtins.bool:
        """Whether the type is complex."""
        return self in (DType.complex64, DType.complex128)

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype (``ml_dtypes`` for bfloat16)."""
        return np.dtype(ml_dtypes.bfloat16) if self is DType.bfloat16 else np.dtype(self.value)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def unit_roundoff(self) -> float:
        """Half the distance from 1 to the next number: 2^-53 for float64, 2^-24 for float32."""
        return _UNIT_ROUNDOFF[self]

    @property
    def promoted(self) -> DType:
        """The widest type of the same kind, in which the float64 certificate is taken."""
        if self.is_floating:
            return DType.float64
        return DType.complex128 if self.is_complex else self


_FLOATING = frozenset({DType.float16, DType.bfloat16, DType.float32, DType.float64})
_UNIT_ROUNDOFF = {
    DType.float16: 2.0**-11,
    DType.bfloat16: 2.0**-8,
    DType.float32: 2.0**-24,
    DType.complex64: 2.0**-24,
    DType.float64: 2.0**-53,
    DType.complex128: 2.0**-53,
}


def dtype_of(array: object) -> DType:
    """The element type of a NumPy, PyTorch or TensorFlow array.

    Raises:
        ValueError: the element type has no name shared by the frameworks (a string, a quantized
            type).

    >>> dtype_of(np.zeros(3, np.float32))
    <DType.float32: 'float32'>
    """
    dtype = getattr(array, "dtype", array)
    name = getattr(dtype, "name", None) or str(dtype).removeprefix("torch.")
    return DType(name)
