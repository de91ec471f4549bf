"""Rows of the elementary functions."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import SPECIALS, bools, floats, integers, tensors

_INFINITE = float("inf")
_NAN = float("nan")


def _row(
    name: str,
    low: float = -_INFINITE,
    high: float = _INFINITE,
    specials: tuple[float, ...] = SPECIALS,
) -> tuple[LoweringCase, ...]:
    """A function on its domain, and on integers and bools where PyTorch makes them floats."""
    op = f"aten.{name}.default"
    whole = st.one_of(integers(low=1, high=9, dtype="int32"), integers(low=1, high=9), bools())
    return (
        LoweringCase(
            op, st.fixed_dictionaries({"x": floats(low=low, high=high, specials=specials)})
        ),
        LoweringCase(op, st.fixed_dictionaries({"x": whole}), label="integers"),
    )


_ANYWHERE = tuple(
    row
    for name in (("exp expm1 sin cos tan atan sinh cosh asinh erf erfc deg2rad rad2deg").split())
    for row in _row(name, -20, 20, (0.0, -0.0, 1.0, _INFINITE, -_INFINITE, _NAN))
)
_SATURATING = tuple(
    row
    for name in ("tanh", "sigmoid")
    for row in (
        *_row(name, -40, 40, (0.0, -0.0, 1.0, _INFINITE, -_INFINITE, _NAN)),
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries({"x": floats(specials=SPECIALS)}),
            label="ends",
        ),
    )
)
_POSITIVE = tuple(
    row
    for name in "sqrt rsqrt log log2 log10".split()
    for row in _row(name, 1e-4, 1e4, (1.0, _INFINITE, -1.0, _NAN))
)
_ROUNDINGS = tuple(
    row
    for name in "floor ceil round trunc fix".split()
    for row in (
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries({"x": floats(specials=(*SPECIALS, 0.5, -0.5, 1.5, 2.5))}),
            gradients=False,
        ),
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries({"x": integers(dtype="int32")}),
            gradients=False,
            label="integers",
        ),
    )
)

CASES = (
    *_ANYWHERE,
    *_SATURATING,
    *_POSITIVE,
    *_ROUNDINGS,
    # Near 0 the gradient that PyTorch writes out for sinc cancels, so it can't be an oracle there.
    *_row("sinc", 0.05, 20, (0.0, -0.0, 1.0)),
    LoweringCase(
        "aten.sinc.default",
        st.fixed_dictionaries({"x": floats()}),
        gradients=False,
        label="near zero",
    ),
    # In float16 PyTorch's gradient of exp2 overflows before the result does.
    *_row("exp2", -8, 8, (0.0, -0.0, 1.0, float("nan"))),
    *_row("reciprocal", 0.01, 100, (_INFINITE, -_INFINITE, _NAN, 0.0, -0.0)),
    *_row("log1p", -0.9, 1e4, (0.0, -1.0, _INFINITE, _NAN)),
    *_row("asin", -1, 1, (0.0, 2.0, _NAN))[:1],
    *_row("acos", -1, 1, (0.0, 2.0, _NAN))[:1],
    *_row("acosh", 1.01, 1e3, (_INFINITE, 0.5, _NAN)),
    *_row("atanh", -0.95, 0.95, (0.0, 2.0, _NAN))[:1],
    *_row("erfinv", -0.95, 0.95, (0.0, 1.0, -1.0, 1e-5, 2.0, _NAN))[:1],
    LoweringCase("aten.lgamma.default", st.fixed_dictionaries({"x": tensors(low=0.1, high=30)})),
    LoweringCase(
        "aten.neg.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers())}),
    ),
    LoweringCase(
        "aten.abs.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers())}),
    ),
    LoweringCase(
        "aten.abs.default",
        st.fixed_dictionaries({"x": integers(low=0, high=255, dtype="uint8")}),
        label="unsigned",
    ),
    LoweringCase(
        "aten.square.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers(dtype="int8"))}),
    ),
    LoweringCase(
        "aten.sign.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers(), bools())}),
        gradients=False,
    ),
    LoweringCase(
        "aten.sgn.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers())}),
        gradients=False,
    ),
    LoweringCase(
        "aten.signbit.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers(), bools())}),
        gradients=False,
    ),
    LoweringCase(
        "aten.round.decimals",
        st.fixed_dictionaries(
            {
                "x": tensors(low=-1e3, high=1e3, distributions=("normal",)),
                "decimals": st.integers(-2, 3),
            }
        ),
        gradients=False,
    ),
    LoweringCase("aten.frac.default", st.fixed_dictionaries({"x": tensors(low=-1e3, high=1e3)})),
    LoweringCase("aten.logit.default", st.fixed_dictionaries({"x": floats(low=0.01, high=0.99)})),
    LoweringCase(
        "aten.logit.default",
        st.fixed_dictionaries(
            {"x": tensors(low=-0.5, high=1.5), "eps": st.sampled_from((1e-6, 1e-3, 0.25))}
        ),
        label="eps",
    ),
    LoweringCase(
        "aten.nan_to_num.default",
        st.fixed_dictionaries(
            {"x": tensors(specials=SPECIALS)},
            optional={"nan": st.just(7.0), "posinf": st.just(3.5), "neginf": st.just(-2.0)},
        ).filter(lambda drawn: "posinf" in drawn and "neginf" in drawn),
    ),
)
