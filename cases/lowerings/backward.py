"""Rows of gradients that are operators of their own."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import Arguments, LoweringCase
from cases.strategies import integers, tensors

_CALM = ("normal", "uniform")


@st.composite
def _pooled(draw: st.DrawFn) -> Arguments:
    kernel, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    counts = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    batch = draw(st.sampled_from(((), (2,))))
    sizes = [(n - 1) * s + k for n, s, k in zip(counts, stride, kernel, strict=True)]
    return {
        "grad_output": draw(tensors((*batch, 2, *counts), distributions=_CALM)),
        "x": draw(tensors((*batch, 2, *sizes), distributions=_CALM)),
        "kernel_size": kernel,
        "stride": stride,
        "padding": (0, 0),
        "ceil_mode": False,
        "count_include_pad": draw(st.booleans()),
        "divisor_override": draw(st.sampled_from((None, 3))),
    }


@st.composite
def _adaptive(draw: st.DrawFn) -> Arguments:
    sizes, counts = (draw(st.tuples(st.integers(1, 5), st.integers(1, 5))) for _ in range(2))
    batch = draw(st.sampled_from(((), (2,))))
    return {
        "grad_output": draw(tensors((*batch, 2, *counts), distributions=_CALM)),
        "x": draw(tensors((*batch, 2, *sizes), distributions=_CALM)),
    }


@st.composite
def _convolved(draw: st.DrawFn, spatial: int) -> Arguments:
    groups = draw(st.integers(1, 2))
    transposed = draw(st.booleans())
    ins, outs = (groups * draw(st.integers(1, 2)) for _ in range(2))
    kernel = draw(st.tuples(*[st.integers(1, 3)] * spatial))
    stride = draw(st.tuples(*[st.integers(1, 2)] * spatial))
    counts = draw(st.tuples(*[st.integers(1, 3)] * spatial))
    reach = tuple((n - 1) * s + k for n, s, k in zip(counts, stride, kernel, strict=True))
    small, large = (2, outs if not transposed else ins, *counts), (2, ins, *reach)
    if transposed:
        small, large = (2, ins, *counts), (2, outs, *reach)
    weight = (ins, outs // groups, *kernel) if transposed else (outs, ins // groups, *kernel)
    return {
        "grad_output": draw(tensors(large if transposed else small, distributions=_CALM)),
        "input": draw(tensors(small if transposed else large, distributions=_CALM)),
        "weight": draw(tensors(weight, distributions=_CALM)),
        "bias_sizes": (outs,),
        "stride": stride,
        "padding": (0,) * spatial,
        "dilation": (1,) * spatial,
        "transposed": transposed,
        "output_padding": (0,) * spatial,
        "groups": groups,
        "output_mask": (True, True, True),
    }


@st.composite
def _embedded(draw: st.DrawFn) -> Arguments:
    shape = draw(st.sampled_from(((4,), (2, 3))))
    return {
        "grad_output": draw(tensors((*shape, 3), distributions=_CALM)),
        "indices": draw(integers(shape, 0, 4)),
        "num_weights": 5,
        "padding_idx": draw(st.integers(-1, 4)),
        "scale_grad_by_freq": draw(st.booleans()),
    }


def _moments(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return mean, (1 / np.sqrt(variance + 1e-3)).astype(x.dtype)


@st.composite
def _layers(draw: st.DrawFn) -> Arguments:
    shape = draw(st.sampled_from(((3, 4), (2, 3, 4), (2, 2, 5))))
    inner = draw(st.integers(1, len(shape) - 1))
    x = draw(tensors(shape, distributions=_CALM))
    mean, rstd = _moments(x, tuple(range(len(shape) - inner, len(shape))))
    return {
        "grad_out": draw(tensors(shape, distributions=_CALM)),
        "input": x,
        "normalized_shape": shape[len(shape) - inner :],
        "mean": mean,
        "rstd": rstd,
        "weight": draw(tensors(shape[len(shape) - inner :], distributions=_CALM)),
        "bias": draw(tensors(shape[len(shape) - inner :], distributions=_CALM)),
        "output_mask": (True, True, True),
    }


@st.composite
def _groups(draw: st.DrawFn) -> Arguments:
    group, each, samples = (draw(st.integers(1, 3)) for _ in range(3))
    shape = (samples, group * each, 2, 3)
    x = draw(tensors(shape, distributions=_CALM))
    mean, rstd = _moments(x.reshape(samples, group, -1), (2,))
    return {
        "grad_out": draw(tensors(shape, distributions=_CALM)),
        "input": x,
        "mean": mean[..., 0],
        "rstd": rstd[..., 0],
        "weight": draw(tensors((group * each,), distributions=_CALM)),
        "N": samples,
        "C": group * each,
        "HxW": 6,
        "group": group,
        "output_mask": (True, True, True),
    }


CASES = (
    LoweringCase("aten.avg_pool2d_backward.default", _pooled(), gradients=False),
    LoweringCase("aten._adaptive_avg_pool2d_backward.default", _adaptive(), gradients=False),
    *(
        LoweringCase(
            "aten.convolution_backward.default",
            _convolved(spatial),
            gradients=False,
            label=f"{spatial}d",
            static=True,  # a kernel's sizes have to be known
        )
        for spatial in (1, 2)
    ),
    LoweringCase("aten.embedding_dense_backward.default", _embedded(), gradients=False),
    LoweringCase("aten.native_layer_norm_backward.default", _layers(), gradients=False),
    LoweringCase("aten.native_group_norm_backward.default", _groups(), gradients=False),
)
