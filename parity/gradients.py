"""Gradients of parameters and inputs on both sides, along the same seeded cotangents."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from converters import (
    Conversion,
    Graph,
    TensorSpec,
    Value,
    WeightMap,
    dtype_of,
    has_derivative,
    replay,
    values_in,
)
from parity.calls import (
    preserved,
    target_call,
    target_inputs,
    torch_call,
    torch_inputs_of,
)
from parity.compare import compare
from parity.draws import draws_for
from parity.kept_results import rounded_results
from parity.kinks import Kinks, Prepare, turning
from parity.noise import Noise, added, both, nudge, rounding_of
from parity.oracles import replay_wide
from parity.results import Comparison
from parity.sides import Arrays, Source, as_numpy, as_torch, unchanged
from parity.targets import Place, Target
from parity.terms import gradient_terms
from parity.tolerance import PEAK, SUMS, WHOLE, certified, whole
from parity.verdict import Verdict

_RUNS = 4
OF_TERMS = 2 * SUMS / (WHOLE * PEAK)
"""What brings ``u sum |t|`` to the units of the noise floor: the worst element may be off by 8."""


def compare_gradients(one: Source, other: Target, seed: int) -> tuple[Comparison, ...]:
    """Gradients of the outputs' seeded linear functional, in float64 and in the model's own dtype.

    Args:
        one: the source.
        other: the target; only a conversion's parameters are known by name.
        seed: of the cotangents and the noise.
    """
    cotangents = _cotangents(one, seed)
    if other.conversions is None or not cotangents:
        return ()
    here, wide_there = other.conversions
    if not _leaves(one, wide=True)[1]:
        return ()
    seen = Kinks(one.graph)
    oracle = _source_gradients(one, cotangents, wide=True, prepare=seen.watching())
    runs = []
    for run in range(_RUNS):
        moved = seen.watching(nudge(one.graph, seed + 201 + run))
        own_seed = seed + 201 + run
        runs.append(_source_gradients(one, cotangents, wide=True, prepare=moved, rounding=own_seed))
    terms = _terms(one, cotangents)
    if one.graph.framework == "tensorflow":
        wide = _torch_gradients(wide_there(), one, cotangents, wide=True)
        own = _torch_gradients(here(), one, cotangents, wide=False)
    else:
        wide = _target_gradients(wide_there(), one, other, cotangents, wide=True)
        own = _target_gradients(here(), one, other, cotangents, wide=False)
    source = _source_gradients(one, cotangents, wide=False)
    coarsest = max(
        (dtype_of(a).unit_roundoff for a in source.values() if dtype_of(a).is_floating),
        default=2.0**-24,
    )
    decisions = _Decisions(one, cotangents, oracle, seen.undecided(), seed)
    comparisons = []
    for name, truth in oracle.items():
        noise = _noise(truth, [run[name] for run in runs])
        noise = both(noise, rounding_of(terms[name], coarsest * OF_TERMS))
        fine = noise.scaled(2.0**-53 / coarsest)
        comparisons.append(
            compare(f"{name} (float64)", truth, wide[name], truth, certified(fine, truth))
        )
        dtype = dtype_of(source[name])
        found = compare(name, source[name], own[name], truth, whole(noise, dtype, truth))
        if found.verdict is Verdict.mismatch and decisions:
            wider = both(noise, decisions.effect(name))
            again = compare(name, source[name], own[name], truth, whole(wider, dtype, truth))
            found = decisions.told(found, again)
        comparisons.append(found)
    return tuple(comparisons)


class _Decisions:
    """What the undecided elements before kinks move the gradients by."""

    def __init__(
        self,
        one: Source,
        cotangents: Arrays,
        oracle: Arrays,
        undecided: Mapping[str, np.ndarray],
        seed: int,
    ) -> None:
        self.one, self.cotangents, self.oracle, self.seed = one, cotangents, oracle, seed
        self.undecided = undecided

    def __bool__(self) -> bool:
        return bool(self.undecided)

    @functools.cached_property
    def _runs(self) -> list[Arrays]:
        """Gradients with one half of the decisions the other way, and with the other half."""
        return [
            _source_gradients(
                self.one,
                self.cotangents,
                wide=True,
                prepare=turning(self.undecided, seed=self.seed, others=others),
            )
            for others in (False, True)
        ]

    def effect(self, name: str) -> Noise:
        """In units of the noise floor, which a model's tensors may be off by ``WHOLE`` times."""
        truth = self.oracle[name]
        norm = None
        for run in self._runs:
            norm = added(norm, run[name], truth)
        assert norm is not None
        return Noise(norm / WHOLE)

    def told(self, before: Comparison, after: Comparison) -> Comparison:
        """The comparison that knows of the decisions, if they explain what the other can't."""
        if not after.verdict.passes:
            return before
        count = sum(int((~np.isnan(turned)).sum()) for turned in self.undecided.values())
        why = f"{count} elements stand within rounding of a kink, where either slope is right"
        return replace(after, verdict=Verdict.decision_flip, rule="decision", detail=why)


