"""Elementwise functions."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.strategies import SPECIALS, broadcasting, tensors
from parity.suite import Arguments, Exact, OperatorCase, Ulps


def _one(dtype: str) -> st.SearchStrategy[Arguments]:
    return st.fixed_dictionaries({"x": tensors(specials=SPECIALS, dtype=dtype)})


def _two(dtype: str) -> st.SearchStrategy[Arguments]:
    return broadcasting(2).flatmap(
        lambda shapes: st.fixed_dictionaries(
            {
                name: tensors(shape, specials=SPECIALS, dtype=dtype)
                for name, shape in zip("xy", shapes, strict=True)
            }
        )
    )


CASES = (
    OperatorCase(
        "exp", "torch.exp(x)", "tf.exp(x)", _one, Ulps(), keras="keras.ops.exp(x)", every="x"
    ),
    OperatorCase(
        "log", "torch.log(x)", "tf.math.log(x)", _one, Ulps(), keras="keras.ops.log(x)", every="x"
    ),
    OperatorCase(
        "tanh", "torch.tanh(x)", "tf.tanh(x)", _one, Ulps(8), keras="keras.ops.tanh(x)", every="x"
    ),
    OperatorCase(
        "sqrt", "torch.sqrt(x)", "tf.sqrt(x)", _one, Ulps(), keras="keras.ops.sqrt(x)", every="x"
    ),
    OperatorCase(
        "abs", "torch.abs(x)", "tf.abs(x)", _one, Exact(), keras="keras.ops.abs(x)", every="x"
    ),
    OperatorCase(
        "floor",
        "torch.floor(x)",
        "tf.floor(x)",
        _one,
        Exact(),
        keras="keras.ops.floor(x)",
        every="x",
    ),
    OperatorCase("add", "x + y", "x + y", _two, Ulps(), keras="keras.ops.add(x, y)"),
    OperatorCase("multiply", "x * y", "x * y", _two, Ulps(), keras="keras.ops.multiply(x, y)"),
    OperatorCase(
        "maximum",
        "torch.maximum(x, y)",
        "tf.maximum(x, y)",
        _two,
        Exact(zeros=False),
        keras="keras.ops.maximum(x, y)",
    ),
    OperatorCase(
        "sin", "torch.sin(x)", "tf.sin(x)", _one, Ulps(), keras="keras.ops.sin(x)", every="x"
    ),
)
