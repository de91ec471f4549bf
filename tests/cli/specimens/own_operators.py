"""Operators that PyTorch does not have; my_lowerings.py lowers them."""

from __future__ import annotations

import torch


def _own_operator(name: str) -> None:
    """The sine; this module may be imported more than once."""
    if hasattr(torch.ops.specimens, name):
        return
    own = torch.library.custom_op(f"specimens::{name}", torch.sin, mutates_args=(), schema=_SCHEMA)
    own.register_fake(torch.empty_like)


_SCHEMA = "(Tensor x) -> Tensor"
_own_operator("first")
_own_operator("second")
