"""Short digests of arguments and results, by which two runs say that they saw the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

_LENGTH = 16


def digest(values: Mapping[str, object], *, after: str = "") -> str:
    """A digest of named values: every bit counts, but all NaN are one.

    Args:
        values: arrays, and what is shown by ``repr``.
        after: an earlier digest that this one continues.

    >>> digest({"x": np.float32([1, np.nan])}) == digest({"x": np.float32([1, -np.nan])})
    True
    >>> digest({"x": np.float32([0.0])}) == digest({"x": np.float32([-0.0])})
    False
    """
    found = hashlib.blake2b(after.encode(), digest_size=_LENGTH // 2)
    for name, value in values.items():
        found.update(f"\0{name}\0".encode())
        found.update(_content(value))
    return found.hexdigest()


def _content(value: object) -> bytes:
    if not isinstance(value, np.ndarray):
        return repr(value).encode()
    array = np.ascontiguousarray(value)
    odd = array != array
    if odd.any():
        array = np.where(odd, np.full((), np.nan, array.dtype), array)
    return f"{value.dtype} {value.shape}\0".encode() + array.tobytes()
