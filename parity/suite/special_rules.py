"""Results that aren't compared number by number: factorisations and random draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from converters import DType, dtype_of
from parity.compare import EXACT, Tolerance, compare
from parity.randomness import DEVIATIONS, compare_draws
from parity.results import Comparison
from parity.sides import Arrays
from parity.suite.calls import function_of
from parity.suite.case import Arguments
from parity.suite.oracle import widened
from parity.suite.rules import Distribution, Factorisation
from parity.verdict import Verdict

BACKWARD = 16.0
"""Residuals of factorisations in units of ``n u |A|`` (Higham, ASNA, theorems 10.3 and 19.4)."""


def factorised(
    rule: Factorisation, arguments: Arguments, found: Arrays, oracle: Arrays
) -> Iterator[Comparison]:
    """Judge one side's factors by what they rebuild.

    Args:
        rule: the row's.
        arguments: of the call.
        found: the side's results.
        oracle: the reference's: only the shapes, and the values that are judged as numbers.
    """
    outputs = [name for name in oracle if name.startswith("output")]
    for name in outputs:
        here, there = found[name], oracle[name]
        if here.shape != there.shape:
            yield compare(name, there.astype(here.dtype), here, there, EXACT)
            return
    wide = widened({name: found[name] for name in outputs})
    factors = tuple(np.asarray(array) for array in wide.values())
    given = {**widened(arguments), "y": factors if len(factors) > 1 else factors[0]}
    dtype = dtype_of(found[outputs[0]])
    whole = np.asarray(_value(rule.of, given))
    yield _small("residual", _value(rule.rebuild, given) - whole, whole, dtype)
    for place, text in enumerate(filter(None, rule.orthogonal.split(";"))):
        q = np.asarray(_value(text, given))
        gram = q.conj().swapaxes(-1, -2) @ q
        identity = np.broadcast_to(np.eye(gram.shape[-1]), gram.shape)
        yield _small(f"orthogonality {place}", gram - identity, identity, dtype)
    for place in rule.values:
        name = outputs[place]
        yield _small(name, wide[name] - oracle[name], np.asarray(oracle[name]), dtype)


def _value(text: str, given: Mapping[str, object]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(function_of(text, tuple(given), "numpy")(**given))


def _small(name: str, difference: np.ndarray, whole: np.ndarray, dtype: DType) -> Comparison:
    """Whether a difference is small next to a matrix, norm-wise."""
    size = max(whole.shape[-2:], default=1)
    largest = float(np.abs(whole).max(initial=0.0)) * math.sqrt(size)
    unit = dtype.unit_roundoff * size * largest
    tolerance = Tolerance(
        np.asarray(unit), BACKWARD, BACKWARD, "factorisation", f"theory: {BACKWARD:g} n u |A|"
    )
    zero = np.zeros(difference.shape, difference.dtype)
    found = compare(name, zero, np.asarray(difference), zero, tolerance, own=0.0)
    return replace(found, ulp_max=0.0, ulp_p99=0.0)  # of numbers that should be zero


def drawn(
    rule: Distribution, arguments: Arguments, source: Arrays, target: Arrays
) -> Iterator[Comparison]:
    """Judge random draws by another side's, and by their distribution function.

    Args:
        rule: the row's.
        arguments: of the call.
        source: PyTorch's draws.
        target: the side's.
    """
    for name, theirs in target.items():
        ours = source[name]
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype or len(ours) < 2:
            yield compare(name, ours, theirs, ours, EXACT)
            continue
        found = compare_draws(name, list(ours), list(theirs), np.asarray(ours[0]), EXACT)
        yield replace(found, max_abs=0.0, max_rel=0.0, ulp_max=0.0, ulp_p99=0.0)
        if rule.cdf:
            yield _distributed(f"distribution of {name}", rule.cdf, arguments, theirs)


def _distributed(name: str, cdf: str, arguments: Arguments, array: np.ndarray) -> Comparison:
    """Kolmogorov and Smirnov's distance, in standard errors of its largest deviation.

    Rounding puts many numbers of a coarse type on one: the distance is taken on both sides of each.
    """
    x = np.sort(array.astype(np.float64).reshape(-1))
    given = {**widened(arguments), "x": x}
    right = _value(cdf, given)
    steps = np.arange(x.size + 1) / x.size
    last = np.flatnonzero(np.append(x[1:] != x[:-1], True))
    below = np.concatenate([[0.0], steps[last + 1][:-1]])
    grain = 2 * dtype_of(array).unit_roundoff if array.dtype.kind not in "iub" else 0.0
    apart = np.maximum(steps[last + 1] - right[last], 0.0)
    if array.dtype.kind not in "iub":
        apart = np.maximum(apart, right[last] - below)
    else:
        apart = np.abs(steps[last + 1] - right[last])
    distance = max(0.0, float(apart.max()) - grain) * math.sqrt(x.size)
    margin = distance / (DEVIATIONS / 2)
    return Comparison(
        name, tuple(array.shape), str(dtype_of(array).value), int(array.size),
        Verdict.known_difference if margin <= 1 else Verdict.mismatch, "distribution",
        f"random numbers; they leave their distribution function by {distance:.3g} / sqrt(n)",
        margin=margin,
        tolerance_from=f"theory: {DEVIATIONS / 2:g} / sqrt(n) (Kolmogorov)",
    )  # fmt: skip
