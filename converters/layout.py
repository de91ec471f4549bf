"""Axis orders: what a lowering wants, and how arguments that name axes follow a permutation.

An *axis order* ``axes`` says that the target's axis ``i`` is the source's axis ``axes[i]``. It is
always known by construction, never guessed from sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

Axes = tuple[int, ...]
Remap = Callable[[Mapping[str, object], Axes], Mapping[str, object]]

RANKS = range(3, 6)
"""Ranks of tensors that have a channel axis to move: 1-D, 2-D and 3-D images with batch and
channels."""


class Order(Enum):
    """Which axis orders a lowering accepts for its activations."""

    source = "source"
    any = "any"
    preferred = "preferred"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a lowering says about axis orders.

    Attributes:
        order: ``source``: every tensor in the source's order. ``any``: all tensors in one common
            order; arguments that name axes are rewritten to it. ``preferred``: activations in the
            order that the target's kernels want, see :class:`Preference`.
        dims: arguments that hold an axis or a list of axes.
        per_axis: arguments that hold one entry for each axis of the result.
        remap: rewrites arguments that follow the axis order in a way of their own.
        weights: for arguments that are weights, a function from rank to the axis order wanted.
        activations: arguments that are activations; None for every tensor argument not in
            ``weights``.
        plain: tensor arguments that keep the source's order whatever the activations do.
        required: arguments without which (None or empty) the operator works on the flattened
            tensor, so that the source's order is kept.
        spatial: number of spatial axes; an activation with one axis more has no batch axis. None:
            there is always one.
    """

    order: Order = Order.source
    dims: tuple[str, ...] = ()
    per_axis: tuple[str, ...] = ()
    remap: Remap | None = None
    weights: Mapping[str, Callable[[int], Axes]] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    spatial: int | None = None


SOURCE = Layout()
ANY = Layout(Order.any)


def along(*dims: str, required: bool = False, plain: tuple[str, ...] = ()) -> Layout:
    """Any order; the named arguments hold axes.

    Args:
        dims: the arguments.
        required: without them the operator works on the flattened tensor.
        plain: tensor arguments whose axes are not those of the activations.
    """
    return Layout(Order.any, dims=dims, plain=plain, required=dims if required else ())


def channels_last(
    weights: Mapping[str, Callable[[int], Axes]] | None = None,
    plain: tuple[str, ...] = (),
    spatial: int | None = None,
) -> Layout:
    """Activations with the channel axis last; weights in the orders given."""
    return Layout(Order.preferred, weights=weights or {}, plain=plain, spatial=spatial)


def channels_first(
    weights: Mapping[str, Callable[[int], Axes]] | None = None,
    plain: tuple[str, ...] = (),
) -> Layout:
    """Activations with the channel axis behind the batch axis; weights in the orders given."""
    return Layout(Order.preferred, weights=weights or {}, plain=plain)


def channels_last_axes(rank: int) -> Axes:
    """Axis 1 moved to the end.

    >>> channels_last_axes(4)
    (0, 2, 3, 1)
    """
    return (0, *range(2, rank), 1)


def channels_first_axes(rank: int) -> Axes:
    """The last axis moved behind the first.

    >>> channels_first_axes(4)
    (0, 3, 1, 2)
    """
    return (0, rank - 1, *range(1, rank - 1))


@dataclass(frozen=True, slots=True)
class Preference:
    """How a target's kernels want images.

    Attributes:
        axes: for a rank, the order that they want.
        channel: for a rank, where the source has the channel axis.
    """

    axes: Callable[[int], Axes]
    channel: Callable[[int], int]

    def spatial(self, shape: tuple[object, ...]) -> tuple[object, ...]:
        """The sizes of a source's shape that are neither batch nor channels."""
        channel = self.channel(len(shape))
        return tuple(size for axis, size in enumerate(shape) if axis not in (0, channel))

    def kept(self, shape: tuple[object, ...]) -> tuple[object, object]:
        """The sizes of batch and channels."""
        return shape[0], shape[self.channel(len(shape))]


CHANNELS_LAST = Preference(channels_last_axes, lambda _: 1)
CHANNELS_FIRST = Preference(channels_first_axes, lambda rank: rank - 1)


def identity_axes(rank: int) -> Axes:
    """The source's own order."""
    return tuple(range(rank))


def inverse(axes: Axes) -> Axes:
    """The order that undoes ``axes``.

    >>> inverse((0, 2, 3, 1))
    (0, 3, 1, 2)
    """
    result = [0] * len(axes)
    for place, axis in enumerate(axes):
        result[axis] = place
    return tuple(result)


def conv_kernel_axes(rank: int) -> Axes:
    """(out, in, *spatial) to (*spatial, in, out).

    >>> conv_kernel_axes(4)
    (2, 3, 1, 0)
    """
    return (*range(2, rank), 1, 0)


def moved_dim(dim: int, axes: Axes) -> int:
    """Where the source's axis ``dim`` stands in the target.

    >>> moved_dim(1, (0, 2, 3, 1)), moved_dim(-1, (0, 2, 3, 1))
    (3, 2)
    """
    return axes.index(dim % len(axes))


def moved_dims(dims: object, axes: Axes) -> object:
    """:func:`moved_dim` for one axis or a list of axes; None stays None."""
    if dims is None:
        return None
    if isinstance(dims, int):
        return moved_dim(dims, axes)
    assert isinstance(dims, tuple | list)
    return tuple(moved_dim(dim, axes) for dim in dims)
