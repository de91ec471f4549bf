"""Random distributions; the first axis of each result is the draws."""

from __future__ import annotations

from hypothesis import strategies as st

from parity.suite import Arguments, Distribution, OperatorCase


def _shape(dtype: str) -> st.SearchStrategy[Arguments]:
    return st.tuples(st.integers(1, 6)).map(lambda shape: {"shape": (200, *shape)})


CASES = (
    OperatorCase(
        "rand",
        "torch.rand(shape, dtype=dtype, device=device)",
        "tf.random.uniform(shape, dtype=dtype)",
        _shape,
        Distribution(cdf="np.clip(x, 0, 1)"),
        gradients=False,
        keras="keras.random.uniform(shape, dtype=dtype.name)",
    ),
)
