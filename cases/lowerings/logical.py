"""Rows of logic on truth values and on bits."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.arithmetic import operands, whole
from cases.strategies import SPECIALS, bools, broadcasting, floats, integers

_TRUTHS = broadcasting(2).flatmap(
    lambda s: st.fixed_dictionaries({"x": bools(s[0]), "other": bools(s[1])})
)
_WHOLE = st.one_of(integers(dtype="int32"), integers(dtype="uint8", low=0, high=200), integers())


def _bitwise() -> tuple[LoweringCase, ...]:
    rows = []
    for name in ("and", "or", "xor"):
        for packet in (f"aten.bitwise_{name}", f"aten.__{name}__"):
            rows += [
                LoweringCase(f"{packet}.Tensor", whole(), gradients=False),
                LoweringCase(f"{packet}.Tensor", _TRUTHS, gradients=False, label="bools"),
                LoweringCase(
                    f"{packet}.Scalar",
                    st.fixed_dictionaries({"x": _WHOLE, "other": st.integers(0, 7)}),
                    gradients=False,
                ),
            ]
        rows.append(
            LoweringCase(
                f"aten.bitwise_{name}.Scalar_Tensor",
                st.fixed_dictionaries({"x": st.integers(0, 7), "other": _WHOLE}),
                gradients=False,
            )
        )
    return tuple(rows)


def _shift(
    first: SearchStrategy[object], second: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    return st.fixed_dictionaries({"x": first, "other": second})


def _amounts(shape: tuple[int, ...]) -> SearchStrategy[np.ndarray]:
    return integers(shape, 0, 12)


_SHIFTED = broadcasting(2).flatmap(lambda s: _shift(integers(s[0], -99, 99), _amounts(s[1])))


def _shifts() -> tuple[LoweringCase, ...]:
    rows = []
    for long, short in (
        ("bitwise_left_shift", "__lshift__"),
        ("bitwise_right_shift", "__rshift__"),
    ):
        rows += [
            LoweringCase(f"aten.{long}.Tensor", _SHIFTED, gradients=False),
            LoweringCase(
                f"aten.{long}.Tensor",
                _shift(integers((3,), -9, 9, "int32"), integers((3,), 30, 40, "int32")),
                gradients=False,
                label="all bits out",
            ),
            LoweringCase(
                f"aten.{long}.Tensor_Scalar", _shift(integers(), st.integers(0, 9)), gradients=False
            ),
            LoweringCase(
                f"aten.{long}.Scalar_Tensor",
                _shift(st.integers(1, 9), _amounts((4,))),
                gradients=False,
            ),
            LoweringCase(f"aten.{short}.Tensor", _SHIFTED, gradients=False),
            LoweringCase(
                f"aten.{short}.Scalar", _shift(integers(), st.integers(0, 9)), gradients=False
            ),
        ]
    return tuple(rows)


CASES = (
    *(
        LoweringCase(f"aten.{name}.default", arguments, gradients=False, label=label)
        for name in ("logical_and", "logical_or", "logical_xor")
        for arguments, label in ((operands(specials=SPECIALS), ""), (_TRUTHS, "bools"))
    ),
    LoweringCase(
        "aten.logical_not.default",
        st.fixed_dictionaries({"x": st.one_of(floats(specials=SPECIALS), integers(), bools())}),
        gradients=False,
    ),
    *_bitwise(),
    LoweringCase(
        "aten.bitwise_not.default",
        st.fixed_dictionaries({"x": st.one_of(_WHOLE, bools())}),
        gradients=False,
    ),
    *_shifts(),
)
