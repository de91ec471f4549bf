"""Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable

import torch

from converters.tf_to_torch.lowerings import Sizes, Tensor, lower


def _register(op: str, function: Callable[..., Tensor], count: int) -> None:
    def lowering(input: Tensor) -> Tensor:
        return function(input, dim=list(range(-count, 0)))

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"Over the last {count} axes. Shapes: (...) -> (...). Dtypes: complex."
    lower(op)(lowering)


for _op, _function, _count in (
    ("tf.FFT", torch.fft.fftn, 1),
    ("tf.FFT2D", torch.fft.fftn, 2),
    ("tf.FFT3D", torch.fft.fftn, 3),
    ("tf.IFFT", torch.fft.ifftn, 1),
    ("tf.IFFT2D", torch.fft.ifftn, 2),
    ("tf.IFFT3D", torch.fft.ifftn, 3),
):
    _register(_op, _function, _count)


def _real(op: str, count: int) -> None:
    def lowering(input: Tensor, fft_length: Sizes, Tcomplex: torch.dtype) -> Tensor:
        return torch.fft.rfftn(input, list(fft_length), list(range(-count, 0))).to(Tcomplex)

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"Of real numbers, over the last {count} axes. Shapes: (..., n) -> (...)."
    lower(op)(lowering)


def _inverse_real(op: str, count: int) -> None:
    def lowering(input: Tensor, fft_length: Sizes, Treal: torch.dtype) -> Tensor:
        return torch.fft.irfftn(input, list(fft_length), list(range(-count, 0))).to(Treal)

    lowering.__name__ = op.split(".")[1]
    lowering.__doc__ = f"To real numbers, over the last {count} axes. Shapes: (...) -> (..., n)."
    lower(op)(lowering)


for _op, _count in (("tf.RFFT", 1), ("tf.RFFT2D", 2), ("tf.RFFT3D", 3)):
    _real(_op, _count)
for _op, _count in (("tf.IRFFT", 1), ("tf.IRFFT2D", 2), ("tf.IRFFT3D", 3)):
    _inverse_real(_op, _count)
