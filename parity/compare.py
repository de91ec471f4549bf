"""Two tensors and an oracle become one :class:`~parity.results.Comparison`.

Everything is NumPy. Categories come first: structure, NaN and infinities, then numbers. Nothing
broadcasts, nothing is masked on one side only, and a comparison of no elements never passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.results import Comparison, Points, Worst
from parity.verdict import Verdict

OWN = 3.0
"""A target that is at most this many times worse than the source itself is not the target's
fault."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What the target's distance to the oracle may be.

    Attributes:
        scale: for each element, how far rounding typically moves it; a scalar serves for all.
        factor: how many times ``scale`` the error may be, root mean square over the elements.
        peak_factor: the same for the worst element.
        rule: the rule that gives it.
        origin: ``theory``, ``calibrated`` or ``registry``, with the constant.
        moved: for integers and bools, the elements that rounding alone can change; None for none.
    """

    scale: np.ndarray
    factor: float
    peak_factor: float
    rule: str
    origin: str
    moved: np.ndarray | None = None

    @property
    def exact(self) -> bool:
        """Whether nothing may be off."""
        return self.peak_factor == 0


EXACT = Tolerance(np.zeros(()), 0.0, 0.0, "exact", "theory: no arithmetic")
EXACT_VALUES = Tolerance(
    np.zeros(()), 0.0, 0.0, "exact values", "registry: which of two zeros an extremum returns"
)
"""Exact but for the signs of zeros."""


def compare(
    name: str,
    source: np.ndarray,
    target: np.ndarray,
    oracle: np.ndarray,
    tolerance: Tolerance,
    *,
    own: float = OWN,
) -> Comparison:
    """Judge one tensor.

    Args:
        name: what the tensor is.
        source: the source's tensor.
        target: the target's, in the source's axis order.
        oracle: the float64 evaluation; for integers and bools the exact value.
        tolerance: what the target may be off.
        own: how many times worse than the source the target may be, whatever the tolerance; 0 where
            the source is judged by itself.

    Returns:
        The comparison; its verdict is ``exact``, ``rounding``, ``decision flip``, ``mismatch`` or
        ``inconclusive``.
    """
    source, target, oracle = np.asarray(source), np.asarray(target), np.asarray(oracle)
    wrong = _structure(source, target)
    if wrong or source.size == 0:
        verdict = Verdict.mismatch if wrong else Verdict.inconclusive
        detail = wrong or "the tensor has no elements, so nothing was compared"
        rule = "structure"
        return Comparison(
            name,
            tuple(source.shape),
            str(source.dtype),
            0,
            verdict,
            rule,
            detail,
            margin=float(np.inf),
        )
    if source.dtype.kind in "biu":
        return _compare_discrete(name, source, target, oracle, tolerance)
    return _compare_floats(name, source, target, oracle, tolerance, own)


def _structure(source: np.ndarray, target: np.ndarray) -> str:
    if source.shape != target.shape:
        return f"the shapes differ: source {source.shape}, target {target.shape}"
    if source.dtype != target.dtype:
        return f"the dtypes differ: source {source.dtype}, target {target.dtype}"
    return ""


def _compare_discrete(
    name: str, source: np.ndarray, target: np.ndarray, oracle: np.ndarray, tolerance: Tolerance
) -> Comparison:
    differ = source != target
    count = int(differ.sum())
    distance = np.abs(source.astype(np.float64) - target.astype(np.float64))
    verdict, rule, detail, margin = Verdict.exact, "exact", "", 0.0
    if count:
        explained = tolerance.moved is not None and not bool((differ & ~tolerance.moved).any())
        verdict = Verdict.decision_flip if explained else Verdict.mismatch
        rule, margin = "decision", 1.0 if explained else float(np.inf)
        reason = (
            "rounding alone flips them in the source too" if explained else "they must be equal"
        )
        detail = f"{count} of {source.size} discrete values differ; {reason}"
    return Comparison(
        name,
        tuple(source.shape),
        str(source.dtype),
        int(source.size),
        verdict,
        rule,
        detail,
        max_abs=float(distance.max()),
        margin=margin,
        tolerance_from="theory: discrete values",
        worst=_worst(source, target, oracle, distance) if count else None,
    )


def _compare_floats(
    name: str,
    source: np.ndarray,
    target: np.ndarray,
    oracle: np.ndarray,
    tolerance: Tolerance,
    own: float,
) -> Comparison:
    wide = np.complex128 if source.dtype.kind == "c" else np.float64
    s, t, o = source.astype(wide), target.astype(wide), oracle.astype(wide)
    overflowed = _overflowed(s, t, o, tolerance, source.dtype)
    misplaced = _misplaced(np.where(overflowed, t, s), t)
    both = np.isfinite(s) & np.isfinite(t) & np.isfinite(o)
    finite = both | (overflowed & np.isfinite(t))
    with np.errstate(all="ignore"):
        apart = np.where(both, np.abs(t - s), 0.0)
        off = np.where(finite, np.abs(t - o), 0.0)
        source_off = np.where(both, np.abs(s - o), 0.0)
    count = int(finite.sum())
    scale = float(np.abs(s[both]).max()) if both.any() else 0.0
    target_error, source_error = _rms(off, count), _rms(source_off, count)
    noise = _rms(np.where(finite, tolerance.scale, 0.0), count)
    smallest = (
        0.0 if source.dtype.kind == "c" else float(np.ldexp(1.0, _FORMATS[source.dtype.name][1]))
    )
    excused, margin = _margin(off, own * source_off, finite, tolerance, smallest)
    ulps = apart[finite] / ulp(np.abs(o[finite]), source.dtype) if count else np.zeros(1)
    signs = _other_zeros(source, target) if tolerance.exact else 0
    verdict, rule, detail = _float_verdict(
        source, target, misplaced, signs, count, margin, tolerance
    )
    if verdict is Verdict.rounding and overflowed.any():
        verdict = Verdict.known_difference
        detail = (
            f"the source overflows on the way to {int(overflowed.sum())} of {source.size} "
            "elements; the target has their true values"
        )
    if excused and verdict is Verdict.rounding:
        detail = f"at most {own:g} times as far from the oracle as the source itself"
    if misplaced or (verdict is Verdict.mismatch and signs):
        margin = float(np.inf)
    return Comparison(
        name,
        tuple(source.shape),
        str(source.dtype),
        int(source.size),
        verdict,
        rule,
        detail,
        max_abs=float(apart.max()),
        max_rel=_ratio(float(apart.max()), scale),
        ulp_max=float(ulps.max()),
        ulp_p99=float(np.percentile(ulps, 99)),
        nan_mismatches=misplaced,
        source_error=source_error,
        target_error=target_error,
        noise=noise,
        tolerance=tolerance.factor * noise,
        tolerance_from=tolerance.origin,
        margin=margin,
        sign_bias=_sign_bias(t, o, finite),
        worse_side=_worse_side(source_error, target_error, noise),
        worst=_worst(source, target, oracle, _used(off, tolerance))
        if target_error or misplaced
        else None,
    )


def _float_verdict(
    source: np.ndarray,
    target: np.ndarray,
    misplaced: int,
    signs: int,
    count: int,
    margin: float,
    tolerance: Tolerance,
) -> tuple[Verdict, str, str]:
    if misplaced:
        return (
            Verdict.mismatch,
            "exact",
            f"{misplaced} of {source.size} elements are NaN or infinite on one side only",
        )
    if source.tobytes() == target.tobytes():
        if count == 0:
            return (
                Verdict.inconclusive,
                "exact",
                "no element is finite on both sides and in the oracle",
            )
        return Verdict.exact, "exact", ""
    if count == 0:
        return Verdict.inconclusive, "exact", "no element is finite on both sides and in the oracle"
    if signs and margin <= 1:
        detail = f"{signs} of {source.size} zeros have the other sign"
        known = tolerance.rule == EXACT_VALUES.rule
        return Verdict.known_difference if known else Verdict.mismatch, tolerance.rule, detail
    if margin <= 1:
        return Verdict.rounding, tolerance.rule, ""
    detail = (
        f"the target is {margin:.3g} times further from the oracle than its arithmetic explains"
    )
    return Verdict.mismatch, tolerance.rule, detail


def _margin(
    off: np.ndarray,
    allowed_off: np.ndarray,
    finite: np.ndarray,
    tolerance: Tolerance,
    smallest: float,
) -> tuple[bool, float]:
    """Whether the source's own error is what allows it, and the part of it that the target uses.

    Where nothing rounds, only numbers below the ``smallest`` normal one may be flushed to zero.

    Errors are counted in units of the scale of their own element, so that one huge element (the
    -3e38 of an attention mask) doesn't hide the others.
    """
    count = int(finite.sum())
    if not count:
        return False, 0.0
    scale = np.broadcast_to(tolerance.scale, off.shape)[finite]
    target, own = off[finite], allowed_off[finite]
    if tolerance.exact:
        return False, float(np.inf) if (target > smallest).any() else 0.0
    with np.errstate(all="ignore"):
        target = np.where(target == 0, 0.0, target / scale)
        own = np.where(own == 0, 0.0, own / scale)
    if not np.isfinite(own).all():  # the source itself is off where nothing rounds
        own = np.zeros_like(own)
    used = _rms(target, count), float(target.max())
    factors = tolerance.factor, tolerance.peak_factor
    allowed = _rms(own, count), float(own.max())
    margins = [_ratio(u, max(f, a)) for u, f, a in zip(used, factors, allowed, strict=True)]
    beyond = any(u > f for u, f in zip(used, factors, strict=True))
    return beyond, max(margins)


def _other_zeros(source: np.ndarray, target: np.ndarray) -> int:
    """Zeros whose sign differs, where nothing rounds and so the sign is part of the answer."""
    if source.dtype.kind == "c":
        return 0
    zeros = (source == 0) & (target == 0)
    return int((zeros & (np.signbit(source) != np.signbit(target))).sum())


def _overflowed(
    source: np.ndarray,
    target: np.ndarray,
    oracle: np.ndarray,
    tolerance: Tolerance,
    dtype: np.dtype,
) -> np.ndarray:
    """Where something rounds, and the source alone lost its value on the way.

    It has no number for a value within its range, or none of the infinities for one beyond it.
    """
    if tolerance.exact:
        return np.zeros(source.shape, bool)
    scale = np.broadcast_to(tolerance.scale, source.shape)
    with np.errstate(over="ignore"):
        rounded = oracle.astype(dtype).astype(oracle.dtype)
    near = np.isfinite(target) & np.isfinite(oracle) & np.isfinite(scale)
    beyond = np.isnan(source) & np.isfinite(oracle) & np.isinf(target) & (target == rounded)
    return ~np.isfinite(source) & (near | beyond)


def _misplaced(source: np.ndarray, target: np.ndarray) -> int:
    nan = np.isnan(source) != np.isnan(target)
    infinite = (np.isinf(source) | np.isinf(target)) & ~nan & ~np.isnan(source) & (source != target)
    return int((nan | infinite).sum())


def _rms(values: np.ndarray, count: int) -> float:
    if not count:
        return 0.0
    largest = float(values.max())
    if not 1e-150 < largest < 1e150:  # whose squares float64 doesn't hold
        return largest * _rms(values / largest, count) if 0 < largest < np.inf else largest
    return float(np.sqrt(np.square(values).sum() / count))


def _ratio(value: float, unit: float) -> float:
    if value == 0:
        return 0.0
    return float(value / unit) if unit > 0 else float(np.inf)


def ulp(magnitude: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The unit of the last place at ``magnitude``: 2^(max(floor(log2 y), e_min) - p + 1).

    Shapes: (...) -> (...), float64. Source: Goldberg 1991; Muller, INRIA RR-5504.

    >>> float(ulp(np.array(1.0), np.dtype(np.float32))) == 2.0**-23
    True
    """
    precision, smallest = _FORMATS[dtype.name]
    _, exponent = np.frexp(np.asarray(magnitude, np.float64))
    return np.ldexp(1.0, np.maximum(exponent - 1, smallest) - precision + 1)


