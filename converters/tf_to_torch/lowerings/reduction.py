"""Sums, products, extremes and their places along axes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from converters.layout import Layout, Order, along
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower

_ALONG = Layout(Order.any, dims=("reduction_indices",))


def axes_of(x: Tensor, indices: Sizes) -> list[int]:
    """Axes as a list."""
    chosen = [indices] if isinstance(indices, int) else list(indices)
    return [int(axis) % x.ndim for axis in chosen]


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


def _all(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return torch.all(x, axes, keepdim=keep)


def _any(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return torch.any(x, axes, keepdim=keep)


def _mean(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    if x.is_floating_point() or x.is_complex():
        return x.mean(axes, keepdim=keep)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return torch.div(_sum(x, axes, keep), count, rounding_mode="trunc")


def _sum(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    return x.sum(axes, keepdim=keep, dtype=x.dtype)


def _register(op: str, function: Callable[[Tensor, list[int], bool], Tensor], summary: str) -> None:
    def lowering(input: Tensor, reduction_indices: Sizes, keep_dims: bool = False) -> Tensor:
        axes = axes_of(input, reduction_indices)
        if axes:
            return function(input, axes, keep_dims)
        return input.abs() if op == "tf.EuclideanNorm" else input

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = summary
    lower(op, layout=_ALONG)(lowering)


for _op, _function, _summary in (
    ("tf.Sum", _sum, "The sum along axes."),
    ("tf.Mean", _mean, "The mean along axes."),
    ("tf.Prod", _product, "The product along axes."),
    ("tf.Max", lambda x, axes, keep: torch.amax(x, axes, keepdim=keep), "The largest along axes."),
    ("tf.Min", lambda x, axes, keep: torch.amin(x, axes, keepdim=keep), "The smallest along axes."),
    ("tf.All", _all, "Whether all are true along axes."),
    ("tf.Any", _any, "Whether any is true along axes."),
    (
        "tf.EuclideanNorm",
        lambda x, axes, keep: (x * x).sum(axes, keepdim=keep).sqrt(),
        "The root of the sum of squares along axes.",
    ),
):
    _register(_op, _function, _summary)


@lower("tf.ArgMax", layout=along("dimension"))
def arg_max(input: Tensor, dimension: Sizes, output_type: torch.dtype) -> Tensor:
    """Where the first of the largest stands. Shapes: (A, n, B) -> (A, B). Dtypes: all real."""
    return input.argmax(dimension).to(output_type)


@lower("tf.ArgMin", layout=along("dimension"))
def arg_min(input: Tensor, dimension: Sizes, output_type: torch.dtype) -> Tensor:
    """Where the first of the smallest stands. Shapes: (A, n, B) -> (A, B). Dtypes: all real."""
    return input.argmin(dimension).to(output_type)


@lower("tf.Cumsum", layout=along("axis"))
def cumsum(x: Tensor, axis: Sizes, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Running sums. Shapes: x (...) -> the same. Dtypes: all."""
    return _running(torch.cumsum, 0, x, axis, exclusive, reverse)


@lower("tf.Cumprod", layout=along("axis"))
def cumprod(x: Tensor, axis: Sizes, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Running products. Shapes: x (...) -> the same. Dtypes: all."""
    return _running(torch.cumprod, 1, x, axis, exclusive, reverse)


def _running(
    function: Callable[..., Tensor],
    start: int,
    x: Tensor,
    axis: Sizes,
    exclusive: bool,
    reverse: bool,
) -> Tensor:
    assert isinstance(axis, int)
    x = x.flip(axis) if reverse else x
    result = function(x, axis, dtype=x.dtype)
    if exclusive:
        first = torch.full_like(result.narrow(axis, 0, 1), start)
        result = torch.cat([first, result.narrow(axis, 0, result.shape[axis] - 1)], axis)
    return result.flip(axis) if reverse else result


@lower("tf.TopKV2")
def top_k_v2(input: Tensor, k: Sizes, sorted: bool, index_type: torch.dtype) -> list[Tensor]:
    """The k largest along the last axis, and where they stand; the first of equal ones first.

    Shapes: input (..., n) -> twice (..., k). Dtypes: all real.
    """
    values, places = torch.sort(input, dim=-1, descending=True, stable=True)
    return [values[..., :k], places[..., :k].to(index_type)]
