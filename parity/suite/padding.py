"""Where zeros that a convolution's algorithm puts in meet infinities and NaN."""

from __future__ import annotations

import numpy as np

from parity.sides import Arrays
from parity.suite.case import Arguments
from parity.suite.oracle import Oracle, widened
from parity.suite.subjects import Way


def padded(
    oracle: Oracle, argument: str, arguments: Arguments, dtype: str, way: Way
) -> dict[str, np.ndarray]:
    """The places of each result that may be NaN or not.

    A convolution is a sum over the places of a filter. One algorithm pads the image with zeros,
    puts zeros between the numbers for a stride, and multiplies them with every weight; another one
    leaves them out. An infinite weight then gives NaN, or nothing, in its channels. What a NaN is
    multiplied with in the sum itself stays NaN with either.

    Args:
        oracle: the operator.
        argument: that which zeros are put in; so they are in its cotangent.
        arguments: of the call.
        dtype: the type of the run.
        way: which gradients are taken.
    """
    given = widened(arguments)
    floats = {n: a for n, a in given.items() if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    ones = {n: np.ones_like(a) for n, a in floats.items()}
    along = Way(way.wanted, {n: np.ones_like(a) for n, a in way.directions.items()})
    first = 2 if floats[argument].ndim > 2 else 0  # the axes before it are no places of a filter

    def reached(name: str, mask: np.ndarray) -> Arrays:
        factors = {**given, **ones, name: mask.astype(np.float64)}
        found = oracle(factors, dtype, along).results
        return {n: np.asarray(a > 0) for n, a in found.items() if n != f"gradient of {name}"}

    vague: dict[str, np.ndarray] = {}
    certain: dict[str, np.ndarray] = {}
    for name, array in floats.items():
        if np.isfinite(array).all():
            continue
        for result, places in reached(name, np.isnan(array)).items():
            certain[result] = certain.get(result, False) | places
        if array.ndim <= first:
            continue
        for result, places in reached(name, _over_places(~np.isfinite(array), first)).items():
            if name != argument or result.startswith("gradient"):
                spread = _over_places(places, first)
                vague[result] = vague.get(result, False) | spread
    return {result: places & ~certain[result] for result, places in vague.items()}


def _over_places(mask: np.ndarray, first: int) -> np.ndarray:
    """A mask, spread over all axes from one on."""
    axes = tuple(range(first, mask.ndim))
    return np.broadcast_to(mask.any(axis=axes, keepdims=True), mask.shape)
