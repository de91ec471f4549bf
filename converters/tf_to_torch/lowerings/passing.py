"""What hands tensors on, and older names of what has others."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from converters.layout import ANY
from converters.tf_to_torch.lowerings import Operand, Sizes, Tensor, lower
from converters.tf_to_torch.lowerings.blocks import batch_to_space_nd, space_to_batch_nd
from converters.tf_to_torch.lowerings.normalization import fused_batch_norm_v3
from converters.tf_to_torch.lowerings.pooling import max_pool


@lower("tf.Snapshot", layout=ANY)
def snapshot(input: Tensor) -> Tensor:
    """The same. Shapes: input (...) -> (...). Dtypes: all."""
    return input


@lower("tf.PreventGradient", layout=ANY)
def prevent_gradient(input: Tensor, message: str = "") -> Tensor:
    """The same, without a gradient. Shapes: input (...) -> (...). Dtypes: all."""
    return input.detach()


@lower("tf.DeepCopy", layout=ANY)
def deep_copy(x: Tensor) -> Tensor:
    """The same numbers. Shapes: x (...) -> (...). Dtypes: all."""
    return x.clone()


@lower("tf.EnsureShape")
def ensure_shape(input: Tensor, shape: Sizes) -> Tensor:
    """The same; that its shape is what was said follows from the source. Shapes: (...) -> (...)."""
    return input


@lower("tf.Gather")
def gather(params: Tensor, indices: Tensor, validate_indices: bool = True) -> Tensor:
    """Rows. Shapes: params (n, ...), indices (I) -> (I, ...). Dtypes: all."""
    rows = params.index_select(0, indices.reshape(-1))
    return rows.reshape(*indices.shape, *params.shape[1:])


@lower("tf.Concat")
def concat(concat_dim: Sizes, values: Sequence[Tensor]) -> Tensor:
    """Joined along an axis. Shapes: each (..., n, ...) -> (..., sum, ...). Dtypes: all."""
    return torch.cat(list(values), concat_dim)


@lower("tf.Reverse")
def reverse(tensor: Tensor, dims: Operand) -> Tensor:
    """Turned round along the axes that are marked. Shapes: tensor (...) -> the same."""
    marks = dims.tolist() if isinstance(dims, torch.Tensor) else dims
    assert isinstance(marks, tuple | list)
    return tensor.flip([axis for axis, marked in enumerate(marks) if marked])


@lower("tf.SpaceToBatch")
def space_to_batch(input: Tensor, paddings: Sizes, block_size: int) -> Tensor:
    """Blocks of pixels to images of their own. Shapes: input (N, H, W, C) -> (N b b, H', W', C)."""
    return space_to_batch_nd(input, (block_size, block_size), paddings)


@lower("tf.BatchToSpace")
def batch_to_space(input: Tensor, crops: Sizes, block_size: int) -> Tensor:
    """The reverse, cropped. Shapes: input (N b b, H, W, C) -> (N, H', W', C). Dtypes: all."""
    return batch_to_space_nd(input, (block_size, block_size), crops)


@lower("tf.MaxPoolV2")
def max_pool_v2(
    input: Tensor, ksize: Sizes, strides: Sizes, padding: str, data_format: str = "NHWC"
) -> Tensor:
    """The largest of each window. Shapes: (N, H, W, C) -> (N, H', W', C). Dtypes: all real."""
    sizes, steps = list(ksize), list(strides)
    return max_pool(input.movedim(-1, 1), sizes, steps, padding, (), data_format).movedim(1, -1)


@lower("tf.FusedBatchNorm")
def fused_batch_norm(
    x: Tensor,
    scale: Tensor,
    offset: Tensor,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 9.999999747378752e-05,
    exponential_avg_factor: float = 1.0,
    data_format: str = "NHWC",
    is_training: bool = True,
) -> list[Tensor]:
    """Batch normalisation. Shapes: x (N, H, W, C), the others (C) -> the same, four of (C)."""
    more = (epsilon, exponential_avg_factor, data_format, is_training)
    result, *rest = fused_batch_norm_v3(x.movedim(-1, 1), scale, offset, mean, variance, *more)
    return [result.movedim(1, -1), *rest[:4]]


@lower("tf.FusedBatchNormV2")
def fused_batch_norm_v2(
    x: Tensor,
    scale: Tensor,
    offset: Tensor,
    mean: Tensor,
    variance: Tensor,
    epsilon: float = 9.999999747378752e-05,
    exponential_avg_factor: float = 1.0,
    data_format: str = "NHWC",
    is_training: bool = True,
) -> list[Tensor]:
    """The same with statistics of another type. Shapes: as there."""
    more = (epsilon, exponential_avg_factor, data_format, is_training)
    return fused_batch_norm(x, scale, offset, mean, variance, *more)


@lower("tf.SparseToDense")
def sparse_to_dense(
    sparse_indices: Tensor,
    output_shape: Sizes,
    sparse_values: Tensor,
    default_value: Tensor,
    validate_indices: bool = True,
) -> Tensor:
    """Values at some places and one number elsewhere.

    Shapes: sparse_indices (n, rank), sparse_values (n) or () -> output_shape. Dtypes: all.
    """
    start = default_value.expand(list(output_shape)).clone()
    places = tuple(sparse_indices.long().unbind(-1))
    return start.index_put(places, sparse_values.expand(sparse_indices.shape[0]))
