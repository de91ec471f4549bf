"""Do two models train alike? Some optimiser steps on both sides, compared after each.

A training run is a function from one state to another: its outputs are the losses, and after each
step every parameter and buffer. They are judged as the outputs of a model are: in float64 (the
certificate), and in the model's own types against the noise floor of the source's own steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from converters import Conversion, dtype_of, is_tensorflow, keras_optimizer, torch_optimizer
from parity.compare import compare
from parity.errors import CheckError
from parity.noise import Noise
from parity.results import Certificate, Comparison, Report, Result
from parity.sides import Arrays, source_of
from parity.targets.conversion import moved_state
from parity.tolerance import CERTIFICATE, WHOLE, certified, whole
from parity.trajectory import Trajectories, Trajectory
from parity.trajectory_keras import KerasTrajectories
from parity.verdict import Verdict

MakeOptimizer = Callable[[Conversion], Any]


def check_training(
    source: Any,
    target: Conversion,
    inputs: Any,
    optimizer: Any,
    *,
    steps: int = 3,
    loss: Callable[..., Any] | None = None,
    target_optimizer: MakeOptimizer | None = None,
    case: str = "",
    seed: int = 0,
) -> Report:
    """Decide whether two models train alike.

    Both make some steps from their present state on the same inputs, with the same random numbers.
    Neither is changed.

    Args:
        source: a PyTorch module, or a Keras model.
        target: its conversion, in the mode in which it is to train.
        inputs: a tuple or dict of arrays, as the source's ``forward`` takes them.
        optimizer: a PyTorch optimiser of the source's parameters, in any state; a Keras optimiser
            for a Keras model.
        steps: how many.
        loss: takes the outputs of the source's ``forward`` that are tensors, in order, and returns
            a scalar, in the source's framework; it is converted for the target. By default the
            mean squared distance of each floating-point output to a seeded target.
        target_optimizer: makes the target's optimiser for a conversion;
            :func:`converters.keras_optimizer` or :func:`converters.torch_optimizer` of
            ``optimizer`` by default.
        case: a name for the report.
        seed: of the random numbers, the noise and the default loss.

    Returns:
        A report with one result, whose outputs are called ``step 2: encoder.weight`` and the like.

    Raises:
        CheckError: the optimiser can't be run on both sides, or the loss has no gradient.
        converters.ConversionError: the loss or the optimiser can't be converted.
    """
    from parity.environment import collect

    if not isinstance(target, Conversion):
        raise CheckError("only a conversion can be trained: pass what converters made.")
    if steps < 1:
        raise CheckError(f"{steps} steps are none: pass a number from 1 on.")
    began = time.perf_counter()
    one = source_of(source, inputs, target, seed=seed)
    keras = is_tensorflow(source)
    made = torch_optimizer if keras else keras_optimizer
    make = target_optimizer or (lambda conversion: made(optimizer, source, conversion))
    kind = KerasTrajectories if keras else Trajectories
    runs = kind(one, source, inputs, target, optimizer, loss, steps, seed)
    own = runs.source()
    oracle = runs.oracle()
    floor, fine = runs.noise(oracle)
    wide = runs.target(target.promoted(), make, wide=True)
    here = runs.target(target, make, wide=False)
    certificate = _certificate(oracle, wide, fine)
    lost = _lost(oracle, floor, WHOLE, _dtype(own))
    again = cache(runs.captured)
    outputs = tuple(_judged(name, own, here, oracle, floor, lost, again) for name in oracle)
    verdict = _verdict(outputs, certificate)
    summary = _summary(verdict, outputs, certificate, steps, type(optimizer).__name__)
    if verdict is Verdict.mismatch and (state := moved_state(target, one.graph)):
        summary += f" {state}"
    result = Result(
        case=case or one.label,
        source=one.label,
        target=f"{type(target.model).__name__} ({'PyTorch' if keras else 'TensorFlow'}, converted)",
        source_runtime=one.runtime,
        target_runtime="torch eager" if keras else "tf.function",
        device="cpu",
        dtype=_dtype(own),
        verdict=verdict,
        summary=summary,
        certificate=certificate,
        outputs=outputs,
        gradients=(),
        nodes=(),
        culprit=None,
        points=(),
        seed=seed,
        inputs={name: f"{array.dtype}{list(array.shape)}" for name, array in one.inputs.items()},
        floor={},
        seconds=time.perf_counter() - began,
    )
    return Report((result,), collect(), datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True, slots=True)
class _Lost:
    """The step from which on a training isn't determined by its numbers, and why."""

    step: int
    detail: str

    def covers(self, name: str) -> bool:
        """Whether a number of the trajectory was computed in that step or later."""
        return int(name.removeprefix("step ").partition(":")[0]) >= self.step


