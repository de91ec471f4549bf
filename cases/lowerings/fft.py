"""Rows of Fourier transforms."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import lettered

_NORMS = st.sampled_from((None, "backward", "ortho", "forward"))
_SIZES = st.sampled_from((None, 2, 5, 8))
_FLOATS = ("float32", "float64")
_COMPLEX = ("complex64", "complex128")
_KINDS = ("normal", "uniform")


def _one(dtypes: tuple[str, ...], smallest: int = 1) -> SearchStrategy[Arguments]:
    return st.one_of(
        lettered(
            {"x": "a"},
            min_size=smallest,
            dtypes=dtypes,
            distributions=_KINDS,
            n=_SIZES,
            norm=_NORMS,
        ),
        lettered(
            {"x": "abc"},
            min_size=smallest,
            dtypes=dtypes,
            distributions=_KINDS,
            n=_SIZES,
            dim=st.integers(-3, 2),
            norm=_NORMS,
        ),
    )


def _several(
    dtypes: tuple[str, ...], dims: tuple[tuple[int, ...], ...]
) -> SearchStrategy[Arguments]:
    return lettered(
        {"x": "abc"},
        min_size=2,
        dtypes=dtypes,
        distributions=_KINDS,
        s=st.sampled_from((None, (4, 3))),
        dim=st.sampled_from(dims),
        norm=_NORMS,
    )


_PAIRS = ((-2, -1), (0, 1), (2, 0))
_BOTH = _FLOATS + _COMPLEX
_SCALES = st.integers(0, 2)
_LAST = st.sampled_from(((2,), (2, 0), (0, 1, 2), (2, 1)))

CASES = (
    LoweringCase("aten.fft_fft.default", _one(_BOTH)),
    LoweringCase("aten.fft_ifft.default", _one(_BOTH)),
    LoweringCase("aten.fft_rfft.default", _one(_FLOATS)),
    LoweringCase("aten.fft_irfft.default", _one(_COMPLEX, 2)),
    LoweringCase("aten.fft_fftn.default", _several(_BOTH, _PAIRS)),
    LoweringCase("aten.fft_ifftn.default", _several(_BOTH, _PAIRS)),
    LoweringCase("aten.fft_rfftn.default", _several(_FLOATS, _PAIRS)),
    LoweringCase("aten.fft_irfftn.default", _several(_COMPLEX, _PAIRS)),
    LoweringCase("aten.fft_fft2.default", _several(_BOTH, _PAIRS)),
    LoweringCase("aten.fft_ifft2.default", _several(_BOTH, _PAIRS)),
    LoweringCase("aten.fft_rfft2.default", _several(_FLOATS, _PAIRS)),
    LoweringCase("aten.fft_irfft2.default", _several(_COMPLEX, _PAIRS)),
    *(
        LoweringCase(
            f"aten.{op}.default",
            lettered({"x": "abc"}, dtypes=_BOTH, dim=st.sampled_from((None, (0,), (-1, 0)))),
        )
        for op in ("fft_fftshift", "fft_ifftshift")
    ),
    LoweringCase(
        "aten._fft_c2c.default",
        lettered(
            {"x": "abc"},
            dtypes=_COMPLEX,
            distributions=_KINDS,
            dim=st.sampled_from(((), (1,), (2, 0), (0, 1, 2))),
            normalization=_SCALES,
            forward=st.booleans(),
        ),
    ),
    LoweringCase(
        "aten._fft_r2c.default",
        lettered(
            {"x": "abc"},
            dtypes=_FLOATS,
            distributions=_KINDS,
            dim=_LAST,
            normalization=_SCALES,
            onesided=st.booleans(),
        ),
    ),
    *(
        LoweringCase(
            "aten._fft_c2r.default",
            lettered(
                {"x": "ab" + str(size // 2 + 1)},
                dtypes=_COMPLEX,
                distributions=_KINDS,
                dim=st.sampled_from(((2,), (0, 2), (0, 1, 2))),
                normalization=_SCALES,
                last_dim_size=st.just(size),
            ),
            label=f"of {size}",
        )
        for size in (5, 8)
    ),
)
