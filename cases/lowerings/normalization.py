"""Rows of normalisations."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import floats, shapes, tensors

_EPS = st.sampled_from((1e-5, 1e-3, 1e-12))
_SMOOTH = ("normal", "uniform")


def _array(shape: tuple[int, ...], kind: str) -> SearchStrategy[np.ndarray]:
    return tensors(shape, distributions=_SMOOTH, dtype=kind)


@st.composite
def per_channel(
    draw: st.DrawFn,
    *,
    min_rank: int = 2,
    min_size: int = 2,
    stats: str = "drawn",
    **flags: SearchStrategy[object],
) -> Arguments:
    """Input, weight and bias per channel, and running statistics.

    Args:
        min_rank: least rank of the input.
        min_size: least size of its axes.
        stats: ``given``, ``absent`` (both None), ``without`` (no such argument), or ``drawn``.
        flags: further arguments.
    """
    shape = draw(shapes(min_rank, 5, min_size=min_size, max_size=4))
    x = draw(floats(shape, dtypes=("float32", "float32", "float64"), distributions=_SMOOTH))
    kind, channels = str(x.dtype), (shape[1],)
    affine = draw(st.booleans())
    arguments: dict[str, object] = {
        "input": x,
        "weight": draw(_array(channels, kind)) if affine else None,
        "bias": draw(_array(channels, kind)) if affine else None,
    }
    if stats != "without":
        given = stats == "given" or (stats == "drawn" and draw(st.booleans()))
        spread = tensors(channels, low=0.1, high=4.0, dtype=kind)
        arguments["running_mean"] = draw(_array(channels, kind)) if given else None
        arguments["running_var"] = draw(spread) if given else None
    return arguments | {name: draw(flag) for name, flag in flags.items()}


@st.composite
def over_last(
    draw: st.DrawFn, *, bias: bool = True, eps: SearchStrategy[object] = _EPS
) -> Arguments:
    """Input and how many of its last axes are normalised."""
    shape = draw(shapes(1, 4, min_size=1, max_size=6))
    x = draw(floats(shape, distributions=_SMOOTH))
    normalized = shape[-draw(st.integers(1, len(shape))) :]
    parameter = st.none() | _array(normalized, str(x.dtype))
    arguments: dict[str, object] = {
        "input": x,
        "normalized_shape": normalized,
        "weight": draw(parameter),
        "eps": draw(eps),
    }
    return arguments | ({"bias": draw(parameter)} if bias else {})


@st.composite
def in_groups(draw: st.DrawFn, *, native: bool) -> Arguments:
    """Input whose channels are normalised in groups."""
    groups, each = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    batch, *spatial = draw(shapes(2, 4, min_size=1, max_size=4))
    shape = (batch, groups * each, *spatial)
    x = draw(floats(shape, distributions=_SMOOTH))
    # Both or neither: PyTorch's gradient fails for a bias without a weight.
    affine = draw(st.booleans())
    parameter = _array((groups * each,), str(x.dtype))
    arguments: dict[str, object] = {
        "input": x,
        "weight": draw(parameter) if affine else None,
        "bias": draw(parameter) if affine else None,
        "eps": draw(_EPS),
    }
    if not native:
        return arguments | {"num_groups": groups}
    sizes = {"N": batch, "C": groups * each, "HxW": int(np.prod(spatial))}
    return arguments | sizes | {"group": groups}


@st.composite
def weight_norms(draw: st.DrawFn) -> Arguments:
    """A direction and its norms along one axis, or a single norm."""
    shape = draw(shapes(1, 4, min_size=1, max_size=4))
    dim = draw(st.integers(-1, len(shape) - 1))
    norms = () if dim == -1 else tuple(n if axis == dim else 1 for axis, n in enumerate(shape))
    return {"v": draw(_array(shape, "float32")), "g": draw(_array(norms, "float32")), "dim": dim}


_MOMENTUM = st.sampled_from((0.1, 0.5))
_FALSE, _TRUE = st.just(False), st.just(True)

CASES: tuple[LoweringCase, ...] = (
    LoweringCase(
        "aten.batch_norm.default",
        per_channel(
            stats="given", training=_FALSE, momentum=_MOMENTUM, eps=_EPS, cudnn_enabled=_TRUE
        ),
        gradients=False,
        label="running statistics",
    ),
    LoweringCase(
        "aten.batch_norm.default",
        per_channel(
            stats="absent", training=_TRUE, momentum=_MOMENTUM, eps=_EPS, cudnn_enabled=_TRUE
        ),
        label="batch statistics",
    ),
    LoweringCase(
        "aten.native_batch_norm.default",
        per_channel(stats="given", training=st.booleans(), momentum=_MOMENTUM, eps=_EPS),
        gradients=False,
    ),
    LoweringCase(
        "aten._native_batch_norm_legit_no_training.default",
        per_channel(stats="given", momentum=_MOMENTUM, eps=_EPS),
        gradients=False,
    ),
    LoweringCase(
        "aten._native_batch_norm_legit.no_stats",
        per_channel(stats="without", training=_TRUE, momentum=_MOMENTUM, eps=_EPS),
    ),
    LoweringCase(
        "aten._native_batch_norm_legit_functional.default",
        per_channel(stats="given", training=st.booleans(), momentum=_MOMENTUM, eps=_EPS),
        gradients=False,
    ),
    LoweringCase(
        "aten._batch_norm_with_update_functional.default",
        per_channel(stats="given", momentum=_MOMENTUM, eps=_EPS),
        gradients=False,
    ),
    LoweringCase(
        "aten.instance_norm.default",
        per_channel(
            min_rank=3,
            min_size=1,
            stats="absent",
            use_input_stats=_TRUE,
            momentum=_MOMENTUM,
            eps=_EPS,
            cudnn_enabled=_TRUE,
        ),
        label="own statistics",
    ),
    LoweringCase(
        "aten.instance_norm.default",
        per_channel(
            min_rank=3,
            stats="given",
            use_input_stats=_FALSE,
            momentum=_MOMENTUM,
            eps=_EPS,
            cudnn_enabled=_TRUE,
        ),
        gradients=False,
        label="running statistics",
    ),
    LoweringCase("aten.layer_norm.default", over_last()),
    LoweringCase("aten.native_layer_norm.default", over_last()),
    LoweringCase("aten.rms_norm.default", over_last(bias=False, eps=st.none() | _EPS)),
    LoweringCase("aten.group_norm.default", in_groups(native=False)),
    LoweringCase("aten.native_group_norm.default", in_groups(native=True)),
    LoweringCase("aten._weight_norm.default", weight_norms()),
)
