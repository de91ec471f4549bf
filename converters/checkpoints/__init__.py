"""Checkpoints of both frameworks, moved tensor by tensor."""

from __future__ import annotations

from converters.checkpoints.conversion import Copied, convert_checkpoint
from converters.checkpoints.formats import open_checkpoint
from converters.checkpoints.manifest import verify_checkpoint
from converters.checkpoints.mapping import NameMap
from converters.checkpoints.rule import Rule
from converters.checkpoints.store import Checkpoint
from converters.checkpoints.tensor_info import TensorInfo

__all__ = [
    "Checkpoint",
    "Copied",
    "NameMap",
    "Rule",
    "TensorInfo",
    "convert_checkpoint",
    "open_checkpoint",
    "verify_checkpoint",
]
