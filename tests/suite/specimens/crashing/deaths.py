"""Rows that end their process always, or once."""

from __future__ import annotations

import os
from pathlib import Path

from parity.suite import Exact, OperatorCase
from tests.suite.specimens.good.numbers import one


def dies(x, dtype, device):
    os.abort()


def dies_once(x, dtype, device):
    mark = Path(os.environ["PARITY_TEST_MARK"])
    if not mark.exists():
        mark.touch()
        os.abort()
    return x


_HERE = "tests.suite.specimens.crashing.deaths"
_ROWS = [
    OperatorCase(f"copy {n}", "x.clone()", "x", one, Exact(), dtypes=("float32",)) for n in range(3)
]
CASES = (
    *_ROWS,
    OperatorCase("dies", f"{_HERE}:dies", "x", one, Exact(), dtypes=("float32",)),
    OperatorCase("dies once", f"{_HERE}:dies_once", "x", one, Exact(), dtypes=("float32",)),
)
