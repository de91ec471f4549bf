"""One operator: its lowering against PyTorch itself, forward and gradient."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters import (
    Graph,
    Node,
    ScalarSpec,
    TensorSpec,
    Value,
    convert,
    dtype_of,
    laid_out,
    lowered,
    promote,
    replay,
    single_node,
)
from parity.compare import EXACT, Tolerance, compare
from parity.exactness import exact_tolerance, is_exact
from parity.kept_results import rounded_results
from parity.noise import Noise, added, both, nudge, rounding_of
from parity.oracles import replay_wide
from parity.results import Comparison
from parity.sides import Arrays, as_numpy, as_torch
from parity.sums import absolute, is_sum
from parity.targets import Place
from parity.terms import gradient_terms
from parity.tolerance import certified, local, sums
from parity.tolerance import gradient as of_gradient

_RUNS = 4


@dataclass(frozen=True, slots=True)
class _Way:
    """Which gradients are taken: of what, and along which direction of each output."""

    wanted: tuple[str, ...]
    directions: Arrays


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
    oracle = _source(wide_graph, _wide(inputs))
    wanted = [
        item.name
        for item in graph.inputs
        if (gradients is True or (gradients and item.name in gradients))
        and (item.spec.dtype.is_floating or item.spec.dtype.is_complex)
    ]
    way = _Way(tuple(wanted), _directions(oracle, seed) if wanted else {})
    truth = _source(wide_graph, _wide(inputs), way) if wanted else oracle
    scales = _sums(wide_graph, inputs, way) if _is_one_sum(graph) else {}
    noise = _noise(graph, wide_graph, inputs, way, truth, seed)
    found: list[Comparison] = []
    for wide in (True, False):
        one = wide_graph if wide else graph
        given = _wide(inputs) if wide else inputs
        source = truth if wide else _source(one, given, way, run=replay)
        target = _target(one, given, way, traced=traced, wide=wide)
        found.extend(
            _compared(name, source, target, truth, noise, scales, graph, inputs, wide=wide)
            for name in source
        )
    return tuple(found)


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


def _wide(inputs: Arrays) -> Arrays:
    return {name: array.astype(dtype_of(array).promoted.numpy) for name, array in inputs.items()}


def _source(
    graph: Graph,
    inputs: Arrays,
    way: _Way | None = None,
    prepare: Any = None,
    run: Any = replay_wide,
) -> Arrays:
    """Outputs and gradients of PyTorch; by ``run``, :func:`converters.replay` or the oracle."""
    import torch

    way = way or _Way((), {})
    values = {name: as_torch(array) for name, array in inputs.items()}
    for name in way.wanted:
        values[name].requires_grad_()
    outputs, _ = run(graph, values, prepare=prepare)
    named = dict(zip([o.name for o in graph.outputs], outputs, strict=True))
    result = {
        name: as_numpy(output) if isinstance(output, torch.Tensor) else np.asarray(output)
        for name, output in named.items()
    }
    pairs = [
        (named[name], as_torch(direction.astype(dtype_of(named[name]).numpy)))
        for name, direction in way.directions.items()
        if isinstance(named[name], torch.Tensor) and named[name].requires_grad
    ]
    if pairs:
        leaves = [values[name] for name in way.wanted]
        found = torch.autograd.grad(
            [output for output, _ in pairs], leaves, [d for _, d in pairs], allow_unused=True
        )
        for name, leaf, gradient in zip(way.wanted, leaves, found, strict=True):
            result[f"gradient of {name}"] = as_numpy(
                torch.zeros_like(leaf) if gradient is None else gradient
            )
    return result


def _target(graph: Graph, inputs: Arrays, way: _Way, *, traced: Graph | None, wide: bool) -> Arrays:
    """Outputs and gradients of the lowering: eager, or of the graph to be ``traced``."""
    import tensorflow as tf

    if traced is not None:
        conversion = convert(traced)
        conversion = conversion.promoted() if wide else conversion
        laid = conversion.graph
    else:
        laid = laid_out(graph)
    specs = laid.specs
    tensors = {
        item.name: tf.constant(Place("", item.spec.axes).physical(inputs[item.name]))
        for item in laid.inputs
    }
    owned = {
        item.name: tf.constant(Place("", item.spec.axes).physical(item.value))
        for item in laid.parameters
    }
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for name in way.wanted:
            tape.watch(tensors[name])
        outputs = (
            list(conversion.model(*tensors.values()))
            if traced is not None
            else lowered(laid, tensors | owned)[0]
        )
    named = {
        output.name: tf.convert_to_tensor(value, _number_type(value))
        for output, value in zip(laid.outputs, outputs, strict=True)
    }
    result = {}
    for output in laid.outputs:
        spec = specs[output.value] if isinstance(output.value, Value) else None
        axes = spec.axes if isinstance(spec, TensorSpec) else None
        array = Place("", axes).logical(named[output.name].numpy())
        if isinstance(spec, ScalarSpec):  # a number has Python's precision
            kinds = {"f": np.dtype(np.float64), "i": np.dtype(np.int64)}
            array = array.astype(kinds.get(array.dtype.kind, array.dtype))
        result[output.name] = array
    pairs = [
        (named[name], tf.cast(direction, named[name].dtype))
        for name, direction in way.directions.items()
        if named[name].dtype.is_floating or named[name].dtype.is_complex
    ]
    if pairs:
        found = tape.gradient(
            [output for output, _ in pairs],
            [tensors[name] for name in way.wanted],
            [d for _, d in pairs],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        for name, gradient in zip(way.wanted, found, strict=True):
            result[f"gradient of {name}"] = tf.convert_to_tensor(gradient).numpy()
    return result


def _number_type(value: object) -> Any:
    """Numbers are held as Python holds them."""
    import tensorflow as tf

    kinds = {bool: tf.bool, int: tf.int64, float: tf.float64, complex: tf.complex128}
    return kinds.get(type(value))


def _noise(
    graph: Graph, wide: Graph, inputs: Arrays, way: _Way, truth: Arrays, seed: int
) -> dict[str, Any]:
    """How far one rounding error in every input, and in every cotangent, moves the results."""
    norms: dict[str, np.ndarray] = {}
    moved: dict[str, np.ndarray] = {}
    for run in range(_RUNS):
        generator = np.random.default_rng(seed + 1 + run)
        turned = {
            name: direction * (1 + 2.0**-24 * generator.uniform(-1, 1, direction.shape))
            for name, direction in way.directions.items()
        }
        again = _Way(way.wanted, turned)
        kept = functools.partial(
            replay_wide, instead=rounded_results(graph, seed + 1 + run, 2.0**-24)
        )
        shaken = _source(
            wide, _wide(inputs), again, nudge(graph, seed + 1 + run, 2.0**-24), run=kept
        )
        for name, array in shaken.items():
            if array.dtype.kind in "biu":
                moved[name] = moved.get(name, np.zeros(array.shape, bool)) | (array != truth[name])
                continue
            norms[name] = added(norms.get(name), array, truth[name])
    noise: dict[str, Any] = {name: Noise(norm / _RUNS**0.5) for name, norm in norms.items()}
    return noise | {name: Noise(np.zeros(()), mask) for name, mask in moved.items()}


def _is_one_sum(graph: Graph) -> bool:
    return len(graph.nodes) == 1 and is_sum(graph.nodes[0])


def _sums(graph: Graph, inputs: Arrays, way: _Way) -> Arrays:
    """The size of what is summed up in every output and gradient, in float64."""
    given = _wide(inputs)
    outputs = _source(graph, given, prepare=lambda _, arguments: absolute(arguments))
    values = {name: as_torch(array) for name, array in given.items()}
    for name in way.wanted:
        values[name].requires_grad_()
    directions = {name: as_torch(direction) for name, direction in way.directions.items()}
    terms = gradient_terms(graph, values, way.wanted, directions)
    return {name: np.abs(array) for name, array in outputs.items()} | {
        f"gradient of {name}": array for name, array in terms.items()
    }


def _directions(oracle: Arrays, seed: int) -> Arrays:
    generator = np.random.default_rng(seed)
    return {
        name: generator.standard_normal(array.shape).astype(np.float16).astype(np.float64)
        for name, array in oracle.items()
        if array.dtype.kind in "fc"
    }


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
