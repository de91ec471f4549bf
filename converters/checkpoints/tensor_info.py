"""A tensor without its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from converters.dtypes import DType


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor without its numbers.

    Attributes:
        shape: () for a scalar.
        dtype: the type that the file holds it in.
    """

    shape: tuple[int, ...]
    dtype: DType

    @property
    def bytes(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        """For example ``float32[3, 4]``."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"