_FORMATS = {
    "float16": (11, -14),
    "bfloat16": (8, -126),
    "float32": (24, -126),
    "complex64": (24, -126),
    "float64": (53, -1022),
    "complex128": (53, -1022),
}


def _sign_bias(target: np.ndarray, oracle: np.ndarray, finite: np.ndarray) -> float:
    difference = np.real(target[finite] - oracle[finite])
    difference = difference[difference != 0]
    return float((difference > 0).mean() - 0.5) if difference.size else 0.0


def _worse_side(source_error: float, target_error: float, noise: float) -> str:
    low, high = sorted((source_error, target_error))
    if high <= 1.5 * low or high <= noise:
        return "neither"
    return "target" if target_error > source_error else "source"


def _used(off: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    """Errors in units of each element's own scale, where there is one."""
    scale = np.broadcast_to(tolerance.scale, off.shape)
    with np.errstate(all="ignore"):
        return np.where(off == 0, 0.0, off / scale) if (scale > 0).all() else off


def _worst(source: np.ndarray, target: np.ndarray, oracle: np.ndarray, off: np.ndarray) -> Worst:
    mismatched = None
    if source.dtype.kind in "fc":
        odd = ~np.isfinite(source) | ~np.isfinite(target)
        mismatched = odd & (source != target) & ~(np.isnan(source) & np.isnan(target))
    place = int(np.argmax(np.where(mismatched, np.inf, off) if mismatched is not None else off))
    index = tuple(int(i) for i in np.unravel_index(place, source.shape))
    return Worst(index, _hex(source[index]), _hex(target[index]), _hex(oracle[index]))


def _hex(number: np.generic) -> str:
    if number.dtype.kind == "c":
        return f"{float(number.real).hex()} {float(number.imag).hex()}j"
    return str(number.item()) if number.dtype.kind in "biu" else float(number).hex()


def sample_points(
    name: str, target: np.ndarray, oracle: np.ndarray, bound: float, seed: int, count: int = 2000
) -> Points:
    """A seeded sample of elements for the picture of error against magnitude."""
    flat_target = np.asarray(target).reshape(-1).astype(np.float64)
    flat_oracle = np.asarray(oracle).reshape(-1).astype(np.float64)
    if flat_target.size > count:
        chosen = np.random.default_rng(seed).choice(flat_target.size, count, replace=False)
        flat_target, flat_oracle = flat_target[chosen], flat_oracle[chosen]
    finite = np.isfinite(flat_target) & np.isfinite(flat_oracle)
    error = np.abs(flat_target[finite] - flat_oracle[finite])
    magnitude = np.abs(flat_oracle[finite])
    return Points(name, tuple(map(float, magnitude)), tuple(map(float, error)), bound)
