"""Fourier transforms, spectrograms and windows."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.inputs import COMPLEX, REALS, Array, given
from cases.rows import EXACT, row
from parity.suite import Sum

_LINE = given(x=Array("bn"), sizes={"n": (1, 64)})
_PLANE = given(x=Array("bmn"), sizes={"m": (1, 12), "n": (1, 12)})
_SPACE = given(x=Array("bmnp"))
_HALF = given(x=Array("bn"), sizes={"n": (2, 33)})
# Errors of a fast transform are small next to the largest result of the line (Higham, ASNA, 24.1).
_OF_LINES = Sum(transform=1)
_OF_PARTS = Sum("(x + z).sum(-1, keepdims=True)", transform=1)
_OF_PART = Sum("x.sum(-1, keepdims=True)", transform=1)
_MKL = "PyTorch's of some lengths in complex128 are off by 40 u sum |x|: TensorFlow is the oracle."
_OF_PLANES = Sum(transform=2)
_OF_SPACES = Sum(transform=3)
# An angle of up to 2 pi is rounded before its cosine is taken.
_WINDOW = Sum(terms="np.full(n, 2 * math.pi)", count="2")
_LENGTH = given(n=st.integers(2, 40))

CASES = (
    row(
        "fft",
        "torch.fft.fft(x)",
        "tf.signal.fft(x)",
        "",
        _OF_LINES,
        _LINE,
        COMPLEX,
        oracle="tensorflow",
        doc=_MKL,
    ),
    row(
        "ifft",
        "torch.fft.ifft(x)",
        "tf.signal.ifft(x)",
        "",
        _OF_LINES,
        _LINE,
        COMPLEX,
        oracle="tensorflow",
        doc=_MKL,
    ),
    row(
        "fft_ortho",
        "torch.fft.fft(x, norm='ortho')",
        "tf.signal.fft(x) / tf.cast(tf.constant(math.sqrt(x.shape[-1]), tf.float64), x.dtype)",
        "",
        _OF_LINES,
        _LINE,
        COMPLEX,
        oracle="tensorflow",
        doc=f"TensorFlow's are unscaled forwards only. {_MKL}",
    ),
    row("rfft", "torch.fft.rfft(x)", "tf.signal.rfft(x)", "", _OF_LINES, _LINE, REALS),
    row(
        "rfft_length",
        "torch.fft.rfft(x, 16)",
        "tf.signal.rfft(x, [16])",
        "",
        _OF_LINES,
        _LINE,
        REALS,
    ),
    row(
        "irfft",
        "torch.fft.irfft(x)",
        "tf.signal.irfft(x)",
        "",
        _OF_LINES,
        _HALF,
        COMPLEX,
        gradients=False,
    ),
    row(
        "irfft_length",
        "torch.fft.irfft(x, 9)",
        "tf.signal.irfft(x, [9])",
        "",
        _OF_LINES,
        given(x=Array("b5")),
        COMPLEX,
        gradients=False,
    ),
    row("fft2", "torch.fft.fft2(x)", "tf.signal.fft2d(x)", "", _OF_PLANES, _PLANE, COMPLEX),
    row("ifft2", "torch.fft.ifft2(x)", "tf.signal.ifft2d(x)", "", _OF_PLANES, _PLANE, COMPLEX),
    row("rfft2", "torch.fft.rfft2(x)", "tf.signal.rfft2d(x)", "", _OF_PLANES, _PLANE, REALS),
    row(
        "irfft2",
        "torch.fft.irfft2(x)",
        "tf.signal.irfft2d(x)",
        "",
        _OF_PLANES,
        given(x=Array("bmn"), sizes={"m": (2, 8), "n": (2, 8)}),
        COMPLEX,
        gradients=False,
    ),
    row(
        "fft3",
        "torch.fft.fftn(x, dim=(-3, -2, -1))",
        "tf.signal.fft3d(x)",
        "",
        _OF_SPACES,
        _SPACE,
        COMPLEX,
    ),
    row(
        "ifft3",
        "torch.fft.ifftn(x, dim=(-3, -2, -1))",
        "tf.signal.ifft3d(x)",
        "",
        _OF_SPACES,
        _SPACE,
        COMPLEX,
    ),
    row(
        "rfft3",
        "torch.fft.rfftn(x, dim=(-3, -2, -1))",
        "tf.signal.rfft3d(x)",
        "",
        _OF_SPACES,
        _SPACE,
        REALS,
        gradients=False,
    ),
    row(
        "fft_parts",
        "y = torch.fft.fft(torch.complex(x, z))\nreturn y.real, y.imag",
        "y = tf.signal.fft(tf.complex(x, z))\nreturn tf.math.real(y), tf.math.imag(y)",
        "keras.ops.fft((x, z))",
        _OF_PARTS,
        given(x=Array("bn"), z=Array("bn"), sizes={"n": (1, 32)}),
        REALS,
    ),
    row(
        "rfft_parts",
        "y = torch.fft.rfft(x)\nreturn y.real, y.imag",
        "y = tf.signal.rfft(x)\nreturn tf.math.real(y), tf.math.imag(y)",
        "keras.ops.rfft(x)",
        _OF_PART,
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
        _OF_LINES,
        given(x=Array("bn"), sizes={"n": (16, 60)}),
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
        _OF_LINES,
        given(x=Array("bn"), sizes={"n": (16, 60)}),
        REALS,
        gradients=False,
    ),
    row(
        "istft",
        "F.fold((torch.fft.irfft(x) * torch.hann_window(16, dtype=x.real.dtype)).mT, "
        "(1, 16 + 8 * (x.shape[1] - 1)), (1, 16), stride=(1, 8))[:, 0, 0]",
        "tf.signal.inverse_stft(x, 16, 8)",
        "",
        _OF_LINES,
        given(x=Array("bt9")),
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
