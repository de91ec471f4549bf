"""Convolutions, channels last, with the kernel as (*spatial, in / groups, out)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from converters.layout import channels_last, conv_kernel_axes
from converters.torch_to_tf.convolve import Pads, convolve, each, symmetric, transposed_convolve
from converters.torch_to_tf.lowerings import lower


def _conv(spatial: int) -> Callable[..., Callable[..., object]]:
    layout = channels_last({"weight": conv_kernel_axes}, plain=("bias",), spatial=spatial)
    return lambda *ops: lower(*ops, layout=layout)  # type: ignore[return-value]


@_conv(1)("aten.conv1d.default")
def conv1d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
) -> tf.Tensor:
    """1-D cross-correlation.

    Shapes: input (N, L, C), weight (K, C / groups, O), bias (O) -> (N, L', O). Dtypes: floating.
    """
    return _biased(convolve(input, weight, stride, symmetric(padding), dilation, groups), bias)


@_conv(1)("aten.conv1d.padding")
def conv1d_padding(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1,),
    padding: str = "valid",
    dilation: Sequence[int] = (1,),
    groups: int = 1,
) -> tf.Tensor:
    """:func:`conv1d` with padding ``valid`` or ``same``.

    Shapes: input (N, L, C), weight (K, C / groups, O), bias (O) -> (N, L', O). Dtypes: floating.
    """
    pads = _named_padding(padding, weight, dilation)
    return _biased(convolve(input, weight, stride, pads, dilation, groups), bias)


@_conv(2)("aten.conv2d.default")
def conv2d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> tf.Tensor:
    """2-D cross-correlation.

    Shapes: input (N, H, W, C), weight (Kh, Kw, C / groups, O), bias (O) -> (N, H', W', O). Dtypes:
    floating.
    """
    return _biased(convolve(input, weight, stride, symmetric(padding), dilation, groups), bias)


@_conv(2)("aten.conv2d.padding")
def conv2d_padding(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: str = "valid",
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
) -> tf.Tensor:
    """:func:`conv2d` with padding ``valid`` or ``same``.

    Shapes: input (N, H, W, C), weight (Kh, Kw, C / groups, O), bias (O) -> (N, H', W', O). Dtypes:
    floating.
    """
    pads = _named_padding(padding, weight, dilation)
    return _biased(convolve(input, weight, stride, pads, dilation, groups), bias)


@_conv(3)("aten.conv3d.default")
def conv3d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1, 1),
    padding: Sequence[int] = (0, 0, 0),
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
) -> tf.Tensor:
    """3-D cross-correlation.

    Shapes: input (N, D, H, W, C), weight (Kd, Kh, Kw, C / groups, O), bias (O) -> (N, D', H', W',
    O).
    Dtypes: floating.
    """
    return _biased(convolve(input, weight, stride, symmetric(padding), dilation, groups), bias)


@_conv(3)("aten.conv3d.padding")
def conv3d_padding(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1, 1),
    padding: str = "valid",
    dilation: Sequence[int] = (1, 1, 1),
    groups: int = 1,
) -> tf.Tensor:
    """:func:`conv3d` with padding ``valid`` or ``same``.

    Shapes: input (N, D, H, W, C), weight (Kd, Kh, Kw, C / groups, O), bias (O) -> (N, D', H', W',
    O).
    Dtypes: floating.
    """
    pads = _named_padding(padding, weight, dilation)
    return _biased(convolve(input, weight, stride, pads, dilation, groups), bias)


@lower(
    "aten.convolution.default",
    layout=channels_last({"weight": conv_kernel_axes}, plain=("bias",)),
)
def convolution(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> tf.Tensor:
    """Any of the convolutions, by rank.

    Shapes: input (N, *spatial, C), weight (*kernel, C / groups, O), or (*kernel, O / groups, C)
    transposed, bias (O) -> (N, *spatial', O). Dtypes: floating.
    """
    spatial = input.shape.rank - 2
    stride, padding, dilation, output_padding = (
        each(entry, spatial) for entry in (stride, padding, dilation, output_padding)
    )
    if transposed:
        result = transposed_convolve(
            input, weight, stride, padding, output_padding, groups, dilation
        )
    else:
        result = convolve(input, weight, stride, symmetric(padding), dilation, groups)
    return _biased(result, bias)


@_conv(1)("aten.conv_transpose1d.default")
def conv_transpose1d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] = (0,),
    output_padding: Sequence[int] = (0,),
    groups: int = 1,
    dilation: Sequence[int] = (1,),
) -> tf.Tensor:
    """The transpose of :func:`conv1d`: its gradient with respect to the input.

    Shapes: input (N, L, C), weight (K, O / groups, C), bias (O) -> (N, L', O). Dtypes: floating.
    """
    return _biased(
        transposed_convolve(input, weight, stride, padding, output_padding, groups, dilation), bias
    )


@_conv(2)("aten.conv_transpose2d.input")
def conv_transpose2d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0),
    output_padding: Sequence[int] = (0, 0),
    groups: int = 1,
    dilation: Sequence[int] = (1, 1),
) -> tf.Tensor:
    """The transpose of :func:`conv2d`: its gradient with respect to the input.

    Shapes: input (N, H, W, C), weight (Kh, Kw, O / groups, C), bias (O) -> (N, H', W', O). Dtypes:
    floating.
    """
    return _biased(
        transposed_convolve(input, weight, stride, padding, output_padding, groups, dilation), bias
    )


@_conv(3)("aten.conv_transpose3d.input")
def conv_transpose3d(
    input: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | None = None,
    stride: Sequence[int] = (1, 1, 1),
    padding: Sequence[int] = (0, 0, 0),
    output_padding: Sequence[int] = (0, 0, 0),
    groups: int = 1,
    dilation: Sequence[int] = (1, 1, 1),
) -> tf.Tensor:
    """The transpose of :func:`conv3d`: its gradient with respect to the input.

    Shapes: input (N, D, H, W, C), weight (Kd, Kh, Kw, O / groups, C), bias (O) -> (N, D', H', W',
    O).
    Dtypes: floating.
    """
    return _biased(
        transposed_convolve(input, weight, stride, padding, output_padding, groups, dilation), bias
    )


def _named_padding(padding: str, weight: tf.Tensor, dilation: Sequence[int]) -> Pads:
    """``same`` pads the smaller half in front."""
    kernel = weight.shape[:-2]
    if padding == "valid":
        return [(0, 0) for _ in kernel]
    rates = each(dilation, len(kernel))
    totals = [rate * (size - 1) for size, rate in zip(kernel, rates, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _biased(x: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
    return x if bias is None else tf.nn.bias_add(x, bias)
