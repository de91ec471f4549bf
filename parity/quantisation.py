"""What quantisation explains: how far rounding to a file's own scales can carry each tensor.

The file's graph is run in floats with the numbers that its constants stand for, and then, seeded,
with every quantised constant and activation moved by up to half a step of its scale (Monte Carlo
arithmetic with the steps of the file in place of the unit roundoff). The values themselves are
judged against the source's float64 oracle: the file only says how coarse it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from converters import Node, Value, dtype_of
from parity.compare import Tolerance, compare
from parity.localize import Probe
from parity.noise import Noise, NoiseMeter, both
from parity.results import Certificate, Comparison, NodeEvidence
from parity.runtimes.lite_quantised import Disturbed
from parity.sides import Recording, Source
from parity.targets import Place
from parity.tolerance import quantised
from parity.verdict import Verdict

WASTED = 8.0
"""A calibrated range that is so many times wider than what is used wastes three of eight bits."""

SWAMPED = 0.5
"""Where steps explain an error as large as this part of the output's own spread, nothing that could
be found would mean anything."""


class Quantisation:
    """The measurements of one quantised file on the inputs of a check."""

    def __init__(
        self, floats: Disturbed, places: Mapping[Value, Place], feeds: Mapping[str, np.ndarray]
    ) -> None:
        self.floats, self.places, self.feeds = floats, places, dict(feeds)
        self.ends = list(floats.outputs.values())
        self.still = Probe(floats, places, self.feeds).totals(self.ends)
        self.constants: NoiseMeter | None = None
        self.all: NoiseMeter | None = None

    def measure(self, seed: int, runs: int) -> None:
        """Run the graph disturbed."""
        still = {Value(tensor): array.astype(_wide(array)) for tensor, array in self.still.items()}
        self.constants, self.all = NoiseMeter(still, runs), NoiseMeter(still, runs)
        for run in range(runs):
            for meter, moved in ((self.constants, False), (self.all, True)):
                shaken = self.floats.shaken(seed + 501 + run, activations=moved)
                probe = Probe(shaken, self.places, self.feeds)
                for tensor, array in probe.totals(self.ends).items():
                    meter.see(Value(tensor), array.astype(_wide(array)))

    def noise(self, place: Place, *, activations: bool) -> Noise:
        """What a tensor was moved by, in the source's axis order."""
        meter = self.all if activations else self.constants
        assert meter is not None
        noise = meter.noise(Value(place.tensor))
        if not noise.field.shape and noise.moved is None:
            return noise
        if noise.moved is not None:
            return replace(noise, moved=place.logical(noise.moved))
        return replace(noise, field=place.logical(noise.field))

    def tolerance(
        self, place: Place, own: Noise, source: np.ndarray, oracle: np.ndarray, *, activations: bool
    ) -> Tolerance:
        """What a tensor may be off.

        Args:
            place: where it stands in the file.
            own: what rounding in the model's own type moves it by.
            source: the source's tensor.
            oracle: the source's in float64.
            activations: whether they are rounded too.
        """
        noise = both(own, self.noise(place, activations=activations))
        return quantised(noise, dtype_of(source), oracle)

    def misfit(self) -> str:
        """Why the calibrated ranges don't fit these inputs; empty if they do."""
        used, clipped = [], []
        for activation, array in self.floats.values(self.feeds):
            if not activation.calibrated or not array.size:
                continue
            array = array.astype(np.float64)
            width = activation.high - activation.low
            spread = float(max(array.max(), 0.0) - min(array.min(), 0.0))
            if spread > 0 and width > 0:
                used.append(width / spread)
                outside = (array < activation.low - width) | (array > activation.high + width)
                clipped.append(float(outside.mean()))
        wide = float(np.median(used)) if used else 1.0
        if wide > WASTED:
            return (
                f"the calibrated ranges are {wide:.3g} times wider than these inputs need: the "
                "calibration set is of another kind than they are"
            )
        if used and max(clipped) > 0.01:
            return (
                f"up to {100 * max(clipped):.3g} % of an activation lie beyond twice its "
                "calibrated range: the calibration set is of another kind than these inputs are"
            )
        return ""


