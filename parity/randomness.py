"""Operators that draw random numbers.

Streams of random numbers never match between frameworks; distributions have to. Both sides are
given the numbers that PyTorch drew, and what they make of them has to agree as everywhere else;
what they draw themselves is compared by ranks, which needs no assumption about the distribution:
each element, its distance to its median, and statistics of a whole draw, which see how the elements
depend on each other.

Source: Mann and Whitney 1947; the variance of the statistic after DeLong, DeLong and
Clarke-Pearson 1988, which holds under ties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from converters import (
    Graph,
    draws_alone,
    dtype_of,
    promote,
    replay,
    with_draws_given,
)
from parity.compare import EXACT, Tolerance, compare
from parity.noise import Noise
from parity.operator_sides import (
    Way,
    noise_of,
    source_results,
    target_function,
    wanted_inputs,
    widened,
)
from parity.operators import check_graph
from parity.results import Comparison
from parity.sides import Arrays
from parity.tolerance import certified, local
from parity.verdict import Verdict

DRAWS = 200
"""How often each side draws."""

DEVIATIONS = 6.0
"""How many standard errors a rank statistic may be off: one in 500 million by chance."""

_COLUMNS = 96
"""Of so many elements, evenly spread, each one's own distribution is compared."""


def check_random(
    graph: Graph, inputs: Arrays, *, gradients: bool | Collection[str] = True, seed: int = 0
) -> tuple[Comparison, ...]:
    """Compare the lowerings of a small graph that draws random numbers with PyTorch.

    Args:
        graph: as captured.
        inputs: an array for each of its inputs, by name.
        gradients: also compare vector-Jacobian products: of all inputs, or of those named.
        seed: of the draws, the noise and the cotangents.

    Returns:
        A comparison for each output and each gradient, given the numbers that PyTorch drew, and one
        for each draw, of its distribution; in float64 (named so) and in the graph's own dtypes.

    Raises:
        converters.ConversionError: a lowering is missing or refuses its arguments.
    """
    wanted = wanted_inputs(graph, gradients)
    alone = draws_alone(graph)
    drawn = source_results(alone, inputs, run=replay, seed=seed)
    given = check_graph(with_draws_given(graph), {**inputs, **drawn}, gradients=wanted, seed=seed)
    return given + _distributions(alone, inputs, seed)


def _distributions(graph: Graph, inputs: Arrays, seed: int) -> tuple[Comparison, ...]:
    wide_graph, way = promote(graph), Way((), {})
    truth = source_results(wide_graph, widened(inputs))
    noise = noise_of(graph, wide_graph, inputs, way, truth, seed)
    found: list[Comparison] = []
    for wide in (True, False):
        one, given = (wide_graph, widened(inputs)) if wide else (graph, inputs)
        sources, targets = _drawn(one, given, way, seed)
        for name in sources[0]:
            label = f"{name} (float64)" if wide else name
            own = noise.get(name, Noise(np.zeros(())))
            tolerance = _tolerance(own, sources[0][name], truth[name], wide=wide)
            sides = ([run[name] for run in sources], [run[name] for run in targets])
            found.append(compare_draws(label, *sides, truth[name], tolerance))
    return tuple(found)


def _drawn(graph: Graph, inputs: Arrays, way: Way, seed: int) -> tuple[list[Arrays], list[Arrays]]:
    import tensorflow as tf

    sources = [
        source_results(graph, inputs, way, run=replay, seed=seed + run) for run in range(DRAWS)
    ]
    tf.random.set_global_generator(tf.random.Generator.from_seed(seed))
    draw = target_function(graph, way, traced=True)
    return sources, [draw(inputs) for _ in range(DRAWS)]


def _tolerance(noise: Noise, source: np.ndarray, truth: np.ndarray, *, wide: bool) -> Tolerance:
    if source.dtype.kind in "biu":
        return EXACT
    if wide:
        return certified(noise.scaled(2.0**-29), truth)
    dtype = dtype_of(source)
    return local(noise.scaled(dtype.unit_roundoff / 2.0**-24), dtype, truth)


