"""Node by node: what a node adds itself, what it passes on, and which node is to blame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from converters import DType, Node, TensorSpec, Value, dtype_of, values_in
from parity.compare import compare, ulp
from parity.exactness import exact_tolerance, is_exact
from parity.noise import NoiseMeter, both, nudge, nudge_constants, rounding_of
from parity.results import Comparison, Culprit, NodeEvidence
from parity.sides import Arrays, Recording, Source, as_torch
from parity.sums import absolute, count, is_product, is_sum
from parity.targets import Place
from parity.tolerance import CERTIFICATE, certified, local, sums, whole, zone
from parity.verdict import Verdict

if TYPE_CHECKING:
    from parity.runtimes.lite_program import LiteProgram
    from parity.runtimes.lite_quantised import Disturbed
    from parity.runtimes.tensorflow_program import Program
    from parity.runtimes.torch_model import TorchModel
    from parity.runtimes.torch_program import TorchProgram

LOCAL_RUNS = 4

OWN_CONSTANTS = 4 / CERTIFICATE
"""What a lowering's own constants, rounded once each, move counts four times, and not 256 times."""

_UNIT = 2.0**-24


class Probe:
    """Reads a target at the places that stand for the source's nodes."""

    def __init__(
        self,
        program: Program | LiteProgram | TorchProgram | TorchModel | Disturbed,
        places: Mapping[Value, Place],
        feeds: Arrays,
    ) -> None:
        """``places`` holds those nodes that source and target have in common."""
        self.program, self.places, self.feeds = program, places, feeds

    def totals(self, ends: Sequence[str], *, only_ends: bool = False) -> dict[str, np.ndarray]:
        """Every place (and the ends) as the model computes it, by tensor name."""
        wanted = list(
            dict.fromkeys([*ends, *([] if only_ends else [p.tensor for p in self.places.values()])])
        )
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
                result[value] = place.logical(self.places[owner].physical(recorded[owner]))
            else:
                name = next(
                    n for n, tensor in self.program.inputs.items() if tensor == place.tensor
                )
                result[value] = place.logical(self.feeds[name])
        return result


def node_evidence(
    one: Source,
    recorded: Recording,
    oracle: Recording,
    meter: NoiseMeter,
    probe: Probe,
    totals: Mapping[str, np.ndarray],
    wide: WideSide | None,
    seed: int,
) -> tuple[NodeEvidence, ...]:
    """Compare every node of the source with what stands for it.

    Args:
        one: the source.
        recorded: its tensors in its own dtypes.
        oracle: its tensors in float64.
        meter: the whole model's noise.
        probe: the target.
        totals: its tensors as the model computes them.
        wide: both sides in float64; None if the target can't be taken there.
        seed: of the local noise.
    """
    if not probe.places:
        return tuple(
            _uncovered(
                node, "the target is of unknown origin: nothing says which tensor stands for it"
            )
            for node in one.graph.nodes
            if _tensors(node)
        )
    bench = _Bench(one, recorded, oracle, meter, probe, totals, wide, seed)
    read = {value for node in one.graph.nodes for value in values_in(node.args)}
    read |= {value for output in one.graph.outputs for value in values_in((output.value,))}
    evidence = []
    for node in one.graph.nodes:
        outputs = _tensors(node)
        values = [v for v in outputs if v in probe.places and v in recorded]
        filled = [v for v in values if recorded[v].size]
        if filled:
            found = [bench.evidence(node, value) for value in filled]
            evidence.append(max(found, key=_severity))
        elif values:
            evidence.append(_uncovered(node, "none of its results has an element to compare"))
        elif read & set(outputs):  # a loop's counter may be no one's, and a number there
            evidence.append(_uncovered(node, "no tensor of the target stands for it"))
    return tuple(evidence)


class WideSide(Protocol):
    """Both sides in float64, as the certificate sees them."""

    one: Source
    oracle: Recording
    constants: NoiseMeter | None
    probe: Probe


