"""Rows of short-time Fourier transforms."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase


@st.composite
def _stft(draw: st.DrawFn) -> dict[str, object]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_fft = draw(st.sampled_from((4, 7, 16)))
    length = draw(st.integers(1, n_fft))
    shape = draw(st.sampled_from(((40,), (2, 33))))
    window = generator.uniform(0.1, 1, length).astype(np.float32)
    return {
        "x": generator.standard_normal(shape).astype(np.float32),
        "n_fft": n_fft,
        "hop_length": draw(st.integers(1, 5)),
        "win_length": length,
        "window": draw(st.sampled_from((None, window))),
        "normalized": draw(st.booleans()),
        "onesided": draw(st.sampled_from((None, True, False))),
        "return_complex": draw(st.booleans()),
    }


@st.composite
def _istft(draw: st.DrawFn) -> dict[str, object]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_fft = draw(st.sampled_from((4, 8, 16)))
    onesided = draw(st.booleans())
    shape = (*draw(st.sampled_from(((), (2,)))), n_fft // 2 + 1 if onesided else n_fft, 9)
    spectrum = generator.standard_normal(shape) + 1j * generator.standard_normal(shape)
    return {
        "x": spectrum.astype(np.complex64),
        "n_fft": n_fft,
        "hop_length": n_fft // 4,
        "win_length": n_fft,
        "window": generator.uniform(0.5, 1, n_fft).astype(np.float32),
        "center": draw(st.booleans()),
        "normalized": draw(st.booleans()),
        "onesided": onesided,
        "length": draw(st.sampled_from((None, 5, 80))),
    }


CASES = (
    LoweringCase("aten.stft.default", _stft()),
    LoweringCase("aten.istft.default", _istft()),
)
