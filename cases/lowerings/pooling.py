"""Rows of pools over sliding windows, with and without a batch axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import SPECIALS, floats, integers, tensors

_FULL = ("float32", "float32", "float64", "bfloat16")
_DTYPES = {1: (*_FULL, "float16"), 2: (*_FULL, "float16"), 3: _FULL}
_MEAN_DTYPES = _DTYPES | {3: ("float32", "float64")}
"""PyTorch's CPU kernels of three-dimensional pools lack float16, those of means bfloat16 too."""


@st.composite
def _images(
    draw: st.DrawFn, sizes: tuple[int, ...], *, whole: bool, dtypes: Sequence[str]
) -> np.ndarray:
    """With ties (integers as floats), special values, or integers if ``whole``."""
    batch = (draw(st.integers(1, 2)),) if draw(st.integers(0, 3)) else ()
    shape = (*batch, draw(st.integers(1, 4)), *sizes)
    kinds = [
        floats(shape, specials=SPECIALS, dtypes=dtypes),
        integers(shape).map(lambda array: array.astype("float32")),
    ]
    if whole:
        kinds.append(integers(shape, dtype="int64"))
    return draw(st.one_of(kinds))


@st.composite
def sliding(draw: st.DrawFn, spatial: int, *, maximum: bool) -> Arguments:
    """Arguments of a maximum or mean over windows that slide over ``spatial`` axes."""
    each = st.integers
    kernel = draw(st.tuples(*[each(1, 3)] * spatial))
    stride = draw(st.just(()) | st.tuples(*[each(1, 3)] * spatial))
    padding = tuple(draw(each(0, k // 2)) for k in kernel)
    dilation = draw(st.tuples(*[each(1, 2)] * spatial)) if maximum else (1,) * spatial
    # PyTorch's mean over volumes wants an input no smaller than the window, padded or not.
    spared = 0 if spatial == 3 and not maximum else 2
    least = [
        max(1, d * (k - 1) + 1 - spared * p)
        for k, p, d in zip(kernel, padding, dilation, strict=True)
    ]
    sizes = tuple(n + draw(each(0, 4)) for n in least)
    dtypes = (_DTYPES if maximum else _MEAN_DTYPES)[spatial]
    arguments: dict[str, object] = {
        "x": draw(_images(sizes, whole=maximum and spatial > 1, dtypes=dtypes)),
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }
    if maximum:
        return arguments | {"dilation": dilation}
    arguments["count_include_pad"] = draw(st.booleans())
    if spatial > 1:
        arguments["divisor_override"] = draw(st.none() | each(1, 5))
    return arguments


@st.composite
def tiling(draw: st.DrawFn, spatial: int) -> Arguments:
    """Arguments of a maximum or mean over windows that tile ``spatial`` axes."""
    sizes = draw(st.tuples(*[st.integers(1, 7)] * spatial))
    wanted = draw(st.tuples(*[st.integers(1, 9)] * spatial))
    x = draw(_images(sizes, whole=False, dtypes=_DTYPES[spatial]))
    return {"x": x, "output_size": wanted}


def _row(op: str, arguments: SearchStrategy[Arguments]) -> LoweringCase:
    return LoweringCase(op, arguments)


def _winners(x: np.ndarray) -> Arguments:
    """The arguments of the gradient of pooling 2 x 2 windows."""
    *lead, height, width = x.shape
    windows = x.reshape(*lead, height // 2, 2, width // 2, 2).swapaxes(-3, -2)
    row, column = np.divmod(windows.reshape(*lead, height // 2, width // 2, 4).argmax(-1), 2)
    rows = 2 * np.arange(height // 2)[:, None] + row
    places = rows * width + 2 * np.arange(width // 2) + column
    return {
        "grad_output": np.cos(places).astype(x.dtype),
        "x": x,
        "kernel_size": (2, 2),
        "stride": (2, 2),
        "padding": (0, 0),
        "dilation": (1, 1),
        "ceil_mode": False,
        "indices": places.astype(np.int64),
    }


CASES: tuple[LoweringCase, ...] = (
    *(
        LoweringCase(
            f"aten.{name}.default",
            st.fixed_dictionaries(
                {
                    "x": tensors((2, 3, 2, 5)),
                    "kernel_size": st.just((1500, 1500)),
                    "stride": st.just((1500, 1500)),
                    "padding": st.sampled_from(((0, 0), (3, 1))),
                    "ceil_mode": st.just(True),
                }
            ),
            label="a kernel larger than the input",
            static=True,
        )
        for name in ("avg_pool2d", "max_pool2d")
    ),
    LoweringCase(
        "aten.max_pool2d_with_indices_backward.default",
        tensors((2, 3, 4, 6)).map(_winners),
        gradients=False,
    ),
    *(_row(f"aten.max_pool{n}d.default", sliding(n, maximum=True)) for n in (1, 2, 3)),
    *(_row(f"aten.max_pool{n}d_with_indices.default", sliding(n, maximum=True)) for n in (1, 2, 3)),
    *(_row(f"aten.avg_pool{n}d.default", sliding(n, maximum=False)) for n in (1, 2, 3)),
    *(_row(f"aten.adaptive_avg_pool{n}d.default", tiling(n)) for n in (1, 2, 3)),
    *(_row(f"aten._adaptive_avg_pool{n}d.default", tiling(n)) for n in (2, 3)),
    *(_row(f"aten.adaptive_max_pool{n}d.default", tiling(n)) for n in (1, 2, 3)),
)
