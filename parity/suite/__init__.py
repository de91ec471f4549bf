"""The operator parity suite: PyTorch's own operators against TensorFlow's own.

A row (:class:`OperatorCase`) says how an operator is called in each framework, on what inputs, and
by which rule its results are judged. Everything else follows from it: forward and vector-Jacobian
products, eagerly and compiled, in each type and on each device. No framework is imported before a
row is run.
"""

from __future__ import annotations

from parity.suite.case import COMPLEX, FLOATS, INTEGERS, Arguments, OperatorCase
from parity.suite.rules import (
    Conditioned,
    Decision,
    Distribution,
    Exact,
    Factorisation,
    Rule,
    Sum,
    Trajectory,
    Ulps,
)

__all__ = [
    "COMPLEX",
    "FLOATS",
    "INTEGERS",
    "Arguments",
    "Conditioned",
    "Decision",
    "Distribution",
    "Exact",
    "Factorisation",
    "OperatorCase",
    "Rule",
    "Sum",
    "Trajectory",
    "Ulps",
]
