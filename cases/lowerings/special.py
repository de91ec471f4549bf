"""Rows of special functions, and of floating-point numbers taken apart."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import SPECIALS, floats, integers, numbers, shapes, tensors

_TYPES = ("float32", "float64")


def _apart(x: np.ndarray) -> np.ndarray:
    """Without the poles of the gamma function: 0 and the negative integers."""
    return np.where((x <= 0) & (x == np.round(x)), x + 0.25, x).astype(x.dtype)


CASES = (
    LoweringCase(
        "aten.digamma.default",
        st.one_of(
            floats(low=0.5, high=20, specials=(0.0, -0.0, float("inf"), float("nan"))),
            floats(low=-4.75, high=-4.25),
        ).map(lambda x: {"x": x}),
    ),
    LoweringCase(
        "aten.polygamma.default",
        st.fixed_dictionaries({"n": st.integers(0, 4), "x": floats(low=0.5, high=20)}),
    ),
    LoweringCase(
        "aten.polygamma.default",
        st.fixed_dictionaries(
            {"n": st.integers(0, 4), "x": floats((2, 3), low=-20, high=1).map(_apart)}
        ),
        label="between poles",
    ),
    LoweringCase(
        "aten.polygamma.default",
        st.fixed_dictionaries(
            {"n": st.integers(2, 4), "x": st.just(np.array([0, -1, -2, -9], np.float32))}
        ),
        gradients=False,  # infinite
        label="poles",
    ),
    LoweringCase(
        "aten.special_ndtri.default",
        st.fixed_dictionaries(
            {"x": floats(low=0.01, high=0.99, specials=(0.5, 0.25, 0.75), dtypes=_TYPES)}
        ),
    ),
    LoweringCase(
        "aten.special_ndtri.default",
        st.fixed_dictionaries({"x": floats(specials=SPECIALS, dtypes=_TYPES)}),
        gradients=False,  # infinite or NaN
        label="ends",
    ),
    LoweringCase(
        "aten.special_zeta.default",
        st.fixed_dictionaries(
            {"x": tensors((2, 3), low=1.1, high=9), "other": tensors((3,), low=0.5, high=9)}
        ),
        gradients=False,  # PyTorch has none in x
    ),
    LoweringCase(
        "aten.special_zeta.default",
        st.fixed_dictionaries(
            {"x": integers((6, 3), -1, 4, "int32"), "other": integers((3,), -3, 3, "int32")}
        ),
        gradients=False,
        label="poles",
    ),
    LoweringCase(
        "aten.special_zeta.self_scalar",
        st.fixed_dictionaries(
            {"x": numbers(1.5, 6), "other": floats(low=0.5, high=9, dtypes=_TYPES)}
        ),
    ),
    LoweringCase(
        "aten.special_zeta.other_scalar",
        st.fixed_dictionaries(
            {"x": floats(low=1.1, high=9, dtypes=_TYPES), "other": numbers(1, 6)}
        ),
        gradients=False,  # PyTorch has none in x
    ),
    LoweringCase(
        "aten.special_erfcx.default",
        st.fixed_dictionaries({"x": floats(low=-4, high=12, dtypes=_TYPES)}),
    ),
    LoweringCase(
        "aten.special_erfcx.default",
        st.fixed_dictionaries({"x": floats(specials=(*SPECIALS, 1e20), dtypes=_TYPES)}),
        gradients=False,  # infinite or NaN
        label="ends",
    ),
    LoweringCase(
        "aten.special_log_ndtr.default",
        st.fixed_dictionaries({"x": floats(low=-5, high=8, dtypes=_TYPES)}),
    ),
    LoweringCase(
        "aten.special_log_ndtr.default",
        st.fixed_dictionaries({"x": floats(specials=SPECIALS, dtypes=_TYPES)}),
        gradients=False,  # NaN at infinity
        label="ends",
    ),
    *(
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries(
                {"x": tensors((2, 3), low=0.5, high=9), "other": tensors((3,), low=0.1, high=9)}
            ),
            gradients=False,  # PyTorch has none in x
        )
        for name in ("igamma", "igammac", "special_gammainc", "special_gammaincc")
    ),
    LoweringCase(
        "aten.nextafter.default",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries({"x": tensors(shape), "other": tensors(shape)})
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.ldexp.Tensor",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "other": integers(shape, 0, 20, "int32")}
            )
        ),
    ),
    LoweringCase(
        "aten.ldexp.Tensor",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "other": integers(shape, -20, 20, "int32")}
            )
        ),
        gradients=False,  # PyTorch's is 0 for negative integers
        label="negative",
    ),
    LoweringCase(
        "aten.frexp.Tensor",
        st.fixed_dictionaries(
            {
                "x": floats(
                    specials=(*SPECIALS, -3e38, 65504.0),
                    dtypes=("float32", "float64", "float16", "bfloat16"),
                )
            }
        ),
    ),
)
