"""Rows of random numbers and dropout, where what they give is certain.

Streams never match between frameworks; how random numbers are distributed is tested in
``tests/lowerings/test_random.py``.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import LoweringCase
from cases.strategies import floats, shapes, tensors

_NONE = st.just((0, 3))
_EMPTY = tensors((0, 3))


def _row(
    op: str, label: str = "", *, gradients: bool = False, **arguments: SearchStrategy[object]
) -> LoweringCase:
    return LoweringCase(op, st.fixed_dictionaries(arguments), gradients=gradients, label=label)


_DROPOUTS = tuple(
    row
    for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
    for row in (
        _row(
            f"aten.{name}.default",
            gradients=True,
            input=floats(shapes(2, 4)),
            p=st.sampled_from((0.0, 0.5, 1.0)),
            train=st.just(False),
        ),
        _row(
            f"aten.{name}.default",
            "training",
            input=floats(shapes(2, 4)),
            p=st.sampled_from((0.0, 1.0)),
            train=st.just(True),
        ),
    )
)

CASES = (
    *_DROPOUTS,
    _row("aten.native_dropout.default", input=floats(), p=st.just(0.5), train=st.just(False)),
    _row(
        "aten.native_dropout.default",
        "training",
        input=tensors(),
        p=st.just(1.0),
        train=st.just(True),
    ),
    _row("aten.rrelu.default", gradients=True, x=floats(), training=st.just(False)),
    # PyTorch's kernel of the training mode has no float16.
    _row(
        "aten.rrelu.default",
        "training",
        x=floats(low=0.1, dtypes=("float32", "float64", "bfloat16")),
        training=st.just(True),
    ),
    _row("aten.bernoulli.default", x=floats().map(np.zeros_like)),
    _row("aten.bernoulli.p", x=floats(), p=st.sampled_from((0.0, 1.0))),
    _row("aten.randint.default", high=st.just(1), size=shapes(0, 3)),
    _row("aten.randint.low", low=st.just(4), high=st.just(5), size=shapes(0, 3)),
    _row("aten.randperm.default", n=st.sampled_from((0, 1))),
    _row("aten.normal.Tensor_float", mean=tensors(), std=st.just(0.0)),
    _row("aten.normal.Tensor_Tensor", mean=tensors((2, 3)), std=st.just(np.zeros(3, np.float32))),
    _row("aten.uniform.default", x=tensors(), from_=st.just(2.0), to=st.just(2.0)),
    _row("aten.exponential.default", x=_EMPTY, lambd=st.just(0.5)),
    _row("aten.geometric.default", x=tensors(), p=st.just(0.999999999)),
    _row("aten.cauchy.default", x=_EMPTY, median=st.just(1.0), sigma=st.just(0.5)),
    _row("aten.log_normal.default", x=tensors(), mean=st.just(0.0), std=st.just(1e-30)),
    _row("aten.normal_functional.default", x=tensors(), mean=st.just(2.0), std=st.just(0.0)),
    _row("aten.normal.float_Tensor", mean=st.just(1.5), std=tensors().map(np.zeros_like)),
    _row("aten.normal.float_float", mean=st.just(1.5), std=st.just(0.0), size=shapes(0, 3)),
    _row("aten.bernoulli.Tensor", x=tensors((2, 3)), p=tensors((2, 3)).map(np.zeros_like)),
    _row("aten.poisson.default", x=tensors().map(np.zeros_like)),
    _row(
        "aten.multinomial.default",
        x=st.sampled_from((np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[2])),
        num_samples=st.integers(1, 4),
        replacement=st.just(True),
    ),
    _row("aten.randint_like.default", x=tensors(), high=st.just(1)),
    _row("aten.randint_like.low_dtype", x=tensors(), low=st.just(4), high=st.just(5)),
    _row("aten.rand.default", size=_NONE),
    _row("aten.randn.default", size=_NONE),
    _row("aten.rand_like.default", x=tensors((0, 3))),
    _row("aten.randn_like.default", x=tensors((0, 3))),
)
