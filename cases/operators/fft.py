"""Fourier transforms, spectrograms and windows."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.inputs import COMPLEX, REALS, Array, given
from cases.rows import CONDITIONED, EXACT, row
from parity.suite import Conditioned, Sum

_LINE = given(x=Array("bn", specials=False), sizes={"n": (1, 64)})
_PLANE = given(x=Array("bmn", specials=False), sizes={"m": (1, 12), "n": (1, 12)})
_SPACE = given(x=Array("bmnp", specials=False))
_HALF = given(x=Array("bn", specials=False), sizes={"n": (2, 33)})
# An angle of up to 2 pi is rounded before its cosine is taken.
_WINDOW = Sum(terms="np.full(n, 2 * math.pi)", count="2")
# TensorFlow's gradient is a complex transform of the whole length.
_REAL = Conditioned(gradient=64)
_LENGTH = given(n=st.integers(2, 40))

CASES = (
    row("fft", "torch.fft.fft(x)", "tf.signal.fft(x)", "", CONDITIONED, _LINE, COMPLEX),
    row("ifft", "torch.fft.ifft(x)", "tf.signal.ifft(x)", "", CONDITIONED, _LINE, COMPLEX),
    row(
        "fft_ortho",
        "torch.fft.fft(x, norm='ortho')",
        "tf.signal.fft(x) / tf.cast(tf.constant(math.sqrt(x.shape[-1]), tf.float64), x.dtype)",
        "",
        CONDITIONED,
        _LINE,
        COMPLEX,
        doc="TensorFlow's are unscaled forwards only.",
    ),
    row("rfft", "torch.fft.rfft(x)", "tf.signal.rfft(x)", "", _REAL, _LINE, REALS),
    row("rfft_length", "torch.fft.rfft(x, 16)", "tf.signal.rfft(x, [16])", "", _REAL, _LINE, REALS),
    row(
        "irfft",
        "torch.fft.irfft(x)",
        "tf.signal.irfft(x)",
        "",
        CONDITIONED,
        _HALF,
        COMPLEX,
        gradients=False,
    ),
    row(
        "irfft_length",
        "torch.fft.irfft(x, 9)",
        "tf.signal.irfft(x, [9])",
        "",
        CONDITIONED,
        given(x=Array("b5", specials=False)),
        COMPLEX,
        gradients=False,
    ),
    row("fft2", "torch.fft.fft2(x)", "tf.signal.fft2d(x)", "", CONDITIONED, _PLANE, COMPLEX),
    row("ifft2", "torch.fft.ifft2(x)", "tf.signal.ifft2d(x)", "", CONDITIONED, _PLANE, COMPLEX),
    row("rfft2", "torch.fft.rfft2(x)", "tf.signal.rfft2d(x)", "", _REAL, _PLANE, REALS),
    row(
        "irfft2",
        "torch.fft.irfft2(x)",
        "tf.signal.irfft2d(x)",
        "",
        CONDITIONED,
        given(x=Array("bmn", specials=False), sizes={"m": (2, 8), "n": (2, 8)}),
        COMPLEX,
        gradients=False,
    ),
    row(
        "fft3",
        "torch.fft.fftn(x, dim=(-3, -2, -1))",
        "tf.signal.fft3d(x)",
        "",
        CONDITIONED,
        _SPACE,
        COMPLEX,
    ),
    row(
        "ifft3",
        "torch.fft.ifftn(x, dim=(-3, -2, -1))",
        "tf.signal.ifft3d(x)",
        "",
        CONDITIONED,
        _SPACE,
        COMPLEX,
    ),
    row(
        "rfft3",
        "torch.fft.rfftn(x, dim=(-3, -2, -1))",
        "tf.signal.rfft3d(x)",
        "",
        CONDITIONED,
        _SPACE,
        REALS,
        gradients=False,
    ),
    row(
        "fft_parts",
        "y = torch.fft.fft(torch.complex(x, z))\nreturn y.real, y.imag",
        "y = tf.signal.fft(tf.complex(x, z))\nreturn tf.math.real(y), tf.math.imag(y)",
        "keras.ops.fft((x, z))",
        CONDITIONED,
        given(x=Array("bn", specials=False), z=Array("bn", specials=False), sizes={"n": (1, 32)}),
        REALS,
    ),
    row(
        "rfft_parts",
        "y = torch.fft.rfft(x)\nreturn y.real, y.imag",
        "y = tf.signal.rfft(x)\nreturn tf.math.real(y), tf.math.imag(y)",
        "keras.ops.rfft(x)",
        _REAL,
        _LINE,
        REALS,
    ),
    row(
        "fftshift",
        "torch.fft.fftshift(x)",
        "tf.signal.fftshift(x)",
        "",
        EXACT,
        given(x=Array("mn")),
        REALS,
    ),
    row(
        "ifftshift",
        "torch.fft.ifftshift(x)",
        "tf.signal.ifftshift(x)",
        "",
        EXACT,
        given(x=Array("mn")),
        REALS,
    ),
    row(
        "stft",
        "torch.stft(x, 16, 8, 16, torch.hann_window(16, dtype=x.dtype), center=False, "
        "return_complex=True).mT",
        "tf.signal.stft(x, 16, 8)",
        "",
        CONDITIONED,
        given(x=Array("bn", specials=False), sizes={"n": (16, 60)}),
        REALS,
        gradients=False,
        doc="PyTorch pads both ends unless it is told not to.",
    ),
    row(
        "stft_magnitude",
        "torch.stft(x, 16, 8, 16, torch.hann_window(16, dtype=x.dtype), center=False, "
        "return_complex=True).mT.abs()",
        "tf.abs(tf.signal.stft(x, 16, 8))",
        "re, im = keras.ops.stft(x, 16, 8, 16, center=False)\n"
        "return keras.ops.sqrt(re * re + im * im)",
        CONDITIONED,
        given(x=Array("bn", specials=False), sizes={"n": (16, 60)}),
        REALS,
        gradients=False,
    ),
    row(
        "istft",
        "F.fold((torch.fft.irfft(x) * torch.hann_window(16, dtype=x.real.dtype)).mT, "
        "(1, 16 + 8 * (x.shape[1] - 1)), (1, 16), stride=(1, 8))[:, 0, 0]",
        "tf.signal.inverse_stft(x, 16, 8)",
        "",
        CONDITIONED,
        given(x=Array("bt9", specials=False)),
        ("complex64",),
        gradients=False,
        doc="torch.istft divides by the windows' overlap, inverse_stft doesn't.",
    ),
    row(
        "hann_window",
        "torch.hann_window(n, dtype=dtype)",
        "tf.signal.hann_window(n, dtype=dtype)",
        "keras.ops.cast(keras.ops.hanning(n + 1), dtype.name)[:-1]",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
        doc="Keras's windows are symmetric.",
    ),
    row(
        "hann_window_symmetric",
        "torch.hann_window(n, False, dtype=dtype)",
        "tf.signal.hann_window(n, False, dtype)",
        "keras.ops.cast(keras.ops.hanning(n), dtype.name)",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
    ),
    row(
        "hamming_window",
        "torch.hamming_window(n, dtype=dtype)",
        "tf.signal.hamming_window(n, dtype=dtype)",
        "keras.ops.cast(keras.ops.hamming(n + 1), dtype.name)[:-1]",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
    ),
    row(
        "kaiser_window",
        "torch.kaiser_window(n, False, 12.0, dtype=dtype)",
        "tf.signal.kaiser_window(n, dtype=dtype)",
        "keras.ops.cast(keras.ops.kaiser(n, 12.0), dtype.name)",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
        doc="PyTorch's is periodic by default.",
    ),
    row(
        "bartlett_window",
        "torch.bartlett_window(n, False, dtype=dtype)",
        "1 - tf.abs(2 * tf.range(n, dtype=dtype) / (n - 1) - 1)",
        "keras.ops.cast(keras.ops.bartlett(n), dtype.name)",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
    ),
    row(
        "blackman_window",
        "torch.blackman_window(n, False, dtype=dtype)",
        "t = 2 * math.pi * tf.range(n, dtype=dtype) / (n - 1)\n"
        "return 0.42 - 0.5 * tf.cos(t) + 0.08 * tf.cos(2 * t)",
        "keras.ops.cast(keras.ops.blackman(n), dtype.name)",
        _WINDOW,
        _LENGTH,
        ("float32",),
        gradients=False,
    ),
)
