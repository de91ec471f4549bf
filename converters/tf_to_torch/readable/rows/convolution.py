"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers
from torch import nn

from converters.few_channels import takes_steps_first
from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.lowerings.windows import padded, pads, reached
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.table import Forward, Moved, Part, Written, only, part, row

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def kernel_axes(rank: int) -> tuple[int, ...]:
    """(*spatial, in, out) to (out, in, *spatial)."""
    return (rank - 1, rank - 2, *range(rank - 2))


def padding_of(layer: Any, sizes: Sequence[int | None]) -> tuple[tuple[int, ...] | None, Forward]:
    """What padding the module has itself, and what is added in front of it.

    Returns:
        The module's own padding, None if it is not the same on both sides of each axis or not
        known; and what pads an image for a module that doesn't.
    """
    windows = [
        (size - 1) * spread + 1
        for size, spread in zip(layer.kernel_size, layer.dilation_rate, strict=True)
    ]
    if layer.padding == "valid":
        return (0,) * len(windows), lambda x: x
    if layer.padding == "causal":
        return None, lambda x: padded(x, [(windows[0] - 1, 0)])
    steps = layer.strides
    totals = [
        same_padding(size, window, step)
        for size, window, step in zip(sizes, windows, steps, strict=True)
    ]
    if all(total is not None and total % 2 == 0 for total in totals):
        return tuple((total or 0) // 2 for total in totals), lambda x: x
    return None, lambda x: padded(x, pads(x, "SAME", (), windows, steps))


def same_padding(size: int | None, window: int, step: int) -> int | None:
    """How much ``SAME`` adds to an axis; None if that isn't known yet."""
    if 1 in (step, window):
        return window - 1
    return None if size is None else max((-(-size // step) - 1) * step + window - size, 0)


def convolved(
    layer: Any, call: LayerCall, weights: Sequence[Moved], groups: int, outputs: int
) -> Written | None:
    """A layer that is one convolution."""
    x = only(call)
    if x is None or x.rank != layer.rank + 2 or layer.data_format != "channels_last":
        return None
    own, pad = padding_of(layer, x.shape[1:-1])
    steps, prepare, channels = layer.strides, pad, x.shape[-1]
    whole = groups == 1 and channels is not None
    if whole and takes_steps_first(layer.kernel_size, steps, channels or 0):
        steps, prepare = (1,) * len(steps), lambda x: reached(pad(x), layer.strides)
    if layer.bias is not None:
        weights = [*weights, Moved(layer.bias, "bias")]
    module: Part = part(
        CONVOLUTIONS[layer.rank],
        channels,
        outputs,
        layer.kernel_size,
        stride=steps,
        padding=own or 0,
        dilation=layer.dilation_rate,
        groups=groups,
        bias=layer.bias is not None,
    )

    def forward(conv: Forward, x: Tensor) -> Tensor:
        return conv(prepare(x))

    return Written(module, forward, (x.name,), tuple(weights), layout=channels_first(), before=True)


@row(layers.Conv1D, layers.Conv2D, layers.Conv3D)
def convolution(layer: Any, call: LayerCall) -> Written | None:
    """A kernel (*spatial, in / groups, out) is a weight (out, in / groups, *spatial)."""
    weights = [Moved(layer.kernel, "weight", kernel_axes(layer.rank + 2))]
    return convolved(layer, call, weights, layer.groups, layer.filters)


@row(layers.DepthwiseConv1D, layers.DepthwiseConv2D)
def depthwise(layer: Any, call: LayerCall) -> Written | None:
    """A kernel (*spatial, C, M) is a weight (C * M, 1, *spatial)."""
    rank = layer.rank + 2
    *spatial, channels, multiplier = layer.kernel.shape
    weights = [
        Moved(
            layer.kernel,
            "weight",
            (rank - 2, rank - 1, *range(rank - 2)),
            shape=(channels * multiplier, 1, *spatial),
        )
    ]
    return convolved(layer, call, weights, channels, channels * multiplier)


@row(layers.SeparableConv1D, layers.SeparableConv2D)
def separable(layer: Any, call: LayerCall) -> Written | None:
    """Each channel alone, and then all of them at each place."""
    x = only(call)
    if x is None or x.rank != layer.rank + 2 or layer.data_format != "channels_last":
        return None
    rank = x.rank
    *spatial, channels, multiplier = layer.depthwise_kernel.shape
    own, pad = padding_of(layer, x.shape[1:-1])
    kind = CONVOLUTIONS[layer.rank]
    alone = part(
        kind,
        channels,
        channels * multiplier,
        layer.kernel_size,
        stride=layer.strides,
        padding=own or 0,
        dilation=layer.dilation_rate,
        groups=channels,
        bias=False,
    )
    together = part(kind, channels * multiplier, layer.filters, 1, bias=layer.bias is not None)
    axes = (rank - 2, rank - 1, *range(rank - 2))
    shape = (channels * multiplier, 1, *spatial)
    weights = [
        Moved(layer.depthwise_kernel, "0.weight", axes, shape=shape),
        Moved(layer.pointwise_kernel, "1.weight", kernel_axes(rank)),
    ]
    if layer.bias is not None:
        weights.append(Moved(layer.bias, "1.bias"))

    def forward(conv: Forward, x: Tensor) -> Tensor:
        return conv(x if own is not None else pad(x))

    return Written(
        part(nn.Sequential, alone, together),
        forward,
        (x.name,),
        tuple(weights),
        layout=channels_first(),
        before=True,
    )


_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@row(layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
def transposed(layer: Any, call: LayerCall) -> Written | None:
    """A kernel (*spatial, out, in) is a weight (in, out, *spatial).

    ``SAME`` crops what stands over, more behind than before; a window smaller than the stride
    leaves zeros behind.
    """
    x = only(call)
    plain = layer.output_padding is None and set(layer.dilation_rate) == {1}
    if x is None or not plain or layer.data_format != "channels_last":
        return None
    gaps = list(zip(layer.kernel_size, layer.strides, strict=True))
    over = [max(window - step, 0) if layer.padding == "same" else 0 for window, step in gaps]
    module = part(
        _TRANSPOSED[layer.rank],
        x.shape[-1],
        layer.filters,
        layer.kernel_size,
        stride=layer.strides,
        padding=tuple(total // 2 for total in over),
        output_padding=tuple(max(step - window, 0) for window, step in gaps),
        bias=layer.bias is not None,
    )
    weights = [Moved(layer.kernel, "weight", kernel_axes(layer.rank + 2))]
    if layer.bias is not None:
        weights.append(Moved(layer.bias, "bias"))

    def forward(conv: Forward, x: Tensor) -> Tensor:
        result: Tensor = conv(x)
        for axis, total in enumerate(over):
            if total % 2:
                result = result.narrow(2 + axis, 0, result.shape[2 + axis] - 1)
        return result

    return Written(module, forward, (x.name,), tuple(weights), layout=channels_first(), before=True)
