"""Checkpoints of both frameworks, moved tensor by tensor."""

from __future__ import annotations

from converters.checkpoints.conversion import Copied, convert_checkpoint
from converters.checkpoints.formats import list_checkpoint, open_checkpoint
from converters.checkpoints.keras_names import file_names
from converters.checkpoints.manifest import verify_checkpoint
from converters.checkpoints.mapping import NameMap
from converters.checkpoints.optimizer_state import optimizer_rules
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
    "file_names",
    "list_checkpoint",
    "open_checkpoint",
    "optimizer_rules",
    "verify_checkpoint",
]
