"""One result of one runtime against the oracle, and against PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from converters import DType, dtype_of
from parity.compare import Tolerance, compare
from parity.results import Comparison
from parity.suite.calls import function_of
from parity.suite.case import Arguments
from parity.suite.rules import Decision, Exact, Rule, Sum, Ulps
from parity.suite.tolerances import Scales, tolerance_of
from parity.tolerance import zone
from parity.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Reference:
    """What results of one set of arguments are judged by.

    Attributes:
        results: of the oracle.
        flushed: the oracle's results where subnormal arguments count as zeros; empty where there
            are none.
        scales: what tolerances are made of.
    """

    results: Mapping[str, np.ndarray]
    flushed: Mapping[str, np.ndarray]
    scales: Scales


@dataclass(frozen=True, slots=True)
class Explained:
    """The elements of a result that known differences explain, and which ones do."""

    places: np.ndarray
    names: tuple[str, ...]


def judged(
    rule: Rule,
    name: str,
    arguments: Arguments,
    source: Mapping[str, np.ndarray] | None,
    target: Mapping[str, np.ndarray],
    reference: Reference,
    *,
    flushes: bool,
    budget: float | None = None,
    explained: Explained | None = None,
) -> Comparison:
    """Judge one result.

    Args:
        rule: the row's.
        name: of the result.
        arguments: of the call.
        source: PyTorch's results; None to judge the target by the oracle alone.
        target: the runtime's.
        reference: the oracle's.
        flushes: whether the runtime may take subnormal numbers for zeros.
        budget: measured units of the last place.
        explained: the elements that known differences explain.
    """
    theirs, oracle = np.asarray(target[name]), np.asarray(reference.results[name])
    tolerance = tolerance_of(
        rule, name, oracle, str(dtype_of(theirs).value), reference.scales, budget=budget
    )
    right = _like(oracle, theirs)
    ours = right if source is None or name not in source else np.asarray(source[name])
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype or oracle.shape != theirs.shape:
        ours = right if ours.shape == oracle.shape and ours.dtype == theirs.dtype else ours
        plain = compare(name, ours, theirs, oracle, tolerance, own=0.0)
        if explained is not None and theirs.size and explained.places.all():
            return _known(explained, plain, theirs.size, theirs.size)
        return plain
    note = ""
    if theirs.dtype.kind not in "biu":
        alternative = reference.flushed.get(name) if flushes else None
        theirs, note = _settled(theirs, oracle, right, tolerance, alternative, flushes=flushes)
        ours, _ = _settled(ours, oracle, right, tolerance, None, flushes=False)
        lost = _lost(name, oracle, reference.results, dtype_of(theirs))
        beyond = _overflows(rule, name, arguments, reference.scales, right, theirs, tolerance)
        if beyond.any():
            overflow = f"{int(beyond.sum())} elements may overflow on the way"
            note = "; ".join(filter(None, (note, overflow)))
        vague = reference.scales.vague.get(name, np.zeros((), bool))
        unlike = vague & (np.isnan(theirs) != np.isnan(right))
        if unlike.any():
            zeros = f"{int(unlike.sum())} elements where padding meets an infinity"
            note = "; ".join(filter(None, (note, zeros)))
        apart = _overflows(rule, name, arguments, reference.scales, right, ours, tolerance)
        apart = apart | (vague & (np.isnan(ours) != np.isnan(right)))
        lost = lost | beyond | unlike
        ours, theirs = np.where(lost | apart, right, ours), np.where(lost, right, theirs)
    flips, differ = 0, theirs != ours
    if _is_choice(rule, name):
        theirs = _as_good(rule, arguments, target, theirs, right, reference, flushes=flushes)
        if source is not None and ours is not right:
            ours = _as_good(rule, arguments, source, ours, right, reference, flushes=False)
        flips = int((differ & (theirs == ours)).sum())
    plain = compare(name, ours, theirs, oracle, tolerance, own=0.0)
    if explained is not None and not plain.verdict.passes:
        return _without(explained, plain, ours, theirs, oracle, right, tolerance)
    found = plain
    if _is_choice(rule, name) and found.verdict is Verdict.mismatch:
        found = replace(found, detail=f"{found.detail}, and they hold other values")
    elif flips:
        detail = f"{flips} other positions of equal values"
        found = replace(found, verdict=Verdict.decision_flip, margin=1.0, detail=detail)
    if isinstance(rule, Sum) and found.elements and found.verdict is not Verdict.exact:
        found = _zoned(found, theirs, oracle, tolerance, reference.scales)
    words = "; ".join(filter(None, (found.detail, note, reference.scales.refused)))
    return replace(found, detail=words)


def _without(
    explained: Explained,
    plain: Comparison,
    ours: np.ndarray,
    theirs: np.ndarray,
    oracle: np.ndarray,
    right: np.ndarray,
    tolerance: Tolerance,
) -> Comparison:
    """The comparison of what known differences don't explain."""
    places = np.broadcast_to(explained.places, theirs.shape)
    if not places.any():
        return plain
    names = ", ".join(explained.names)
    rest = compare(
        plain.name,
        np.where(places, right, ours),
        np.where(places, right, theirs),
        oracle,
        tolerance,
        own=0.0,
    )
    if not rest.verdict.passes and rest.verdict is not Verdict.inconclusive:
        return replace(rest, detail=f"{rest.detail}; the rest is known: {names}")
    found = replace(plain, rule=rest.rule, tolerance_from=rest.tolerance_from)
    return _known(explained, found, int(places.sum()), places.size, rest.margin)


