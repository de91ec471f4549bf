"""Rows of orthogonal polynomials."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import broadcasting, floats, integers, tensors

_NAMES = (
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
)
_TYPES = ("float32", "float64")
_SPECIALS = (0.0, -0.0, 1.0, -1.0)

CASES = (
    *(
        LoweringCase(
            f"aten.special_{name}.default",
            broadcasting(2, 3).flatmap(
                lambda shapes: st.fixed_dictionaries(
                    {
                        "x": tensors(shapes[0], low=-1.25, high=1.25, specials=_SPECIALS),
                        "n": integers(shapes[1], -1, 12),
                    }
                )
            ),
            gradients=False,  # PyTorch has none
        )
        for name in _NAMES
    ),
    *(
        LoweringCase(
            f"aten.special_{name}.n_scalar",
            st.fixed_dictionaries(
                {
                    "x": floats(low=-1.25, high=1.25, specials=_SPECIALS, dtypes=_TYPES),
                    "n": st.integers(-1, 12),
                }
            ),
            gradients=False,  # PyTorch has none
        )
        for name in _NAMES
    ),
    *(
        LoweringCase(
            f"aten.special_{name}.x_scalar",
            st.fixed_dictionaries(
                {"x": st.sampled_from((0.5, -0.75, 1.0, 1.5)), "n": integers(low=-1, high=12)}
            ),
            gradients=False,  # PyTorch has none
        )
        for name in _NAMES
    ),
)
