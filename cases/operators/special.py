"""Rows of special functions, and of floating-point numbers taken apart."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import OperatorCase
from cases.strategies import SPECIALS, floats, integers, shapes, tensors

CASES = (
    OperatorCase(
        "aten.i0.default", st.fixed_dictionaries({"x": floats(low=-20, high=20, specials=SPECIALS)})
    ),
    OperatorCase(
        "aten.polygamma.default",
        st.fixed_dictionaries({"n": st.integers(0, 4), "x": floats(low=0.5, high=20)}),
    ),
    *(
        OperatorCase(
            f"aten.{name}.default",
            st.fixed_dictionaries(
                {"x": tensors((2, 3), low=0.5, high=9), "other": tensors((3,), low=0.1, high=9)}
            ),
            gradients=False,  # PyTorch has none in x
        )
        for name in ("igamma", "igammac", "special_gammainc", "special_gammaincc")
    ),
    OperatorCase(
        "aten.nextafter.default",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries({"x": tensors(shape), "other": tensors(shape)})
        ),
        gradients=False,
    ),
    OperatorCase(
        "aten.ldexp.Tensor",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "other": integers(shape, 0, 20, "int32")}
            )
        ),
    ),
    OperatorCase(
        "aten.polygamma.default",
        st.fixed_dictionaries({"n": st.integers(0, 4), "x": floats(low=0.5, high=20)}),
    ),
    *(
        OperatorCase(
            f"aten.{name}.default",
            st.fixed_dictionaries(
                {"x": tensors((2, 3), low=0.5, high=9), "other": tensors((3,), low=0.1, high=9)}
            ),
            gradients=False,  # PyTorch has none in x
        )
        for name in ("igamma", "igammac", "special_gammainc", "special_gammaincc")
    ),
    OperatorCase(
        "aten.nextafter.default",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries({"x": tensors(shape), "other": tensors(shape)})
        ),
        gradients=False,
    ),
    OperatorCase(
        "aten.ldexp.Tensor",
        shapes().flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "other": integers(shape, -20, 20, "int32")}
            )
        ),
        gradients=False,  # PyTorch's is 0 for negative integers
        label="negative",
    ),
    OperatorCase(
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
