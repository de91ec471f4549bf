"""Node by node: what a node adds itself, what it passes on, and which node is to blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from converters import Graph, Node, TensorSpec, Value, dtype_of
from parity.compare import compare
from parity.noise import NoiseMeter, nudge
from parity.results import Culprit, NodeEvidence
from parity.runtimes.tensorflow_program import Program
from parity.sides import Arrays, Recording, Source
from parity.targets import Place
from parity.tolerance import certified, local, whole

_LOCAL_RUNS = 4
_UNIT = 2.0**-24


class Probe:
    """Reads a target at the places that stand for the source's nodes."""

    def __init__(self, program: Program, places: Mapping[Value, Place], feeds: Arrays) -> None:
        """``places`` holds those nodes that source and target have in common."""
        self.program, self.places, self.feeds = program, places, feeds

    def totals(self, ends: Sequence[str], *, only_ends: bool = False) -> dict[str, np.ndarray]:
        """Every place (and the ends) as the model computes it, by tensor name."""
        wanted = list(dict.fromkeys([*ends, *([] if only_ends else [p.tensor for p in self.places.values()])]))
        return dict(zip(wanted, self.program.run(self.feeds, wanted), strict=True))

    def locals(self, recorded: Recording) -> dict[Value, np.ndarray]:
        """Every place as its node computes it from recorded inputs, in the source's axis order.

        Where several nodes stand at one tensor, all but the first hand their input on unchanged.
        """
        owners: dict[str, Value] = {}
        inputs = set(self.program.inputs.values())
        for value, place in self.places.items():
            if value in recorded:
                owners.setdefault(place.tensor, value)
        cuts = {
            tensor: self.places[value].physical(recorded[value])
            for tensor, value in owners.items()
            if tensor not in inputs
        }
        tensors = [tensor for tensor in owners if tensor not in inputs]
        arrays = dict(zip(tensors, self.program.run(self.feeds, tensors, cuts), strict=True))
        result = {}
        for value, place in self.places.items():
            if value not in recorded:
                continue
            owner = owners[place.tensor]
            if owner == value and place.tensor in arrays:
                result[value] = place.logical(arrays[place.tensor])
            elif place.tensor in arrays:
                result[value] = recorded[owner]
            else:
                name = next(n for n, tensor in self.program.inputs.items() if tensor == place.tensor)
                result[value] = place.logical(self.feeds[name])
        return result


def node_evidence(
    one: Source,
    recorded: Recording,
    oracle: Recording,
    meter: NoiseMeter,
    probe: Probe,
    totals: Mapping[str, np.ndarray],
    wide: Probe | None,
    seed: int,
) -> tuple[NodeEvidence, ...]:
    """Compare every node of the source with what stands for it.

    Args:
        one: the source.
        recorded: its tensors in its own dtypes; ``oracle``: in float64.
        meter: the whole model's noise.
        probe: the target; ``totals``: its tensors as the model computes them.
        wide: the target in float64; None if its constants were rounded.
        seed: of the local noise.
    """
    if not probe.places:
        return tuple(
            _uncovered(node, "the target is of unknown origin: nothing says which tensor stands for it")
            for node in one.graph.nodes
            if _tensors(node)
        )
    alone = _LocalOracle(one, recorded, oracle, seed)
    here = probe.locals(recorded)
    there = wide.locals(oracle) if wide is not None else {}
    evidence = []
    for node in one.graph.nodes:
        values = [v for v in _tensors(node) if v in probe.places and v in recorded]
        if not _tensors(node):
            continue
        if not values:
            evidence.append(_uncovered(node, "no tensor of the target stands for it"))
            continue
        evidence.append(_worst_output(node, values, recorded, oracle, meter, probe, totals, here, there, alone))
    return tuple(evidence)


class _LocalOracle:
    """Each node alone in float64: on the source's recorded inputs, and how far rounding moves it there."""

    def __init__(self, one: Source, recorded: Recording, oracle: Recording, seed: int) -> None:
        graph = one.graph
        parameters = {p.name: p.value for p in one.promoted.parameters}
        self.graph = graph
        self.at_recorded = one.record(wide=True, prepare=_feeding(graph, recorded, parameters))
        self.meter = NoiseMeter(oracle, _LOCAL_RUNS)
        feed = _feeding(graph, oracle, parameters)
        for run in range(_LOCAL_RUNS):
            shake = nudge(graph, seed + 101 + run, _UNIT)
            one.record(
                wide=True,
                prepare=lambda node, arguments, shake=shake: shake(node, feed(node, arguments)),
                see=self.meter.see,
            )


