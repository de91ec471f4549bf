"""Convolutions and their transposes over one to three axes, channels last, as PyTorch has them.

What TensorFlow's kernels lack (groups and dilation in three dimensions and in every gradient,
padding in three dimensions) is composed of what they have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.few_channels import takes_steps_first
from converters.torch_to_tf.promotion import cast, shape_of

Pads = list[tuple[int, int]]
Gradient = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def each(entry: Sequence[int], spatial: int) -> tuple[int, ...]:
    """One entry for each spatial axis; a single entry counts for all."""
    return tuple(entry) * (spatial if len(entry) == 1 else 1)


def symmetric(padding: Sequence[int]) -> Pads:
    """The same padding on both sides of each axis."""
    return [(pad, pad) for pad in padding]


def convolve(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """Cross-correlation over one, two or three spatial axes.

    Shapes: x (N, *spatial, C), weight (*kernel, C / groups, O) -> (N, *spatial', O).

    Raises:
        UnsupportedVariantError: x is of integers.
    """
    if x.dtype.is_complex:
        return _by_parts(lambda a, w: convolve(a, w, stride, pads, dilation, groups), x, weight)
    _require_floating(x)
    spatial = x.shape.rank - 2
    stride, dilation = each(stride, spatial), each(dilation, spatial)
    pads = pads * spatial if len(pads) == 1 else pads
    if spatial == 1:
        # With one row, a stride over rows changes nothing; equal strides suit the depthwise kernel.
        y = _convolve2d(
            x[:, None], weight[None], (stride[0],) * 2, [(0, 0), *pads], (1, *dilation), groups
        )
        return y[:, 0]
    if spatial == 2:
        return _convolve2d(x, weight, stride, pads, dilation, groups)
    return _convolve3d(x, weight, stride, pads, dilation, groups)


def _by_parts(
    product: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], x: tf.Tensor, weight: tf.Tensor
) -> tf.Tensor:
    """A product of complex tensors as four of real ones."""
    a, b, c, d = (part(t) for t in (x, weight) for part in (tf.math.real, tf.math.imag))
    return tf.complex(product(a, c) - product(b, d), product(a, d) + product(b, c))


def _require_floating(x: tf.Tensor) -> None:
    if not x.dtype.is_floating:
        raise UnsupportedVariantError(
            f"a convolution of {x.dtype.name} is not supported: TensorFlow has no kernel for it. "
            "Cast the input and the weight to a floating-point type."
        )


def _convolve2d(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    depthwise = groups == x.shape[-1] and groups > 1 and weight.shape[-2] == 1
    if depthwise and stride[0] == stride[1] and max(dilation) == 1:
        return _depthwise(x, weight, stride, pads)
    if groups == 1 and max(dilation) == 1:
        if takes_steps_first(weight.shape[:2].as_list(), stride, x.shape[-1]):
            x = tf.pad(x, [(0, 0), *pads, (0, 0)]) if any(map(any, pads)) else x
            x, stride, pads = x[:, :: stride[0], :: stride[1]], (1, 1), []
        return tf.nn.conv2d(x, weight, list(stride), _explicit(pads))
    return _grouped(x, weight, stride, pads, dilation, groups)


def _explicit(pads: Pads) -> str | Pads:
    return [(0, 0), *pads, (0, 0)] if any(map(any, pads)) else "VALID"


def _named(
    pads: Pads,
    sizes: Sequence[int | tf.Tensor],
    kernel: Sequence[int],
    stride: Sequence[int],
) -> str | None:
    """``VALID`` or ``SAME`` where TensorFlow pads by these names as asked for; else None."""
    if not any(map(any, pads)):
        return "VALID"
    for (low, high), size, length, step in zip(pads, sizes, kernel, stride, strict=False):
        if step == 1:
            total = length - 1
        elif isinstance(size, int):
            total = max((-(-size // step) - 1) * step + length - size, 0)
        else:
            return None
        if (low, high) != (total // 2, total - total // 2):
            return None
    return "SAME"


def _depthwise(x: tf.Tensor, weight: tf.Tensor, stride: Sequence[int], pads: Pads) -> tf.Tensor:
    """Each channel by itself; 16-bit types through float32, for the CPU kernel sums in 16 bits.

    Explicit padding is avoided: merging such a convolution with a bias loses the padding and aborts
    the process (seen in TensorFlow 2.21).
    """
    padding = _named(pads, shape_of(x)[1:-1], weight.shape, stride)
    if padding is None:
        x, padding = tf.pad(x, [(0, 0), *pads, (0, 0)]), "VALID"
    rows, columns, _, out = shape_of(weight)
    channels = x.shape[-1]
    weight = tf.reshape(weight, [rows, columns, channels, out // channels])
    wide = tf.float32 if x.dtype.size == 2 else x.dtype
    y = tf.nn.depthwise_conv2d(cast(x, wide), cast(weight, wide), [1, *stride, 1], padding)
    return cast(y, x.dtype)


def _grouped(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """A convolution with groups or dilation.

    TensorFlow's CPU kernels compute it, but not its gradients (seen in 2.21), which are written
    here as convolutions.
    """

    @tf.custom_gradient
    def forward(x: tf.Tensor, weight: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
        y = tf.nn.conv2d(x, weight, list(stride), _explicit(pads), dilations=list(dilation))

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return (
                _input_gradient(dy, x, weight, stride, pads, dilation, groups),
                _weight_gradient(dy, x, weight, stride, pads, dilation, groups),
            )

        return y, gradient

    return forward(x, weight)


def _input_gradient(
    dy: tf.Tensor,
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    sizes = shape_of(x)[1:-1]
    return _scatter(
        dy, _mirrored(weight, groups), stride, [low for low, _ in pads], sizes, dilation, groups
    )


def _mirrored(weight: tf.Tensor, groups: int) -> tf.Tensor:
    """(*kernel, in / groups, out) to (*kernel, out / groups, in), the kernel's axes reversed."""
    kernel, (inner, out) = shape_of(weight)[:-2], shape_of(weight)[-2:]
    spatial = len(kernel)
    parts = tf.reshape(weight, [*kernel, inner, groups, out // groups])
    axes = [*range(spatial), spatial + 2, spatial + 1, spatial]
    swapped = tf.reshape(tf.transpose(parts, axes), [*kernel, out // groups, groups * inner])
    return tf.reverse(swapped, list(range(spatial)))


def _scatter(
    y: tf.Tensor,
    mirrored: tf.Tensor,
    stride: Sequence[int],
    low: Sequence[int],
    sizes: Sequence[int | tf.Tensor],
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """The transpose of a convolution as a convolution.

    Zeros between the elements of ``y`` and around it.
    """
    spatial = len(sizes)
    stuffed = _stuffed(y, stride)
    starts, ends = [], []
    for axis in range(spatial):
        reach = dilation[axis] * (mirrored.shape[axis] - 1)
        start = reach - low[axis]
        starts.append(start)
        ends.append(sizes[axis] + reach - shape_of(stuffed)[axis + 1] - start)
    stuffed = _padded(stuffed, starts, ends)
    return convolve(stuffed, mirrored, (1,) * spatial, [(0, 0)] * spatial, dilation, groups)


def _stuffed(y: tf.Tensor, stride: Sequence[int]) -> tf.Tensor:
    """``stride - 1`` zeros behind each element of each spatial axis."""
    for axis, step in enumerate(stride, 1):
        if step == 1:
            continue
        *front, size = shape_of(y)[: axis + 1]
        back = shape_of(y)[axis + 1 :]
        # One axis at a time: tf.pad takes six axes at most.
        rows = tf.pad(tf.reshape(y, [-1, 1, _product(back)]), [(0, 0), (0, step - 1), (0, 0)])
        y = tf.reshape(rows, [*front, size * step, *back])
    return y


def _product(sizes: Sequence[int | tf.Tensor]) -> int | tf.Tensor:
    product: int | tf.Tensor = 1
    for size in sizes:
        product = product * size
    return product


def _padded(
    x: tf.Tensor, starts: Sequence[int | tf.Tensor], ends: Sequence[int | tf.Tensor]
) -> tf.Tensor:
    """Zeros in front and behind each spatial axis; a negative number crops."""
    pads = [[0, 0]]
    begin: list[int | tf.Tensor] = [0]
    size: list[int | tf.Tensor] = [-1]
    for length, start, end in zip(shape_of(x)[1:-1], starts, ends, strict=True):
        pads.append([_at_least(start), _at_least(end)])
        begin.append(_at_least(-start))
        size.append(_at_least(length + start + end))
    x = tf.pad(x, [*pads, [0, 0]])
    return tf.slice(x, [*begin, 0], [*size, -1])


def _at_least(size: int | tf.Tensor) -> int | tf.Tensor:
    return max(size, 0) if isinstance(size, int) else tf.maximum(size, 0)


def _weight_gradient(
    dy: tf.Tensor,
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """The images are the channels here, and the channels the images.

    Stride and dilation change places.
    """
    batch, height, width, channels = shape_of(_padded(x, *zip(*pads, strict=True)))
    x = tf.reshape(
        _padded(x, *zip(*pads, strict=True)), [batch, height, width, groups, channels // groups]
    )
    images = tf.transpose(x, [4, 1, 2, 3, 0])
    images = tf.reshape(images, [channels // groups, height, width, groups * batch])
    kernel = tf.transpose(dy, [1, 2, 0, 3])
    result = convolve(images, kernel, dilation, [(0, 0), (0, 0)], stride, groups)
    rows, columns = weight.shape[:2]
    return tf.transpose(result[:, :rows, :columns], [1, 2, 0, 3])


def _convolve3d(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    pads: Pads,
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    x = tf.pad(x, [(0, 0), *pads, (0, 0)]) if any(map(any, pads)) else x
    if groups == 1 and max(dilation) == 1:
        return tf.nn.conv3d(x, weight, [1, *stride, 1], "VALID")
    return _by_depth(x, weight, stride, dilation, groups)


def _by_depth(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """The sum over the kernel's depth of 2-D convolutions.

    The 3-D kernel has no groups and no dilation.
    """
    wide = tf.float32 if x.dtype.size == 2 else x.dtype
    batch, depth, *plane = shape_of(x)
    taps = weight.shape[0]
    count = (depth - dilation[0] * (taps - 1) - 1) // stride[0] + 1
    total = None
    for tap in range(taps):
        start = tap * dilation[0]
        slices = x[:, start : start + (count - 1) * stride[0] + 1 : stride[0]]
        slices = cast(tf.reshape(slices, [batch * count, *plane]), wide)
        kernel = cast(weight[tap], wide)
        part = _convolve2d(slices, kernel, stride[1:], [(0, 0), (0, 0)], dilation[1:], groups)
        total = part if total is None else total + part
    assert total is not None
    return cast(tf.reshape(total, [batch, count, *shape_of(total)[1:]]), x.dtype)


def transposed_convolve(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    padding: Sequence[int],
    output_padding: Sequence[int],
    groups: int,
    dilation: Sequence[int],
) -> tf.Tensor:
    """The transpose of :func:`convolve` over one, two or three spatial axes.

    Shapes: x (N, *spatial, C), weight (*kernel, O / groups, C) -> (N, *spatial', O).

    Raises:
        UnsupportedVariantError: x is of integers.
    """
    if x.dtype.is_complex:
        rest = (stride, padding, output_padding, groups, dilation)
        return _by_parts(lambda a, w: transposed_convolve(a, w, *rest), x, weight)
    _require_floating(x)
    spatial = x.shape.rank - 2
    stride, padding, output_padding, dilation = (
        each(entry, spatial) for entry in (stride, padding, output_padding, dilation)
    )
    if spatial == 1:
        y = transposed_convolve(
            x[:, None],
            weight[None],
            (1, *stride),
            (0, *padding),
            (0, *output_padding),
            groups,
            (1, *dilation),
        )
        return y[:, 0]
    batch, *lengths, _ = shape_of(x)
    sizes = [
        (length - 1) * stride[axis]
        - 2 * padding[axis]
        + dilation[axis] * (weight.shape[axis] - 1)
        + output_padding[axis]
        + 1
        for axis, length in enumerate(lengths)
    ]
    within = all(extra < step for extra, step in zip(output_padding, stride, strict=True))
    covered = all(pad < size for pad, size in zip(padding, weight.shape, strict=False))
    if groups == 1 and max(dilation) == 1 and within and covered:
        if spatial == 2:
            shape = tf.stack([batch, *sizes, weight.shape[-2]])
            return tf.nn.conv2d_transpose(
                x, weight, shape, list(stride), _explicit(symmetric(padding))
            )
        return _transposed3d(x, weight, stride, padding, sizes)
    # Per group, weight is (*kernel, O / groups, C / groups): what `convolve` would map O to C with.
    return _scatter(x, _mirrored(weight, groups), stride, padding, sizes, dilation, groups)


def _transposed3d(
    x: tf.Tensor,
    weight: tf.Tensor,
    stride: Sequence[int],
    padding: Sequence[int],
    sizes: Sequence[int | tf.Tensor],
) -> tf.Tensor:
    """The 3-D kernel knows no explicit padding: crop instead."""
    batch = shape_of(x)[0]
    full = [size + 2 * pad for size, pad in zip(sizes, padding, strict=True)]
    shape = tf.stack([batch, *full, weight.shape[-2]])
    y = tf.nn.conv3d_transpose(x, weight, shape, [1, *stride, 1], "VALID")
    return (
        tf.slice(y, [0, *padding, 0], tf.stack([batch, *sizes, weight.shape[-2]]))
        if any(padding)
        else y
    )
