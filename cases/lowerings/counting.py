"""Rows of how often values occur."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import Shape, floats, integers, shapes, tensors


@st.composite
def _values(
    draw: st.DrawFn,
    shape: SearchStrategy[Shape],
    columns: Shape,
    *,
    weighted: bool,
    **options: SearchStrategy[object],
) -> Arguments:
    """Values to be counted, each of one number or of as many as ``columns`` says."""
    dims = draw(shape)
    x = draw(tensors((*dims, *columns), distributions=("normal", "uniform")))
    drawn = {"x": x} | {name: draw(option) for name, option in options.items()}
    if not weighted:
        return drawn
    return drawn | {"weight": draw(tensors(dims, low=0.1, high=3)), "density": draw(st.booleans())}


def _histograms(
    op: str,
    shape: SearchStrategy[Shape],
    columns: Shape = (),
    **options: SearchStrategy[object],
) -> tuple[LoweringCase, ...]:
    """Rows without and with weights."""
    return tuple(
        LoweringCase(
            op,
            _values(shape, columns, weighted=weighted, **options),
            gradients=False,
            label="weights" if weighted else "",
        )
        for weighted in (False, True)
    )


CASES = (
    LoweringCase(
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
    LoweringCase(
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
    LoweringCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "minlength": st.sampled_from((0, 9))}),
        gradients=False,
    ),
    LoweringCase(
        "aten.bincount.default",
        st.fixed_dictionaries({"x": integers((6,), 0, 5), "weights": tensors((6,))}),
        gradients=False,
        label="weights",
    ),
    *_histograms(
        "aten.histogram.bin_ct",
        shapes(1, 3, 2),  # one value alone may lie on the edge between two parts
        bins=st.integers(1, 7),
        range=st.sampled_from((None, (-1.0, 1.0), (0.0, 2.5))),
    ),
    LoweringCase(
        "aten.histogram.bin_ct",
        st.fixed_dictionaries({"x": tensors(()), "bins": st.sampled_from((1, 3, 5))}),
        gradients=False,
        label="one value",
    ),
    LoweringCase(
        "aten.histogram.bin_ct",
        st.fixed_dictionaries({"x": tensors((0, 2)), "bins": st.integers(1, 3)}),
        gradients=False,
        label="empty",
        static=True,  # torch.export never leaves a size of 0 open
    ),
    LoweringCase(
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
    *_histograms(
        "aten.histogramdd.default",
        shapes(1, 2, 2, 4),
        columns=(2,),
        bins=st.tuples(st.integers(1, 4), st.integers(1, 4)),
        range=st.sampled_from((None, (-1.0, 1.0, 0.0, 2.5))),
    ),
    LoweringCase(
        "aten.histogramdd.int_bins",
        st.fixed_dictionaries(
            {"x": tensors((5, 3), distributions=("normal",)), "bins": st.integers(1, 3)}
        ),
        gradients=False,
        static=True,  # how many edges there are follows from a size
    ),
    LoweringCase(
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
    LoweringCase(
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
