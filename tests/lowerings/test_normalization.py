"""Gradients of normalisations: through running statistics, and of next to nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cases.op_verdicts import tally
from converters.torch_to_tf.lowerings import load
from converters.torch_to_tf.lowerings import normalization as lowerings
from parity.operators import assert_operator

ONE = np.array([[0.7371], [-3.21], [1e3]])
ROWS = ("layer_norm", "native_layer_norm", "rms_norm")


def test_new_running_statistics_pass_no_gradient() -> None:
    x = tf.random.normal([4, 3], seed=1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        results = lowerings.native_batch_norm_functional(
            x, None, None, tf.zeros(3), tf.ones(3), True, 0.1, 1e-5
        )
    assert tape.gradient(list(results[1:]), x) is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ROWS)
def test_a_single_normalised_value_leaves_only_rounding(name, dtype) -> None:
    """PyTorch computes ``x * a + b`` with a rounded b, the lowering ``(x - mean) * a``."""
    given: dict[str, object] = {"input": ONE.astype(dtype), "normalized_shape": (1,), "eps": 1e-5}
    given["weight"] = np.array([1.3], dtype)
    bias = {} if name == "rms_norm" else {"bias": None}
    assert_operator(f"aten.{name}.default", given | bias)


@pytest.mark.parametrize("name", ROWS)
def test_another_epsilon_is_found_where_two_values_are_normalised(monkeypatch, name) -> None:
    lowering = load().get(f"aten.{name}.default")
    own = lowering.function

    def off(eps: float, **others: object) -> object:
        return own(eps=eps * 1.001, **others)

    monkeypatch.setattr(type(lowering), "function", property(lambda _: off))
    values = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    with pytest.raises(AssertionError, match="times further from the oracle"):
        assert_operator(
            f"aten.{name}.default",
            {"input": values, "normalized_shape": (2,), "weight": None, "eps": 1e-3}
            | ({} if name == "rms_norm" else {"bias": None}),
        )


def test_statistics_of_a_batch_are_right_in_every_sample_of_the_database() -> None:
    found = tally("nn.functional.batch_norm", limit=4)
    assert found.verdict == "right", found.failures
