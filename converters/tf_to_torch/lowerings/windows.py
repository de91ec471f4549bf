"""Windows that slide over images: their sizes, and the padding that TensorFlow calls SAME."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from converters.errors import UnsupportedVariantError
from converters.tf_to_torch.lowerings import Size, Tensor

Pads = list[tuple[Size, Size]]
largest: Callable[[Size, Size], Size] = torch.sym_max
"""The larger of two sizes."""


def require_channels_last(data_format: str) -> None:
    """Refuse channels first, which no kernel of TensorFlow's has on a CPU.

    Raises:
        UnsupportedVariantError: the format says so.
    """
    if data_format.startswith("NC"):
        raise UnsupportedVariantError(
            f"data_format {data_format} is not supported: build the model with channels last "
            "(keras.config.set_image_data_format('channels_last')), which TensorFlow needs on a "
            "CPU too."
        )


def spatial(entries: Sequence[int]) -> list[int]:
    """What stands between the entries for batch and channels."""
    return list(entries[1:-1])


def require_whole_batches(entries: Sequence[int], op: str) -> None:
    """Refuse windows that span several images or channels.

    Raises:
        UnsupportedVariantError: the first or last entry is not 1.
    """
    if entries[0] != 1 or entries[-1] != 1:
        raise UnsupportedVariantError(
            f"{op} with {list(entries)} along batch or channels is not supported. Only spatial "
            "axes may have strides and windows."
        )


def pads(
    x: Tensor,
    padding: str,
    explicit: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
) -> Pads:
    """How much is added before and after each spatial axis.

    Args:
        x: (N, C, ...).
        padding: ``SAME``, ``VALID`` or ``EXPLICIT``.
        explicit: for ``EXPLICIT`` two numbers for each axis of the source, channels last.
        windows: how far a window reaches along each spatial axis, dilation included.
        strides: of each spatial axis.
    """
    if padding == "VALID":
        return [(0, 0)] * len(windows)
    if padding == "EXPLICIT":
        return [(explicit[2 * i + 2], explicit[2 * i + 3]) for i in range(len(windows))]
    result: Pads = []
    for size, window, stride in zip(x.shape[2:], windows, strides, strict=True):
        if 1 in (stride, window):
            total: Size = window - 1
        else:
            total = largest((-(-size // stride) - 1) * stride + window - size, 0)
        result.append((total // 2, total - total // 2))
    return result


def reached(x: Tensor, steps: Sequence[int]) -> Tensor:
    """Every so many-th place along each spatial axis. Shapes: (N, C, H, W) -> (N, C, H', W')."""
    return x[(slice(None), slice(None), *(slice(None, None, step) for step in steps))]


def is_symmetric(found: Pads) -> bool:
    """Whether the same number that is known is added on both sides of each axis."""
    return all(
        isinstance(before, int) and isinstance(after, int) and before == after
        for before, after in found
    )


def padded(x: Tensor, found: Pads, value: float = 0.0) -> Tensor:
    """The tensor with its spatial axes padded. Shapes: (N, C, ...) -> (N, C, ...)."""
    if all(isinstance(p, int) and p == 0 for pair in found for p in pair):
        return x
    return F.pad(x, [p for pair in reversed(found) for p in pair], value=value)
