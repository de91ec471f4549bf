"""Convolutions and their transposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch.nn.functional as F

from converters.errors import UnsupportedVariantError
from converters.few_channels import takes_steps_first
from converters.layout import Axes, channels_first
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower
from converters.tf_to_torch.lowerings.windows import (
    Pads,
    is_symmetric,
    largest,
    padded,
    pads,
    reached,
    require_channels_last,
    require_whole_batches,
    spatial,
)


def _kernel(rank: int) -> Axes:
    """(*spatial, in, out) to (out, in, *spatial)."""
    return (rank - 1, rank - 2, *range(rank - 2))


def _depthwise_kernel(rank: int) -> Axes:
    """(*spatial, channels, multiplier) to (channels, multiplier, *spatial)."""
    return (rank - 2, rank - 1, *range(rank - 2))


_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Callable[..., Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def _convolved(
    x: Tensor,
    weight: Tensor,
    strides: Sequence[int],
    padding: str,
    explicit: Sequence[int],
    dilations: Sequence[int],
    data_format: str,
    groups: int,
) -> Tensor:
    require_channels_last(data_format)
    require_whole_batches(strides, "a convolution")
    require_whole_batches(dilations, "a convolution")
    steps, spread = spatial(strides), spatial(dilations)
    windows = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], spread, strict=True)]
    found = pads(x, padding, explicit, windows, steps)
    convolve = _CONVOLUTIONS[len(steps)]
    if groups == 1 and takes_steps_first(weight.shape[2:], steps, x.shape[1]):
        return convolve(reached(padded(x, found), steps), weight)
    if is_symmetric(found):
        amount: Any = [before for before, _ in found]
        return convolve(x, weight, None, steps, amount, spread, groups)
    return convolve(padded(x, found), weight, None, steps, 0, spread, groups)


@lower("tf.Conv2D", layout=channels_first({"filter": _kernel}))
def conv2d(
    input: Tensor,
    filter: Tensor,
    strides: Sequence[int],
    use_cudnn_on_gpu: bool,
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Tensor:
    """Convolution of images; fewer input channels in the kernel than in the image are groups.

    Shapes: input (N, C, H, W), filter (O, C / groups, h, w) -> (N, O, H', W').
    """
    groups = input.shape[1] // filter.shape[1]
    return _convolved(
        input, filter, strides, padding, explicit_paddings, dilations, data_format, groups
    )


@lower("tf.Conv3D", layout=channels_first({"filter": _kernel}))
def conv3d(
    input: Tensor,
    filter: Tensor,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NDHWC",
    dilations: Sequence[int] = (1, 1, 1, 1, 1),
) -> Tensor:
    """Convolution of volumes.

    Shapes: input (N, C, D, H, W), filter (O, C / groups, d, h, w) -> (N, O, D', H', W').
    """
    groups = input.shape[1] // filter.shape[1]
    return _convolved(input, filter, strides, padding, (), dilations, data_format, groups)


@lower("tf.DepthwiseConv2dNative", layout=channels_first({"filter": _depthwise_kernel}))
def depthwise_conv2d_native(
    input: Tensor,
    filter: Tensor,
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Tensor:
    """Each channel convolved alone, with ``multiplier`` kernels.

    Shapes: input (N, C, H, W), filter (C, M, h, w) -> (N, C * M, H', W').
    """
    weight = filter if filter.shape[1] == 1 else filter.flatten(0, 1).unsqueeze(1)
    return _convolved(
        input,
        weight,
        strides,
        padding,
        explicit_paddings,
        dilations,
        data_format,
        filter.shape[0],
    )


def _back(
    upstream: Tensor,
    weight: Tensor,
    sizes: Sizes,
    strides: Sequence[int],
    padding: str,
    explicit: Sequence[int],
    dilations: Sequence[int],
    data_format: str,
) -> Tensor:
    """The transpose of a convolution, of the size that is asked for."""
    require_channels_last(data_format)
    steps, spread, asked = spatial(strides), spatial(dilations), list(sizes)
    wanted = asked if len(asked) == len(steps) else asked[1:-1]
    windows = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], spread, strict=True)]
    found: Pads = []
    for place, (size, window, step) in enumerate(zip(wanted, windows, steps, strict=True)):
        if padding == "EXPLICIT":
            found.append((explicit[2 * place + 2], explicit[2 * place + 3]))
            continue
        if padding == "VALID":
            found.append((0, 0))
            continue
        total = largest((upstream.shape[2 + place] - 1) * step + window - size, 0)
        found.append((total // 2, total - total // 2))
    groups = upstream.shape[1] // weight.shape[0]
    if groups != 1:
        raise UnsupportedVariantError(
            "a transposed convolution with groups is not supported. Convolve each group apart."
        )
    result = _TRANSPOSED[len(steps)](upstream, weight, None, steps, 0, 0, 1, spread)
    for place, (size, (before, _)) in enumerate(zip(wanted, found, strict=True)):
        have = result.shape[2 + place]
        missing = before + size - have
        if not isinstance(missing, int) or missing > 0:
            pad = [0, 0] * (len(steps) - 1 - place) + [0, largest(missing, 0)]
            result = F.pad(result, pad)
        result = result.narrow(2 + place, before, size)
    return result


@lower(
    "tf.Conv2DBackpropInput",
    layout=channels_first({"filter": _kernel}, plain=("input_sizes",)),
)
def conv2d_backprop_input(
    input_sizes: Sizes,
    filter: Tensor,
    out_backprop: Tensor,
    strides: Sequence[int],
    use_cudnn_on_gpu: bool,
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Tensor:
    """The transpose of :func:`conv2d`.

    Shapes: out_backprop (N, O, H', W'), filter (O, C, h, w) -> (N, C, H, W).
    """
    return _back(
        out_backprop,
        filter,
        input_sizes,
        strides,
        padding,
        explicit_paddings,
        dilations,
        data_format,
    )


@lower(
    "tf.Conv3DBackpropInputV2",
    layout=channels_first({"filter": _kernel}, plain=("input_sizes",)),
)
def conv3d_backprop_input_v2(
    input_sizes: Sizes,
    filter: Tensor,
    out_backprop: Tensor,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NDHWC",
    dilations: Sequence[int] = (1, 1, 1, 1, 1),
) -> Tensor:
    """The transpose of :func:`conv3d`.

    Shapes: out_backprop (N, O, D', H', W'), filter (O, C, d, h, w) -> (N, C, D, H, W).
    """
    return _back(out_backprop, filter, input_sizes, strides, padding, (), dilations, data_format)