def _lost(
    oracle: Trajectory, noise: Mapping[str, Noise], factor: float, dtype: str
) -> _Lost | None:
    """Where rounding alone may carry the loss as far as it is large: any two runs differ then."""
    largest = 0.0
    for name, array in oracle.items():
        if not name.endswith(": loss"):
            continue
        largest = max(largest, abs(float(array)))
        moved = float(noise[name].field)
        if factor * moved > largest:
            detail = (
                f"one rounding error in each {dtype} operation moves the loss of {name[:-6]} by "
                f"{moved / largest:.2g} of its size, so from there on no two runs are alike: train "
                "with a lower learning rate, or with more values for each channel of a batch norm"
            )
            return _Lost(int(name[5:-6]), detail)
    return None


def _judged(
    name: str,
    own: Trajectory,
    here: Trajectory,
    oracle: Trajectory,
    floor: dict[str, Noise],
    lost: _Lost | None,
    again: Callable[[], Trajectory],
) -> Comparison:
    source, truth = own[name], oracle[name]
    tolerance = whole(floor[name], dtype_of(source), truth)
    if lost and lost.covers(name):
        found = compare(name, source, here[name], truth, tolerance)
        return replace(found, verdict=Verdict.inconclusive, detail=lost.detail)
    itself = compare(name, truth.astype(source.dtype), source, truth, tolerance)
    # A slope that falls the other way in the module's own arithmetic does so in its graph's too.
    if not itself.verdict.passes and not np.array_equal(source, again()[name]):
        detail = f"the module's own step is not that of its captured graph: {itself.detail}"
        return replace(itself, verdict=Verdict.inconclusive, detail=detail)
    return compare(name, source, here[name], truth, tolerance)


def _certificate(oracle: Trajectory, wide: Trajectory, fine: dict[str, Noise]) -> Certificate:
    lost = _lost(oracle, fine, CERTIFICATE, "float64")
    comparisons = tuple(
        compare(name, truth, wide[name], truth, certified(fine[name], truth))
        for name, truth in oracle.items()
        if not (lost and lost.covers(name))
    )
    worst = max((c.max_rel for c in comparisons), default=0.0)
    failed = next((c for c in comparisons if not c.verdict.passes), None)
    if failed is None and lost:
        open_ = tuple(name for name in oracle if lost.covers(name))
        return Certificate("not taken", lost.detail, comparisons, worst, open_)
    if failed is None:
        detail = "in float64 both sides make the same steps to float64's own rounding"
        return Certificate("same function", detail, comparisons, worst)
    if failed.verdict is Verdict.inconclusive:
        return Certificate("not taken", failed.detail, comparisons, worst, (failed.name,))
    detail = (
        f"in float64 {failed.name} differs first, by {failed.max_rel:.3g} of its size, "
        f"{failed.margin:.3g} times what rounding explains"
    )
    return Certificate("different function", detail, comparisons, worst)


def _verdict(outputs: tuple[Comparison, ...], certificate: Certificate) -> Verdict:
    verdicts = [c.verdict for c in outputs]
    if certificate.outcome == "different function":
        verdicts.append(Verdict.mismatch)
    if certificate.outcome == "not taken":
        verdicts.append(Verdict.inconclusive)
    return Verdict.worst(verdicts)


def _summary(
    verdict: Verdict,
    outputs: tuple[Comparison, ...],
    certificate: Certificate,
    steps: int,
    rule: str,
) -> str:
    what = f"{steps} step{'s' if steps > 1 else ''} of {rule}"
    if verdict.passes:
        worst = max((c.margin for c in outputs), default=0.0)
        return (
            f"After each of {what} both hold the same losses, parameters and buffers; what differs "
            f"is rounding, at most {100 * worst:.3g} % of what the source's own steps explain."
        )
    said = "Not decided" if verdict is Verdict.inconclusive else "Not the same training"
    if certificate.outcome != "same function":
        return f"{said} in {what}: {certificate.detail}."
    failed = next(c for c in outputs if c.verdict is verdict)
    return f"{said} in {what}: {failed.name}: {failed.detail}."


def _dtype(own: Arrays) -> str:
    kinds = [str(array.dtype) for array in own.values() if array.dtype.kind not in "biu"]
    return max(set(kinds), key=kinds.count)
