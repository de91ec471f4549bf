"""One operator: its lowering against PyTorch itself, forward and gradient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from converters import (
    Graph,
    Node,
    dtype_of,
    promote,
    replay,
    single_node,
)
from parity.compare import EXACT, Tolerance, compare
from parity.exactness import exact_tolerance, is_exact
from parity.noise import Noise, both, rounding_of
from parity.operator_sides import (
    Way,
    directions_for,
    noise_of,
    source_results,
    sums_of,
    target_results,
    wanted_inputs,
    widened,
)
from parity.results import Comparison
from parity.sides import Arrays
from parity.sums import is_sum
from parity.tolerance import certified, local, sums
from parity.tolerance import gradient as of_gradient
from parity.unwritten import unwritten_outputs
from parity.verdict import Verdict


def check_operator(
    op: str,
    arguments: Mapping[str, object],
    *,
    gradients: bool = True,
    seed: int = 0,
    traced: bool = False,
    dynamic: bool = False,
    results: int | None = None,
) -> tuple[Comparison, ...]:
    """Compare a lowering with the operator it stands for, on one set of arguments.

    Args:
        op: the operator with its overload.
        arguments: by the names of the lowering's parameters: arrays, numbers, strings, dtypes,
            tuples.
        gradients: also compare vector-Jacobian products.
        seed: of the noise and the cotangents.
        traced: run the lowering under ``tf.function``.
        dynamic: with every size unknown to it.
        results: how many of its results count, from the front; None for all.

    Returns:
        A comparison for each output and each gradient, in float64 (named so) and in the arguments'
        dtypes.

    Raises:
        converters.ConversionError: the lowering refuses the arguments.
    """
    graph, inputs = single_node(op, arguments, results=results)
    open_graph = single_node(op, arguments, dynamic=dynamic, results=results)[0] if traced else None
    return check_graph(graph, inputs, gradients=gradients, seed=seed, traced=open_graph)


def check_graph(
    graph: Graph,
    inputs: Arrays,
    *,
    gradients: bool | Collection[str] = True,
    seed: int = 0,
    traced: Graph | None = None,
) -> tuple[Comparison, ...]:
    """Compare the lowerings of a small graph with PyTorch, eagerly, on one set of inputs.

    Args:
        graph: as captured.
        inputs: an array for each of its inputs, by name.
        gradients: also compare vector-Jacobian products: of all inputs, or of those named.
        seed: of the noise and the cotangents.
        traced: trace this graph, the same with other sizes open, under ``tf.function`` instead.

    Returns:
        A comparison for each output and each gradient, in float64 (named so) and in the graph's own
        dtypes.

    Raises:
        converters.ConversionError: a lowering is missing or refuses its arguments.
    """
    wide_graph = promote(graph)
    oracle = source_results(wide_graph, widened(inputs))
    wanted = wanted_inputs(graph, gradients)
    way = Way(wanted, directions_for(oracle, seed) if wanted else {})
    truth = source_results(wide_graph, widened(inputs), way) if wanted else oracle
    scales = sums_of(wide_graph, inputs, way) if _is_one_sum(graph) else {}
    noise = noise_of(graph, wide_graph, inputs, way, truth, seed)
    found: list[Comparison] = []
    for wide in (True, False):
        one = wide_graph if wide else graph
        given = widened(inputs) if wide else inputs
        source = truth if wide else source_results(one, given, way, run=replay)
        target = target_results(one, given, way, traced=traced, wide=wide)
        found.extend(
            _compared(name, source, target, truth, noise, scales, graph, inputs, wide=wide)
            for name in source
        )
    undefined = unwritten_outputs(graph)
    return tuple(_form(c) if _plain(c.name) in undefined else c for c in found)


def _plain(name: str) -> str:
    return name.removesuffix(" (float64)")


def _form(comparison: Comparison) -> Comparison:
    """Only the shape and the type of what was never written are defined."""
    if comparison.rule == "structure":
        return comparison
    detail = "PyTorch leaves the contents undefined; shape and type agree"
    return replace(comparison, verdict=Verdict.exact, rule="form", detail=detail, margin=0.0)


def agrees(comparison: Comparison) -> bool:
    """Whether a comparison passes, or has only shapes, dtypes, NaN and infinities to compare.

    Those agree then, place by place: a difference would be a mismatch.
    """
    empty = comparison.elements == 0 and comparison.detail.startswith("the tensor has no elements")
    return (
        comparison.verdict.passes or empty or comparison.detail.startswith("no element is finite")
    )


def assert_operator(op: str, arguments: Mapping[str, object], **options: Any) -> None:
    """:func:`check_operator`, for test suites.

    Raises:
        AssertionError: an output or a gradient is off by more than rounding; the message says which
            and how.
    """
    comparisons = check_operator(op, arguments, **options)
    for comparison in comparisons:
        assert agrees(comparison), (
            f"{op}: {comparison.name} {comparison.detail} (rule {comparison.rule}, margin "
            f"{comparison.margin:.3g}, max abs {comparison.max_abs:.3g}, worst {comparison.worst})"
        )
    assert comparisons, f"{op}: nothing was compared"


def _is_one_sum(graph: Graph) -> bool:
    return len(graph.nodes) == 1 and is_sum(graph.nodes[0])


def _compared(
    name: str,
    source: Arrays,
    target: Arrays,
    truth: Arrays,
    noise: Mapping[str, Noise],
    scales: Arrays,
    graph: Graph,
    inputs: Arrays,
    *,
    wide: bool,
) -> Comparison:
    label = f"{name} (float64)" if wide else name
    if name not in target:
        raise AssertionError(f"the lowering gives no {name}")
    own = noise.get(name, Noise(np.zeros(())))
    gradient = name.startswith("gradient")
    tolerance = _tolerance(
        graph.nodes,
        own,
        source[name],
        truth[name],
        scales.get(name),
        wide=wide,
        gradient=gradient,
    )
    if gradient:
        unit = 2.0**-53 if wide else _coarsest(name, source)
        reach = unit * np.maximum(_reach(truth, inputs), scales.get(name, 0.0))
        tolerance = replace(tolerance, scale=np.maximum(tolerance.scale, reach))
    oracle = source[name] if tolerance.exact else truth[name]
    return compare(label, source[name], target[name], oracle, tolerance)


def _coarsest(name: str, source: Arrays) -> float:
    """The unit roundoff of the type that a gradient was computed in.

    It may be coarser than that of the input: a float64 number times a float32 tensor is float32.
    """
    dtypes = [dtype_of(array) for other, array in source.items() if not other.startswith("grad")]
    floats = [dtype for dtype in dtypes if dtype.is_floating or dtype.is_complex]
    return max(dtype.unit_roundoff for dtype in (*floats, dtype_of(source[name])))


def _reach(truth: Arrays, inputs: Arrays) -> float:
    """The size of the terms that an operator's gradients are summed from.

    It is that of the largest gradient, for all of them are made of the same terms; but where
    everything cancels (a batch of two, normalised, hardly depends on its input), it is that of a
    cotangent, which is about 1, times what the operator makes of its input.
    """
    gradients = {name: array for name, array in truth.items() if name.startswith("gradient")}
    outputs = {name: array for name, array in truth.items() if name not in gradients}
    given = _largest(inputs)
    gain = _largest(outputs) / given if given else 0.0
    return max(_largest(gradients), gain)


def _largest(arrays: Arrays) -> float:
    """The largest finite absolute value among floating-point arrays; 0 if there is none."""
    floats = [
        np.abs(array.astype(np.complex128))
        for array in arrays.values()
        if array.dtype.kind in "fcV"
    ]
    return max((float(a[np.isfinite(a)].max(initial=0.0)) for a in floats), default=0.0)


def _tolerance(
    nodes: Sequence[Node],
    noise: Noise,
    source: np.ndarray,
    truth: np.ndarray,
    products: np.ndarray | None,
    *,
    wide: bool,
    gradient: bool,
) -> Tolerance:
    dtype = dtype_of(source)
    floating = dtype.is_floating or dtype.is_complex
    if all(map(is_exact, nodes)) and floating and not gradient:
        return min(map(exact_tolerance, nodes), key=lambda t: t.rule == EXACT.rule, default=EXACT)
    if wide:
        fine = noise.scaled(2.0**-29)
        if products is not None and floating:
            fine = both(fine, rounding_of(products, 2.0**-53))
        return certified(fine, truth)
    scaled = noise.scaled(dtype.unit_roundoff / 2.0**-24) if floating else noise
    if products is not None and floating and not gradient:
        return sums(dtype, products, scaled, truth)
    return (of_gradient if gradient else local)(scaled, dtype, truth)
