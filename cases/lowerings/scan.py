"""Rows of running sums, products and extrema."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.lowerings.reduction import along_one
from cases.strategies import Shape, bools, floats, integers, tensors

_NAN = float("nan")


def _near_one(shape: Shape) -> SearchStrategy[np.ndarray]:
    return tensors(shape, low=0.5, high=1.5, specials=(0.0,))


def _complex(*specials: float) -> Callable[[Shape], SearchStrategy[np.ndarray]]:
    def draw(shape: Shape) -> SearchStrategy[np.ndarray]:
        parts = tensors((*shape, 2), low=-9, high=9, specials=specials)
        return parts.map(lambda array: np.ascontiguousarray(array).view(np.complex64)[..., 0])

    return draw


CASES = (
    LoweringCase("aten.cumsum.default", along_one(floats, keepdim=False)),
    LoweringCase(
        "aten.cumsum.default",
        along_one(lambda s: integers(s, dtype="int8"), keepdim=False),
        label="integers",
    ),
    LoweringCase("aten.cumsum.default", along_one(bools, keepdim=False), label="bools"),
    LoweringCase("aten.cumprod.default", along_one(_near_one, keepdim=False)),
    LoweringCase("aten.cumprod.default", along_one(integers, keepdim=False), label="integers"),
    LoweringCase(
        "aten.logcumsumexp.default",
        along_one(lambda s: tensors(s, low=-30, high=30), keepdim=False),
    ),
    LoweringCase(
        "aten.logcumsumexp.default",
        along_one(lambda s: tensors(s, specials=(_NAN, float("-inf"))), keepdim=False),
        gradients=False,
        label="specials",
    ),
    LoweringCase(
        "aten.logcumsumexp.default", along_one(_complex(), keepdim=False), label="complex"
    ),
    LoweringCase(
        "aten.logcumsumexp.default",
        along_one(_complex(_NAN, 0.0), keepdim=False),
        gradients=False,
        label="complex specials",
    ),
    LoweringCase(
        "aten.cummax.default",
        along_one(lambda s: tensors(s, specials=(_NAN, 1.0)), keepdim=False),
        static=True,
    ),
    LoweringCase(
        "aten.cummin.default",
        along_one(lambda s: tensors(s, specials=(_NAN, 1.0)), keepdim=False),
        static=True,
    ),
    LoweringCase(
        "aten.cummax.default", along_one(integers, keepdim=False), label="ties", static=True
    ),
)
