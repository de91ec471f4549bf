"""Rows of sums, products, quotients, powers and extrema."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import (
    SPECIALS,
    bools,
    broadcasting,
    floats,
    integers,
    numbers,
    shapes,
    tensors,
)

_INFINITE = float("inf")
_NUMBERS = tuple(value for value in SPECIALS if value == value)


@st.composite
def operands(
    draw: st.DrawFn,
    names: tuple[str, ...] = ("x", "other"),
    low: float = -_INFINITE,
    high: float = _INFINITE,
    specials: tuple[float, ...] = (),
    *,
    mixed: bool = True,
    dtypes: tuple[str, ...] = ("float32", "float64", "float16", "bfloat16"),
) -> dict[str, object]:
    """Arrays that broadcast, of one floating-point type or (``mixed``) of several types."""
    drawn: dict[str, object] = {}
    different = mixed and draw(st.integers(0, 3)) == 0
    kind = draw(st.sampled_from(dtypes))
    for name, shape in zip(names, draw(broadcasting(len(names))), strict=True):
        if different and draw(st.booleans()):
            drawn[name] = draw(integers(shape, int(max(low, -5)), int(min(high, 5))))
        else:
            one = draw(st.sampled_from(dtypes)) if different else kind
            drawn[name] = draw(tensors(shape, low=low, high=high, specials=specials, dtype=one))
    return drawn


@st.composite
def whole(
    draw: st.DrawFn,
    names: tuple[str, ...] = ("x", "other"),
    low: int = -5,
    high: int = 5,
    nonzero: str = "",
) -> dict[str, object]:
    """Integer arrays that broadcast, the one called ``nonzero`` without zeros."""
    drawn: dict[str, object] = {}
    for name, shape in zip(names, draw(broadcasting(len(names))), strict=True):
        dtype = draw(st.sampled_from(("int64", "int32", "int16", "int8")))
        array = draw(integers(shape, low, high, dtype))
        drawn[name] = np.where(array == 0, 3, array).astype(dtype) if name == nonzero else array
    return drawn


def _scaled(arguments: SearchStrategy[Arguments], name: str) -> SearchStrategy[Arguments]:
    return st.tuples(arguments, numbers()).map(lambda pair: {**pair[0], name: pair[1]})


def _with(x: SearchStrategy[object], **others: SearchStrategy[object]) -> SearchStrategy[Arguments]:
    return st.fixed_dictionaries({"x": x, **others})


def _bounded() -> SearchStrategy[Arguments]:
    """Bounds of the shape of what they bound, crossing each other here and there."""
    return shapes().flatmap(
        lambda shape: st.fixed_dictionaries(
            {name: tensors(shape, distributions=("normal",)) for name in ("x", "min", "max")}
        )
    )


def _sums() -> tuple[LoweringCase, ...]:
    rows = []
    for name in ("add", "sub", "rsub"):
        op = f"aten.{name}"
        rows += [
            LoweringCase(f"{op}.Tensor", operands(specials=SPECIALS)),
            LoweringCase(f"{op}.Tensor", whole(), label="integers"),
            LoweringCase(f"{op}.Tensor", _scaled(operands(mixed=False), "alpha"), label="alpha"),
            LoweringCase(f"{op}.Scalar", _with(floats(), other=numbers())),
            LoweringCase(f"{op}.Scalar", _with(integers(), other=numbers()), label="promotes"),
        ]
    truths = broadcasting(2).flatmap(lambda s: _with(bools(s[0]), other=bools(s[1])))
    rows.append(LoweringCase("aten.add.Tensor", truths, label="bools"))
    rows.append(LoweringCase("aten.mul.Tensor", truths, label="bools"))
    return tuple(rows)


def _separated() -> SearchStrategy[Arguments]:
    """A dividend whose quotient is not near an integer, where the remainder jumps."""

    @st.composite
    def pair(draw: st.DrawFn) -> dict[str, object]:
        first, second = draw(broadcasting(2))
        quotients = draw(integers(first, -6, 6)) + draw(st.sampled_from((0.25, 0.375, 0.625)))
        divisor = draw(st.sampled_from((1.0, 2.0, -0.5, 4.0)))
        return {
            "x": np.asarray(quotients * divisor, "float32"),
            "other": np.full(second, divisor, "float32"),
        }

    return pair()


_POWERS = st.sampled_from((0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.7, -0.3, 4))

CASES = (
    *_sums(),
    LoweringCase("aten.mul.Tensor", operands(specials=SPECIALS)),
    LoweringCase("aten.mul.Tensor", whole(), label="integers"),
    LoweringCase("aten.mul.Scalar", _with(floats(), other=numbers())),
    LoweringCase("aten.div.Tensor", operands(low=0.1, high=50)),
    # In float16 PyTorch rounds and overflows between the two divisions of its gradient.
    LoweringCase(
        "aten.div.Tensor",
        operands(specials=SPECIALS, mixed=False),
        gradients=False,
        label="specials",
    ),
    LoweringCase("aten.div.Tensor", whole(nonzero="other"), label="integers"),
    LoweringCase("aten.div.Scalar", _with(floats(), other=numbers(0.5, 4))),
    LoweringCase("aten.true_divide.Tensor", operands(low=0.1, high=50)),
    LoweringCase(
        "aten.div.Tensor_mode",
        st.tuples(
            operands(low=0.5, high=40, dtypes=("float32", "float64"), mixed=False),
            st.sampled_from(("floor", "trunc", None)),
        ).map(lambda pair: {**pair[0], "rounding_mode": pair[1]}),
        gradients=False,
    ),
    LoweringCase(
        "aten.div.Tensor_mode",
        st.tuples(whole(nonzero="other"), st.sampled_from(("floor", "trunc", None))).map(
            lambda pair: {**pair[0], "rounding_mode": pair[1]}
        ),
        gradients=False,
        label="integers",
    ),
    LoweringCase(
        "aten.div.Scalar_mode",
        _with(
            integers(),
            other=st.sampled_from((2, -3)),
            rounding_mode=st.sampled_from(("floor", "trunc", None)),
        ),
        gradients=False,
    ),
    LoweringCase("aten.floor_divide.default", whole(nonzero="other"), gradients=False),
    LoweringCase(
        "aten.floor_divide.Scalar",
        _with(integers(), other=st.sampled_from((2, -3, 7))),
        gradients=False,
    ),
    *(
        row
        for name in ("remainder", "fmod")
        for row in (
            LoweringCase(f"aten.{name}.Tensor", _separated()),
            LoweringCase(f"aten.{name}.Tensor", whole(nonzero="other"), label="integers"),
            LoweringCase(
                f"aten.{name}.Scalar", _with(integers(), other=st.sampled_from((2, -3, 7)))
            ),
        )
    ),
    LoweringCase(
        "aten.remainder.Scalar_Tensor",
        whole(("other",), nonzero="other").map(lambda drawn: {"x": 17, **drawn}),
    ),
    LoweringCase(
        "aten.pow.Tensor_Tensor", operands(("x", "exponent"), 0.2, 4, dtypes=("float32", "float64"))
    ),
    LoweringCase("aten.pow.Tensor_Tensor", whole(("x", "exponent"), 0, 4), label="integers"),
    LoweringCase(
        "aten.pow.Scalar",
        st.fixed_dictionaries({"x": numbers(0.5, 3), "exponent": floats(low=-3, high=3)}),
    ),
    LoweringCase("aten.pow.Tensor_Scalar", _with(floats(low=0.2, high=4), exponent=_POWERS)),
    LoweringCase(
        "aten.pow.Tensor_Scalar",
        _with(integers(), exponent=st.sampled_from((0, 1, 2, 3))),
        label="integers",
    ),
    LoweringCase(
        "aten.pow.Tensor_Scalar",
        _with(tensors(specials=(0.0, -0.0)), exponent=st.sampled_from((0, 1, 2, 3, 4))),
        label="at zero",
    ),
    LoweringCase(
        "aten.float_power.Tensor_Scalar", _with(tensors(low=0.2, high=4), exponent=_POWERS)
    ),
    LoweringCase(
        "aten.float_power.Tensor_Tensor",
        operands(("x", "exponent"), 0.2, 4, mixed=False, dtypes=("float32",)),
    ),
    LoweringCase(
        "aten.float_power.Scalar",
        st.fixed_dictionaries({"x": numbers(0.5, 3), "exponent": tensors(low=-3, high=3)}),
    ),
    *(
        LoweringCase(f"aten.{name}", operands(specials=SPECIALS))
        for name in ("maximum.default", "minimum.default", "max.other", "min.other")
    ),
    *(
        LoweringCase(
            f"aten.{name}.default", operands(specials=(0.0, -1.0, _INFINITE, float("nan")))
        )
        for name in ("fmax", "fmin")
    ),
    *(
        LoweringCase(f"aten.{name}.default", whole(), label="integers")
        for name in ("maximum", "minimum", "fmax", "fmin")
    ),
    *(
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries(
                {"x": floats(specials=_NUMBERS), "min": st.one_of(numbers(), st.just(1))},
                optional={"max": numbers()},
            ),
        )
        for name in ("clamp", "clip")
    ),
    *(
        row
        for name in ("clamp", "clip")
        for row in (
            LoweringCase(f"aten.{name}.Tensor", _bounded()),
            # PyTorch's own gradient fails where the bounds have more axes than x.
            LoweringCase(
                f"aten.{name}.Tensor",
                operands(("x", "min", "max"), mixed=False),
                gradients=False,
                label="broadcast",
            ),
        )
    ),
    LoweringCase("aten.clamp.default", _with(integers(), max=numbers()), label="integers"),
    LoweringCase(
        "aten.clamp.default",
        _with(floats(specials=SPECIALS), min=st.just(-1), max=st.just(1)),
        gradients=False,
        label="NaN",
    ),
    LoweringCase("aten.clamp_min.default", _with(floats(specials=_NUMBERS), min=numbers())),
    LoweringCase("aten.clamp_max.default", _with(floats(specials=_NUMBERS), max=numbers())),
    LoweringCase("aten.clamp_min.Tensor", operands(("x", "min"), mixed=False)),
    LoweringCase("aten.clamp_max.Tensor", operands(("x", "max"), mixed=False)),
    LoweringCase(
        "aten.lerp.Tensor",
        operands(("x", "end", "weight"), mixed=False, dtypes=("float32", "float64")),
    ),
    LoweringCase(
        "aten.lerp.Scalar",
        _scaled(operands(("x", "end"), mixed=False, dtypes=("float32", "float64")), "weight"),
    ),
    LoweringCase(
        "aten.addcmul.default", _scaled(operands(("x", "tensor1", "tensor2"), mixed=False), "value")
    ),
    LoweringCase(
        "aten.addcdiv.default",
        _scaled(operands(("x", "tensor1", "tensor2"), 0.2, 9, mixed=False), "value"),
    ),
    LoweringCase("aten.xlogy.Tensor", operands(low=0.1, high=9, mixed=False)),
    LoweringCase("aten.xlogy.Scalar_Other", _with(floats(), other=numbers(0.5, 3))),
    LoweringCase(
        "aten.xlogy.Scalar_Self",
        st.fixed_dictionaries({"x": numbers(), "other": floats(low=0.1, high=9)}),
    ),
    LoweringCase("aten.atan2.default", operands(mixed=False, dtypes=("float32", "float64"))),
    LoweringCase(
        "aten.logaddexp.default",
        operands(low=-30, high=30, mixed=False, dtypes=("float32", "float64")),
    ),
    LoweringCase(
        "aten.logaddexp2.default",
        operands(low=-30, high=30, mixed=False, dtypes=("float32", "float64")),
    ),
    LoweringCase("aten.copysign.Tensor", operands(specials=(0.0, -0.0), mixed=False)),
    LoweringCase("aten.copysign.Scalar", _with(floats(low=0.1), other=numbers(-3, -1))),
    LoweringCase(
        "aten.heaviside.default",
        operands(("x", "values"), specials=(0.0, -0.0), mixed=False),
        gradients=False,
    ),
    LoweringCase(
        "aten.hypot.default",
        operands(low=0.1, high=1e3, mixed=False, dtypes=("float32", "float64")),
    ),
)