def _feeding(graph: Graph, recorded: Recording, parameters: Mapping[str, np.ndarray]):  # type: ignore[no-untyped-def]
    """What replaces a node's arguments by recorded ones."""
    from parity.sides import as_torch

    def feed(node: Node, arguments: Mapping[str, object]) -> Mapping[str, object]:
        def swap(reference: object, argument: object) -> object:
            if isinstance(reference, tuple):
                return tuple(swap(r, a) for r, a in zip(reference, argument, strict=True))  # type: ignore[call-overload]
            if isinstance(reference, Value) and reference in recorded and reference.producer not in parameters:
                array = recorded[reference]
                wide = dtype_of(array).promoted.numpy
                return as_torch(array.astype(wide))
            return argument

        return {name: swap(node.args[name], argument) for name, argument in arguments.items()}

    del graph
    return feed


def _tensors(node: Node) -> list[Value]:
    return [Value(node.name, i) for i, spec in enumerate(node.outputs) if isinstance(spec, TensorSpec)]


def _uncovered(node: Node, reason: str) -> NodeEvidence:
    return NodeEvidence(node.name, node.op, node.module, node.source, "", covered=False, reason=reason)


def _worst_output(
    node: Node,
    values: Sequence[Value],
    recorded: Recording,
    oracle: Recording,
    meter: NoiseMeter,
    probe: Probe,
    totals: Mapping[str, np.ndarray],
    here: Mapping[Value, np.ndarray],
    there: Mapping[Value, np.ndarray],
    alone: _LocalOracle,
) -> NodeEvidence:
    """The evidence of a node's worst output."""
    candidates = [
        _evidence(node, value, recorded, oracle, meter, probe, totals, here, there, alone) for value in values
    ]
    return max(candidates, key=_severity)


def _severity(evidence: NodeEvidence) -> tuple[float, float]:
    parts = [c.margin for c in (evidence.certificate, evidence.local) if c is not None]
    return max(parts, default=0.0), evidence.total.margin if evidence.total else 0.0


def _evidence(
    node: Node,
    value: Value,
    recorded: Recording,
    oracle: Recording,
    meter: NoiseMeter,
    probe: Probe,
    totals: Mapping[str, np.ndarray],
    here: Mapping[Value, np.ndarray],
    there: Mapping[Value, np.ndarray],
    alone: _LocalOracle,
) -> NodeEvidence:
    place, source, truth = probe.places[value], recorded[value], oracle[value]
    dtype = dtype_of(source)
    total = compare(
        node.name,
        source,
        place.logical(totals[place.tensor]),
        truth,
        whole(meter.noise(value), dtype, truth),
    )
    noise = alone.meter.noise(value)
    floating = dtype.is_floating or dtype.is_complex
    scaled = noise.scaled(dtype.unit_roundoff / _UNIT) if floating else noise
    expected = alone.at_recorded[value] if floating else source
    own = compare(node.name, source, here[value], expected, local(scaled, dtype, expected))
    certificate = None
    if value in there:
        wide = noise.scaled(2.0**-53 / _UNIT) if floating else noise
        certificate = compare(node.name, truth, there[value], truth, certified(wide, truth))
    finite = np.abs(source.astype(np.complex128))
    finite = finite[np.isfinite(finite)]
    return NodeEvidence(
        node.name,
        node.op,
        node.module,
        node.source,
        place.tensor,
        covered=True,
        total=total,
        local=own,
        certificate=certificate,
        magnitude=float(np.sqrt(np.square(finite).mean())) if finite.size else 0.0,
    )


def culprit_of(nodes: Sequence[NodeEvidence]) -> Culprit | None:
    """The first node whose own error is not rounding; None if there is none."""
    for node in nodes:
        for part, words in ((node.certificate, "in float64"), (node.local, "on its own")):
            if part is not None and part.verdict.value in ("mismatch", "error"):
                detail = f"{words}, fed with the source's inputs, {part.detail}"
                return Culprit(node.name, node.op, node.module, node.source, detail)
    return None