def _known(
    explained: Explained, plain: Comparison, count: int, size: int, margin: float = 0.0
) -> Comparison:
    detail = f"{count} of {size} elements: {', '.join(explained.names)}"
    known = Verdict.known_difference
    return replace(plain, verdict=known, detail=detail, margin=margin, elements=size)


def _like(oracle: np.ndarray, array: np.ndarray) -> np.ndarray:
    """The oracle in the type of a result of the same kind."""
    kinds = {"V": "f"}  # bfloat16 is of no kind to NumPy
    same = kinds.get(array.dtype.kind, array.dtype.kind) == kinds.get(
        oracle.dtype.kind, oracle.dtype.kind
    )
    if not same:
        return oracle
    with np.errstate(all="ignore"):
        return oracle.astype(array.dtype)


def _settled(
    array: np.ndarray,
    oracle: np.ndarray,
    right: np.ndarray,
    tolerance: Tolerance,
    alternative: np.ndarray | None,
    *,
    flushes: bool,
) -> tuple[np.ndarray, str]:
    """The array with what is as good as right put right, and what was found in words.

    An infinity is as good as a number that rounding may carry beyond the largest one. Where
    something rounds zero is as good as a subnormal number, for 1 / (1 + exp(96)) overflows on its
    way; in a runtime that flushes that goes for arguments too, and for what doesn't round.
    """
    dtype = dtype_of(array)
    if dtype.is_complex:
        return _settled_parts(array, oracle, right, tolerance, alternative, flushes=flushes)
    wide = array.astype(np.float64)
    largest, smallest = _RANGE[dtype]
    with np.errstate(all="ignore"):
        reach = np.broadcast_to(tolerance.peak_factor * tolerance.scale, oracle.shape)
        near = (np.abs(oracle) + reach >= largest) & (np.sign(wide) == np.sign(oracle))
        near &= np.isfinite(oracle) | (largest == _RANGE[DType.float64][0])  # it overflows as well
        as_good = near & (np.isinf(wide) | (np.abs(wide) + reach >= largest)) & (wide != right)
        note = ""
        if flushes or not tolerance.exact:
            zero = (wide == 0) & (np.abs(oracle) - reach < smallest) & (oracle != 0)
            if flushes and alternative is not None and alternative.shape == oracle.shape:
                close = np.abs(wide - alternative) <= np.maximum(reach, smallest)
                same = close | (wide == alternative) | (np.isnan(wide) & np.isnan(alternative))
                nan = np.isnan(oracle) & np.isnan(alternative)
                zero |= same & (np.abs(oracle - alternative) != 0) & ~nan
            if zero.any():
                note = f"{int(zero.sum())} elements with subnormal numbers taken for zeros"
            as_good |= zero
    return np.where(as_good, right, array), note


def _settled_parts(
    array: np.ndarray,
    oracle: np.ndarray,
    right: np.ndarray,
    tolerance: Tolerance,
    alternative: np.ndarray | None,
    *,
    flushes: bool,
) -> tuple[np.ndarray, str]:
    """The same for the real and the imaginary part of complex numbers."""
    found = array.copy()
    notes = []
    for part in ("real", "imag"):
        here, there, best = (np.asarray(getattr(a, part)) for a in (array, oracle, right))
        other = None if alternative is None else np.asarray(alternative).astype(oracle.dtype)
        other = None if other is None else np.asarray(getattr(other, part))
        settled, note = _settled(here, there, best, tolerance, other, flushes=flushes)
        setattr(found, part, settled)
        notes.append(f"{part}: {note}" if note else "")
    return found, "; ".join(filter(None, notes))


def _lost(
    name: str, oracle: np.ndarray, results: Mapping[str, np.ndarray], dtype: DType
) -> np.ndarray:
    """Where the output is out of the type's range, so that a gradient made of it is too.

    Only of functions that go element by element: the gradient has the output's shape.
    """
    output = results.get("output")
    nothing = np.zeros((), bool)
    if not name.startswith("gradient") or output is None or output.shape != oracle.shape:
        return nothing
    if dtype not in _RANGE or output.dtype.kind != "f":
        return nothing
    largest, smallest = _RANGE[dtype]
    size = np.abs(output)
    found: np.ndarray = np.isfinite(output) & (output != 0) & ((size > largest) | (size < smallest))
    return found


