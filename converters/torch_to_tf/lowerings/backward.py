"""Gradients as operators of their own, as graphs hold them that were captured with their backward.

Each differentiates the lowering of the operator that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings import pooling as pools
from converters.torch_to_tf.lowerings.adaptive_pooling import adaptive_avg_pool2d
from converters.torch_to_tf.lowerings.convolution import convolution
from converters.torch_to_tf.promotion import cast, opmath, shape_of

Size: TypeAlias = int | tf.Tensor
Optional: TypeAlias = tf.Tensor | None


def _pulled_back(
    function: Callable[..., tf.Tensor], arguments: Sequence[tf.Tensor], upstream: tf.Tensor
) -> list[tf.Tensor]:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for argument in arguments:
            tape.watch(argument)
        result = function(*arguments)
    zero = tf.UnconnectedGradients.ZERO
    found: list[tf.Tensor] = tape.gradient(result, list(arguments), upstream, zero)
    return found


def _last(x: tf.Tensor) -> tf.Tensor:
    """Axis 1 at the end. Shapes: (N, C, ...) -> (N, ..., C)."""
    return tf.transpose(x, [0, *range(2, x.shape.rank), 1])


def _second(x: tf.Tensor) -> tf.Tensor:
    """The last axis in second place. Shapes: (N, ..., C) -> (N, C, ...)."""
    return tf.transpose(x, [0, x.shape.rank - 1, *range(1, x.shape.rank - 1)])


def _plane(
    function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, upstream: tf.Tensor
) -> tf.Tensor:
    """The gradient of a pool over planes. Shapes: x (N, C, H, W) or (C, H, W) -> as x."""
    if x.shape.rank == 3:
        return _plane(function, x[None], upstream[None])[0]
    (found,) = _pulled_back(lambda a: _second(function(_last(a))), [x], upstream)
    return found


@lower("aten.avg_pool2d_backward.default")
def avg_pool2d_backward(
    grad_output: tf.Tensor,
    x: tf.Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> tf.Tensor:
    """The gradient of ``avg_pool2d`` with respect to its input.

    Shapes: grad_output (N, C, H', W'), x (N, C, H, W), or both without N -> as x.
    """
    rest = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _plane(lambda a: pools.avg_pool2d(a, *rest), x, grad_output)


@lower("aten._adaptive_avg_pool2d_backward.default")
def adaptive_avg_pool2d_backward(grad_output: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The gradient of ``adaptive_avg_pool2d`` with respect to its input.

    Shapes: grad_output (N, C, H', W'), x (N, C, H, W), or both without N -> as x.
    """
    size = shape_of(grad_output)[-2:]
    return _plane(lambda a: adaptive_avg_pool2d(a, size), x, grad_output)


