"""Pooling over sliding windows, channels last."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.layout import channels_last
from converters.torch_to_tf.convolve import each
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of
from converters.torch_to_tf.windows import Size, overhang, pooled_size


@lower("aten.max_pool1d.default", layout=channels_last(spatial=1))
def max_pool1d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tf.Tensor:
    """Maximum over windows; a window with a NaN gives NaN.

    Shapes: x (N, L, C) -> (N, L', C). Dtypes: floating and integers.
    """
    return _max_pool(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.max_pool2d.default", layout=channels_last(spatial=2))
def max_pool2d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    dilation: Sequence[int] = 1,  # type: ignore[assignment]
    ceil_mode: bool = False,
) -> tf.Tensor:
    """Maximum over windows; a window with a NaN gives NaN.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating and integers.
    """
    return _max_pool(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.max_pool3d.default", layout=channels_last(spatial=3))
def max_pool3d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    dilation: Sequence[int] = 1,  # type: ignore[assignment]
    ceil_mode: bool = False,
) -> tf.Tensor:
    """Maximum over windows; a window with a NaN gives NaN.

    Shapes: x (N, D, H, W, C) -> (N, D', H', W', C). Dtypes: floating and integers.
    """
    return _max_pool(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.max_pool1d_with_indices.default", layout=channels_last(spatial=1))
def max_pool1d_with_indices(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`max_pool1d` and where each maximum stands along the axis.

    Shapes: x (N, L, C) -> twice (N, L', C). Dtypes: floating and integers; indices are int64.
    """
    return _max_pool_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.max_pool2d_with_indices.default", layout=channels_last(spatial=2))
def max_pool2d_with_indices(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    dilation: Sequence[int] = 1,  # type: ignore[assignment]
    ceil_mode: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`max_pool2d` and where each maximum stands in its flattened plane.

    Shapes: x (N, H, W, C) -> twice (N, H', W', C). Dtypes: floating and integers; indices are
    int64.
    """
    return _max_pool_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.max_pool3d_with_indices.default", layout=channels_last(spatial=3))
def max_pool3d_with_indices(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    dilation: Sequence[int] = 1,  # type: ignore[assignment]
    ceil_mode: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """:func:`max_pool3d` and where each maximum stands in its flattened volume.

    Shapes: x (N, D, H, W, C) -> twice (N, D', H', W', C). Dtypes: floating and integers; indices
    are int64.
    """
    return _max_pool_with_indices(x, kernel_size, stride, padding, dilation, ceil_mode)


@lower("aten.avg_pool1d.default", layout=channels_last(spatial=1))
def avg_pool1d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> tf.Tensor:
    """Mean over windows.

    Shapes: x (N, L, C) -> (N, L', C). Dtypes: floating.
    """
    return _avg_pool(x, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@lower("aten.avg_pool2d.default", layout=channels_last(spatial=2))
def avg_pool2d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> tf.Tensor:
    """Mean over windows, or their sum over ``divisor_override``.

    Shapes: x (N, H, W, C) -> (N, H', W', C). Dtypes: floating.
    """
    return _avg_pool(
        x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@lower("aten.avg_pool3d.default", layout=channels_last(spatial=3))
def avg_pool3d(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = 0,  # type: ignore[assignment]
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> tf.Tensor:
    """Mean over windows, or their sum over ``divisor_override``.

    Shapes: x (N, D, H, W, C) -> (N, D', H', W', C). Dtypes: floating.
    """
    return _avg_pool(
        x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _window(x: tf.Tensor, *entries: Sequence[int] | int) -> list[tuple[int, ...]]:
    """Kernel, stride, ... with one entry for each spatial axis; an empty stride is the kernel."""
    spatial = x.shape.rank - 2
    lists = [(entry,) if isinstance(entry, int) else tuple(entry) for entry in entries]
    return [each(entry or lists[0], spatial) for entry in lists]


def _within(
    x: tf.Tensor, kernel: Sequence[int], padding: Sequence[int], *, ceil_mode: bool
) -> tuple[int, ...]:
    """The kernel cut to the padded input: what hangs over counts for nothing.

    A pool over everything is sometimes written as one with a kernel of thousands and ``ceil_mode``.
    """
    if not ceil_mode:
        return tuple(kernel)
    axes = zip(shape_of(x)[1:-1], kernel, padding, strict=True)
    return tuple(min(k, n + 2 * p) if isinstance(n, int) else k for n, k, p in axes)


def _max_pool(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tf.Tensor:
    kernel, stride, padding, dilation = _window(x, kernel_size, stride, padding, dilation)
    if all(step == 1 for step in dilation):
        kernel = _within(x, kernel, padding, ceil_mode=ceil_mode)

    counts, padded = _padded(x, kernel, stride, padding, dilation, ceil_mode, _lowest(x.dtype))

    def by_rule() -> tf.Tensor:
        return _max_by_rule(padded, kernel, stride, dilation, counts)

    def by_kernel() -> tf.Tensor:
        if x.shape.rank == 4 and not ceil_mode:
            pads = [(0, 0), *((pad, pad) for pad in padding), (0, 0)] if any(padding) else "VALID"
            return tf.nn.max_pool2d(x, kernel, stride, pads)
        return by_planes(tf.nn.max_pool2d, padded, kernel, stride)

    if max(dilation) > 1:
        return by_rule()
    if not x.dtype.is_floating:
        return by_kernel()
    # The kernel drops NaN, and knows no number below the least finite one. The sum costs a tenth
    # of the maximum; that it is infinite for large numbers too does no harm.
    return tf.cond(tf.math.is_finite(tf.reduce_sum(x)), by_kernel, by_rule)


def _lowest(dtype: tf.DType) -> float | int:
    return -math.inf if dtype.is_floating else dtype.min


def _padded(
    x: tf.Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    value: float,
) -> tuple[list[Size], tf.Tensor]:
    """Number of windows along each axis, and x with padding and what the last windows hang over."""
    sizes = shape_of(x)[1:-1]
    axes = list(zip(sizes, kernel, stride, padding, dilation, strict=True))
    counts = [pooled_size(n, k, s, p, d, ceil_mode=ceil_mode) for n, k, s, p, d in axes]
    pads: list[list[Size]] = [[0, 0]]
    for count, (n, k, s, p, d) in zip(counts, axes, strict=True):
        pads.append([p, p + overhang(n, count, k, s, p, d) if ceil_mode else p])
    if all(isinstance(p, int) and p == 0 for pair in pads for p in pair):
        return counts, x
    return counts, tf.pad(x, [*pads, [0, 0]], constant_values=cast(value, x.dtype))


def by_planes(
    pool: Callable[..., tf.Tensor], x: tf.Tensor, kernel: Sequence[int], stride: Sequence[int]
) -> tf.Tensor:
    """A separable 2-D pool over one to three axes; the 3-D kernels lack float64 and float16.

    Shapes: x (N, *spatial, C) -> (N, *spatial', C).
    """
    batch, *sizes, channels = shape_of(x)
    if len(sizes) == 1:
        return pool(x[:, None], (1, *kernel), (1, *stride), "VALID")[:, 0]
    if len(sizes) == 2:
        return pool(x, kernel, stride, "VALID")
    depth, height, width = sizes
    planes = tf.reshape(x, [batch * depth, height, width, channels])
    planes = pool(planes, kernel[1:], stride[1:], "VALID")
    _, height, width, _ = shape_of(planes)
    columns = tf.reshape(planes, [batch, depth, height * width, channels])
    columns = pool(columns, (kernel[0], 1), (stride[0], 1), "VALID")
    return tf.reshape(columns, [batch, shape_of(columns)[1], height, width, channels])


def _max_by_rule(
    x: tf.Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    counts: Sequence[Size],
) -> tf.Tensor:
    """One axis after the other, over windows of doubling width.

    The first of equals is taken, and the last NaN.
    """
    for axis in reversed(range(1, len(kernel) + 1)):
        width, wanted = 1, kernel[axis - 1]
        while width < wanted:
            step = min(width, wanted - width)
            x = _larger_of_shifted(x, axis, step * dilation[axis - 1])
            width += step
        x = _strided(x, axis, 0, stride[axis - 1], counts[axis - 1])
    return x


def _larger_of_shifted(x: tf.Tensor, axis: int, offset: int) -> tf.Tensor:
    size = shape_of(x)[axis]
    first = x[(slice(None),) * axis + (slice(0, size - offset),)]
    second = x[(slice(None),) * axis + (slice(offset, size),)]
    wins = second > first
    if x.dtype.is_floating:
        wins |= tf.math.is_nan(second)
    return tf.where(wins, second, first)


def _strided(x: tf.Tensor, axis: int, start: int, step: int, count: Size) -> tf.Tensor:
    taken = slice(start, start + (count - 1) * step + 1, step)
    return x[(slice(None),) * axis + (taken,)]


def _max_pool_with_indices(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The windows' places one after the other; a later one counts if it is larger or NaN."""
    kernel, stride, padding, dilation = _window(x, kernel_size, stride, padding, dilation)
    lowest = _lowest(x.dtype)
    counts, padded = _padded(x, kernel, stride, padding, dilation, ceil_mode, lowest)
    flat = _flat_places(shape_of(x)[1:-1])
    _, places = _padded(flat, kernel, stride, padding, dilation, ceil_mode, -1)
    best: tf.Tensor | None = None
    where: tf.Tensor | None = None
    for taps in np.ndindex(*kernel):
        part, place = padded, places
        for axis, tap in enumerate(taps):
            start = int(tap) * dilation[axis]
            part = _strided(part, axis + 1, start, stride[axis], counts[axis])
            place = _strided(place, axis + 1, start, stride[axis], counts[axis])
        place = tf.broadcast_to(place, tf.shape(part))
        if best is None or where is None:
            best, where = part, place
            continue
        wins = ((part > best) | (where < 0)) & (place >= 0)
        if x.dtype.is_floating:
            wins |= tf.math.is_nan(part)
        best, where = tf.where(wins, part, best), tf.where(wins, place, where)
    assert best is not None
    assert where is not None
    return best, where


@lower("aten.max_pool2d_with_indices_backward.default")
def max_pool2d_with_indices_backward(
    grad_output: tf.Tensor,
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    indices: tf.Tensor,
) -> tf.Tensor:
    """The upstream gradient added up at the places that won.

    Shapes: grad_output and indices (..., H', W'), x (..., H, W) -> (..., H, W).
    """
    sizes = shape_of(x)
    plane = sizes[-2] * sizes[-1]
    count = tf.reduce_prod(tf.shape(indices)[-2:])
    rows = tf.reshape(cast(indices, tf.int32), tf.stack([-1, count]))
    places = rows + plane * tf.range(tf.shape(rows)[0])[:, tf.newaxis]
    total = tf.math.unsorted_segment_sum(
        tf.reshape(grad_output, [-1]), tf.reshape(places, [-1]), tf.size(x)
    )
    return tf.reshape(total, sizes)


def _flat_places(sizes: Sequence[Size]) -> tf.Tensor:
    """(1, *sizes, 1), counting in row-major order."""
    total = (
        math.prod(sizes)
        if all(isinstance(s, int) for s in sizes)
        else tf.reduce_prod(tf.stack(sizes))
    )
    return tf.reshape(tf.range(tf.cast(total, tf.int64)), [1, *sizes, 1])


def _avg_pool(
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> tf.Tensor:
    """16-bit types are summed in float32: TensorFlow's kernel sums in the type itself."""
    if not x.dtype.is_floating:
        raise UnsupportedVariantError(
            f"average pooling of {x.dtype.name} is not supported. Cast the input to a "
            "floating-point type."
        )
    kernel, stride, padding = _window(x, kernel_size, stride, padding)
    kernel = _within(x, kernel, padding, ceil_mode=ceil_mode)
    ones = (1,) * len(kernel)
    wide = cast(x, tf.float32) if x.dtype.size == 2 else x
    counts, padded = _padded(wide, kernel, stride, padding, ones, ceil_mode, 0)
    y = by_planes(tf.nn.avg_pool2d, padded, kernel, stride)
    if divisor is not None:
        return cast(y * cast(math.prod(kernel) / divisor, y.dtype), x.dtype)
    if ceil_mode or (any(padding) and not count_include_pad):
        for axis, size in enumerate(shape_of(x)[1:-1]):
            edge = padding[axis] if count_include_pad else 0
            start = tf.range(counts[axis]) * stride[axis] - padding[axis]
            end = tf.minimum(start + kernel[axis], size + edge)
            inside = cast(end - tf.maximum(start, -edge), y.dtype)
            ratio = cast(kernel[axis], y.dtype) / inside
            y = y * tf.reshape(ratio, [-1, *[1] * (len(kernel) - axis)])
    return cast(y, x.dtype)