class _Bench:
    """Every node of both sides, fed with the source's recorded inputs."""

    def __init__(
        self,
        one: Source,
        recorded: Recording,
        oracle: Recording,
        meter: NoiseMeter,
        probe: Probe,
        totals: Mapping[str, np.ndarray],
        wide: WideSide | None,
        seed: int,
    ) -> None:
        self.one, self.recorded, self.oracle, self.meter = one, recorded, oracle, meter
        self.probe, self.totals, self.wide = probe, totals, wide
        self.here = probe.locals(recorded)
        self.there = wide.probe.locals(wide.oracle) if wide is not None else {}
        self.cut = {v for v in probe.places if v in recorded}
        self.cut |= {Value(item.name) for item in one.graph.inputs}
        self.cut |= {Value(item.name) for item in one.graph.parameters}
        feed = _feeding(one, {v: array for v, array in recorded.items() if v in self.cut})
        self.expected = one.record(wide=True, prepare=feed)
        self.noise = NoiseMeter(oracle, LOCAL_RUNS)
        self.constants = NoiseMeter(wide.oracle if wide is not None else {}, LOCAL_RUNS)
        self.terms: dict[str, int] = {}
        self.products = one.record(wide=True, prepare=self._absolute(feed))
        feed = _feeding(one, {v: array for v, array in oracle.items() if v in self.cut})
        for run in range(LOCAL_RUNS):
            shake = _after(feed, nudge(one.graph, seed + 101 + run, _UNIT))
            one.record(wide=True, prepare=shake, see=self.noise.see)
            if wide is not None and wide.constants is not None:
                shake = _after(_feeding(wide.one, wide.oracle), nudge_constants(seed + 401 + run))
                wide.one.record(wide=True, prepare=shake, see=self.constants.see)

    def _absolute(self, feed: Prepare) -> Prepare:
        """Sums by absolute value, and the number of their terms.

        Not those inside branches: given other numbers a loop might not end.
        """
        sums_here = {node.name for node in self.one.graph.nodes if is_sum(node)}

        def prepare(node: Node, arguments: Mapping[str, object]) -> Mapping[str, object]:
            given = feed(node, arguments)
            if node.name not in sums_here:
                return given
            self.terms[node.name] = count(node, given)
            return absolute(given)

        return prepare

    def evidence(self, node: Node, value: Value) -> NodeEvidence:
        """One output of one node."""
        place, source, truth = self.probe.places[value], self.recorded[value], self.oracle[value]
        dtype = dtype_of(source)
        there = place.logical(self.totals[place.tensor])
        total = compare(
            node.name, source, there, truth, whole(self.meter.noise(value), dtype, truth)
        )
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
            local=self._local(node, value, dtype),
            certificate=self._certificate(node, value, dtype),
            magnitude=float(np.sqrt(np.square(finite).mean())) if finite.size else 0.0,
        )

    def _alone(self, node: Node) -> bool:
        """Whether everything that the node takes was cut.

        Where the target has no tensor for an earlier node, because it fused the two, its part from
        the last cuts on is judged as one.
        """
        specs = self.one.graph.specs
        taken = (value for value in values_in(node.args) if isinstance(specs[value], TensorSpec))
        return all(value in self.cut for value in taken)

    def _local(self, node: Node, value: Value, dtype: DType) -> Comparison:
        source, noise = self.recorded[value], self.noise.noise(value)
        if not (dtype.is_floating or dtype.is_complex):
            return compare(node.name, source, self.here[value], source, local(noise, dtype, source))
        alone = self._alone(node)
        if is_exact(node) and alone:
            return compare(node.name, source, self.here[value], source, exact_tolerance(node))
        scaled, expected = noise.scaled(dtype.unit_roundoff / _UNIT), self.expected[value]
        if node.name not in self.terms or not alone:
            return compare(
                node.name, source, self.here[value], expected, local(scaled, dtype, expected)
            )
        products = self.products[value]
        judged = compare(
            node.name, source, self.here[value], expected, sums(dtype, products, scaled, expected)
        )
        zoned = _with_zone(
            judged, self.here[value], expected, products, dtype, self.terms[node.name]
        )
        return _plausible(zoned, self._certificate(node, value, dtype))

    def _certificate(self, node: Node, value: Value, dtype: DType) -> Comparison | None:
        if self.wide is None or value not in self.there:
            return None
        truth, noise = self.wide.oracle[value], self.noise.noise(value)
        if is_exact(node) and truth.dtype.kind in "fc" and self._alone(node):
            return compare(node.name, truth, self.there[value], truth, exact_tolerance(node))
        if dtype.is_floating or dtype.is_complex:
            fine = both(noise.scaled(2.0**-53 / _UNIT), self.constants.noise(value))
            if node.name in self.terms:
                fine = both(fine, rounding_of(self.products[value], 2.0**-53))
            if self.wide.constants is not None and not is_product(node):
                # A lowering's own constants (the square root of 2 in gelu) are float32 in the
                # target and no argument of the source's operator: they move it as its inputs would.
                fine = both(fine, noise.scaled(OWN_CONSTANTS))
            noise = fine
        return compare(node.name, truth, self.there[value], truth, certified(noise, truth))