@lower("aten.convolution_backward.default")
def convolution_backward(
    grad_output: tf.Tensor,
    input: tf.Tensor,
    weight: tf.Tensor,
    bias_sizes: Sequence[Size] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    output_mask: Sequence[bool],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The gradients of ``convolution`` with respect to its input, weight and bias.

    Those that ``output_mask`` doesn't ask for are empty.

    Shapes: grad_output (N, O, *spatial'), input (N, C, *spatial), weight (O, C / groups, *kernel),
    or (C, O / groups, *kernel) transposed -> as input, as weight, (O).
    """
    rest = (stride, padding, dilation, transposed, output_padding, groups)
    kernel = [*range(2, weight.shape.rank), 1, 0]

    def forward(a: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
        return _second(convolution(_last(a), tf.transpose(w, kernel), None, *rest))

    of_input, of_weight = _pulled_back(forward, [input, weight], grad_output)
    others = [axis for axis in range(grad_output.shape.rank) if axis != 1]
    of_bias = cast(tf.reduce_sum(cast(grad_output, opmath(grad_output.dtype)), others), input.dtype)
    return _masked([of_input, of_weight, of_bias], output_mask)


def _masked(
    found: Sequence[tf.Tensor], mask: Sequence[bool]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    first, second, third = (
        gradient if wanted else tf.zeros([0], gradient.dtype)
        for gradient, wanted in zip(found, mask, strict=True)
    )
    return first, second, third


@lower("aten.embedding_dense_backward.default")
def embedding_dense_backward(
    grad_output: tf.Tensor,
    indices: tf.Tensor,
    num_weights: Size,
    padding_idx: int,
    scale_grad_by_freq: bool,
) -> tf.Tensor:
    """The gradient of ``embedding`` with respect to its table; the padding's row gets none.

    Shapes: grad_output (*indices, D) -> (num_weights, D).
    """
    flat = tf.reshape(indices, [-1])
    rows = cast(tf.reshape(grad_output, [-1, shape_of(grad_output)[-1]]), opmath(grad_output.dtype))
    # Negative places are dropped.
    flat = tf.where(flat == padding_idx, cast(-1, flat.dtype), flat)
    if scale_grad_by_freq:
        counts = tf.math.unsorted_segment_sum(tf.ones_like(flat), flat, num_weights)
        rows /= cast(tf.gather(counts, tf.maximum(flat, 0)), rows.dtype)[:, None]
    return cast(tf.math.unsorted_segment_sum(rows, flat, num_weights), grad_output.dtype)


def _standardised_backward(
    upstream: tf.Tensor, standard: tf.Tensor, rstd: tf.Tensor, axes: Sequence[int]
) -> tf.Tensor:
    """The gradient of ``(x - mean) * rstd``, whose result is ``standard``."""
    mean = tf.reduce_mean(upstream, axes, keepdims=True)
    along = tf.reduce_mean(upstream * standard, axes, keepdims=True)
    return (upstream - mean - standard * along) * rstd


@lower("aten.native_layer_norm_backward.default")
def native_layer_norm_backward(
    grad_out: tf.Tensor,
    input: tf.Tensor,
    normalized_shape: Sequence[Size],
    mean: tf.Tensor,
    rstd: tf.Tensor,
    weight: Optional,
    bias: Optional,
    output_mask: Sequence[bool],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The gradients of ``native_layer_norm`` with respect to its input, weight and bias.

    Shapes: grad_out and input (..., *normalized_shape), mean and rstd (..., 1, ...), weight and
    bias (*normalized_shape) -> as input, as weight, as bias.
    """
    rank, inner = input.shape.rank, len(normalized_shape)
    wide = opmath(input.dtype)
    x, upstream, mean, rstd = (cast(each, wide) for each in (input, grad_out, mean, rstd))
    standard = (x - mean) * rstd
    scaled = upstream if weight is None else upstream * cast(weight, wide)
    outer = list(range(rank - inner))
    found = [
        _standardised_backward(scaled, standard, rstd, list(range(rank - inner, rank))),
        tf.reduce_sum(upstream * standard, outer),
        tf.reduce_sum(upstream, outer),
    ]
    return _masked([cast(each, input.dtype) for each in found], output_mask)


@lower("aten.native_group_norm_backward.default")
def native_group_norm_backward(
    grad_out: tf.Tensor,
    input: tf.Tensor,
    mean: tf.Tensor,
    rstd: tf.Tensor,
    weight: Optional,
    N: Size,
    C: Size,
    HxW: Size,
    group: int,
    output_mask: Sequence[bool],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The gradients of ``native_group_norm`` with respect to its input, weight and bias.

    Shapes: grad_out and input (N, C, ...), mean and rstd (N, group), weight (C) -> as input, (C),
    (C).
    """
    wide, shape = opmath(input.dtype), [N, group, C // group, HxW]
    x, upstream = (tf.reshape(cast(each, wide), shape) for each in (input, grad_out))
    mean, rstd = (cast(each, wide)[:, :, None, None] for each in (mean, rstd))
    standard = (x - mean) * rstd
    scaled = upstream
    if weight is not None:
        scaled = upstream * tf.reshape(cast(weight, wide), [1, group, C // group, 1])
    found = [
        tf.reshape(_standardised_backward(scaled, standard, rstd, [2, 3]), shape_of(input)),
        tf.reshape(tf.reduce_sum(upstream * standard, [0, 3]), [C]),
        tf.reshape(tf.reduce_sum(upstream, [0, 3]), [C]),
    ]
    return _masked([cast(each, input.dtype) for each in found], output_mask)