def not_differentiable(graph: Graph) -> str:
    """The first operator between what is differentiated and a result that has no derivative.

    It is one of the user's own, made without ``register_autograd``, or one of TensorFlow's that has
    no gradient, or one that raises. Empty if there is none.
    """
    specs = graph.specs
    moved = {Value(p.name) for p in graph.parameters if p.trainable}
    moved |= {Value(item.name) for item in graph.inputs}

    def floating(spec: object) -> bool:
        return isinstance(spec, TensorSpec) and (spec.dtype.is_floating or spec.dtype.is_complex)

    for node in graph.nodes:
        values = set(values_in(dict(node.args))) & moved
        results = [Value(node.name, index) for index in range(len(node.outputs))]
        takes = any(floating(specs[value]) for value in values)
        if takes and any(map(floating, node.outputs)) and not has_derivative(node.op):
            return node.op
        if values:
            moved.update(results)
    return ""


def _noise(truth: np.ndarray, moved: list[np.ndarray]) -> Noise:
    norm = None
    for run in moved:
        norm = added(norm, run, truth)
    assert norm is not None
    return Noise(norm / len(moved) ** 0.5)


def _terms(one: Source, cotangents: Arrays) -> Arrays:
    """The size of the terms of every gradient, in float64."""
    values, wanted = _leaves(one, wide=True)
    directions = {name: as_torch(array) for name, array in cotangents.items()}
    terms = gradient_terms(one.promoted, values, wanted, directions)
    return {f"gradient of {name}": array for name, array in terms.items()}


def _leaves(one: Source, *, wide: bool) -> tuple[dict[str, Any], list[str]]:
    """Tensors for inputs and parameters, and the names of those that get a gradient."""
    graph = one.promoted if wide else one.graph
    values = one.tensors(wide=wide)
    values.update({p.name: as_torch(p.value) for p in graph.parameters})
    wanted = _wanted(one, graph, values)
    for name in wanted:
        values[name].requires_grad_()
    return values, wanted


def _cotangents(one: Source, seed: int) -> Arrays:
    """A seeded direction for each floating-point output, in float64."""
    generator = np.random.default_rng(seed)
    specs = one.graph.specs
    shapes = {name: output.shape for name, output in one.call().items()}
    result = {}
    for output in one.graph.outputs:
        spec = specs.get(output.value) if isinstance(output.value, Value) else None
        if isinstance(spec, TensorSpec) and spec.dtype.is_floating:
            values = generator.standard_normal(shapes[output.name])
            result[output.name] = values.astype(spec.dtype.numpy).astype(np.float64)
    return result


def _source_gradients(
    one: Source,
    cotangents: Arrays,
    *,
    wide: bool,
    prepare: Prepare | None = None,
    rounding: int | None = None,
) -> Arrays:
    """The source's own gradients.

    Args:
        one: the source.
        cotangents: along which.
        wide: in float64.
        prepare: in float64, what is done to arguments.
        rounding: in float64, of the errors that gradients see in what operators keep.
    """
    import torch

    graph = one.promoted if wide else one.graph
    values, wanted = _leaves(one, wide=wide)
    kept = None if rounding is None else rounded_results(one.graph, rounding)
    if wide:
        outputs, _ = replay_wide(graph, values, prepare=prepare, instead=kept)
    else:
        outputs, _ = replay(graph, values)
    pairs = [
        (result, as_torch(cotangents[output.name].astype(dtype_of(result).numpy)))
        for output, result in zip(graph.outputs, outputs, strict=True)
        if output.name in cotangents and result.requires_grad
    ]
    leaves = [values[name] for name in wanted]
    gradients = torch.autograd.grad(
        [result for result, _ in pairs], leaves, [c for _, c in pairs], allow_unused=True
    )
    return {
        f"gradient of {name}": as_numpy(torch.zeros_like(leaf) if gradient is None else gradient)
        for name, leaf, gradient in zip(wanted, leaves, gradients, strict=True)
    }


