"""Order: places in sorted rows, the nth of them, sets of distinct elements."""

from __future__ import annotations

from typing import Any

import torch

from converters.tf_to_torch.lowerings import Sizes, Tensor, lower


@lower("tf.LowerBound")
def lower_bound(sorted_inputs: Tensor, values: Tensor, out_type: torch.dtype) -> Tensor:
    """Where values would stand first in sorted rows. Shapes: (N, n), (N, m) -> (N, m)."""
    return torch.searchsorted(sorted_inputs, values).to(out_type)


@lower("tf.UpperBound")
def upper_bound(sorted_inputs: Tensor, values: Tensor, out_type: torch.dtype) -> Tensor:
    """Where values would stand last in sorted rows. Shapes: (N, n), (N, m) -> (N, m)."""
    return torch.searchsorted(sorted_inputs, values, right=True).to(out_type)


@lower("tf.NthElement")
def nth_element(input: Tensor, n: Sizes, reverse: bool = False) -> Tensor:
    """The nth smallest of each row. Shapes: input (..., k) -> (...). Dtypes: all real."""
    return torch.sort(input, -1, descending=reverse).values.select(-1, n)


def _among(predictions: Tensor, targets: Tensor, k: Any) -> Tensor:
    own = torch.gather(predictions, 1, targets.long().unsqueeze(1))
    better = (predictions > own).sum(1)
    return (better < k) & torch.isfinite(own.squeeze(1))


@lower("tf.InTopKV2")
def in_top_k_v2(predictions: Tensor, targets: Tensor, k: Sizes) -> Tensor:
    """Whether a class is among the k best; ties count. Shapes: (N, C), (N) -> (N)."""
    return _among(predictions, targets, k)


@lower("tf.InTopK")
def in_top_k(predictions: Tensor, targets: Tensor, k: int) -> Tensor:
    """Whether a class is among the k best; ties count. Shapes: (N, C), (N) -> (N)."""
    return _among(predictions, targets, k)


@lower("tf.Where")
def where(input: Tensor) -> Tensor:
    """The coordinates of what isn't zero, row by row. Shapes: input (S) -> (n, rank)."""
    return torch.nonzero(input)


def _distinct(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Elements in the order of their first places, the number of each, and how often it is."""
    values, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)
    places = torch.arange(x.shape[0])
    first = torch.full((values.shape[0],), x.shape[0]).scatter_reduce(0, inverse, places, "amin")
    order = torch.argsort(first)
    rank = torch.argsort(order)
    return values.index_select(0, order), rank.index_select(0, inverse), counts[order]


@lower("tf.Unique")
def unique(x: Tensor, out_idx: torch.dtype) -> list[Tensor]:
    """Elements in the order in which they come first, and the number of each.

    Shapes: x (n) -> (m), (n). Dtypes: all real.
    """
    values, numbers, _ = _distinct(x)
    return [values, numbers.to(out_idx)]


@lower("tf.UniqueV2")
def unique_v2(x: Tensor, axis: Sizes, out_idx: torch.dtype) -> list[Tensor]:
    """The same of a row. Shapes: x (n) -> (m), (n). Dtypes: all real."""
    values, numbers, _ = _distinct(x)
    return [values, numbers.to(out_idx)]


@lower("tf.UniqueWithCounts")
def unique_with_counts(x: Tensor, out_idx: torch.dtype) -> list[Tensor]:
    """The same, and how often each occurs. Shapes: x (n) -> (m), (n), (m). Dtypes: all real."""
    values, numbers, counts = _distinct(x)
    return [values, numbers.to(out_idx), counts.to(out_idx)]


@lower("tf.ListDiff")
def list_diff(x: Tensor, y: Tensor, out_idx: torch.dtype) -> list[Tensor]:
    """What is in one row and not in another, and where. Shapes: x (n), y (m) -> (k), (k)."""
    places = torch.nonzero(~torch.isin(x, y)).squeeze(1)
    return [x.index_select(0, places), places.to(out_idx)]


@lower("tf.UnravelIndex")
def unravel_index(indices: Tensor, dims: Sizes) -> Tensor:
    """The coordinates of places in a row. Shapes: indices (n) -> (rank, n). Dtypes: integers."""
    rest, found = indices, []
    for size in reversed(list(dims)):
        found.append(torch.remainder(rest, size))
        rest = torch.div(rest, size, rounding_mode="floor")
    return torch.stack(found[::-1])


@lower("tf.Bincount")
def bincount(arr: Tensor, size: Sizes, weights: Tensor) -> Tensor:
    """How often each number below ``size`` occurs, or the sum of its weights.

    Shapes: arr (n), weights (n) or (0) -> (size). Dtypes: the weights'.
    """
    flat = arr.reshape(-1)
    hot = (flat.unsqueeze(1) == torch.arange(size, dtype=flat.dtype)).to(weights.dtype)
    return (hot * weights.reshape(-1, 1)).sum(0) if weights.numel() else hot.sum(0)


@lower("tf.HistogramFixedWidth")
def histogram_fixed_width(
    values: Tensor, value_range: Tensor, nbins: Sizes, dtype: torch.dtype
) -> Tensor:
    """How many numbers fall into each of bins of one width; the outer ones take what is beyond.

    Shapes: values (...), value_range (2) -> (nbins). Dtypes: all real.
    """
    low, high = value_range.unbind()
    bins = torch.floor((values.reshape(-1) - low) / ((high - low) / nbins))
    places = bins.clamp(0, nbins - 1).to(torch.int64)
    return (places.unsqueeze(1) == torch.arange(nbins)).sum(0).to(dtype)
