"""Where PyTorch and TensorFlow differ and a converted operator can't be made equal.

Each entry is asserted to be there, on inputs inside its predicate, by
tests/lowerings/test_known_differences.py; outside every predicate parity is exact or rounding. An
entry that no longer reproduces fails that test: it is removed, or its versions are narrowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class KnownDifference:
    """One difference.

    Attributes:
        name: unique among the entries, in words with dashes.
        ops: the operators that it concerns, with their overloads.
        runtime: the runtime of the target in which it is seen: ``tf.function``, or ``XLA``.
        predicate: whether it is seen with these arguments; nothing else differs.
        example: arguments inside the predicate, by the names of the lowering's parameters.
        without: arguments just outside the predicate, on which both agree.
        torch: what PyTorch does with the example: a result, or the name of the error.
        tensorflow: what the converted operator does with it.
        why: the cause, in a sentence.
        versions: the releases with which it was seen.
        evidence: what was looked at: ``run`` here, or the page that says so.
        reference: a row of the collection of differences, or an issue; empty if there is none.
    """

    name: str
    ops: tuple[str, ...]
    runtime: str
    predicate: Callable[[Arguments], bool]
    example: Arguments
    without: Arguments
    torch: object
    tensorflow: object
    why: str
    versions: tuple[str, ...] = ("torch 2.13", "tensorflow 2.21")
    evidence: str = "run"
    reference: str = ""


V = np.arange(4, dtype=np.float32)


def _places(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def _array(arguments: Arguments, name: str) -> np.ndarray:
    found = arguments[name]
    assert isinstance(found, np.ndarray)
    return found


def _outside(name: str, of: str, axis: int = 0) -> Callable[[Arguments], bool]:
    """Whether an index is outside ``[0, size)`` of an axis."""

    def predicate(arguments: Arguments) -> bool:
        index, size = _array(arguments, name), _array(arguments, of).shape[axis]
        return bool(((index < 0) | (index >= size)).any())

    return predicate


def _any_zero(name: str) -> Callable[[Arguments], bool]:
    return lambda arguments: bool((_array(arguments, name) == 0).any())


_CLAMPED = "XLA has no errors at run time: an index is brought into range"

KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "index-select-out-of-range-compiled",
        ("aten.index_select.default",),
        "XLA",
        _outside("index", "x"),
        {"x": V, "dim": 0, "index": _places(0, 7)},
        {"x": V, "dim": 0, "index": _places(0, 3)},
        "IndexError",
        [0.0, 3.0],
        _CLAMPED,
        reference="36",
    ),
    KnownDifference(
        "embedding-out-of-range-compiled",
        ("aten.embedding.default",),
        "XLA",
        _outside("indices", "weight"),
        {"weight": V.reshape(2, 2), "indices": _places(0, 5)},
        {"weight": V.reshape(2, 2), "indices": _places(0, 1)},
        "IndexError",
        [[0.0, 1.0], [2.0, 3.0]],
        _CLAMPED,
        reference="36",
    ),
    KnownDifference(
        "gather-out-of-range-compiled",
        ("aten.gather.default",),
        "XLA",
        _outside("index", "x"),
        {"x": V, "dim": 0, "index": _places(0, -1)},
        {"x": V, "dim": 0, "index": _places(0, 1)},
        "RuntimeError",
        [0.0, 0.0],
        _CLAMPED,
        reference="36",
    ),
    KnownDifference(
        "scatter-add-out-of-range-compiled",
        ("aten.scatter_add.default",),
        "XLA",
        _outside("index", "x"),
        {"x": V, "dim": 0, "index": _places(0, 7), "src": V[1:3]},
        {"x": V, "dim": 0, "index": _places(0, 3), "src": V[1:3]},
        "RuntimeError",
        [1.0, 1.0, 2.0, 5.0],
        _CLAMPED,
        reference="36",
    ),
    KnownDifference(
        "integer-division-by-zero-compiled",
        ("aten.floor_divide.default",),
        "XLA",
        _any_zero("other"),
        {"x": _places(5, -5), "other": _places(0, 2)},
        {"x": _places(5, -5), "other": _places(1, 2)},
        "RuntimeError",
        [-1, -3],
        "XLA has no errors at run time: a quotient by 0 is -1",
        reference="26",
    ),
)
"""Differences that remain; new ones go to the end of their operator's family."""


def known_differences(op: str, arguments: Arguments) -> list[KnownDifference]:
    """The entries that concern a call of an operator.

    >>> arguments = {"x": V, "dim": 0, "index": _places(9)}
    >>> [entry.name for entry in known_differences("aten.index_select.default", arguments)]
    ['index-select-out-of-range-compiled']
    """
    return [e for e in KNOWN_DIFFERENCES if op in e.ops and e.predicate(arguments)]
