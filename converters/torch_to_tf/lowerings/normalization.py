"""Normalisation layers. 16-bit types are normalised in float32, as PyTorch does.

The statistics that batch and layer normalisation return beside the result pass no gradient, as in
PyTorch, nor do running ones that were updated; those of group normalisation do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from converters.layout import channels_last
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, shape_of

Tensor: TypeAlias = tf.Tensor
Optional: TypeAlias = tf.Tensor | None

_PER_CHANNEL = channels_last(plain=("weight", "bias", "running_mean", "running_var"))
_CUDNN_LEAST_EPS = 1e-5


@lower("aten.batch_norm.default", layout=_PER_CHANNEL)
def batch_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Normalise each channel by the running statistics, or in training by the batch's.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C). Dtypes: floating.
    """
    if training or running_mean is None or running_var is None:
        return _by_batch(input, weight, bias, eps)[0]
    return _by_running(input, weight, bias, running_mean, running_var, eps)


@lower("aten.native_batch_norm.default", layout=_PER_CHANNEL)
def native_batch_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`batch_norm` with the batch's mean and reciprocal deviation; empty outside training.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), (C), (C). Dtypes: floating.
    """
    if training or running_mean is None or running_var is None:
        y, mean, variance = _by_batch(input, weight, bias, eps)
        kept = _kept(input, weight, bias, running_mean, running_var)
        deviation = tf.math.rsqrt(variance + eps)
        return y, *(tf.stop_gradient(cast(part, kept)) for part in (mean, deviation))
    empty = tf.zeros([0], _kept(input, weight, bias, running_mean, running_var))
    return _by_running(input, weight, bias, running_mean, running_var, eps), empty, empty


@lower("aten._native_batch_norm_legit_no_training.default", layout=_PER_CHANNEL)
def native_batch_norm_no_training(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Tensor,
    running_var: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`native_batch_norm` outside training.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), (0), (0). Dtypes: floating.
    """
    return native_batch_norm(input, weight, bias, running_mean, running_var, False, momentum, eps)


@lower("aten._native_batch_norm_legit.no_stats", layout=channels_last(plain=("weight", "bias")))
def native_batch_norm_no_stats(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`native_batch_norm` without running statistics.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), (C), (C). Dtypes: floating.
    """
    return native_batch_norm(input, weight, bias, None, None, True, momentum, eps)


@lower("aten._native_batch_norm_legit_functional.default", layout=_PER_CHANNEL)
def native_batch_norm_functional(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Tensor,
    running_var: Tensor,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """:func:`native_batch_norm` with the running statistics that follow.

    The running variance takes the unbiased variance, the result is normalised by the biased one.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), then four times (C). Dtypes: floating.
    Source: ATen native/Normalization.cpp, batch_norm_cpu_update_stats_template.
    """
    if not training:
        y, mean, deviation = native_batch_norm(
            input, weight, bias, running_mean, running_var, False, momentum, eps
        )
        return y, mean, deviation, running_mean, running_var
    y, mean, variance = _by_batch(input, weight, bias, eps)
    count = cast(tf.size(input), variance.dtype) / cast(tf.shape(input)[-1], variance.dtype)
    unbiased = variance * (count / (count - 1))
    kept = _kept(input, weight, bias, running_mean, running_var)
    return (
        y,
        tf.stop_gradient(cast(mean, kept)),
        tf.stop_gradient(cast(tf.math.rsqrt(variance + eps), kept)),
        _moved(running_mean, mean, momentum),
        _moved(running_var, unbiased, momentum),
    )


@lower("aten._batch_norm_with_update_functional.default", layout=_PER_CHANNEL)
def batch_norm_with_update_functional(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Tensor,
    running_var: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """:func:`native_batch_norm_functional` in training, with an empty reserve.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), (C), (C), (0), (C), (C).
    Dtypes: floating.
    """
    y, mean, deviation, new_mean, new_var = native_batch_norm_functional(
        input, weight, bias, running_mean, running_var, True, momentum, eps
    )
    return y, mean, deviation, tf.zeros([0], tf.uint8), new_mean, new_var


@lower("aten.instance_norm.default", layout=_PER_CHANNEL)
def instance_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Normalise each channel of each sample by its own statistics, or by the running ones.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C). Dtypes: floating.
    """
    if not use_input_stats and running_mean is not None and running_var is not None:
        return _by_running(input, weight, bias, running_mean, running_var, eps)
    y, _, _ = _standardised(input, list(range(1, input.shape.rank - 1)), eps)
    return cast(_affine(y, weight, bias), input.dtype)


@lower("aten.layer_norm.default")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Optional = None,
    bias: Optional = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """Normalise over the last ``len(normalized_shape)`` axes.

    Shapes: input (..., *normalized_shape), the rest (*normalized_shape) -> as input. Dtypes:
    floating.
    """
    return native_layer_norm(input, normalized_shape, weight, bias, eps)[0]


@lower("aten.native_layer_norm.default")
def native_layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Optional,
    bias: Optional,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`layer_norm` with the mean and the reciprocal deviation.

    Shapes: input (..., *normalized_shape) -> as input, then twice (..., 1, ...). Dtypes: floating.
    """
    y, mean, deviation = _standardised(input, list(range(-len(normalized_shape), 0)), eps)
    y = _affine(y, weight, bias)
    mean, deviation = (tf.stop_gradient(cast(part, input.dtype)) for part in (mean, deviation))
    return cast(y, input.dtype), mean, deviation


@lower("aten.group_norm.default", layout=channels_last(plain=("weight", "bias")))
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Optional = None,
    bias: Optional = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Normalise groups of channels of each sample.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C). Dtypes: floating.
    """
    return _by_group(input, weight, bias, num_groups, eps)[0]


