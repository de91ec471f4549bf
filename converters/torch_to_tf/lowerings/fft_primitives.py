"""The Fourier transforms that PyTorch's own decompositions end in."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.lowerings.fft import (
    Size,
    fft_fftn,
    fft_ifftn,
    fft_irfftn,
    fft_rfftn,
)

_FORWARD = ("backward", "ortho", "forward")
"""A forward transform's norm for PyTorch's numbers: no scale, 1/sqrt(n), 1/n."""
_BACKWARD = _FORWARD[::-1]


@lower("aten._fft_c2c.default")
def fft_c2c(x: tf.Tensor, dim: Sequence[int], normalization: int, forward: bool) -> tf.Tensor:
    """Fourier transform along several axes, or its inverse.

    ``normalization``: 0 for no scale, 1 for 1/sqrt(n), 2 for 1/n, n being the number of elements
    along the axes.

    Shapes: x (...) -> (...). Dtypes: complex64, complex128.
    """
    if not dim:
        return tf.identity(x)
    if forward:
        return fft_fftn(x, None, dim, _FORWARD[normalization])
    return fft_ifftn(x, None, dim, _BACKWARD[normalization])


@lower("aten._fft_r2c.default")
def fft_r2c(x: tf.Tensor, dim: Sequence[int], normalization: int, onesided: bool) -> tf.Tensor:
    """Fourier transform of a real tensor along several axes.

    With ``onesided`` only the first ``n // 2 + 1`` coefficients of the last of them.

    Shapes: x (...) -> (...), or with n//2 + 1 along the last axis named. Dtypes: float32, float64.
    """
    transform = fft_rfftn if onesided else fft_fftn
    return transform(x, None, dim, _FORWARD[normalization])


@lower("aten._fft_c2r.default")
def fft_c2r(x: tf.Tensor, dim: Sequence[int], normalization: int, last_dim_size: Size) -> tf.Tensor:
    """Inverse of a one-sided :func:`fft_r2c`, with the given size along the last axis named.

    Shapes: x (..., n//2 + 1, ...) -> (..., n, ...). Dtypes: complex64, complex128.
    """
    sizes = [*[-1] * (len(dim) - 1), last_dim_size]
    return fft_irfftn(x, sizes, dim, _BACKWARD[normalization])
