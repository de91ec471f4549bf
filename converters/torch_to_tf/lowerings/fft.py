"""Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import default_dtype, dims_of, normalized, shape_of

Size: TypeAlias = int | tf.Tensor


def _complex(x: tf.Tensor) -> tf.Tensor:
    """``x`` as a complex tensor; integers count as the default floating-point type."""
    if x.dtype.is_complex:
        return x
    return tf.cast(x, tf.complex128 if _real(x).dtype == tf.float64 else tf.complex64)


def _real(x: tf.Tensor) -> tf.Tensor:
    if x.dtype in (tf.float16, tf.bfloat16):
        raise UnsupportedVariantError(
            f"Fourier transform of {x.dtype.name}: convert the model in float32."
        )
    return x if x.dtype.is_floating else tf.cast(x, default_dtype())


def _factor(n: Size, norm: str | None, dtype: tf.DType, *, forward: bool) -> tf.Tensor | None:
    """What the unscaled transform is multiplied with; None for 1."""
    full = "forward" if forward else "backward"
    norm = norm or "backward"
    if norm not in (full, "ortho"):
        return None
    power = 1.0 if norm == full else 0.5
    if isinstance(n, int):
        return tf.cast(tf.constant(n**-power, dtype.real_dtype), dtype)
    return tf.cast(tf.pow(tf.cast(n, dtype.real_dtype), -power), dtype)


def _scaled(x: tf.Tensor, factor: tf.Tensor | None) -> tf.Tensor:
    return x if factor is None else x * factor


def _along(transform: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, dim: int) -> tf.Tensor:
    """Apply a transform of the last axis to another one."""
    rank = x.shape.rank
    axis = normalized(dim, rank)
    if axis == rank - 1:
        return transform(x)
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    return tf.transpose(transform(tf.transpose(x, order)), order)


def _resized(x: tf.Tensor, n: Size | None) -> tf.Tensor:
    """The last axis cut or filled with zeros to ``n``."""
    have = shape_of(x)[-1]
    if n is None or (isinstance(n, int) and isinstance(have, int) and n == have):
        return x
    x = x[..., :n]
    missing = n - shape_of(x)[-1]
    return tf.pad(x, [[0, 0]] * (x.shape.rank - 1) + [[0, missing]])


def _transform(
    x: tf.Tensor, n: Size | None, dim: int, norm: str | None, *, forward: bool
) -> tf.Tensor:
    def transform(x: tf.Tensor) -> tf.Tensor:
        x = _resized(x, n)
        size = shape_of(x)[-1]
        if forward:
            return _scaled(tf.signal.fft(x), _factor(size, norm, x.dtype, forward=True))
        if (norm or "backward") == "backward":
            return tf.signal.ifft(x)  # TensorFlow's own scale
        whole = tf.signal.ifft(x) * tf.cast(size, x.dtype)
        return _scaled(whole, _factor(size, norm, x.dtype, forward=False))

    return _along(transform, _complex(x), dim)


@lower("aten.fft_fft.default")
def fft_fft(
    x: tf.Tensor, n: Size | None = None, dim: int = -1, norm: str | None = None
) -> tf.Tensor:
    """Discrete Fourier transform along an axis, cut or filled with zeros to ``n``.

    ``norm``: ``backward`` (unscaled), ``ortho`` (1/sqrt(n)) or ``forward`` (1/n).

    Shapes: x (..., k, ...) -> (..., n, ...). Dtypes: float32, float64, complex; integers as the
    default type.
    Differs: TensorFlow transforms the last axes only, unscaled forward and by 1/n back.
    """
    return _transform(x, n, dim, norm, forward=True)


@lower("aten.fft_ifft.default")
def fft_ifft(
    x: tf.Tensor, n: Size | None = None, dim: int = -1, norm: str | None = None
) -> tf.Tensor:
    """Inverse of :func:`fft_fft`."""
    return _transform(x, n, dim, norm, forward=False)


@lower("aten.fft_rfft.default")
def fft_rfft(
    x: tf.Tensor, n: Size | None = None, dim: int = -1, norm: str | None = None
) -> tf.Tensor:
    """The first ``n // 2 + 1`` coefficients of the transform of a real tensor.

    Shapes: x (..., k, ...) -> (..., n//2 + 1, ...). Dtypes: float32, float64 -> complex64,
    complex128.
    """

    def transform(x: tf.Tensor) -> tf.Tensor:
        x = _resized(x, n)
        size = shape_of(x)[-1]
        result = tf.signal.rfft(x, [size])
        return _scaled(result, _factor(size, norm, result.dtype, forward=True))

    return _along(transform, _real(x), dim)


@lower("aten.fft_irfft.default")
def fft_irfft(
    x: tf.Tensor, n: Size | None = None, dim: int = -1, norm: str | None = None
) -> tf.Tensor:
    """Inverse of :func:`fft_rfft`; without ``n`` the result has the even length ``2 (k - 1)``.

    Shapes: x (..., k, ...) -> (..., n, ...). Dtypes: complex64, complex128 -> float32, float64.
    """

    def transform(x: tf.Tensor) -> tf.Tensor:
        size = 2 * (shape_of(x)[-1] - 1) if n is None else n
        x = _resized(x, size // 2 + 1)
        result = tf.signal.irfft(x, [size])
        if (norm or "backward") == "backward":
            return result  # TensorFlow's own scale
        whole = result * tf.cast(size, result.dtype)
        return _scaled(whole, _factor(size, norm, result.dtype, forward=False))

    return _along(transform, _complex(x), dim)


def _pairs(
    x: tf.Tensor, s: Sequence[Size] | None, dim: Sequence[int] | None
) -> list[tuple[int, Size | None]]:
    """Axes with the sizes to which they are cut or filled."""
    rank = x.shape.rank
    axes = list(range(rank - len(s), rank)) if dim is None and s is not None else dims_of(dim, rank)
    sizes = (
        [None] * len(axes)
        if s is None
        else [None if isinstance(n, int) and n == -1 else n for n in s]
    )
    return list(zip(axes, sizes, strict=True))


@lower("aten.fft_fftn.default")
def fft_fftn(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_fft` along several axes; all of them by default."""
    for axis, n in _pairs(x, s, dim):
        x = fft_fft(x, n, axis, norm)
    return x


@lower("aten.fft_ifftn.default")
def fft_ifftn(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_ifft` along several axes; all of them by default."""
    for axis, n in _pairs(x, s, dim):
        x = fft_ifft(x, n, axis, norm)
    return x


@lower("aten.fft_rfftn.default")
def fft_rfftn(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_rfft` along the last of several axes, :func:`fft_fft` along the others."""
    *others, (last, size) = _pairs(x, s, dim)
    x = fft_rfft(x, size, last, norm)
    for axis, n in others:
        x = fft_fft(x, n, axis, norm)
    return x


@lower("aten.fft_irfftn.default")
def fft_irfftn(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] | None = None,
    norm: str | None = None,
) -> tf.Tensor:
    """Inverse of :func:`fft_rfftn`."""
    *others, (last, size) = _pairs(x, s, dim)
    for axis, n in others:
        x = fft_ifft(x, n, axis, norm)
    return fft_irfft(x, size, last, norm)


@lower("aten.fft_fft2.default")
def fft_fft2(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_fftn` along two axes."""
    return fft_fftn(x, s, dim, norm)


@lower("aten.fft_ifft2.default")
def fft_ifft2(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_ifftn` along two axes."""
    return fft_ifftn(x, s, dim, norm)


@lower("aten.fft_rfft2.default")
def fft_rfft2(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_rfftn` along two axes."""
    return fft_rfftn(x, s, dim, norm)


@lower("aten.fft_irfft2.default")
def fft_irfft2(
    x: tf.Tensor,
    s: Sequence[Size] | None = None,
    dim: Sequence[int] = (-2, -1),
    norm: str | None = None,
) -> tf.Tensor:
    """:func:`fft_irfftn` along two axes."""
    return fft_irfftn(x, s, dim, norm)


@lower("aten.fft_fftshift.default")
def fft_fftshift(x: tf.Tensor, dim: Sequence[int] | None = None) -> tf.Tensor:
    """Move the zero frequency to the middle. Dtypes: all."""
    axes = dims_of(dim, x.shape.rank)
    return tf.roll(x, [shape_of(x)[axis] // 2 for axis in axes], axes)


@lower("aten.fft_ifftshift.default")
def fft_ifftshift(x: tf.Tensor, dim: Sequence[int] | None = None) -> tf.Tensor:
    """Inverse of :func:`fft_fftshift`. Dtypes: all."""
    axes = dims_of(dim, x.shape.rank)
    return tf.roll(x, [-(shape_of(x)[axis] // 2) for axis in axes], axes)