def quantisation_of(program: object, probe: Probe) -> Quantisation | None:
    """The measurements of a program; None if nothing in it is quantised.

    Args:
        program: the target's, which may be TensorFlow's.
        probe: its places and inputs.
    """
    from parity.runtimes.lite_program import LiteProgram

    if not isinstance(program, LiteProgram):
        return None
    floats = Disturbed.of(program)
    return None if floats is None else Quantisation(floats, probe.places, probe.feeds)


def judge(
    name: str, source: np.ndarray, target: np.ndarray, oracle: np.ndarray, tolerance: Tolerance
) -> Comparison:
    """:func:`parity.compare.compare` for a quantised tensor."""
    judged = compare(name, source, target, oracle, tolerance)
    if judged.verdict not in (Verdict.rounding, Verdict.exact) or source.dtype.kind in "biu":
        return judged
    finite = oracle[np.isfinite(oracle)]
    spread = float(finite.std()) if finite.size > 1 else float(np.abs(finite).max(initial=0.0))
    if judged.noise > SWAMPED * spread > 0:
        detail = (
            f"the file's scales explain an error of {judged.noise:.3g}, where the output itself "
            f"varies by {spread:.3g}: too coarse to say anything"
        )
        return replace(judged, verdict=Verdict.inconclusive, detail=detail)
    if judged.verdict is Verdict.rounding:
        return replace(judged, verdict=Verdict.quantisation)
    return judged


def nodes_of(
    quantisation: Quantisation,
    one: Source,
    recorded: Recording,
    oracle: Recording,
    meter: NoiseMeter,
    totals: Mapping[str, np.ndarray],
) -> tuple[NodeEvidence, ...]:
    """Every node from the inputs on: in floats first, then as the file computes it.

    Args:
        quantisation: what the file's scales explain.
        one: the source.
        recorded: its tensors in its own dtypes.
        oracle: its tensors in float64.
        meter: the noise of its own rounding.
        totals: the file's tensors as it computes them.
    """
    evidence = []
    for node in one.graph.nodes:
        values = [Value(node.name, i) for i, spec in enumerate(node.outputs)]
        value = next((v for v in values if v in quantisation.places and v in recorded), None)
        if value is None or not recorded[value].size:
            reason = "no tensor of the file stands for it"
            evidence.append(_evidence(node, "", reason=reason))
            continue
        place, source, truth = quantisation.places[value], recorded[value], oracle[value]
        found = []
        for arrays, moved in ((quantisation.still, False), (totals, True)):
            tolerance = quantisation.tolerance(
                place, meter.noise(value), source, truth, activations=moved
            )
            array = place.logical(arrays[place.tensor])
            found.append(judge(node.name, source, array, truth, tolerance))
        total = next((c for c in found if c.verdict is Verdict.mismatch), found[1])
        evidence.append(_evidence(node, place.tensor, total=total))
    return tuple(evidence)


def _evidence(
    node: Node, tensor: str, *, reason: str = "", total: Comparison | None = None
) -> NodeEvidence:
    return NodeEvidence(
        node.name,
        node.op,
        node.module,
        node.source,
        tensor,
        covered=total is not None,
        reason=reason,
        total=total,
    )


def certificate_of(comparisons: tuple[Comparison, ...]) -> Certificate:
    """What the file's graph in floats says: only its constants are rounded there."""
    worst = max((c.max_rel for c in comparisons), default=0.0)
    failed = [c for c in comparisons if not c.verdict.passes]
    if not failed:
        return Certificate(
            "same function up to quantised weights",
            "run in float32 with the numbers that its integers stand for, the file's graph differs "
            "from the source by what the rounding of its constants explains",
            comparisons,
            worst,
        )
    first = max(failed, key=lambda c: c.margin)
    if first.verdict is Verdict.inconclusive:
        return Certificate("not taken", first.detail, comparisons, worst, (first.name,))
    return Certificate(
        "different function",
        f"with the numbers that the file's integers stand for, {first.name} differs by "
        f"{first.max_rel:.3g} of its size, {first.margin:.3g} times what the rounding of its "
        "constants explains",
        comparisons,
        worst,
    )


def _wide(array: np.ndarray) -> np.dtype:
    return np.dtype(np.float64) if array.dtype.kind == "f" else array.dtype