def _with_zone(
    judged: Comparison,
    target: np.ndarray,
    expected: np.ndarray,
    products: np.ndarray,
    dtype: DType,
    terms: int,
) -> Comparison:
    """A sum's comparison with its largest error in units of ``u sum |a b|``."""
    if target.shape != products.shape:
        return judged
    unit = dtype.unit_roundoff
    with np.errstate(all="ignore"):
        off = np.abs(target.astype(expected.dtype) - expected) - 0.5 * ulp(
            np.abs(expected), target.dtype
        )
        eta = np.where(
            (products > 0) & np.isfinite(off), np.maximum(off, 0) / (unit * products), 0.0
        )
    worst = float(eta.max(initial=0.0))
    return replace(judged, eta=worst, zone=zone(worst, terms, unit))


def _plausible(judged: Comparison, certificate: Comparison | None) -> Comparison:
    """A sum that is off by more than usual may still be a reordering of itself.

    That takes both: the same node passes in float64, and the error is within the plausible zone,
    the probabilistic bound for the number of its terms (Higham and Mary 2019). A lower precision
    inside is far beyond it.
    """
    certified_alike = certificate is not None and certificate.verdict.passes
    off = judged.verdict is Verdict.mismatch and judged.nan_mismatches == 0
    if not (off and certified_alike and judged.zone in ("expected", "plausible")):
        return judged
    detail = f"{judged.eta:.3g} u sum |a b|, below 4 sqrt(n): another order of summation"
    return replace(judged, verdict=Verdict.rounding, detail=detail)


Prepare = Callable[[Node, Mapping[str, object]], Mapping[str, object]]


def _after(first: Prepare, second: Prepare) -> Prepare:
    return lambda node, arguments: second(node, first(node, arguments))


def _feeding(one: Source, recorded: Recording) -> Prepare:
    """What replaces a node's arguments by recorded ones, in float64."""
    parameters = {parameter.name for parameter in one.graph.parameters}

    def swap(reference: object, argument: object) -> object:
        if isinstance(reference, tuple):
            return tuple(swap(r, a) for r, a in zip(reference, argument, strict=True))  # type: ignore[call-overload]
        if (
            isinstance(reference, Value)
            and reference in recorded
            and reference.producer not in parameters
        ):
            array = recorded[reference]
            return as_torch(array.astype(dtype_of(array).promoted.numpy))
        return argument

    return lambda node, arguments: {n: swap(node.args[n], a) for n, a in arguments.items()}


def _tensors(node: Node) -> list[Value]:
    return [
        Value(node.name, i) for i, spec in enumerate(node.outputs) if isinstance(spec, TensorSpec)
    ]


def _uncovered(node: Node, reason: str) -> NodeEvidence:
    return NodeEvidence(
        node.name, node.op, node.module, node.source, "", covered=False, reason=reason
    )


def _severity(evidence: NodeEvidence) -> tuple[float, float]:
    parts = [c.margin for c in (evidence.certificate, evidence.local) if c is not None]
    return max(parts, default=0.0), evidence.total.margin if evidence.total else 0.0


def culprit_of(nodes: Sequence[NodeEvidence]) -> Culprit | None:
    """The first node whose own error is not rounding; None if there is none."""
    for node in nodes:
        for part, words in ((node.certificate, "in float64"), (node.local, "on its own")):
            if part is not None and part.verdict.value in ("mismatch", "error"):
                detail = f"{words}, fed with the source's inputs, {part.detail}"
                return Culprit(node.name, node.op, node.module, node.source, detail)
        total = node.total if node.local is None and node.certificate is None else None
        if total is not None and total.verdict.value in ("mismatch", "error"):
            detail = f"fed as the target computes it, {total.detail}"
            return Culprit(node.name, node.op, node.module, node.source, detail)
    return None


def without_strangers(nodes: Sequence[NodeEvidence]) -> tuple[NodeEvidence, ...]:
    """The nodes of a file whose tensors go by their names, where all outputs pass.

    A converter may keep something else under a name: a mask whose infinities became the largest
    number, a tensor that another constant was folded into. Such a node was not compared.
    """
    return tuple(
        _uncovered_node(node) if culprit_of([node]) is not None else node for node in nodes
    )


def _uncovered_node(node: NodeEvidence) -> NodeEvidence:
    reason = f"{node.target} holds something else in this file, without a consequence"
    return replace(
        node, covered=False, reason=reason, total=None, local=None, certificate=None, magnitude=0.0
    )
