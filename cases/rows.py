"""How the files of ``cases/operators`` write a row."""

from __future__ import annotations

from cases.inputs import FLOATS, Array, Given, given
from parity.suite import (
    Conditioned,
    Decision,
    Exact,
    OperatorCase,
    Rule,
    Sum,
    Ulps,
)

X = given(x=Array(stratified=True))
"""One array of any shape."""

EXACT = Exact()
EITHER_ZERO = Exact(zeros=False)
ULPS = Ulps()
SUM = Sum()
CONDITIONED = Conditioned()
DECISION = Decision()


def row(
    name: str,
    torch: str,
    tensorflow: str,
    keras: str = "",
    rule: Rule = ULPS,
    inputs: Given = X,
    dtypes: tuple[str, ...] = FLOATS,
    *,
    gradients: bool | tuple[str, ...] = True,
    oracle: str = "torch",
    every: str | None = None,
    no_xla: str = "",
    doc: str = "",
) -> OperatorCase:
    """A row, with the three calls beside each other.

    Args:
        name: unique among the rows.
        torch: the call in PyTorch.
        tensorflow: the call in TensorFlow.
        keras: the call in Keras; empty where it has none.
        rule: what gives its tolerance.
        inputs: its arguments.
        dtypes: in which it is tried.
        gradients: whether it has any, or the arguments that have.
        oracle: what it is judged by.
        every: the argument of which every 16-bit number is tried; ``x`` alone if not said.
        no_xla: why XLA can't compile it.
        doc: what there is to know about the calls.
    """
    return OperatorCase(
        name=name,
        torch=torch,
        tensorflow=tensorflow,
        keras=keras,
        rule=rule,
        inputs=inputs,
        dtypes=dtypes,
        gradients=gradients,
        oracle=oracle,
        every=("x" if inputs is X else "") if every is None else every,
        no_xla=no_xla,
        doc=doc,
    )
