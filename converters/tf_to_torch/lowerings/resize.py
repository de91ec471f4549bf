"""Images of another size."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from converters.errors import UnsupportedVariantError
from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower

_SIZED = channels_first(plain=("size",))


def _asked(size: Sizes) -> tuple[Any, Any]:
    height, width = size
    return height, width


def _source_places(
    count: Any, size: Any, *, align_corners: bool, half_pixel_centers: bool
) -> Tensor:
    """Where the results' pixels lie in the source, in float64."""
    places = torch.arange(count, dtype=torch.float64)
    if align_corners:
        return places * ((size - 1) / max(count - 1, 1)) if count > 1 else places
    scale = size / count
    return (places + 0.5) * scale - 0.5 if half_pixel_centers else places * scale


def _linear(x: Tensor, axis: int, places: Tensor) -> Tensor:
    """Between the two neighbours along an axis."""
    size = x.shape[axis]
    low = places.floor()
    weight = (places - low).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1 - axis % x.ndim))
    first = low.clamp(0, size - 1).long()
    second = (low + 1).clamp(0, size - 1).long()
    before, after = x.index_select(axis, first), x.index_select(axis, second)
    return before + (after - before) * weight


@lower("tf.ResizeBilinear", layout=_SIZED)
def resize_bilinear(
    images: Tensor, size: Sizes, align_corners: bool = False, half_pixel_centers: bool = False
) -> Tensor:
    """Between the four neighbours; the result is of floats.

    Shapes: images (N, C, H, W) -> (N, C, *size). Dtypes: all real -> float32, float64 kept.
    """
    x = images if images.is_floating_point() else images.float()
    target = _asked(size)
    if half_pixel_centers and not align_corners:
        return F.interpolate(x, target, mode="bilinear", align_corners=False)  # type: ignore[arg-type]
    if align_corners and all(isinstance(count, int) and count > 1 for count in target):
        return F.interpolate(x, target, mode="bilinear", align_corners=True)  # type: ignore[arg-type]
    for axis, count in zip((2, 3), target, strict=True):
        places = _source_places(
            count, x.shape[axis], align_corners=align_corners, half_pixel_centers=half_pixel_centers
        )
        x = _linear(x, axis, places.clamp_min(0))
    return x


@lower("tf.ResizeNearestNeighbor", layout=_SIZED)
def resize_nearest_neighbor(
    images: Tensor, size: Sizes, align_corners: bool = False, half_pixel_centers: bool = False
) -> Tensor:
    """The nearest pixel.

    Shapes: images (N, C, H, W) -> (N, C, *size). Dtypes: all.
    """
    x, target = images, _asked(size)
    for axis, count in zip((2, 3), target, strict=True):
        have = x.shape[axis]
        whole = isinstance(count, int) and isinstance(have, int) and count % have == 0
        if whole and not align_corners:
            x = x.repeat_interleave(count // have, axis) if count != have else x
            continue
        steps = torch.arange(count, dtype=torch.float32)
        if align_corners:
            scale = (have - 1) / (count - 1) if count > 1 else 0.0
            places = torch.floor(steps * scale + 0.5)
        else:
            places = torch.floor((steps + (0.5 if half_pixel_centers else 0.0)) * (have / count))
        x = x.index_select(axis, places.long().clamp(0, have - 1))
    return x


@lower("tf.ResizeBicubic", layout=_SIZED)
def resize_bicubic(
    images: Tensor, size: Sizes, align_corners: bool = False, half_pixel_centers: bool = False
) -> Tensor:
    """Cubic polynomials through 16 neighbours (Keys, a = -0.5).

    TensorFlow leaves out neighbours beyond the border and looks the weights up in a table of 1024
    steps, which is done here too.

    Shapes: images (N, C, H, W) -> (N, C, *size). Dtypes: all real -> float32, float64 kept.
    Raises: UnsupportedVariantError for pixels that aren't centred.
    """
    if align_corners or not half_pixel_centers:
        raise UnsupportedVariantError(
            "ResizeBicubic without half_pixel_centers is not supported. Resize with "
            "tf.image.resize, which centres pixels."
        )
    x = images if images.is_floating_point() else images.float()
    for axis, count in zip((2, 3), _asked(size), strict=True):
        x = _cubic(x, axis, count)
    return x


def _cubic(x: Tensor, axis: int, count: Any) -> Tensor:
    have = x.shape[axis]
    places = _source_places(count, have, align_corners=False, half_pixel_centers=True)
    low = places.floor()
    step = torch.round((places - low) * 1024) / 1024
    a = -0.5
    weights, sources = [], []
    for offset in (-1, 0, 1, 2):
        distance = (step - offset).abs()
        near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
        far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        weight = torch.where(distance <= 1, near, far)
        place = low + offset
        inside = (place >= 0) & (place <= have - 1)
        weights.append(torch.where(inside, weight, torch.zeros_like(weight)))
        sources.append(place.clamp(0, have - 1).long())
    total = sum(weights[1:], weights[0])
    shape = [-1, *[1] * (x.ndim - 1 - axis)]
    parts = [
        x.index_select(axis, source) * (weight / total).to(x.dtype).reshape(shape)
        for source, weight in zip(sources, weights, strict=True)
    ]
    return sum(parts[1:], parts[0])
