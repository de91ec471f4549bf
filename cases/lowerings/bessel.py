"""Rows of Bessel functions."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import SPECIALS, floats

_REACH = 30.0
_TYPES = ("float32", "float64")

CASES = (
    *(
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries({"x": floats(low=-20, high=20, specials=SPECIALS)}),
        )
        for name in ("i0", "special_i0")
    ),
    *(
        LoweringCase(
            f"aten.special_{name}.default",
            st.fixed_dictionaries(
                {"x": floats(low=-20, high=20, specials=(0.0, 1.0, -1.0), dtypes=_TYPES)}
            ),
        )
        for name in ("i0e", "i1", "i1e")
    ),
    *(
        LoweringCase(
            f"aten.special_{name}.default",
            st.fixed_dictionaries({"x": floats(specials=(*SPECIALS, -8.5, 20.0), dtypes=_TYPES)}),
            gradients=False,  # PyTorch has none for the last three
            label=label,
        )
        for name, label in (
            ("i0e", "ends"),
            ("i1", "ends"),
            ("i1e", "ends"),
            ("modified_bessel_i0", ""),
            ("modified_bessel_i1", ""),
            ("spherical_bessel_j0", ""),
        )
    ),
    *(
        LoweringCase(
            f"aten.special_{name}.default",
            st.fixed_dictionaries(
                {"x": floats(low=0.01, high=30, specials=SPECIALS, dtypes=_TYPES)}
            ),
            gradients=False,  # PyTorch has none
        )
        for name in (
            "modified_bessel_k0",
            "modified_bessel_k1",
            "scaled_modified_bessel_k0",
            "scaled_modified_bessel_k1",
        )
    ),
    *(
        LoweringCase(
            f"aten.special_bessel_{name}.default",
            st.fixed_dictionaries(
                {"x": floats(low=low, high=_REACH, specials=SPECIALS, dtypes=_TYPES)}
            ),
            gradients=False,  # PyTorch has none
        )
        for name, low in (("j0", -_REACH), ("j1", -_REACH), ("y0", 0.01), ("y1", 0.01))
    ),
)
