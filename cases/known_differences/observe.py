"""Running an entry: what each side gives, and whether two results are equal."""

from __future__ import annotations

import warnings

import numpy as np

from parity.known_differences import Arguments, Kind, KnownDifference, eps, shown
from parity.suite.subjects import RUNTIMES, Outcome, Way, run


def pytorch(entry: KnownDifference, arguments: Arguments, call: str = "") -> Outcome:
    """What PyTorch gives in the entry's runtime.

    Args:
        entry: the difference.
        arguments: by name.
        call: instead of the entry's own.
    """
    return _outcome(entry, call or entry.torch, _runtime(entry, "torch"), arguments)


def tensorflow(entry: KnownDifference, arguments: Arguments) -> Outcome:
    """What TensorFlow gives in the entry's runtime.

    Args:
        entry: the difference.
        arguments: by name.
    """
    if not entry.tensorflow:
        return keras(entry, arguments)
    return _outcome(entry, entry.tensorflow, _runtime(entry, "tensorflow"), arguments)


def keras(entry: KnownDifference, arguments: Arguments, call: str = "") -> Outcome:
    """What Keras gives.

    Args:
        entry: the difference.
        arguments: by name.
        call: instead of the entry's own.
    """
    return _outcome(entry, call or entry.keras, "keras", arguments)


def _runtime(entry: KnownDifference, framework: str) -> str:
    """The entry's runtime if it is the framework's, which without one is run eagerly."""
    runtime = RUNTIMES.get(entry.runtime)
    return framework if runtime is None or runtime.framework != framework else runtime.name


def _outcome(entry: KnownDifference, text: str, runtime: str, arguments: Arguments) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an edge that PyTorch warns of is an edge all the same
        return _of(entry, text, runtime, arguments)


def _of(entry: KnownDifference, text: str, runtime: str, arguments: Arguments) -> Outcome:
    way = Way()
    if entry.result.startswith("gradient of "):
        forward = run(text, RUNTIMES[runtime], arguments, "float32")
        if forward.error:
            return forward
        directions = {name: np.ones_like(array) for name, array in forward.results.items()}
        way = Way((entry.result.removeprefix("gradient of "),), directions)
    outcome = run(text, RUNTIMES[runtime], arguments, "float32", way=way)
    chosen = {n: a for n, a in outcome.results.items() if n.startswith(entry.result)}
    return Outcome(chosen, outcome.error, outcome.message, outcome.seconds)


def written(entry: KnownDifference, outcome: Outcome) -> str:
    """An outcome as the entry writes it; several results are separated by semicolons.

    Args:
        entry: the difference.
        outcome: of one side.
    """
    if outcome.error:
        return f"raises {outcome.error}"
    typed = entry.kind is Kind.TYPE
    return "; ".join(shown(array, typed=typed) for array in outcome.results.values())


def unequal(
    entry: KnownDifference, actual: Outcome, expected: Outcome, *, each: bool = False
) -> str:
    """Why two outcomes aren't equal; empty if they are.

    Args:
        entry: the difference, which says how much rounding there is.
        actual: of one side.
        expected: of the other.
        each: whether each element may be off by its own last places only, not the largest's.
    """
    if actual.error or expected.error:
        return f"{actual.error or 'nothing'} is raised, {expected.error or 'nothing'} was expected"
    if len(actual.results) != len(expected.results) or not actual.results:
        return f"{len(actual.results)} results, {len(expected.results)} were expected"
    pairs = zip(actual.results.values(), expected.results.values(), strict=True)
    return "; ".join(filter(None, (_unequal(entry, a, b, each=each) for a, b in pairs)))


def _unequal(
    entry: KnownDifference, actual: np.ndarray, expected: np.ndarray, *, each: bool
) -> str:
    if actual.shape != expected.shape:
        return f"the shapes are {actual.shape} and {expected.shape}"
    same_type = actual.dtype == expected.dtype
    if entry.kind is not Kind.TYPE:
        same_type = actual.dtype.kind == expected.dtype.kind
    if not same_type:
        return f"the types are {actual.dtype} and {expected.dtype}"
    if actual.dtype.kind in "biuSUO" or not entry.rounding:
        equal = np.array_equal(_wide(actual), _wide(expected), equal_nan=actual.dtype.kind in "fcV")
        return "" if equal else f"{shown(actual)} is not {shown(expected)}"
    a, b = _wide(actual), _wide(expected)
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return f"{shown(actual)} is not {shown(expected)}"
    sizes = np.abs(b[finite])
    allowed = entry.rounding * eps(expected) * (sizes if each else sizes.max(initial=0))
    return (
        "" if (np.abs(a[finite] - b[finite]) <= allowed).all() else f"{shown(a)} is not {shown(b)}"
    )


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind in "fV" else array


__all__ = ["keras", "pytorch", "tensorflow", "unequal", "written"]
