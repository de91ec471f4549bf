"""Rows in which nothing is wrong."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.strategies import SPECIALS, tensors
from parity.suite import Exact, OperatorCase, Sum, Ulps


def one(dtype):
    return st.fixed_dictionaries({"x": tensors(specials=SPECIALS, dtype=dtype)})


def vectors(dtype):
    return st.fixed_dictionaries({"x": tensors((7,), dtype=dtype), "y": tensors((7,), dtype=dtype)})


CASES = (
    OperatorCase("twice", "x + x", "x + x", one, Exact(), dtypes=("float32",)),
    OperatorCase("exponential", "torch.exp(x)", "tf.exp(x)", one, Ulps(), dtypes=("float32",)),
    OperatorCase(
        "dot", "torch.dot(x, y)", "tf.tensordot(x, y, 1)", vectors, Sum(), dtypes=("float32",)
    ),
)
