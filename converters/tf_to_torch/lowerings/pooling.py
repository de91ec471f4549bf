"""Pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Tensor, lower
from converters.tf_to_torch.lowerings.windows import (
    is_symmetric,
    padded,
    pads,
    require_channels_last,
    require_whole_batches,
    spatial,
)

_MAXIMA: dict[int, Callable[..., Tensor]] = {2: F.max_pool2d, 3: F.max_pool3d}
_MEANS: dict[int, Callable[..., Tensor]] = {2: F.avg_pool2d, 3: F.avg_pool3d}


def _largest(
    x: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    explicit: Sequence[int],
    data_format: str,
) -> Tensor:
    require_channels_last(data_format)
    require_whole_batches(ksize, "pooling")
    require_whole_batches(strides, "pooling")
    windows, steps = spatial(ksize), spatial(strides)
    found = pads(x, padding, explicit, windows, steps)
    pool = _MAXIMA[len(windows)]
    if is_symmetric(found) and all(2 * p[0] <= w for p, w in zip(found, windows, strict=True)):
        return pool(x, windows, steps, [before for before, _ in found])
    lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    return pool(padded(x, found, lowest), windows, steps)


def _mean(
    x: Tensor, ksize: Sequence[int], strides: Sequence[int], padding: str, data_format: str
) -> Tensor:
    """The mean of what lies inside the image."""
    require_channels_last(data_format)
    require_whole_batches(ksize, "pooling")
    require_whole_batches(strides, "pooling")
    windows, steps = spatial(ksize), spatial(strides)
    found = pads(x, padding, (), windows, steps)
    pool = _MEANS[len(windows)]
    if is_symmetric(found) and all(2 * p[0] <= w for p, w in zip(found, windows, strict=True)):
        amount: Any = [before for before, _ in found]
        return pool(x, windows, steps, amount, False, False)
    inside = torch.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    sums, counts = (
        pool(padded(part, found), windows, steps, divisor_override=1) for part in (x, inside)
    )
    return sums / counts


@lower("tf.MaxPool", layout=channels_first())
def max_pool(
    input: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
) -> Tensor:
    """The largest of each window. Shapes: (N, C, H, W) -> (N, C, H', W')."""
    return _largest(input, ksize, strides, padding, explicit_paddings, data_format)


@lower("tf.MaxPool3D", layout=channels_first())
def max_pool3d(
    input: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NDHWC",
) -> Tensor:
    """The largest of each window. Shapes: (N, C, D, H, W) -> (N, C, D', H', W')."""
    return _largest(input, ksize, strides, padding, (), data_format)


@lower("tf.AvgPool", layout=channels_first())
def avg_pool(
    value: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
) -> Tensor:
    """The mean of each window. Shapes: (N, C, H, W) -> (N, C, H', W')."""
    return _mean(value, ksize, strides, padding, data_format)


@lower("tf.AvgPool3D", layout=channels_first())
def avg_pool3d(
    input: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NDHWC",
) -> Tensor:
    """The mean of each window. Shapes: (N, C, D, H, W) -> (N, C, D', H', W')."""
    return _mean(input, ksize, strides, padding, data_format)
