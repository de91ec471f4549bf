"""Borders added to a tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import Axes, Layout, Order, Remap
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, shape_of

Size: TypeAlias = int | tf.Tensor


def _pairs(pad: Sequence[Size], rank: int) -> list[tuple[Size, Size]]:
    """(before, after) of every axis; PyTorch lists them from the last axis on."""
    listed = [(pad[place], pad[place + 1]) for place in range(0, len(pad), 2)]
    return [(0, 0)] * (rank - len(listed)) + listed[::-1]


def _follow(argument: str) -> Remap:
    """Rewrites a list of paddings to another order of axes."""

    def remap(args: Mapping[str, object], axes: Axes) -> Mapping[str, object]:
        pad = args[argument]
        assert isinstance(pad, tuple)
        pairs = _pairs(pad, len(axes))
        moved = [pairs[axis] for axis in axes]
        return {**args, argument: tuple(bound for pair in moved[::-1] for bound in pair)}

    return remap


_PAD = Layout(Order.any, remap=_follow("pad"))
_PADDING = Layout(Order.any, remap=_follow("padding"))


@lower("aten.constant_pad_nd.default", layout=_PAD)
def constant_pad_nd(x: tf.Tensor, pad: Sequence[Size], value: Number = 0) -> tf.Tensor:
    """A border of one value; negative widths cut off.

    Shapes: ``pad`` holds (before, after) from the last axis on. Dtypes: all.
    """
    pairs = _pairs(pad, x.shape.rank)
    if any(isinstance(width, int) and width < 0 for pair in pairs for width in pair):
        x = _cropped(x, pairs)
        pairs = [(_positive(before), _positive(after)) for before, after in pairs]
    if not pairs:
        return tf.identity(x)
    if x.dtype == tf.bool:
        return tf.pad(x, pairs, constant_values=bool(value))
    return tf.pad(x, pairs, constant_values=cast(value, x.dtype))


def _positive(width: Size) -> Size:
    return max(width, 0) if isinstance(width, int) else width


def _cropped(x: tf.Tensor, pairs: Sequence[tuple[Size, Size]]) -> tf.Tensor:
    cuts = []
    for before, after in pairs:
        start = -before if isinstance(before, int) and before < 0 else None
        end = after if isinstance(after, int) and after < 0 else None
        cuts.append(slice(start, end))
    return x[tuple(cuts)]


@lower("aten.pad.default", layout=_PAD)
def pad(
    x: tf.Tensor, pad: Sequence[Size], mode: str = "constant", value: float | None = None
) -> tf.Tensor:
    """A border: ``constant``, ``reflect``, ``replicate`` or ``circular``."""
    if mode == "constant":
        return constant_pad_nd(x, pad, 0 if value is None else value)
    if mode not in _PLACES:
        raise UnsupportedVariantError(
            f"pad(mode={mode!r}) is not known; use constant, reflect, replicate or circular."
        )
    return _bordered(x, pad, mode)


@lower(
    "aten.reflection_pad1d.default",
    "aten.reflection_pad2d.default",
    "aten.reflection_pad3d.default",
    layout=_PADDING,
)
def reflection_pad(x: tf.Tensor, padding: Sequence[Size]) -> tf.Tensor:
    """A border that mirrors the tensor, without repeating its edge."""
    return _bordered(x, padding, "reflect")


@lower(
    "aten.replication_pad1d.default",
    "aten.replication_pad2d.default",
    "aten.replication_pad3d.default",
    layout=_PADDING,
)
def replication_pad(x: tf.Tensor, padding: Sequence[Size]) -> tf.Tensor:
    """A border that repeats the edge."""
    return _bordered(x, padding, "replicate")


@lower("aten._pad_circular.default", layout=_PAD)
def pad_circular(x: tf.Tensor, pad: Sequence[Size]) -> tf.Tensor:
    """A border that goes on with the other end."""
    return _bordered(x, pad, "circular")


def _bordered(x: tf.Tensor, pad: Sequence[Size], mode: str) -> tf.Tensor:
    """One gather along every padded axis.

    Negative widths cut off, before the rest goes round in a circle.
    """
    pairs = _pairs(pad, x.shape.rank)
    negative = any(isinstance(width, int) and width < 0 for pair in pairs for width in pair)
    known = all(isinstance(width, int) for pair in pairs for width in pair)
    if mode == "reflect" and known and not negative and x.shape.num_elements() != 0:
        return tf.pad(x, pairs, "REFLECT")
    if mode == "circular" and negative:
        x = _cropped(x, pairs)
        pairs = [(_positive(before), _positive(after)) for before, after in pairs]
    sizes = shape_of(x)
    for axis, (before, after) in enumerate(pairs):
        if not (isinstance(before, int) and isinstance(after, int) and before == after == 0):
            places = tf.range(-before, sizes[axis] + after)
            x = tf.gather(x, _PLACES[mode](places, sizes[axis]), axis=axis)
    return x


def _reflected(places: tf.Tensor, size: Size) -> tf.Tensor:
    return (size - 1) - tf.abs((size - 1) - tf.abs(places))


def _replicated(places: tf.Tensor, size: Size) -> tf.Tensor:
    return tf.minimum(tf.maximum(places, 0), size - 1)


def _circled(places: tf.Tensor, size: Size) -> tf.Tensor:
    return tf.math.floormod(places, size)


_PLACES = {"reflect": _reflected, "replicate": _replicated, "circular": _circled}