def compare_draws(
    name: str,
    sources: list[np.ndarray],
    targets: list[np.ndarray],
    truth: np.ndarray,
    tolerance: Tolerance,
) -> Comparison:
    """Compare one random tensor in many draws of two sides, by ranks.

    Args:
        name: what the tensor is.
        sources, targets: each side's draws, all of one shape.
        truth: what elements that don't move are judged by.
        tolerance: of those.
    """
    first = compare(name, sources[0], targets[0], truth, tolerance)
    if first.rule == "structure":
        return first
    reach = np.broadcast_to(tolerance.peak_factor * tolerance.scale, truth.shape)
    one, other = _stacked(sources), _stacked(targets)
    spread = np.ptp(one, axis=0).reshape(-1, truth.size).max(axis=0)
    moving = (spread > reach.reshape(-1)).reshape(truth.shape)
    worst = first
    if not moving.all():
        fixed = replace(tolerance, scale=np.broadcast_to(tolerance.scale, truth.shape)[~moving])
        still = [
            compare(name, sources[0][~moving], run[~moving], truth[~moving], fixed)
            for run in targets
        ]
        worst = max(still, key=lambda c: (c.nan_mismatches, c.margin, not c.verdict.passes))
        if not moving.any() or not worst.verdict.passes:
            return replace(worst, shape=first.shape)
    kinds = np.concatenate([one, other])
    parts = kinds.shape[1] // truth.size  # a complex number has two
    grain = 4 * _unit(sources[0]) * np.abs(kinds).max(axis=0) + 2 * np.tile(
        reach.reshape(-1), parts
    )
    statistics = zip(_statistics(one, one, grain), _statistics(other, one, grain), strict=True)
    deviation = max(_deviation(a, b, tie) for (a, tie), (b, _) in statistics)
    margin = deviation / DEVIATIONS
    return replace(
        first,
        verdict=Verdict.known_difference if margin <= 1 else Verdict.mismatch,
        rule="distribution",
        detail=f"random numbers; {len(sources)} draws of each side differ by {deviation:.3g} "
        f"standard errors at most",
        margin=margin,
        nan_mismatches=0,
        tolerance_from=f"theory: {DEVIATIONS:g} standard errors of a rank statistic",
    )


def _unit(array: np.ndarray) -> float:
    dtype = dtype_of(array)
    return dtype.unit_roundoff if dtype.is_floating or dtype.is_complex else 0.0


def _stacked(runs: list[np.ndarray]) -> np.ndarray:
    """All draws as rows of finite float64 numbers; complex ones as two."""
    rows = np.stack([np.asarray(run).reshape(-1) for run in runs])
    if rows.dtype.kind == "c":
        rows = np.concatenate([rows.real, rows.imag], axis=1)
    return np.nan_to_num(rows.astype(np.float64), nan=1e300, posinf=1e299, neginf=-1e299)


def _statistics(
    rows: np.ndarray, reference: np.ndarray, grain: np.ndarray
) -> Iterator[tuple[np.ndarray, float]]:
    """Numbers of each draw, as many as draws, and how near two of them count as equal."""
    centre = np.median(reference, axis=0)
    count = rows.shape[1]
    for place in range(0, count, max(1, count // _COLUMNS)):
        yield rows[:, place], grain[place]
        yield np.abs(rows[:, place] - centre[place]), 2 * grain[place]
    levels = np.quantile(reference, np.linspace(0.05, 0.95, 10), method="nearest")
    for level in levels:
        yield (rows <= level + 2 * grain).mean(axis=1), 0.5 / count
    generator = np.random.default_rng(0)
    for number in range(4):  # the first is the plain sum: it sees elements that move together
        signs = generator.choice([-1.0, 1.0], count) if number else np.ones(count)
        sums, middle = rows @ signs, np.median(reference @ signs)
        tie = 1e-3 * float(np.median(np.abs(reference @ signs - middle)))
        yield sums, tie
        yield np.abs(sums - middle), tie


def _deviation(one: np.ndarray, other: np.ndarray, tie: float) -> float:
    """By how many standard errors one sample ranks above the other."""
    distance = other[:, None] - one[None, :]
    above = (distance > tie).astype(np.float64) - (distance < -tie)
    shift = float(abs(above.mean()))
    if shift == 0:
        return 0.0
    variance = above.mean(axis=1).var() / len(other) + above.mean(axis=0).var() / len(one)
    return shift / float(np.sqrt(variance)) if variance else float(np.inf)
