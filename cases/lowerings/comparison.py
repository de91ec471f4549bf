"""Rows of comparisons, choices by a condition, and tests for special values."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.lowerings.arithmetic import operands, whole
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

_ANY = st.one_of(floats(specials=SPECIALS), integers(), bools())


def _comparisons() -> tuple[LoweringCase, ...]:
    rows = []
    names = "eq ne not_equal lt less le less_equal gt greater ge greater_equal".split()
    for name in names:
        op = f"aten.{name}"
        rows += [
            LoweringCase(f"{op}.Tensor", operands(specials=SPECIALS), gradients=False),
            LoweringCase(f"{op}.Tensor", whole(), gradients=False, label="integers"),
            LoweringCase(
                f"{op}.Scalar",
                st.fixed_dictionaries({"x": _ANY, "other": st.sampled_from((0, 1, 0.5, -2))}),
                gradients=False,
            ),
        ]
    return tuple(rows)


def _close() -> LoweringCase:
    pairs = broadcasting(2).flatmap(
        lambda s: st.fixed_dictionaries(
            {
                "x": tensors(s[0], specials=SPECIALS, distributions=("near_ties",)),
                "other": tensors(s[1], specials=SPECIALS, distributions=("near_ties",)),
                "equal_nan": st.booleans(),
                "rtol": st.sampled_from((0.0, 1e-3)),
                "atol": st.sampled_from((0.0, 1e-3)),
            }
        )
    )
    return LoweringCase("aten.isclose.default", pairs, gradients=False)


_CHOSEN = broadcasting(3).flatmap(
    lambda s: st.fixed_dictionaries(
        {
            "condition": bools(s[0]),
            "x": floats(s[1], dtypes=("float32", "float64"), specials=SPECIALS),
            "other": floats(s[2], dtypes=("float32", "float16"), specials=SPECIALS),
        }
    )
)
_SHAPE_AND_MASK = shapes().flatmap(
    lambda shape: st.tuples(
        st.just(shape), st.integers(0, len(shape)).map(lambda lead, shape=shape: shape[lead:])
    )
)
_MASKED = _SHAPE_AND_MASK.flatmap(
    lambda s: st.fixed_dictionaries(
        {"x": floats(s[0], specials=SPECIALS), "mask": bools(s[1]), "value": numbers()}
    )
)

CASES = (
    *_comparisons(),
    *(
        LoweringCase(f"aten.{name}.default", st.fixed_dictionaries({"x": _ANY}), gradients=False)
        for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf")
    ),
    _close(),
    LoweringCase("aten.where.self", _CHOSEN),
    LoweringCase(
        "aten.where.ScalarOther",
        broadcasting(2).flatmap(
            lambda s: st.fixed_dictionaries(
                {"condition": bools(s[0]), "x": floats(s[1]), "other": numbers()}
            )
        ),
    ),
    LoweringCase(
        "aten.where.ScalarSelf",
        broadcasting(2).flatmap(
            lambda s: st.fixed_dictionaries(
                {"condition": bools(s[0]), "x": numbers(), "other": integers(s[1])}
            )
        ),
    ),
    LoweringCase(
        "aten.where.Scalar",
        st.fixed_dictionaries(
            {
                "condition": bools(),
                "x": st.sampled_from((1, 2.5)),
                "other": st.sampled_from((0, -1.5)),
            }
        ),
        gradients=False,
    ),
    LoweringCase("aten.masked_fill.Scalar", _MASKED),
    LoweringCase(
        "aten.masked_fill.Scalar",
        st.fixed_dictionaries({"x": integers((2, 3)), "mask": bools((3,)), "value": st.just(7)}),
        label="integers",
    ),
    LoweringCase(
        "aten.masked_fill.Tensor",
        _SHAPE_AND_MASK.flatmap(
            lambda s: st.fixed_dictionaries(
                {"x": tensors(s[0]), "mask": bools(s[1]), "value": tensors(())}
            )
        ),
    ),
    LoweringCase(
        "aten.isin.Tensor_Tensor",
        st.fixed_dictionaries(
            {"elements": integers(), "test_elements": integers((4,)), "invert": st.booleans()}
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.isin.Tensor_Scalar",
        st.fixed_dictionaries({"elements": integers(), "test_element": st.integers(-3, 3)}),
        gradients=False,
    ),
    LoweringCase(
        "aten.isin.Scalar_Tensor",
        st.fixed_dictionaries({"element": st.integers(-3, 3), "test_elements": integers((4,))}),
        gradients=False,
    ),
)
