"""Switches of a GPU that change arithmetic."""

from __future__ import annotations

import sys


def apply_tf32(*, on: bool) -> None:
    """Let matrix products and convolutions of float32 round their factors to TF32, or forbid it.

    Both frameworks are set alike, whatever their own defaults are.

    Args:
        on: allowed.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.backends.cuda.matmul.allow_tf32 = on
        torch.backends.cudnn.allow_tf32 = on
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.config.experimental.enable_tensor_float_32_execution(on)
