"""Windows of images taken out, compared and normalised."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Tensor, lower
from converters.tf_to_torch.lowerings.windows import padded, pads, require_whole_batches, spatial


def _unfolded(
    x: Tensor,
    sizes: Sequence[int],
    strides: Sequence[int],
    rates: Sequence[int],
    padding: str,
    fill: float = 0.0,
) -> Tensor:
    """The windows of an image. Shapes: x (N, C, *S) -> (N, C, *S', *sizes)."""
    reach = [(k - 1) * r + 1 for k, r in zip(sizes, rates, strict=True)]
    x = padded(x, pads(x, padding, (), reach, strides), fill)
    for axis, (window, step, rate) in enumerate(zip(reach, strides, rates, strict=True)):
        x = x.unfold(2 + axis, window, step)[..., ::rate]
    return x


@lower("tf.ExtractImagePatches", layout=channels_first())
def extract_image_patches(
    images: Tensor,
    ksizes: Sequence[int],
    strides: Sequence[int],
    rates: Sequence[int],
    padding: str,
) -> Tensor:
    """Each window as channels, row by row. Shapes: (N, C, H, W) -> (N, h * w * C, H', W')."""
    require_whole_batches(ksizes, "ExtractImagePatches")
    found = _unfolded(images, spatial(ksizes), spatial(strides), spatial(rates), padding)
    n, _, rows, columns = found.shape[:4]
    return found.permute(0, 4, 5, 1, 2, 3).reshape(n, -1, rows, columns)


@lower("tf.ExtractVolumePatches", layout=channels_first())
def extract_volume_patches(
    input: Tensor, ksizes: Sequence[int], strides: Sequence[int], padding: str
) -> Tensor:
    """The same of volumes. Shapes: (N, C, D, H, W) -> (N, d * h * w * C, D', H', W')."""
    require_whole_batches(ksizes, "ExtractVolumePatches")
    found = _unfolded(input, spatial(ksizes), spatial(strides), (1, 1, 1), padding)
    n = found.shape[0]
    return found.permute(0, 5, 6, 7, 1, 2, 3, 4).reshape(n, -1, *found.shape[2:5])


@lower("tf.Dilation2D", layout=channels_first(plain=("filter",)))
def dilation2d(
    input: Tensor, filter: Tensor, strides: Sequence[int], rates: Sequence[int], padding: str
) -> Tensor:
    """The largest of each window after a filter is added to it.

    Shapes: input (N, C, H, W), filter (h, w, C) -> (N, C, H', W'). Dtypes: floats.
    """
    sizes = list(filter.shape[:2])
    lowest = torch.finfo(input.dtype).min
    found = _unfolded(input, sizes, spatial(strides), spatial(rates), padding, lowest)
    lifted = found + filter.permute(2, 0, 1)[:, None, None]
    return lifted.flatten(4).max(-1).values


@lower("tf.LRN", layout=channels_first())
def lrn(
    input: Tensor,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
) -> Tensor:
    """Each number over a power of the squares of the channels beside it.

    Shapes: input (N, C, H, W) -> the same. Dtypes: floats.
    """
    squares = F.pad(input * input, [0, 0, 0, 0, depth_radius, depth_radius])
    total = squares.unfold(1, 2 * depth_radius + 1, 1).sum(-1)
    return input / (bias + alpha * total) ** beta


@lower("tf.MaxPoolWithArgmax")
def max_pool_with_argmax(
    input: Tensor,
    ksize: Sequence[int],
    strides: Sequence[int],
    Targmax: torch.dtype,
    padding: str,
    include_batch_in_index: bool = False,
) -> list[Tensor]:
    """The largest of each window and its place, counted with the channels last.

    Shapes: (N, H, W, C) -> (N, H', W', C), the same. Dtypes: all real.
    """
    n, height, width, channels = input.shape
    places = torch.arange(height * width * channels).reshape(1, height, width, channels)
    places = places.expand(n, height, width, channels)
    if include_batch_in_index:
        places = places + torch.arange(n).reshape(-1, 1, 1, 1) * (height * width * channels)
    lowest = -torch.inf if input.is_floating_point() else torch.iinfo(input.dtype).min
    sizes, steps = spatial(ksize), spatial(strides)
    x, at = input.permute(0, 3, 1, 2), places.permute(0, 3, 1, 2)
    windows = _unfolded(x, sizes, steps, (1, 1), padding, lowest).flatten(4)
    numbers = _unfolded(at, sizes, steps, (1, 1), padding, -1).flatten(4)
    best = windows.max(-1)
    chosen = torch.gather(numbers, 4, best.indices.unsqueeze(-1)).squeeze(-1)
    return [best.values.permute(0, 2, 3, 1), chosen.permute(0, 2, 3, 1).to(Targmax)]
