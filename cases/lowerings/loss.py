"""Rows of losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.strategies import floats, integers, shapes, tensors

_REDUCTION = st.integers(0, 2)
_INFINITE = float("inf")


@st.composite
def _pair(
    draw: st.DrawFn,
    low: float = -_INFINITE,
    high: float = _INFINITE,
    targets: tuple[float, float] = (-_INFINITE, _INFINITE),
    **others: SearchStrategy[object],
) -> dict[str, object]:
    shape = draw(shapes())
    drawn: dict[str, object] = {
        "x": draw(tensors(shape, low=low, high=high)),
        "target": draw(tensors(shape, low=targets[0], high=targets[1])),
        "reduction": draw(_REDUCTION),
    }
    return drawn | {name: draw(strategy) for name, strategy in others.items()}


@st.composite
def _classes(
    draw: st.DrawFn, rank: int | None = None, *, logs: bool, weights: bool = False
) -> dict[str, object]:
    """Scores of classes, targets of which some are ignored, and ``weights`` of the classes.

    PyTorch has no gradient for the weights.
    """
    rank = draw(st.integers(1, 4)) if rank is None else rank
    shape = draw(shapes(rank, rank, 1, 4))
    axis = 0 if rank == 1 else 1
    classes = shape[axis] + 1
    shape = (*shape[:axis], classes, *shape[axis + 1 :])
    target = draw(integers((*shape[:axis], *shape[axis + 1 :]), 0, classes - 1))
    x = draw(floats(shape, dtypes=("float32", "float64"), low=-5, high=5))
    if logs:
        x = x - np.log(np.exp(x).sum(axis, keepdims=True))
    drawn: dict[str, object] = {
        "x": x.astype(x.dtype),
        "target": target,
        "reduction": draw(_REDUCTION),
    }
    drawn["weight"] = np.linspace(0.5, 1.5, classes).astype(x.dtype) if weights else None
    drawn["ignore_index"] = draw(st.sampled_from((-100, 0)))
    if target.size and (target == drawn["ignore_index"]).all():
        drawn["ignore_index"] = -100
    return drawn


def _signs(drawn: dict[str, Any]) -> dict[str, Any]:
    return {**drawn, "target": np.where(drawn["target"] > 0, 1, -1)}


@st.composite
def _cross_entropy(draw: st.DrawFn, *, weights: bool = False) -> dict[str, object]:
    return {
        **draw(_classes(logs=False, weights=weights)),
        "label_smoothing": draw(st.sampled_from((0.0, 0.1))),
    }


@st.composite
def _probabilities(draw: st.DrawFn) -> dict[str, object]:
    shape = draw(shapes(2, 4))
    return {
        "x": draw(tensors(shape, low=-5, high=5)),
        "target": draw(tensors(shape, low=0, high=1)),
        "reduction": draw(_REDUCTION),
        "label_smoothing": draw(st.sampled_from((0.0, 0.1))),
    }


CASES = (
    LoweringCase("aten.mse_loss.default", _pair()),
    LoweringCase("aten.l1_loss.default", _pair()),
    LoweringCase("aten.smooth_l1_loss.default", _pair(beta=st.sampled_from((0.5, 1.0)))),
    LoweringCase(
        "aten.smooth_l1_loss.default", _pair(beta=st.just(0.0)), gradients=False, label="beta 0"
    ),
    LoweringCase("aten.huber_loss.default", _pair(delta=st.sampled_from((0.5, 1.0)))),
    LoweringCase(
        "aten.soft_margin_loss.default",
        _pair(-9, 9).map(_signs),
    ),
    LoweringCase("aten.kl_div.default", _pair(-5, 0, (0.1, 1), log_target=st.just(False))),
    LoweringCase(
        "aten.kl_div.default", _pair(-5, 0, (-5, 0), log_target=st.just(True)), label="log target"
    ),
    LoweringCase("aten.binary_cross_entropy.default", _pair(0.01, 0.99, (0.1, 0.9))),
    LoweringCase(
        "aten.binary_cross_entropy.default",
        st.fixed_dictionaries(
            {
                "x": tensors((3, 4), low=0.01, high=0.99),
                "target": tensors((3, 4), low=0.1, high=0.9),
                "weight": tensors((4,), low=0.5, high=2),
                "reduction": _REDUCTION,
            }
        ),
        gradients=False,
        label="weight",
    ),
    LoweringCase(
        "aten.binary_cross_entropy.default",
        st.fixed_dictionaries(
            {
                "x": st.just(np.array([0.0, 0.0, 0.5], "float32")),
                "target": st.just(np.array([0.5, 0.75, 0.25], "float32")),
                "reduction": _REDUCTION,
            }
        ),
        gradients=False,
        label="impossible",
    ),
    LoweringCase("aten.binary_cross_entropy_with_logits.default", _pair(-30, 30, (0, 1))),
    LoweringCase(
        "aten.binary_cross_entropy_with_logits.default",
        st.fixed_dictionaries(
            {
                "x": tensors((3, 4), low=-9, high=9),
                "target": tensors((3, 4), low=0, high=1),
                "weight": tensors((4,), low=0.5, high=2),
                "pos_weight": tensors((4,), low=0.5, high=2),
                "reduction": _REDUCTION,
            }
        ),
        gradients=False,
        label="weights",
    ),
    LoweringCase("aten.nll_loss_nd.default", _classes(logs=True)),
    LoweringCase(
        "aten.nll_loss_nd.default",
        _classes(logs=True, weights=True),
        gradients=False,
        label="weights",
    ),
    LoweringCase("aten.nll_loss.default", _classes(2, logs=True)),
    LoweringCase("aten.nll_loss2d.default", _classes(4, logs=True)),
    LoweringCase("aten.cross_entropy_loss.default", _cross_entropy()),
    LoweringCase(
        "aten.cross_entropy_loss.default",
        _cross_entropy(weights=True),
        gradients=False,
        label="weights",
    ),
    LoweringCase("aten.cross_entropy_loss.default", _probabilities(), label="probabilities"),
)
