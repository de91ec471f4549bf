"""What a known difference explains of a row's results, and what it doesn't."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from parity.known_differences import Kind, KnownDifference
from parity.suite import Exact, OperatorCase, Ulps
from parity.suite.run import check
from parity.verdict import Verdict

X = np.linspace(-2, 2, 12, dtype=np.float32)
EVERYWHERE = ("torch", "torch.compile", "tensorflow", "tf.function", "XLA", "keras")
OFF = "pytorch != tensorflow"


def row(torch, tensorflow, rule, **options):
    return OperatorCase("specimen", torch, tensorflow, lambda dtype: st.just({}), rule, **options)


def entry(**options):
    said = {"kind": Kind.PRECISION, "torch": "", "example": {"x": X}, "gives": ("", "")}
    return KnownDifference(**said | options, name="known", rows=("specimen",), why="it is")


def failing(case, known, runtimes=EVERYWHERE, arguments=None):
    found = check(case, arguments or {"x": X}, "float32", runtimes, known=(known,))
    return {
        part.runtime: part.comparisons
        for part in found
        if not all(c.verdict.passes for c in part.comparisons)
    }


ELSEWHERE = {
    "torch.compile": {"torch", "tensorflow", "tf.function", "XLA", "keras"},
    "tf.function": {"torch", "torch.compile", "tensorflow", "XLA", "keras"},
    "XLA": {"torch", "torch.compile", "tensorflow", "tf.function", "keras"},
    "eager": {"torch", "torch.compile", "tf.function", "XLA"},
    "": set(),
}


@pytest.mark.parametrize("runtime", ELSEWHERE)
@pytest.mark.filterwarnings("ignore")  # the compiler of PyTorch uses what is deprecated
def test_a_difference_of_one_runtime_explains_nothing_in_another(runtime):
    case = row("x * 2", "x * 3", Exact(), keras="x * 3", oracle="numpy: x * 4", gradients=False)
    known = entry(runtime=runtime, relation=OFF)
    found = failing(case, known)
    assert set(found) == ELSEWHERE[runtime], found


def test_another_type_is_known_only_where_its_numbers_are():
    narrow = "tf.cast(x{}, tf.float16)"
    known = entry(kind=Kind.TYPE, relation="np.abs(tensorflow.astype('f4') - pytorch) < 1e-3")
    for error, fails in (("", False), (" + 0.5", True)):
        case = row("x * 1", narrow.format(error), Ulps(), gradients=False)
        assert bool(failing(case, known, ("torch", "tensorflow"))) is fails, error


def test_a_known_type_counts_the_numbers_that_it_has():
    known = entry(kind=Kind.TYPE, relation="tensorflow.dtype == np.float16")
    case = row("x * 1", "tf.cast(x, tf.float16)", Ulps(), gradients=False)
    *_, found = check(case, {"x": X}, "float32", ("torch", "tensorflow"), known=(known,))
    (comparison,) = found.comparisons
    assert comparison.verdict is Verdict.known_difference
    assert comparison.elements == X.size
