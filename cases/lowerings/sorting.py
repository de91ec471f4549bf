"""Rows of sorting, largest elements, medians, and places in a sorted sequence."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.lowerings.reduction import along_one
from cases.strategies import SPECIALS, Shape, bools, distinct, integers, shapes, tensors, with_rank

_NAN = float("nan")


def _tied(shape: Shape) -> SearchStrategy[np.ndarray]:
    """Equal elements, NaNs, zeros of both signs; for stable orders only."""
    return st.one_of(
        tensors(shape, specials=SPECIALS),
        integers(shape, -2, 2),
        integers(shape, 0, 9, "uint8"),
        bools(shape),
    )


def _one_nan(shape: Shape) -> SearchStrategy[np.ndarray]:
    """No two equal elements, perhaps one NaN."""

    def placed(drawn: tuple[np.ndarray, bool]) -> np.ndarray:
        array, bad = drawn
        if bad:
            array.reshape(-1)[-1] = _NAN
        return array

    return st.tuples(distinct(shape), st.booleans()).map(placed)


def _counted(
    name: str, arrays: object = _one_nan, **others: SearchStrategy[object]
) -> SearchStrategy[Arguments]:
    def arguments(drawn: tuple[Shape, int]) -> SearchStrategy[Arguments]:
        shape, dim = drawn
        return st.fixed_dictionaries(
            {
                "x": arrays(shape),  # type: ignore[operator]
                "dim": st.just(dim),
                name: st.integers(1, shape[dim]),
                **others,
            }
        )

    return with_rank(1).flatmap(arguments)


_DESCENDING = {"descending": st.booleans()}
_SEQUENCE = st.sampled_from(((1.0, 2.0, 2.0, 3.5), (0.0,), ()))


def _sequence(values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float32)


_FLAGS = {"right": st.booleans(), "out_int32": st.booleans()}
_VALUES = st.one_of(
    tensors(specials=(1.0, 2.0, 3.5, _NAN, float("inf")), distributions=("near_ties",)), integers()
)


@st.composite
def _batched(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(1, 3))
    sequence = np.sort(draw(tensors(shape)), -1)
    values = draw(tensors((*shape[:-1], 4)))
    return {"sorted_sequence": sequence, "x": values, "right": draw(st.booleans())}


CASES = (
    LoweringCase("aten.sort.default", along_one(_one_nan, keepdim=False, **_DESCENDING)),
    LoweringCase(
        "aten.sort.stable",
        along_one(_tied, keepdim=False, stable=st.just(True), **_DESCENDING),
        gradients=False,
    ),
    LoweringCase(
        "aten.argsort.default", along_one(_one_nan, keepdim=False, **_DESCENDING), gradients=False
    ),
    LoweringCase(
        "aten.argsort.stable",
        along_one(_tied, keepdim=False, stable=st.just(True), **_DESCENDING),
        gradients=False,
    ),
    LoweringCase("aten.msort.default", st.fixed_dictionaries({"x": _one_nan((4, 3))})),
    LoweringCase("aten.topk.default", _counted("k", largest=st.booleans())),
    LoweringCase("aten.kthvalue.default", _counted("k", keepdim=st.booleans())),
    LoweringCase("aten.median.dim", along_one(_one_nan)),
    LoweringCase(
        "aten.median.default", shapes().flatmap(lambda s: st.fixed_dictionaries({"x": _one_nan(s)}))
    ),
    LoweringCase("aten.nanmedian.dim", along_one(_one_nan)),
    LoweringCase(
        "aten.nanmedian.default",
        shapes().flatmap(lambda s: st.fixed_dictionaries({"x": _one_nan(s)})),
    ),
    LoweringCase(
        "aten.bucketize.Tensor",
        st.fixed_dictionaries({"x": _VALUES, "boundaries": _SEQUENCE.map(_sequence), **_FLAGS}),
        gradients=False,
    ),
    LoweringCase(
        "aten.bucketize.Scalar",
        st.fixed_dictionaries(
            {"x": st.sampled_from((0, 2, 2.5, 9)), "boundaries": _SEQUENCE.map(_sequence), **_FLAGS}
        ),
        gradients=False,
    ),
    LoweringCase("aten.searchsorted.Tensor", _batched(), gradients=False),
    LoweringCase(
        "aten.searchsorted.Tensor",
        st.fixed_dictionaries(
            {
                "sorted_sequence": st.just(_sequence((3.0, 1.0, 2.0))),
                "x": tensors(),
                "side": st.sampled_from(("left", "right")),
                "sorter": st.just(np.array([1, 2, 0])),
            }
        ).map(lambda drawn: {**drawn, "right": drawn["side"] == "right"}),
        gradients=False,
        label="sorter",
    ),
    LoweringCase(
        "aten.searchsorted.Scalar",
        st.fixed_dictionaries(
            {
                "sorted_sequence": _SEQUENCE.map(_sequence),
                "x": st.sampled_from((0, 2, 2.5)),
                **_FLAGS,
            }
        ),
        gradients=False,
    ),
    LoweringCase(
        "aten.mode.default",
        with_rank(0, 3, 1, 8).flatmap(
            lambda drawn: st.fixed_dictionaries(
                {
                    "x": st.one_of(
                        integers(drawn[0], -2, 2),
                        integers(drawn[0], 0, 3).map(lambda array: array.astype("float32")),
                        distinct(drawn[0]),
                        _one_nan(drawn[0]),
                        bools(drawn[0]),
                    ),
                    "dim": st.just(drawn[1]),
                    "keepdim": st.booleans(),
                }
            )
        ),
    ),
)