@lower("aten.native_group_norm.default", layout=channels_last(plain=("weight", "bias")))
def native_group_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """:func:`group_norm` with each group's mean and reciprocal deviation.

    Shapes: input (N, ..., C), the rest (C) -> (N, ..., C), then twice (N, group). Dtypes: floating.
    """
    return _by_group(input, weight, bias, group, eps)


@lower("aten.rms_norm.default")
def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Optional = None,
    eps: float | None = None,
) -> Tensor:
    """Divide by the root mean square over the last axes; ``eps`` None is the type's own epsilon.

    Shapes: input (..., *normalized_shape), weight (*normalized_shape) -> as input. Dtypes:
    floating.
    """
    wide = cast(input, _wide(input.dtype))
    if eps is None:
        eps = float(np.finfo(wide.dtype.as_numpy_dtype).eps)
    axes = list(range(-len(normalized_shape), 0))
    y = wide * tf.math.rsqrt(tf.reduce_mean(tf.square(wide), axes, keepdims=True) + eps)
    return cast(_affine(y, weight, None), input.dtype)


@lower("aten._weight_norm.default")
def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """``v`` scaled to the norms ``g``, one for each place along ``dim``; -1 for a single norm.

    Shapes: v (...), g of v's shape with 1 everywhere but at ``dim`` -> as v. Dtypes: floating.
    """
    wide = cast(v, _wide(v.dtype))
    axes = None if dim == -1 else [axis for axis in range(v.shape.rank) if axis != dim]
    norm = tf.sqrt(tf.reduce_sum(tf.square(wide), axes, keepdims=dim != -1))
    return cast(wide * (cast(g, wide.dtype) / norm), v.dtype)


def _wide(dtype: tf.DType) -> tf.DType:
    """The type that a normalisation is computed in."""
    return tf.float32 if dtype.size == 2 else dtype


def _kept(input: Tensor, *parameters: Optional) -> tf.DType:
    """The type of the statistics: float32 if that of a 16-bit input's parameters is."""
    wide = _wide(input.dtype)
    return wide if any(p is not None and p.dtype == wide for p in parameters) else input.dtype


def _by_running(
    x: Tensor, weight: Optional, bias: Optional, mean: Tensor, variance: Tensor, eps: float
) -> Tensor:
    """With fixed statistics.

    The fused kernel, which TensorFlow merges with convolutions, has no float64.
    """
    wide = _wide(x.dtype)
    mean, variance = cast(mean, wide), cast(variance, wide)
    if wide == tf.float32 and x.shape.rank in (4, 5) and eps >= _CUDNN_LEAST_EPS:
        scale = tf.ones_like(mean) if weight is None else cast(weight, wide)
        offset = tf.zeros_like(mean) if bias is None else cast(bias, wide)
        return tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=scale,
            offset=offset,
            mean=mean,
            variance=variance,
            epsilon=eps,
            data_format="NHWC" if x.shape.rank == 4 else "NDHWC",
            is_training=False,
        ).y
    y = (cast(x, wide) - mean) * tf.math.rsqrt(variance + eps)
    return cast(_affine(y, weight, bias), x.dtype)


def _by_batch(
    x: Tensor, weight: Optional, bias: Optional, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """With the batch's own statistics, which are returned: mean and biased variance."""
    wide = cast(x, _wide(x.dtype))
    mean = _mean_of_channels(wide)
    centred = wide - mean
    variance = _mean_of_channels(tf.square(centred))
    y = _affine(centred * tf.math.rsqrt(variance + eps), weight, bias)
    return cast(y, x.dtype), mean, variance


def _mean_of_channels(x: Tensor) -> Tensor:
    """Over all axes but the last, one after another: TensorFlow adds up a channel in one row.

    Of 100,000 float32 numbers such a sum keeps five digits, and PyTorch adds them up in float64.
    Shapes: (..., C) -> (C).
    """
    for axis in reversed(range(x.shape.rank - 1)):
        x = tf.reduce_mean(x, axis)
    return x


def _moved(running: Tensor, batch: Tensor, momentum: float) -> Tensor:
    """A running statistic after a batch; PyTorch writes it in place, without a gradient."""
    batch = cast(batch, running.dtype)
    return tf.stop_gradient((1 - momentum) * running + momentum * batch)


def _by_group(
    x: Tensor, weight: Optional, bias: Optional, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    batch, *_, channels = shape = shape_of(x)
    parts = tf.reshape(x, [batch, -1, groups, channels // groups])
    y, mean, deviation = _standardised(parts, [1, 3], eps)
    y = _affine(tf.reshape(y, shape), weight, bias)
    mean, deviation = (
        tf.reshape(cast(part, x.dtype), [batch, groups]) for part in (mean, deviation)
    )
    return cast(y, x.dtype), mean, deviation


def _standardised(x: Tensor, axes: Sequence[int], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """x less its mean over its deviation, the mean, and the deviation's reciprocal."""
    wide = cast(x, _wide(x.dtype))
    mean = tf.reduce_mean(wide, axes, keepdims=True)
    centred = wide - mean
    deviation = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axes, keepdims=True) + eps)
    return centred * deviation, mean, deviation


def _affine(x: Tensor, weight: Optional, bias: Optional) -> Tensor:
    x = x if weight is None else x * cast(weight, x.dtype)
    return x if bias is None else x + cast(bias, x.dtype)
