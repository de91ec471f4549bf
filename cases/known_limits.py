"""Operators of PyTorch's database that are not all right, each with the reason.

The sweep fails on any other, and on one of these that has become right.
"""

from __future__ import annotations

_SPARSE = "TensorFlow's sparse tensors are another type; dense ones are supported"

KNOWN: dict[str, str] = {
    "sparse.mm.reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
}
