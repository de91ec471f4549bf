"""Reductions along axes: sums, products, extrema, truth values, norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from converters.layout import along
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.logical import truth
from converters.torch_to_tf.promotion import (
    Number,
    cast,
    default_dtype,
    dims_of,
    kind_of,
    normalized,
    opmath,
    promote,
)

Dims = int | Sequence[int] | None
_ALONG = along("dim")


def _summed_type(x: tf.Tensor, dtype: tf.DType | None) -> tf.DType:
    """Integers and bools add up in int64."""
    return dtype or (tf.int64 if kind_of(x.dtype) < 2 else x.dtype)


def total(x: tf.Tensor, dim: Dims, keepdim: bool, dtype: tf.DType | None) -> tf.Tensor:
    """The sum along ``dim`` (all axes where None or empty), in PyTorch's type for it."""
    dtype = _summed_type(x, dtype)
    wide = cast(x, opmath(dtype))
    return cast(tf.reduce_sum(wide, dims_of(dim, x.shape.rank), keepdims=keepdim), dtype)


@lower("aten.sum.default", layout=along())
def sum(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """The sum of all elements; integers and bools add up in int64."""
    return total(x, None, False, dtype)


@lower("aten.sum.dim_IntList", layout=_ALONG)
def sum_dim(
    x: tf.Tensor, dim: Dims, keepdim: bool = False, dtype: tf.DType | None = None
) -> tf.Tensor:
    """The sum along ``dim``; integers and bools add up in int64."""
    return total(x, dim, keepdim, dtype)


@lower("aten.nansum.default", layout=_ALONG)
def nansum(
    x: tf.Tensor, dim: Dims = None, keepdim: bool = False, dtype: tf.DType | None = None
) -> tf.Tensor:
    """The sum along ``dim`` of what is not NaN."""
    if x.dtype.is_floating:
        x = tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)
    return total(x, dim, keepdim, dtype)


