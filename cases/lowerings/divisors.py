"""Rows of common divisors and multiples."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import broadcasting, integers

_TYPES = (
    ("int8", -128, 127),
    ("uint8", 0, 255),
    ("int32", -(2**31), 2**31 - 1),
    ("int64", -(2**63), 2**63 - 1),
)


def _pair(kind: str, least: int, most: int) -> st.SearchStrategy:
    """Small numbers, and numbers from the whole of the type's range."""

    def drawn(both: tuple[tuple[int, ...], ...]) -> st.SearchStrategy:
        low, high = st.sampled_from((max(-12, least), least)), st.sampled_from((12, most))
        return st.tuples(low, high).flatmap(
            lambda ends: st.fixed_dictionaries(
                {
                    "x": integers(both[0], *ends, dtype=kind),
                    "other": integers(both[1], *ends, dtype=kind),
                }
            )
        )

    return broadcasting(2).flatmap(drawn)


_OPERANDS = st.one_of(*(_pair(kind, *ends) for kind, *ends in _TYPES))

CASES: tuple[LoweringCase, ...] = (
    LoweringCase("aten.gcd.default", _OPERANDS, gradients=False),
    LoweringCase("aten.lcm.default", _OPERANDS, gradients=False),
)
