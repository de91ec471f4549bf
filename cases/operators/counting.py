"""Rows of how often values occur."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import OperatorCase
from cases.strategies import floats, integers, shapes, tensors

CASES = (
    OperatorCase(
        "aten.histc.default",
        st.fixed_dictionaries(
            {
                "x": st.one_of(
                    tensors(distributions=("normal",)), st.just(np.full(5, 3.0, np.float32))
                )
            }
        ),
        gradients=False,
        label="range of the values",
    ),
    OperatorCase(
        "aten.histc.default",
        st.fixed_dictionaries(
            {
                "x": tensors(distributions=("normal", "uniform")),
                "bins": st.integers(1, 7),
                "min": st.sampled_from((-1, 0, -0.5)),
                "max": st.sampled_from((1, 2.5)),
            }
        ),
        gradients=False,
    ),
    OperatorCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "minlength": st.sampled_from((0, 9))}),
        gradients=False,
    ),
    OperatorCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "weights": tensors((6,))}),
        gradients=False,
        label="weights",
    ),
    *(
        OperatorCase(
            "aten.histogram.bin_ct",
            shapes(1, 3, 2).flatmap(  # one value alone may lie on the edge between two parts
                lambda shape, weighted=weighted: st.fixed_dictionaries(
                    {
                        "x": tensors(shape, distributions=("normal", "uniform")),
                        "bins": st.integers(1, 7),
                        "range": st.sampled_from((None, (-1.0, 1.0), (0.0, 2.5))),
                    }
                    | (
                        {"weight": tensors(shape, low=0.1, high=3), "density": st.booleans()}
                        if weighted
                        else {}
                    )
                )
            ),
            gradients=False,
            label="weights" if weighted else "",
        )
        for weighted in (False, True)
    ),
    OperatorCase(
        "aten.histogram.bin_ct",
        st.fixed_dictionaries({"x": tensors(()), "bins": st.sampled_from((1, 3, 5))}),
        gradients=False,
        label="one value",
    ),
    OperatorCase(
        "aten.histogram.bin_ct",
        st.fixed_dictionaries({"x": tensors((0, 2)), "bins": st.integers(1, 3)}),
        gradients=False,
        label="empty",
        static=True,  # torch.export never leaves a size of 0 open
    ),
    OperatorCase(
        "aten.histogram.bins_tensor",
        st.fixed_dictionaries(
            {
                "x": tensors(distributions=("normal", "uniform"), specials=(0.0, 0.25, 2.0, 3.0)),
                "bins": st.just(np.array([-1.0, 0.0, 0.25, 2.0], np.float32)),
                "density": st.just(False),
            }
        ),
        gradients=False,
    ),
    *(
        OperatorCase(
            "aten.histogramdd.default",
            shapes(1, 2, 2, 4).flatmap(
                lambda shape, weighted=weighted: st.fixed_dictionaries(
                    {
                        "x": tensors((*shape, 2), distributions=("normal", "uniform")),
                        "bins": st.tuples(st.integers(1, 4), st.integers(1, 4)),
                        "range": st.sampled_from((None, (-1.0, 1.0, 0.0, 2.5))),
                    }
                    | (
                        {"weight": tensors(shape, low=0.1, high=3), "density": st.booleans()}
                        if weighted
                        else {}
                    )
                )
            ),
            gradients=False,
            label="weights" if weighted else "",
        )
        for weighted in (False, True)
    ),
    OperatorCase(
        "aten.histogramdd.int_bins",
        st.fixed_dictionaries(
            {"x": tensors((5, 3), distributions=("normal",)), "bins": st.integers(1, 3)}
        ),
        gradients=False,
        static=True,  # how many edges there are follows from a size
    ),
    OperatorCase(
        "aten.histogramdd.TensorList_bins",
        st.fixed_dictionaries(
            {
                "x": tensors((6, 2), distributions=("normal",), specials=(0.0, 0.25, 2.0, 3.0)),
                "bins": st.just(
                    (
                        np.array([-1.0, 0.0, 0.25, 2.0], np.float32),
                        np.array([-2.0, 2.0], np.float32),
                    )
                ),
            }
        ),
        gradients=False,
    ),
    OperatorCase(
        "aten.hash_tensor.default",
        shapes(0, 3, 1, 4).flatmap(
            lambda shape: st.fixed_dictionaries(
                {
                    "x": st.one_of(
                        floats(shape, specials=(0.0, -0.0, float("inf"))),
                        integers(shape),
                        integers(shape, dtype="int8"),
                    ),
                    "dim": st.sampled_from(((), (0,), (-1,))),
                    "keepdim": st.booleans(),
                }
            )
        ),
        gradients=False,
    ),
)
