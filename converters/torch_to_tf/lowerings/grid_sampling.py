"""Sampling of images and volumes at given places, channels last."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.resize import cubic_weights
from converters.torch_to_tf.promotion import cast, shape_of
from converters.torch_to_tf.windows import Size

_BILINEAR, _NEAREST, _BICUBIC = range(3)
_ZEROS, _BORDER, _REFLECTION = range(3)


@lower(
    "aten.grid_sampler.default",
    "aten.grid_sampler_2d.default",
    "aten.grid_sampler_3d.default",
    layout=channels_last(plain=("grid",)),
)
def grid_sampler(
    input: tf.Tensor,
    grid: tf.Tensor,
    interpolation_mode: int,
    padding_mode: int,
    align_corners: bool,
) -> tf.Tensor:
    """Elements of ``input`` at the places in ``grid``, -1 to 1 along each axis, last axis first.

    Shapes: input (N, *spatial, C), grid (N, *spatial', number of spatial axes) -> (N, *spatial',
    C).
    Dtypes: floating.
    Raises: UnsupportedVariantError for bicubic interpolation of volumes, which PyTorch lacks too.
    Source: ATen native/GridSampler.h.
    """
    sizes = shape_of(input)[1:-1]
    if interpolation_mode == _BICUBIC and len(sizes) != 2:
        raise UnsupportedVariantError(
            "bicubic grid sampling is defined for images only, not for volumes."
        )
    dtype = tf.float32 if input.dtype.size == 2 else input.dtype
    x = cast(input, dtype)
    axes = tf.unstack(cast(grid, dtype), len(sizes), axis=-1)[::-1]
    places = [_unnormalised(g, size, align_corners) for g, size in zip(axes, sizes, strict=True)]
    taps = []
    for place, size in zip(places, sizes, strict=True):
        if interpolation_mode != _BICUBIC:
            place = _folded(place, size, padding_mode, align_corners)
        taps.append(_taps(place, interpolation_mode))
    total: tf.Tensor | None = None
    for combination in itertools.product(*taps):
        spots = [spot for spot, _ in combination]
        if interpolation_mode == _BICUBIC:
            spots = [
                _folded(spot, size, padding_mode, align_corners)
                for spot, size in zip(spots, sizes, strict=True)
            ]
        weight = combination[0][1]
        for _, factor in combination[1:]:
            weight = weight * factor
        part = _elements(x, spots, sizes) * weight[..., None]
        total = part if total is None else total + part
    assert total is not None
    return cast(total, input.dtype)


def _unnormalised(place: tf.Tensor, size: Size, align_corners: bool) -> tf.Tensor:
    extent = tf.cast(size, place.dtype)
    return (place + 1) / 2 * (extent - 1) if align_corners else ((place + 1) * extent - 1) / 2


def _folded(place: tf.Tensor, size: Size, padding_mode: int, align_corners: bool) -> tf.Tensor:
    """A place outside brought back inside by the padding mode; with zeros it stays where it is."""
    last = tf.cast(size, place.dtype) - 1
    if padding_mode == _ZEROS:
        return place
    if padding_mode == _REFLECTION:
        low, span = (0.0, last) if align_corners else (-0.5, last + 1)
        place = _reflected(place, low, span)
    return tf.clip_by_value(place, 0, last)


def _reflected(place: tf.Tensor, low: float, span: tf.Tensor) -> tf.Tensor:
    distance = tf.abs(place - low)
    safe = tf.where(span > 0, span, tf.ones_like(span))
    flips = tf.floor(distance / safe)
    extra = distance - flips * safe
    even = tf.equal(tf.math.floormod(flips, 2), 0)
    reflected = tf.where(even, extra, safe - extra) + low
    return tf.where(span > 0, reflected, tf.zeros_like(place))


def _taps(place: tf.Tensor, mode: int) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """The whole places along one axis that take part, and the weight of each."""
    if mode == _NEAREST:
        return [(tf.round(place), tf.ones_like(place))]
    base = tf.floor(place)
    share = place - base
    if mode == _BILINEAR:
        return [(base, 1 - share), (base + 1, share)]
    return [(base + tap - 1, weight) for tap, weight in enumerate(cubic_weights(share))]


def _elements(x: tf.Tensor, spots: Sequence[tf.Tensor], sizes: Sequence[Size]) -> tf.Tensor:
    """The elements at whole places; 0 for a place outside."""
    inside = tf.ones_like(spots[0], tf.bool)
    indices = []
    for spot, size in zip(spots, sizes, strict=True):
        last = tf.cast(size, spot.dtype) - 1
        inside &= (spot >= 0) & (spot <= last)
        indices.append(tf.cast(tf.clip_by_value(spot, 0, last), tf.int32))
    indices = [tf.where(inside, index, 0) for index in indices]
    found = tf.gather_nd(x, tf.stack(indices, -1), batch_dims=1)
    return tf.where(inside[..., None], found, tf.zeros([], x.dtype))
