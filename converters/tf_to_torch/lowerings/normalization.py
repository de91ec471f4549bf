"""Normalisation."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from converters.layout import channels_first
from converters.tf_to_torch.lowerings import Tensor, lower
from converters.tf_to_torch.lowerings.windows import require_channels_last


@lower("tf.FusedBatchNormV3", layout=channels_first(plain=("scale", "offset", "mean", "variance")))
def fused_batch_norm_v3(
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
    """Batch normalisation, by the statistics given or by the batch's own.

    Shapes: x (N, C, ...), the others (C) -> the same, four of (C), and one without a meaning.
    """
    require_channels_last(data_format)
    unused = torch.zeros((0,), dtype=scale.dtype)
    if not is_training:
        result = F.batch_norm(x, mean, variance, scale, offset, False, 0.0, epsilon)
        return [result, mean, variance, mean, variance, unused]
    axes = [0, *range(2, x.ndim)]
    center, spread = x.mean(axes), x.var(axes, correction=0)
    count = x.numel() // x.shape[1]
    unbiased = spread * (count / max(count - 1, 1))
    running = [center, unbiased]
    if exponential_avg_factor != 1.0:
        kept = 1 - exponential_avg_factor
        running = [
            kept * old + exponential_avg_factor * new
            for old, new in ((mean, center), (variance, unbiased))
        ]
    result = F.batch_norm(x, None, None, scale, offset, True, 0.0, epsilon)
    return [result, *running, center, spread, unused]