def _wanted(one: Source, graph: Graph, values: Mapping[str, Any]) -> list[str]:
    names = [p.name for p in graph.parameters if p.trainable]
    names += [
        item.name
        for item in graph.inputs
        if item.spec.dtype.is_floating and item.name not in one.draws
    ]
    return [name for name in names if values[name].numel()]


def _target_gradients(
    conversion: Conversion, one: Source, other: Target, cotangents: Arrays, *, wide: bool
) -> Arrays:
    import tensorflow as tf

    laid = conversion.graph
    specs = laid.specs
    graph = one.promoted if wide else one.graph
    tensors = target_inputs(laid, one.inputs)
    call = target_call(conversion, tensors, draws_for(one, other, laid))
    names = _wanted(
        one,
        graph,
        {**one.tensors(wide=wide), **{p.name: as_torch(p.value) for p in graph.parameters}},
    )
    leaves = [conversion.model.weights.get(name, tensors.get(name)) for name in names]
    with preserved(conversion.model), tf.GradientTape(watch_accessed_variables=False) as tape:
        for leaf in leaves:
            tape.watch(leaf)
        results = call()
    outputs, directions = [], []
    for output in laid.outputs:
        if output.name in cotangents and isinstance(output.value, Value):
            spec = specs[output.value]
            assert isinstance(spec, TensorSpec)
            direction = Place("", spec.axes).physical(cotangents[output.name])
            outputs.append(results[output.name])
            directions.append(tf.cast(direction, results[output.name].dtype))
    gradients = tape.gradient(
        outputs, leaves, directions, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    found = {}
    for name, gradient in zip(names, gradients, strict=True):
        spec = specs[Value(name)]
        assert isinstance(spec, TensorSpec)
        array = tf.convert_to_tensor(gradient).numpy()
        found[f"gradient of {name}"] = Place("", spec.axes).logical(array)
    return found


def _torch_gradients(
    conversion: Conversion, one: Source, cotangents: Arrays, *, wide: bool
) -> Arrays:
    """The same of a conversion to PyTorch."""
    import torch

    laid = conversion.graph
    specs, graph = laid.specs, one.promoted if wide else one.graph
    tensors = torch_inputs_of(laid, one.inputs)
    known = {**one.tensors(wide=wide), **{p.name: as_torch(p.value) for p in graph.parameters}}
    names = _wanted(one, graph, known)
    state = dict(conversion.model.named_parameters())
    targets = {rule.target for rule in conversion.weights if rule.source in names}
    held = {name: state[name] for name in targets}
    held.update({name: tensors[name] for name in names if name in tensors})
    leaves = list(held.values())
    for leaf in leaves:
        leaf.requires_grad_()
    with unchanged(conversion.model, training=conversion.model.training):
        results = torch_call(conversion, tensors)()
        pairs = []
        for output in laid.outputs:
            if output.name in cotangents and isinstance(output.value, Value):
                spec, result = specs[output.value], results[output.name]
                assert isinstance(spec, TensorSpec)
                direction = as_torch(Place("", spec.axes).physical(cotangents[output.name]))
                if result.requires_grad:
                    pairs.append((result, direction.to(result.dtype)))
        gradients = torch.autograd.grad(
            [result for result, _ in pairs], leaves, [d for _, d in pairs], allow_unused=True
        )
    arrays = {
        name: as_numpy(torch.zeros_like(leaf) if gradient is None else gradient)
        for (name, leaf), gradient in zip(held.items(), gradients, strict=True)
    }
    rules = tuple(rule for rule in conversion.weights if rule.target in targets)
    moved = WeightMap(rules).to_source({name: arrays[name] for name in targets})
    found = {}
    for name in names:
        spec = specs[Value(name)]
        assert isinstance(spec, TensorSpec)
        given = moved[name] if name in moved else Place("", spec.axes).logical(arrays[name])
        found[f"gradient of {name}"] = given
    return found