def _overflows(
    rule: Rule,
    name: str,
    arguments: Arguments,
    scales: Scales,
    right: np.ndarray,
    array: np.ndarray,
    tolerance: Tolerance,
) -> np.ndarray:
    """Elements that are off because of what overflows on the way.

    A sum may be an infinity or NaN where the sum of its absolute terms is beyond the type's range;
    another function may be anything where an argument's square is, for a variance that is infinite
    divides to zero. Elementwise functions may not. A gradient may be no finite number where the
    square of an argument's reciprocal is beyond the range: a sum of quotients isn't one.
    """
    dtype = dtype_of(array)
    nothing = np.zeros((), bool)
    largest = _RANGE[_PART.get(dtype, dtype)][0]
    if isinstance(rule, Sum):
        sums = scales.partial.get(name, scales.sums.get(name))
        if sums is None or sums.shape != array.shape:
            return nothing
        large = ~(sums <= largest / 2)
        whole = False
    else:
        gradient = name.startswith("gradient")
        whole = _has(arguments, math.sqrt(largest), math.inf)
        small = gradient and _has(arguments, 0.0, 1 / math.sqrt(largest))
        elementwise = isinstance(rule, (Ulps, Exact)) and not gradient
        if elementwise or not (whole or small):
            return nothing
        large = np.ones((), bool)
    with np.errstate(all="ignore"):
        here, there = (a.astype(np.complex128) for a in (array, right))
        odd = ~np.isfinite(here) | ~np.isfinite(there)
        if not isinstance(rule, Sum) and whole:
            odd |= np.abs(here - there) > tolerance.factor * tolerance.scale
        return np.asarray(large & odd & (here != there) & ~(np.isnan(here) & np.isnan(there)))


def _has(arguments: Arguments, above: float, below: float) -> bool:
    """Whether any argument has a number of a size between two, which it isn't itself."""
    for a in arguments.values():
        if isinstance(a, np.ndarray) and (a.dtype.kind in "fc" or a.dtype.name == "bfloat16"):
            with np.errstate(all="ignore"):
                size = np.abs(a.astype(np.complex128))
            if ((size > above) & (size < below)).any():
                return True
    return False


_PART = {DType.complex64: DType.float32, DType.complex128: DType.float64}

_RANGE = {
    dtype: (float(largest), float(np.ldexp(1.0, exponent)))
    for dtype, largest, exponent in (
        (DType.float16, 65504.0, -14),
        (DType.bfloat16, 3.3895313892515355e38, -126),
        (DType.float32, np.finfo(np.float32).max, -126),
        (DType.float64, np.finfo(np.float64).max, -1022),
    )
}


def _is_choice(rule: Rule, name: str) -> bool:
    """Whether a result is positions, which are as good as others that hold equal values."""
    if not isinstance(rule, Decision) or not rule.values or not name.startswith("output"):
        return False
    return int(name.removeprefix("output").strip() or 0) in rule.choices


def _as_good(
    rule: Rule,
    arguments: Arguments,
    side: Mapping[str, np.ndarray],
    array: np.ndarray,
    right: np.ndarray,
    reference: Reference,
    *,
    flushes: bool,
) -> np.ndarray:
    """One side's positions, with the oracle's own where both hold equal values.

    A runtime that takes subnormal numbers for zeros takes them for equal.
    """
    assert isinstance(rule, Decision)
    call = function_of(rule.values, (*arguments, "y"), "numpy")
    try:
        theirs, best = (
            np.asarray(call(**arguments, y=outputs_of(results)))
            for results in (side, reference.results)
        )
    except IndexError:  # positions that there aren't
        return array
    if theirs.size != array.size or best.size != array.size:
        return array
    same = (theirs == best) | ((theirs != theirs) & (best != best))
    if flushes and dtype_of(theirs) in _RANGE:
        smallest = _RANGE[dtype_of(theirs)][1]
        same |= (np.abs(theirs) < smallest) & (np.abs(best) < smallest)
    return np.where(same.reshape(array.shape), right, array)


def outputs_of(results: Mapping[str, np.ndarray]) -> object:
    """The outputs alone: one array, or a tuple of them."""
    outputs = tuple(a for name, a in results.items() if name.startswith("output"))
    return outputs[0] if len(outputs) == 1 else outputs


def _zoned(
    found: Comparison,
    array: np.ndarray,
    oracle: np.ndarray,
    tolerance: Tolerance,
    scales: Scales,
) -> Comparison:
    """How far it is from the sum's exact value, and whether another order explains it."""
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        eta = np.abs(array.astype(wide) - oracle) / tolerance.scale
    finite = eta[np.isfinite(eta)]
    largest = float(finite.max()) if finite.size else 0.0
    place = zone(largest, max(1, int(scales.count)), dtype_of(array).unit_roundoff)
    return replace(found, eta=largest, zone=place)
