"""Short-time Fourier transforms."""

from __future__ import annotations

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import shape_of


@lower("aten.stft.default")
def stft(
    x: tf.Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: tf.Tensor | None = None,
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> tf.Tensor:
    """Fourier transforms of overlapping, windowed pieces of a signal.

    Shapes: x (T,) or (B, T), window (win_length,) -> (..., frequencies, frames), and a last axis of
    real and imaginary part when not ``return_complex``. Dtypes: float32, float64, complex64,
    complex128.
    Raises: UnsupportedVariantError with ``align_to_window``.
    Source: PyTorch, torch.stft, which pads before it calls this.
    """
    if align_to_window:
        raise UnsupportedVariantError("stft(align_to_window=True): leave it at its default.")
    frames = tf.signal.frame(x, n_fft, hop_length or n_fft // 4)
    taps = _window(window, win_length or n_fft, n_fft, x.dtype)
    complex_window = window is not None and window.dtype.is_complex
    if not x.dtype.is_complex and not complex_window and onesided is not False:
        result = tf.signal.rfft(frames * taps)
    else:
        dtype = tf.complex128 if x.dtype in (tf.float64, tf.complex128) else tf.complex64
        result = tf.signal.fft(tf.cast(frames, dtype) * tf.cast(taps, dtype))
    if normalized:
        result *= tf.cast(tf.constant(n_fft**-0.5, result.dtype.real_dtype), result.dtype)
    result = tf.linalg.matrix_transpose(result)
    return result if return_complex else tf.stack([tf.math.real(result), tf.math.imag(result)], -1)


def _window(window: tf.Tensor | None, length: int, n_fft: int, dtype: tf.DType) -> tf.Tensor:
    """The window, or ones, in the middle of ``n_fft`` taps."""
    taps = tf.ones([length], dtype.real_dtype) if window is None else window
    left = (n_fft - length) // 2
    return tf.pad(taps, [[left, n_fft - length - left]])


@lower("aten.istft.default")
def istft(
    x: tf.Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: tf.Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> tf.Tensor:
    """Inverse of ``stft`` by least squares: overlapping pieces over the windows' squares.

    Shapes: x (..., frequencies, frames), complex, window (win_length,) -> (..., T), filled with
    zeros up to ``length``. Dtypes: complex64, complex128 -> float32, float64.
    Raises: UnsupportedVariantError with ``return_complex``.
    Source: Griffin and Lim, 1984; PyTorch, torch.istft.
    """
    if return_complex or (window is not None and window.dtype.is_complex):
        raise UnsupportedVariantError(
            "istft of complex signals: only real signals can be converted."
        )
    hop = hop_length or n_fft // 4
    spectra = tf.linalg.matrix_transpose(x)[..., : n_fft // 2 + 1]
    frames = tf.signal.irfft(spectra, [n_fft])
    if normalized:
        frames *= tf.constant(n_fft**0.5, frames.dtype)
    taps = _window(window, win_length or n_fft, n_fft, frames.dtype)
    count = shape_of(frames)[-2]
    signal = tf.signal.overlap_and_add(frames * taps, hop)
    weight = tf.signal.overlap_and_add(tf.tile(tf.square(taps)[tf.newaxis], [count, 1]), hop)
    start = n_fft // 2 if center else 0
    total = n_fft + hop * (count - 1)
    stop = start + length if length is not None else total - (n_fft // 2 if center else 0)
    result = signal[..., start:stop] / weight[start:stop]
    if length is None:
        return result
    missing = length - shape_of(result)[-1]
    return tf.pad(result, [[0, 0]] * (result.shape.rank - 1) + [[0, missing]])