@lower("aten.mean.default", layout=along())
def mean(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """The mean of all elements."""
    return average(x, None, False, dtype)


@lower("aten.mean.dim", layout=_ALONG)
def mean_dim(
    x: tf.Tensor, dim: Dims, keepdim: bool = False, dtype: tf.DType | None = None
) -> tf.Tensor:
    """The mean along ``dim``."""
    return average(x, dim, keepdim, dtype)


def average(x: tf.Tensor, dim: Dims, keepdim: bool, dtype: tf.DType | None) -> tf.Tensor:
    """The mean along ``dim``; 16-bit types accumulate in float32."""
    dtype = dtype or x.dtype
    wide = cast(x, opmath(dtype))
    return cast(tf.reduce_mean(wide, dims_of(dim, x.shape.rank), keepdims=keepdim), dtype)


@lower("aten.prod.default", layout=along())
def prod(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    """The product of all elements; integers and bools multiply in int64."""
    return _product(x, None, False, dtype)


@lower("aten.prod.dim_int", layout=_ALONG)
def prod_dim(
    x: tf.Tensor, dim: int, keepdim: bool = False, dtype: tf.DType | None = None
) -> tf.Tensor:
    """The product along ``dim``; integers and bools multiply in int64."""
    return _product(x, dim, keepdim, dtype)


def _product(x: tf.Tensor, dim: Dims, keepdim: bool, dtype: tf.DType | None) -> tf.Tensor:
    dtype = _summed_type(x, dtype)
    wide = cast(cast(x, dtype), tf.int32) if dtype.is_bool else cast(x, opmath(dtype))
    return cast(tf.reduce_prod(wide, dims_of(dim, x.shape.rank), keepdims=keepdim), dtype)


@lower("aten.amax.default", layout=_ALONG)
def amax(x: tf.Tensor, dim: Dims = (), keepdim: bool = False) -> tf.Tensor:
    """The largest element along ``dim``; NaN wins. Ties share the gradient."""
    return _largest(x, dims_of(dim, x.shape.rank), keepdim)


@lower("aten.amin.default", layout=_ALONG)
def amin(x: tf.Tensor, dim: Dims = (), keepdim: bool = False) -> tf.Tensor:
    """The smallest element along ``dim``; NaN wins. Ties share the gradient."""
    return _smallest(x, dims_of(dim, x.shape.rank), keepdim)


def _largest(x: tf.Tensor, axes: Sequence[int], keepdim: bool) -> tf.Tensor:
    if x.dtype == tf.bool:
        return tf.reduce_any(x, axes, keepdims=keepdim)
    return tf.reduce_max(x, axes, keepdims=keepdim)


def _smallest(x: tf.Tensor, axes: Sequence[int], keepdim: bool) -> tf.Tensor:
    if x.dtype == tf.bool:
        return tf.reduce_all(x, axes, keepdims=keepdim)
    return tf.reduce_min(x, axes, keepdims=keepdim)


@lower("aten.max.default", layout=along())
def max(x: tf.Tensor) -> tf.Tensor:
    """The largest element; NaN wins. Ties share the gradient."""
    return _largest(x, dims_of(None, x.shape.rank), False)


@lower("aten.min.default", layout=along())
def min(x: tf.Tensor) -> tf.Tensor:
    """The smallest element; NaN wins. Ties share the gradient."""
    return _smallest(x, dims_of(None, x.shape.rank), False)


@lower("aten.aminmax.default", layout=along("dim", required=True))
def aminmax(
    x: tf.Tensor, dim: int | None = None, keepdim: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """The smallest and the largest element along ``dim``, or of all."""
    axes = dims_of(dim, x.shape.rank)
    return _smallest(x, axes, keepdim), _largest(x, axes, keepdim)


@lower("aten.max.dim", layout=_ALONG)
def max_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
    """The largest element along ``dim`` and its index: of equal ones the first, NaN before all.

    Only the element at that index has a gradient.
    """
    return _extremum_along(x, dim, keepdim, _largest)


@lower("aten.min.dim", layout=_ALONG)
def min_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
    """The smallest element along ``dim`` and its index: of equal ones the first, NaN before all."""
    return _extremum_along(x, dim, keepdim, _smallest)


Reduction = Callable[[tf.Tensor, Sequence[int], bool], tf.Tensor]


def _extremum_along(
    x: tf.Tensor, dim: int, keepdim: bool, reduce: Reduction
) -> tuple[tf.Tensor, tf.Tensor]:
    if x.shape.rank == 0:
        return tf.identity(x), tf.zeros([], tf.int64)
    axis = normalized(dim, x.shape.rank)
    index = first_extremum(x, axis, reduce)
    if x.dtype.is_floating:
        # A sum over one element keeps the gradient at the index alone.
        chosen = tf.one_hot(index, tf.shape(x)[axis], True, False, axis, tf.bool)
        values = tf.reduce_sum(tf.where(chosen, x, tf.zeros_like(x)), axis)
    else:
        values = reduce(x, [axis], False)
    if keepdim:
        return tf.expand_dims(values, axis), tf.expand_dims(index, axis)
    return values, index


def first_extremum(x: tf.Tensor, axis: int, reduce: Reduction) -> tf.Tensor:
    """The index of the first element that equals the extremum along ``axis``.

    The first NaN if there is one.
    """
    x = tf.stop_gradient(x)
    hit = x == reduce(x, [axis], True)
    if x.dtype.is_floating:
        hit = hit | tf.math.is_nan(x)
    return tf.argmax(tf.cast(hit, tf.uint8), axis, tf.int64)


@lower("aten.argmax.default", layout=along("dim", required=True))
def argmax(x: tf.Tensor, dim: int | None = None, keepdim: bool = False) -> tf.Tensor:
    """Index of the largest element along ``dim``, or of all: the first, NaN before all.

    Differs: ``tf.argmax`` passes over NaN.
    """
    return _index(x, dim, keepdim, _largest)


@lower("aten.argmin.default", layout=along("dim", required=True))
def argmin(x: tf.Tensor, dim: int | None = None, keepdim: bool = False) -> tf.Tensor:
    """Index of the smallest element along ``dim``, or in the flattened tensor.

    The first, NaN before all.
    """
    return _index(x, dim, keepdim, _smallest)


def _index(x: tf.Tensor, dim: int | None, keepdim: bool, reduce: Reduction) -> tf.Tensor:
    rank = x.shape.rank
    if dim is None or rank == 0:
        index = first_extremum(tf.reshape(x, [-1]), 0, reduce)
        return tf.reshape(index, [1] * rank) if keepdim else index
    axis = normalized(dim, rank)
    index = first_extremum(x, axis, reduce)
    return tf.expand_dims(index, axis) if keepdim else index


def _truth_of(
    x: tf.Tensor, dim: Dims, keepdim: bool, reduce: Callable[..., tf.Tensor]
) -> tf.Tensor:
    found = reduce(truth(x), dims_of(dim, x.shape.rank), keepdims=keepdim)
    return cast(found, tf.uint8) if x.dtype == tf.uint8 else found


@lower("aten.any.default", layout=along())
def any(x: tf.Tensor) -> tf.Tensor:
    """Whether any element is not 0; uint8 for uint8."""
    return _truth_of(x, None, False, tf.reduce_any)


@lower("aten.any.dim", layout=_ALONG)
def any_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> tf.Tensor:
    """Whether any element along ``dim`` is not 0."""
    return _truth_of(x, dim, keepdim, tf.reduce_any)


@lower("aten.any.dims", layout=_ALONG)
def any_dims(x: tf.Tensor, dim: Dims = None, keepdim: bool = False) -> tf.Tensor:
    """Whether any element along several axes is not 0; an empty list of axes reduces nothing."""
    return any_dim(x, dim, keepdim) if dim != () else truth(x)  # type: ignore[arg-type]


@lower("aten.all.default", layout=along())
def all(x: tf.Tensor) -> tf.Tensor:
    """Whether no element is 0; uint8 for uint8."""
    return _truth_of(x, None, False, tf.reduce_all)


@lower("aten.all.dim", layout=_ALONG)
def all_dim(x: tf.Tensor, dim: int, keepdim: bool = False) -> tf.Tensor:
    """Whether no element along ``dim`` is 0."""
    return _truth_of(x, dim, keepdim, tf.reduce_all)


@lower("aten.all.dims", layout=_ALONG)
def all_dims(x: tf.Tensor, dim: Dims = None, keepdim: bool = False) -> tf.Tensor:
    """Whether no element along several axes is 0; an empty list of axes reduces nothing."""
    return all_dim(x, dim, keepdim) if dim != () else truth(x)  # type: ignore[arg-type]


@lower("aten.count_nonzero.default", layout=_ALONG)
def count_nonzero(x: tf.Tensor, dim: Dims = None) -> tf.Tensor:
    """How many elements along ``dim``, or of all, are not 0, in int64."""
    return count_nonzero_along(x, dim)


@lower("aten.count_nonzero.dim_IntList", layout=_ALONG)
def count_nonzero_along(x: tf.Tensor, dim: Dims) -> tf.Tensor:
    """How many elements along several axes are not 0, in int64."""
    return tf.reduce_sum(tf.cast(truth(x), tf.int64), dims_of(dim, x.shape.rank))


@lower("aten.logsumexp.default", layout=_ALONG)
def logsumexp(x: tf.Tensor, dim: Dims, keepdim: bool = False) -> tf.Tensor:
    """``log(sum(exp(x)))`` along ``dim`` without overflow."""
    dtype = x.dtype if kind_of(x.dtype) >= 2 else default_dtype()
    wide, axes = cast(x, opmath(dtype)), dims_of(dim, x.shape.rank)
    if not dtype.is_complex:
        return cast(tf.reduce_logsumexp(wide, axes, keepdims=keepdim), dtype)
    top = tf.stop_gradient(tf.reduce_max(tf.math.real(wide), axes, keepdims=True))
    top = cast(tf.where(tf.math.is_finite(top), top, tf.zeros_like(top)), dtype)
    total = tf.math.log(tf.reduce_sum(tf.exp(wide - top), axes, keepdims=True)) + top
    return total if keepdim or not axes else tf.squeeze(total, axes)


@tf.custom_gradient
def flat_sqrt(x: tf.Tensor) -> object:
    """Square root whose gradient at 0 is 0, as PyTorch's norms and standard deviations have it."""
    y = tf.sqrt(x)
    return y, lambda dy: tf.where(y == 0, tf.zeros_like(dy), dy * 0.5 / y)


def norm_along(
    x: tf.Tensor, order: Number | None, dim: Dims, keepdim: bool, dtype: tf.DType | None
) -> tf.Tensor:
    """The vector norm of any order along ``dim`` (all axes where None or empty).

    Source: torch.linalg.vector_norm: sum(abs(x)**p)**(1/p), max for inf, min for -inf, the count of
    nonzeros for 0.
    """
    dtype = dtype or x.dtype
    axes = dims_of(dim, x.shape.rank)
    wide = cast(x, opmath(dtype))
    if wide.dtype.is_complex:
        wide = tf.abs(wide)
        dtype = wide.dtype
    order = 2 if order is None else order
    if order == 2:
        result = flat_sqrt(tf.reduce_sum(tf.square(wide), axes, keepdims=keepdim))
    elif order == float("inf"):
        result = tf.reduce_max(tf.abs(wide), axes, keepdims=keepdim)
    elif order == float("-inf"):
        result = tf.reduce_min(tf.abs(wide), axes, keepdims=keepdim)
    elif order == 0:
        result = tf.reduce_sum(tf.cast(wide != 0, wide.dtype), axes, keepdims=keepdim)
    elif order == 1:
        result = tf.reduce_sum(tf.abs(wide), axes, keepdims=keepdim)
    else:
        result = _power_norm(wide, float(order), tuple(axes))  # type: ignore[arg-type]
        result = result if keepdim else tf.squeeze(result, axes)
    return cast(result, dtype)


def _power_norm(x: tf.Tensor, order: float, axes: tuple[int, ...]) -> tf.Tensor:
    @tf.custom_gradient
    def norm(a: tf.Tensor) -> object:
        size = tf.abs(a)
        y = tf.pow(tf.reduce_sum(tf.pow(size, order), axes, keepdims=True), 1 / order)

        def gradient(dy: tf.Tensor) -> tf.Tensor:
            ratio = tf.math.divide_no_nan(size, y)
            slope = tf.where(size == 0, tf.zeros_like(size), tf.pow(ratio, order - 1))
            return dy * tf.sign(a) * tf.where(y == 0, tf.zeros_like(slope), slope)

        return y, gradient

    return norm(x)


@lower("aten.linalg_vector_norm.default", layout=_ALONG)
def linalg_vector_norm(
    x: tf.Tensor,
    ord: Number = 2,
    dim: Dims = None,
    keepdim: bool = False,
    dtype: tf.DType | None = None,
) -> tf.Tensor:
    """Vector norm along ``dim``. The gradient of the 2-norm at 0 is 0."""
    return norm_along(x, ord, dim, keepdim, dtype)


@lower("aten.norm.Scalar", layout=along())
def norm(x: tf.Tensor, p: Number = 2) -> tf.Tensor:
    """Vector norm of all elements."""
    return norm_along(x, p, None, False, None)


@lower("aten.norm.ScalarOpt_dim", layout=_ALONG)
def norm_dim(x: tf.Tensor, p: Number | None, dim: Dims, keepdim: bool = False) -> tf.Tensor:
    """Vector norm along ``dim``."""
    return norm_along(x, p, dim, keepdim, None)


@lower("aten.norm.ScalarOpt_dim_dtype", layout=_ALONG)
def norm_dim_dtype(
    x: tf.Tensor, p: Number | None, dim: Dims, keepdim: bool, dtype: tf.DType
) -> tf.Tensor:
    """Vector norm along ``dim``, computed in ``dtype``."""
    return norm_along(x, p, dim, keepdim, dtype)


@lower("aten.dist.default")
def dist(x: tf.Tensor, other: tf.Tensor, p: Number = 2) -> tf.Tensor:
    """Vector norm of the difference; both broadcast."""
    a, b = promote(x, other)
    return norm_along(a - b, p, None, keepdim=False, dtype=None)
