"""What a check found, as values: the report's own data, free of any framework.

A float that has no finite value is NaN or an infinity, never a made-up number; the JSON writes it
as a string.
"""

from __future__ import annotations

from dataclasses import dataclass

from parity.verdict import Verdict

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Worst:
    """The element that uses most of its tolerance, as hexadecimal floats (or integers)."""

    index: tuple[int, ...]
    source: str
    target: str
    oracle: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tensor, source against target, each against the oracle.

    Attributes:
        name: the output, gradient or node that the tensor is.
        shape: in the source's axis order.
        dtype: element type of the source's tensor.
        elements: how many elements were compared.
        verdict: what was found.
        rule: which rule decided: ``exact``, ``noise floor``, ``local bound``, ``certificate``,
            ``quantisation``, ``structure``, ``decision``.
        detail: one sentence for a person; empty where the numbers say it all.
        max_abs: largest ``|target - source|``.
        max_rel: largest ``|target - source|`` over the largest ``|source|``.
        ulp_max, ulp_p99: distance in units of the last place of the source's dtype, at the oracle's
            value.
        nan_mismatches: elements that are NaN or infinite on one side only, or infinite with another
            sign.
        source_error, target_error: root mean square of each side's distance to the oracle.
        noise: root mean square movement of the tensor when every operation is nudged by one unit
            roundoff.
        tolerance: what ``target_error`` may be.
        tolerance_from: ``theory``, ``calibrated`` or ``registry``, with the constant.
        margin: the part of the tolerance that is used; above 1 fails.
        sign_bias: share of positive signs in ``target - oracle`` minus one half, from -0.5 to 0.5.
        worse_side: ``source``, ``target`` or ``neither``: who is further from the oracle.
        worst: the worst element.
        eta: for sums of products, the largest error over ``u * sum |a_i b_i|``.
        zone: where ``eta`` lies: ``expected``, ``plausible``, ``unexplained``, or ``not a
            reordering`` (outside gamma_n, hence no order of summation at this precision gives it).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    elements: int
    verdict: Verdict
    rule: str
    detail: str = ""
    max_abs: float = 0.0
    max_rel: float = 0.0
    ulp_max: float = 0.0
    ulp_p99: float = 0.0
    nan_mismatches: int = 0
    source_error: float = 0.0
    target_error: float = 0.0
    noise: float = 0.0
    tolerance: float = 0.0
    tolerance_from: str = ""
    margin: float = 0.0
    sign_bias: float = 0.0
    worse_side: str = "neither"
    worst: Worst | None = None
    eta: float = 0.0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class NodeEvidence:
    """One node of the source graph, compared with what stands for it in the target.

    Attributes:
        name, op, module, source: the node, its operator, module path and source line.
        target: the target's tensor; empty where none stands for it.
        covered: whether it was compared; ``reason`` says why not.
        reason: why it was not compared.
        total: float32 (or the model's own type), error accumulated from the inputs on.
        local: the node alone, fed with the source's recorded inputs.
        certificate: the node alone in float64, fed with the source's recorded inputs.
        magnitude: root mean square of the source's tensor.
    """

    name: str
    op: str
    module: str
    source: str
    target: str
    covered: bool
    reason: str = ""
    total: Comparison | None = None
    local: Comparison | None = None
    certificate: Comparison | None = None
    magnitude: float = 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whether both sides compute the same function, decided in float64.

    Attributes:
        outcome: ``same function``, ``same function up to float32 constants``, ``same function up to
            quantised weights``, ``float32 only`` (the target's runtime has no float64),
            ``different function`` or ``not taken``.
        detail: one sentence.
        outputs: the outputs compared in float64.
        max_rel: largest relative difference over all outputs.
        uncovered: what it does not cover, by name; nothing is left out silently.
    """

    outcome: str
    detail: str
    outputs: tuple[Comparison, ...] = ()
    max_rel: float = 0.0
    uncovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Culprit:
    """The first node whose own error is not rounding."""

    node: str
    op: str
    module: str
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class Points:
    """A sample of elements for pictures: magnitude, error of the target, and the bound."""

    name: str
    magnitude: tuple[float, ...]
    error: tuple[float, ...]
    bound: float


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the numbers were made."""

    versions: dict[str, str]
    python: str
    platform: str
    cpu: str
    cpu_flags: tuple[str, ...]
    gpu: str
    threads: dict[str, int]
    settings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """One check: a source, a target, some inputs.

    Attributes:
        case: what was checked.
        source, target: what the two sides are, in words; ``source_runtime``, ``target_runtime``:
            what ran them.
        device: ``cpu`` or ``cuda``.
        dtype: the dtype of the comparison.
        verdict: the gravest of all parts.
        summary: one sentence for a person.
        certificate: the float64 certificate.
        outputs: the outputs in the model's own dtype.
        gradients: gradients of parameters and inputs.
        nodes: node by node, in execution order.
        culprit: where it goes wrong.
        points: elements of the outputs, for pictures.
        seed: of everything drawn.
        inputs: what was fed: name to shape and dtype in words.
        floor: spread of the source against itself, of the target against itself (A/A), over max
            |output|.
        seconds: how long the check took.
        repro: folder of the standalone repro, if one was written.
    """

    case: str
    source: str
    target: str
    source_runtime: str
    target_runtime: str
    device: str
    dtype: str
    verdict: Verdict
    summary: str
    certificate: Certificate
    outputs: tuple[Comparison, ...]
    gradients: tuple[Comparison, ...]
    nodes: tuple[NodeEvidence, ...]
    culprit: Culprit | None
    points: tuple[Points, ...]
    seed: int
    inputs: dict[str, str]
    floor: dict[str, float]
    seconds: float
    repro: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Some results and where they were made."""

    results: tuple[Result, ...]
    environment: Environment
    created: str
    schema_version: int = SCHEMA_VERSION

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict; ``inconclusive`` for an empty report."""
        return Verdict.worst(result.verdict for result in self.results)

    @property
    def passes(self) -> bool:
        """Whether every result lets a release go on."""
        return self.verdict.passes
