"""From a row's rule to what each result may be off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from converters import DType
from parity.compare import EXACT, EXACT_VALUES, Tolerance, ulp
from parity.noise import Noise
from parity.sides import Arrays
from parity.suite.calls import function_of
from parity.suite.case import Arguments
from parity.suite.oracle import Oracle, noise, widened
from parity.suite.padding import padded
from parity.suite.rules import (
    Conditioned,
    Decision,
    Exact,
    Rule,
    Sum,
    Trajectory,
    Ulps,
)
from parity.suite.subjects import Way
from parity.tolerance import SUMS

PEAK = 4.0
"""How much more the single worst element may be off than the root mean square of all."""


TF32 = 2.0**-11
"""The unit roundoff of TF32, to which a GPU may round the factors of float32 products."""


@dataclass(frozen=True, slots=True)
class Scales:
    """What tolerances are made of, for one set of arguments.

    Attributes:
        noise: of each result, from rounding errors of the arguments; where the rule needs it.
        sums: S of each result; where the rule needs it.
        count: how many terms one sum has.
        gain: the largest cotangent: what underflows on the way to a gradient is multiplied by it.
        partial: S with no factor below 1, which no product of some factors exceeds; where there are
            more than two factors, and large ones.
        vague: where a result is NaN or isn't, as an algorithm pads or doesn't; where there is any.
        refused: which of the runs that the noise is measured by failed, in words.
    """

    noise: dict[str, Noise]
    sums: Arrays
    count: float = 1.0
    gain: float = 1.0
    partial: Mapping[str, np.ndarray] = field(default_factory=dict)
    vague: Mapping[str, np.ndarray] = field(default_factory=dict)
    refused: str = ""


def scales_of(
    oracle: Oracle,
    rule: Rule,
    arguments: Arguments,
    dtype: str,
    way: Way,
    truth: Arrays,
    *,
    tf32: bool = False,
) -> Scales:
    """Run the oracle as often as a rule needs it."""
    gain = max((float(np.abs(d).max(initial=0.0)) for d in way.directions.values()), default=1.0)
    if isinstance(rule, Sum):
        sums = _sums(oracle, rule, arguments, dtype, way)
        if tf32 and dtype in ("float32", "complex64"):
            rounded = 2 * TF32 / DType(dtype).unit_roundoff  # both factors of each product
            sums = {name: array * (1 + rounded) for name, array in sums.items()}
        vague = padded(oracle, rule.padded, arguments, dtype, way) if rule.padded else {}
        many = (
            sum(isinstance(a, np.ndarray) and a.dtype.kind in "fc" for a in arguments.values()) > 2
        )
        partial = _sums(oracle, rule, arguments, dtype, way, least=1.0) if many else {}
        count = _count(oracle, rule, arguments, dtype)
        return Scales({}, sums, count, gain, partial, vague)
    decides = isinstance(rule, Decision) and not rule.values
    if isinstance(rule, (Conditioned, Trajectory)) or decides or way.wanted:
        unit = TF32 if tf32 and dtype in ("float32", "complex64") else None
        moved, refused = noise(oracle, arguments, dtype, way, truth, unit=unit)
        return Scales(moved, {}, gain=gain, refused=refused)
    return Scales({}, {})


def _absolute(arguments: Arguments, least: float) -> dict[str, object]:
    """Absolute values, none below ``least``; what isn't finite counts as 0.

    Its results have no tolerance anyway.
    """
    found: dict[str, object] = {}
    for name, a in widened(arguments).items():
        if isinstance(a, np.ndarray) and a.dtype.kind in "fci":
            size = np.abs(a)
            size = np.where(np.isfinite(size), size, 0)
            a = (np.maximum(size, least) if least else size).astype(a.dtype)
        found[name] = a
    return found


def _sums(
    oracle: Oracle,
    rule: Sum,
    arguments: Arguments,
    dtype: str,
    way: Way,
    *,
    least: float = 0.0,
) -> Arrays:
    directions = {
        n: np.maximum(np.abs(a), least).astype(a.dtype) for n, a in way.directions.items()
    }
    found = oracle(_absolute(arguments, least), dtype, Way(way.wanted, directions)).results
    if rule.terms:
        given = widened(arguments) if not rule.transform else _absolute(arguments, least)
        terms = function_of(rule.terms, tuple(arguments), "numpy")(**given)
        outputs = [name for name in found if name.startswith("output")]
        found |= {name: np.broadcast_to(terms, found[name].shape) for name in outputs}
    sums = {name: np.abs(array) for name, array in found.items() if array.dtype.kind in "fc"}
    if not rule.transform:
        return sums
    lost = _reached(oracle, arguments, dtype, way)
    return {name: _carried(array, lost.get(name), rule.transform) for name, array in sums.items()}


def _carried(sums: np.ndarray, lost: np.ndarray | None, axes: int) -> np.ndarray:
    """The largest sum of all elements that a transform carries errors between."""
    last = tuple(range(-min(axes, sums.ndim), 0))
    if not sums.size:
        return sums
    largest = sums.max(last, keepdims=True)
    if lost is not None:
        largest = np.where(lost.any(last, keepdims=True), np.inf, largest)
    return np.asarray(np.broadcast_to(largest, sums.shape))


def _reached(oracle: Oracle, arguments: Arguments, dtype: str, way: Way) -> Arrays:
    """Which elements of each result NaN and infinities among the arguments reach."""
    given = widened(arguments)
    for name, a in given.items():
        if isinstance(a, np.ndarray) and a.dtype.kind in "fc":
            given[name] = np.where(np.isfinite(a), a, np.asarray(np.nan, a.dtype))
    found = oracle(given, dtype, way).results
    return {name: np.isnan(a) for name, a in found.items() if a.dtype.kind in "fc"}


def _count(oracle: Oracle, rule: Sum, arguments: Arguments, dtype: str) -> float:
    sizes = [a.size for a in arguments.values() if isinstance(a, np.ndarray)]
    if rule.count:
        return float(function_of(rule.count, tuple(arguments), "numpy")(**arguments))
    ones = {
        n: np.ones_like(a) if isinstance(a, np.ndarray) and a.dtype.kind in "fc" else a
        for n, a in arguments.items()
    }
    found = [np.abs(a).max() for a in oracle(ones, dtype, Way()).results.values() if a.size]
    largest = float(max(found, default=1.0))
    return largest if np.isfinite(largest) and largest > 1 else float(max(sizes, default=1))


def tolerance_of(
    rule: Rule,
    name: str,
    oracle: np.ndarray,
    dtype: str,
    scales: Scales,
    *,
    budget: float | None = None,
) -> Tolerance:
    """What one result may be off.

    Args:
        rule: the row's.
        name: the result.
        oracle: its reference.
        dtype: of the result as the runtime gives it.
        scales: of these arguments.
        budget: units of the last place, as measured for this row, type, device and runtime.
    """
    gradient = name.startswith("gradient")
    if DType(dtype).value[0] not in "fbc" or dtype == "bool":
        return Tolerance(
            np.zeros(()), 0.0, 0.0, "exact", "theory: discrete values", _moved(rule, name, scales)
        )
    own = ulp(np.abs(np.where(np.isfinite(oracle), oracle, 0)), DType(dtype).numpy)
    if isinstance(rule, Sum):
        gain = scales.gain if gradient else 1.0
        return _sum_tolerance(rule, scales.sums.get(name), own, dtype, scales.count, gain)
    if isinstance(rule, Ulps) and not gradient:
        allowed = rule.budget if budget is None else budget
        origin = "registry: the row's" if budget is None else "calibrated:"
        return Tolerance(own, allowed, allowed, "ulps", f"{origin} {allowed:.3g} ulp")
    if isinstance(rule, Exact) and not gradient:
        return EXACT if rule.zeros else EXACT_VALUES
    if isinstance(rule, Decision) and not gradient:
        return EXACT_VALUES
    factor = _factor(rule, gradient=gradient)
    if isinstance(rule, Ulps):  # a gradient is taken at an output that may be off by the budget
        factor = max(factor, 4 * rule.budget)
    factor *= 1 + (PEAK - 1) / math.sqrt(max(oracle.size, 1))  # few elements have no typical one
    peak = PEAK * _factor(rule, gradient=gradient)
    field = scales.noise[name].field if name in scales.noise else np.zeros(oracle.shape)
    if isinstance(rule, Conditioned) and rule.matrices and field.ndim > 1 and field.size:
        field = np.broadcast_to(field.max((-2, -1), keepdims=True), field.shape)
    tiny = underflow(dtype) * (scales.gain if gradient else 1.0)
    return Tolerance(
        np.hypot(field, own / 2) + tiny,
        factor,
        max(factor, peak),
        "conditioned",
        f"calibrated: {factor:.3g} times what rounded arguments move it by, "
        f"{max(factor, peak):.3g} for one element",
    )


def _factor(rule: Rule, *, gradient: bool) -> float:
    if isinstance(rule, (Conditioned, Ulps)):
        return rule.gradient if gradient or isinstance(rule, Ulps) else rule.factor
    return rule.factor if isinstance(rule, Trajectory) else Conditioned().gradient


def _moved(rule: Rule, name: str, scales: Scales) -> np.ndarray | None:
    if isinstance(rule, Exact) or name not in scales.noise:
        return None
    return scales.noise[name].moved


def _sum_tolerance(
    rule: Sum, sums: np.ndarray | None, own: np.ndarray, dtype: str, count: float, gain: float
) -> Tolerance:
    unit = DType(rule.accumulator or dtype).unit_roundoff
    products = np.zeros(own.shape) if sums is None else np.where(np.isnan(sums), 0.0, sums)
    if rule.normwise and products.size:
        products = np.full(own.shape, float(products[np.isfinite(products)].max(initial=0.0)))
    products = np.minimum(products, np.finfo(np.float64).max)
    likely = math.sqrt(max(count, 1.0))
    return Tolerance(
        unit * products + own / 2 + underflow(dtype) * gain,
        max(SUMS, likely),
        max(2 * SUMS, 4 * likely),
        "sum",
        f"theory: {SUMS:g} u sum |a b|, or sqrt(n) for {count:.3g} terms (Higham, ASNA, chapter "
        "3; Higham and Mary 2019)",
    )


def underflow(dtype: str) -> float:
    """What is lost where a number on the way is too small for its type.

    Kernels flush subnormal numbers to zero; those of float16 compute in float32, where its
    subnormal numbers aren't.
    """
    return 2.0**-24 if dtype == "float16" else smallest_normal(dtype)


def smallest_normal(dtype: str) -> float:
    """The smallest normal number of a type.

    >>> smallest_normal("bfloat16") == 2.0**-126
    True
    """
    exponents = {"float16": -14, "float64": -1022, "complex128": -1022}
    return float(np.ldexp(1.0, exponents.get(dtype, -126)))
