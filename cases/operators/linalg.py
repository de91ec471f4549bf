"""Linear algebra."""

from __future__ import annotations

from hypothesis.strategies import SearchStrategy

from cases.strategies import lettered
from parity.suite import FLOATS, Arguments, Factorisation, OperatorCase, Sum


def _matrices(dtype: str) -> SearchStrategy[Arguments]:
    return lettered({"x": "mk", "y": "kn"}, dtypes=(dtype,))


def _matrix(dtype: str) -> SearchStrategy[Arguments]:
    return lettered({"x": "mn"}, dtypes=(dtype,))


CASES = (
    OperatorCase(
        "matmul",
        "torch.matmul(x, y)",
        "tf.linalg.matmul(x, y)",
        _matrices,
        Sum(),
        dtypes=(*FLOATS, "complex64"),
        keras="keras.ops.matmul(x, y)",
    ),
    OperatorCase(
        "qr",
        "torch.linalg.qr(x)",
        "tf.linalg.qr(x)",
        _matrix,
        Factorisation(rebuild="y[0] @ y[1]", of="x", orthogonal="y[0]"),
        dtypes=("float32", "float64"),
        gradients=False,
    ),
)
