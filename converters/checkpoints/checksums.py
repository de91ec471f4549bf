"""Checksums of numbers in files, and those of two pieces joined."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

Checksum = Callable[[memoryview, int], int]
"""What bytes make of the checksum of those before them; 0 before the first ones."""


def crc32(view: memoryview, before: int = 0) -> int:
    """That of zip files.

    >>> hex(crc32(memoryview(b"123456789")))
    '0xcbf43926'
    """
    from isal import isal_zlib

    return int(isal_zlib.crc32(view, before))


def crc32c(view: memoryview, before: int = 0) -> int:
    """That of TensorFlow's checkpoints, which mask it.

    >>> hex(crc32c(memoryview(b"123456789")))
    '0xe3069283'
    """
    import google_crc32c

    # takes bytes, and arrays without a copy, but no memoryview
    return int(google_crc32c.extend(before, np.frombuffer(view, np.uint8)))


def joined(checksum: Checksum, first: int, second: int, count: int) -> int:
    """That of two pieces, from that of each and the number of bytes of the second.

    A CRC is linear in what it starts with: what ``count`` zeros make of each of its bits is all
    that has to be known.

    >>> tea, pot = memoryview(b"tea"), memoryview(b"pot")
    >>> joined(crc32, crc32(tea), crc32(pot), 3) == crc32(memoryview(b"teapot"))
    True
    """
    for bit, moved in enumerate(_moved_bits(checksum, count) if first else ()):
        if first >> bit & 1:
            second ^= moved
    return second


@lru_cache(maxsize=256)
def _moved_bits(checksum: Checksum, count: int) -> tuple[int, ...]:
    zeros = memoryview(bytes(count))
    nothing = checksum(zeros, 0)
    return tuple(checksum(zeros, 1 << bit) ^ nothing for bit in range(32))
