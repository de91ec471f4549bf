"""Rules about one comparison.

What grows is judged by a factor and by a floor:

- ``GROWTH`` is 2. Seeds are fixed, so only libraries and machines move a
  healthy pair. A BERT of 113 nodes and a convolutional network were run with oneDNN on and off, one
  thread and two, and without AVX-512: errors of tensors with 64 elements and more moved by factors
  of up to 1.66. The smallest fault planted in a 12-layer model raised the error 17 times. 2 lies
  between.
- ``GROWTH_WIDE`` is 4, for what is computed in float64. Between an Intel processor and an AMD one,
  whose libraries have other kernels, 438 errors of the demonstration moved: those in float32 by
  factors of up to 1.72, those in float64 by up to 2.96 (a sum that cancels to zero, at a
  thirteenth of its tolerance). A fault is no rounding, and float64 makes it no smaller: that of
  the demonstration leaves 3.4e-5 where rounding leaves 1e-16.
- The root mean square of few errors has itself a spread: the logarithm of the ratio of two of them,
  of n elements each, has the standard deviation 1/sqrt(n). The factor is widened by three of those.
  In the same runs tensors of 16 and 32 elements moved by up to 2.23.
- A margin may be that of the worst element. The largest of n normal errors is about sqrt(2 ln n)
  and has the standard deviation pi/sqrt(12 ln n) (Gumbel's distribution), so the logarithm of the
  ratio of two has pi/(sqrt(12) ln n). A margin is widened by three of those where that is more.
  Without oneDNN and vector instructions the worst of 384 elements of a gradient of MiniLM moved by
  2.72, the root mean square of all by 1.15.
- An error below the noise floor (what one rounding per operation does), or within the A/A interval
  of the *baseline*, is no regression. The baseline's interval counts, so that a target that has
  become erratic doesn't widen its own allowance.
- The tolerance itself moved by a factor of up to 1.28 in those runs; one that has doubled is
  looser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from parity.report.numbers import figure
from parity.rules.findings import Finding, Kind, Pair, kind_of, reproduces
from parity.verdict import Verdict

GROWTH = 2.0
GROWTH_WIDE = 4.0
_LOOSER = 2.0
_TIGHTER = 0.99


def compares_elements(pair: Pair) -> Iterator[Finding]:
    """Something was compared, and not less than before."""
    if pair.now.elements <= 0:
        yield Finding(
            Kind.nothing_compared, pair.where, "it has no elements, so nothing was compared"
        )
    elif pair.before is not None and pair.now.elements < pair.before.elements:
        detail = f"{pair.now.elements} elements compared, {pair.before.elements} in the baseline"
        yield Finding(Kind.coverage, pair.where, detail)


def comparison_passes(pair: Pair) -> Iterator[Finding]:
    """The verdict lets a release go on."""
    if not pair.now.verdict.passes:
        known = f" (baseline: {pair.before.verdict})" if pair.before else ""
        reason = pair.now.detail or f"margin {figure(pair.now.margin)}"
        detail = f"{pair.now.verdict}{known}: {reason}"
        yield Finding(kind_of(pair.now.verdict), pair.where, detail)


def has_no_nan_mismatch(pair: Pair) -> Iterator[Finding]:
    """NaN and infinities are where they belong, unless a known difference says otherwise."""
    count = pair.now.nan_mismatches
    allowed = 0
    if pair.accepted:
        allowed = pair.before.nan_mismatches if pair.before else count
    if count > allowed:
        before = f", {pair.before.nan_mismatches} in the baseline" if pair.before else ""
        yield Finding(
            Kind.nan_mismatch,
            pair.where,
            f"{count} element(s) are NaN or infinite on one side only{before}",
        )


def stays_within_tolerance(pair: Pair) -> Iterator[Finding]:
    """The margin is at most 1, unless a known difference explains it; NaN is not at most 1."""
    if pair.now.verdict.passes and not pair.accepted and not pair.now.margin <= 1:
        yield Finding(Kind.margin, pair.where, f"the margin is {figure(pair.now.margin)}")


def has_finite_errors(pair: Pair) -> Iterator[Finding]:
    """An error that is not a number proves nothing."""
    numbers = (pair.now.target_error, pair.now.tolerance, pair.now.noise)
    if pair.now.verdict.passes and not pair.accepted and not all(map(math.isfinite, numbers)):
        detail = "error {}, tolerance {}, noise {}: not all finite".format(*map(figure, numbers))
        yield Finding(Kind.undecided, pair.where, detail)


def still_differs(pair: Pair) -> Iterator[Finding]:
    """A known difference is still there."""
    yield from reproduces(
        pair.where, pair.now.verdict, pair.before.verdict if pair.before else None
    )


def has_not_regressed(pair: Pair) -> Iterator[Finding]:
    """Error and margin have not grown by more than their spread."""
    now, before = pair.now, pair.before
    if before is None or not now.verdict.passes or not now.margin <= 1:
        return
    wide = pair.is_wide
    factor, margin = growth(now.elements, wide=wide), _comparable_margin(pair)
    small = max(pair.interval, now.noise)
    grown = now.target_error - before.target_error
    if now.target_error > max(factor * before.target_error, now.noise) and grown > pair.interval:
        yield _grown(pair, "error", before.target_error, now.target_error, factor)
    elif (
        margin > (factor := growth(now.elements, worst=True, wide=wide)) * before.margin
        and (margin - before.margin) * before.tolerance > small
    ):
        yield _grown(pair, "margin", before.margin, margin, factor)


def keeps_tolerance(pair: Pair) -> Iterator[Finding]:
    """The tolerance is not looser than the baseline's; the margin of one is not the other's."""
    now, before = pair.now, pair.before
    if before is None:
        return
    if now.tolerance > _LOOSER * before.tolerance:
        detail = f"{figure(now.tolerance)}, was {figure(before.tolerance)} in the baseline"
        yield Finding(Kind.loosened, pair.where, detail)
    elif now.tolerance_from != before.tolerance_from:
        was = _per_noise(before.tolerance, before.noise)
        tighter = _per_noise(now.tolerance, now.noise) < _TIGHTER * was
        kind = Kind.improved if tighter else Kind.loosened
        yield Finding(
            kind, pair.where, f"it is {now.tolerance_from!r}, was {before.tolerance_from!r}"
        )


def tells_improvements(pair: Pair) -> Iterator[Finding]:
    """What is new or better about a comparison: notes only."""
    now, before = pair.now, pair.before
    if before is None or not now.verdict.passes:
        return
    if (
        before.target_error > growth(now.elements, wide=pair.is_wide) * now.target_error
        and before.target_error > now.noise
    ):
        detail = f"error {figure(now.target_error)}, was {figure(before.target_error)}"
        yield Finding(Kind.improved, pair.where, detail)
    if now.verdict is not before.verdict and Verdict.exact in (now.verdict, before.verdict):
        kind = Kind.improved if now.verdict is Verdict.exact else Kind.changed
        yield Finding(kind, pair.where, f"{now.verdict}, was {before.verdict}")


def growth(elements: int, *, worst: bool = False, wide: bool = False) -> float:
    """By what factor an error may grow before it counts.

    Args:
        elements: of the tensor.
        worst: the error may be that of the worst element, not only the root mean square of all.
        wide: it is of what was computed in float64.

    >>> round(growth(100_000), 2), round(growth(100), 2), round(growth(384, worst=True), 2)
    (2.02, 2.7, 3.16)
    """
    spread = 1 / math.sqrt(max(elements, 1))
    if worst:
        spread = max(spread, math.pi / math.sqrt(12) / math.log(max(elements, 3)))
    return (GROWTH_WIDE if wide else GROWTH) * math.exp(3 * spread)


def _per_noise(tolerance: float, noise: float) -> float:
    return tolerance / noise if noise > 0 else tolerance


def _comparable_margin(pair: Pair) -> float:
    """The margin, as it would be had the tolerance not been tightened since."""
    now, before = pair.now, pair.before
    if before is None or not 0 < now.tolerance < before.tolerance:
        return now.margin
    return now.margin * now.tolerance / before.tolerance


def _grown(pair: Pair, what: str, before: float, now: float, factor: float) -> Finding:
    detail = f"{what} {figure(now)}, was {figure(before)}: more than {figure(factor)} times as much"
    return Finding(Kind.regression, pair.where, detail)


COMPARISON_RULES: tuple[Callable[[Pair], Iterator[Finding]], ...] = (
    compares_elements,
    comparison_passes,
    has_no_nan_mismatch,
    stays_within_tolerance,
    has_finite_errors,
    still_differs,
    has_not_regressed,
    keeps_tolerance,
    tells_improvements,
)
