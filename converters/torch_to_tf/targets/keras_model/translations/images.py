"""Convolutions and pools that no layer took whole."""

from __future__ import annotations

from typing import Any

import sympy
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.sizes import Dims, Size, normal, quotient
from converters.torch_to_tf.targets.keras_model.translate import Call, translates
from converters.torch_to_tf.targets.keras_model.translations.shapes import sizes_of
from converters.torch_to_tf.targets.keras_model.values import Constant, Value


def _spatial(call: Call, name: str) -> tuple[int, ...]:
    """An attribute's entries for the spatial axes, channels last."""
    if str(call.attribute("data_format")) not in ("NHWC", "NDHWC"):
        raise UnsupportedVariantError("channels first")
    return tuple(int(entry) for entry in call.attribute(name)[1:-1])


def _padded(call: Call, x: Value) -> tuple[Value, str]:
    """The operand with explicit padding around it, and Keras' word for what is left."""
    padding = str(call.attribute("padding")).lower()
    if padding != "explicit":
        return x, padding
    flat = call.attribute("explicit_paddings")
    pads = tuple(zip(map(int, flat[::2]), map(int, flat[1::2]), strict=True))
    dims = tuple(normal(size + a + b) for size, (a, b) in zip(x.dims, pads, strict=True))
    return call.builder.call(ops.pad, x, pads, dims=dims), "valid"


def _slid(dims: Dims, windows: Any, strides: Any, dilations: Any, padding: str) -> list[Size]:
    result = []
    for size, window, stride, dilation in zip(dims, windows, strides, dilations, strict=True):
        covered = dilation * (window - 1) if padding == "valid" else 0
        result.append(normal(sympy.floor(sympy.sympify(size - covered - 1) / stride) + 1))
    return result


@translates("Conv2D", "Conv3D", "DepthwiseConv2dNative")
def convolution(call: Call, x: Value, kernel: Value) -> Value:
    """With a kernel that is computed, or shared with something else."""
    builder = call.builder
    x, padding = _padded(call, x)
    strides, dilations = _spatial(call, "strides"), _spatial(call, "dilations")
    windows = kernel.dims[:-2]
    spatial = _slid(x.dims[1:-1], windows, strides, dilations, padding)
    if call.operation.type == "DepthwiseConv2dNative":
        channels = normal(kernel.dims[-1] * kernel.dims[-2])
        return builder.call(
            ops.depthwise_conv,
            builder.symbolic(x),
            builder.symbolic(kernel),
            strides=strides,
            padding=padding,
            data_format="channels_last",
            dilation_rate=dilations,
            dims=(x.dims[0], *spatial, channels),
        )
    groups = quotient(x.dims[-1], kernel.dims[-2])
    tensors, kernels = [builder.symbolic(x)], [builder.symbolic(kernel)]
    if groups != 1:
        tensors = builder.call(ops.split, x, groups, axis=-1, dims=None)
        kernels = builder.call(ops.split, kernel, groups, axis=-1, dims=None)
    parts = [
        builder.call(
            ops.conv,
            tensor,
            own,
            strides=strides,
            padding=padding,
            data_format="channels_last",
            dilation_rate=dilations,
            dims=(x.dims[0], *spatial, own.dims[-1]),
        )
        for tensor, own in zip(tensors, kernels, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    dims = (x.dims[0], *spatial, kernel.dims[-1])
    return builder.call(ops.concatenate, parts, axis=-1, dims=dims)


@translates("Conv2DBackpropInput", "Conv3DBackpropInputV2")
def transposed_convolution(call: Call, sizes: Value, kernel: Value, x: Value) -> Value:
    """The transpose of a convolution, to given sizes."""
    dims, padding = tuple(map(normal, sizes_of(sizes))), str(call.attribute("padding")).lower()
    strides, dilations = _spatial(call, "strides"), _spatial(call, "dilations")
    builder = call.builder
    least = [
        normal((size - 1) * stride + (window - 1) * dilation + 1)
        for size, stride, window, dilation in zip(
            x.dims[1:-1], strides, kernel.dims[:-2], dilations, strict=True
        )
    ]
    extra = [normal(size - own) for size, own in zip(dims[1:-1], least, strict=True)]
    if padding != "valid" or any(entry != 0 for entry in extra):
        raise UnsupportedVariantError("a transposed convolution to sizes of its own")
    return builder.call(
        ops.conv_transpose,
        builder.symbolic(x),
        builder.symbolic(kernel),
        strides=strides,
        padding=padding,
        data_format="channels_last",
        dilation_rate=dilations,
        dims=dims,
    )


@translates("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D")
def pool(call: Call, x: Value) -> Value:
    """The largest, or the mean, of each window."""
    windows, strides = _spatial(call, "ksize"), _spatial(call, "strides")
    padding = str(call.attribute("padding")).lower()
    if padding == "explicit":
        raise UnsupportedVariantError("a pool with padding of its own")
    function = ops.max_pool if call.operation.type.startswith("Max") else ops.average_pool
    spatial = _slid(x.dims[1:-1], windows, strides, (1,) * len(windows), padding)
    return call.builder.call(
        function,
        x,
        pool_size=windows,
        strides=strides,
        padding=padding,
        data_format="channels_last",
        dims=(x.dims[0], *spatial, x.dims[-1]),
    )


@translates("ResizeNearestNeighbor", "ResizeBilinear")
def resize(call: Call, x: Value, size: Value) -> Value:
    """Another height and width."""
    if not isinstance(size, Constant):
        return _multiplied(call, x, sizes_of(size))
    height, width = (int(entry) for entry in size.array)
    kind = call.operation.type
    factors = [_factor(new, own) for new, own in zip((height, width), x.dims[1:3], strict=True)]
    if kind == "ResizeNearestNeighbor" and None not in factors:
        return _repeated(call, x, factors)
    raise UnsupportedVariantError(f"{kind} by a factor that is no whole number")


def _factor(new: Size, own: Size) -> int | None:
    found = quotient(new, own)
    return found if isinstance(found, int) else None


def _multiplied(call: Call, x: Value, sizes: Any) -> Value:
    factors = [_factor(normal(new), own) for new, own in zip(sizes, x.dims[1:3], strict=True)]
    if call.operation.type != "ResizeNearestNeighbor" or None in factors:
        raise UnsupportedVariantError("a resize by a factor that is no whole number")
    return _repeated(call, x, factors)


def _repeated(call: Call, x: Value, factors: list[int | None]) -> Value:
    tensor = call.builder.symbolic(x)
    for axis, factor in enumerate(factors, 1):
        assert factor is not None
        if factor != 1:
            dims = list(tensor.dims)
            dims[axis] = normal(dims[axis] * factor)
            tensor = call.builder.call(ops.repeat, tensor, factor, axis=axis, dims=dims)
    return tensor
