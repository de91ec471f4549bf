"""Decide whether two models compute the same function, and say why not when they don't.

Importing this package imports no framework; each function loads what it needs.
"""

from __future__ import annotations

from parity.check import assert_parity, check
from parity.errors import CheckError, ParityError
from parity.mapping import map_weights
from parity.results import Report, Result
from parity.training import check_training
from parity.verdict import Verdict

__all__ = [
    "CheckError",
    "ParityError",
    "Report",
    "Result",
    "Verdict",
    "assert_parity",
    "check",
    "check_training",
    "map_weights",
]
