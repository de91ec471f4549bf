"""Reports drawn by a seeded generator, without any framework: healthy, faulty, and broken ones."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from parity.results import (
    Certificate,
    Comparison,
    Culprit,
    Environment,
    NodeEvidence,
    Points,
    Report,
    Result,
    Worst,
)
from parity.verdict import Verdict

U = 2.0**-24
HIDDEN = (2, 16, 64)
INF, NAN = float("inf"), float("nan")

LAYER = (
    ("linear", "attention.self.query"),
    ("linear", "attention.self.key"),
    ("linear", "attention.self.value"),
    ("transpose", "attention.self"),
    ("scaled_dot_product_attention", "attention.self"),
    ("reshape", "attention.self"),
    ("linear", "attention.output.dense"),
    ("add", "attention.output"),
    ("layer_norm", "attention.output.LayerNorm"),
    ("linear", "intermediate.dense"),
    ("gelu", "intermediate"),
    ("linear", "output.dense"),
    ("add", "output"),
    ("layer_norm", "output.LayerNorm"),
)
OVERLOADS = {"transpose": "int", "add": "Tensor", "embedding": "default"}
MOVEMENT = ("transpose", "reshape", "embedding")


class Draw:
    """Draws evidence whose errors stand to the noise as those of real pairs do."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def comparison(
        self,
        name: str,
        *,
        noise: float,
        times: float,
        shape: tuple[int, ...] = HIDDEN,
        rule: str = "noise floor",
        factor: float = 24.0,
        unit: float = U,
    ) -> Comparison:
        """A tensor whose error is ``times`` its noise."""
        error = noise * times * self.random.uniform(0.95, 1.05)
        own = noise * 2.0 * self.random.uniform(0.9, 1.1)
        margin = times / factor
        failed = margin > 1
        elements = 1
        for size in shape:
            elements *= size
        verdict = Verdict.mismatch if failed else Verdict.rounding
        detail = (
            f"the target is {margin:.3g} times further from the oracle than its arithmetic explains"
        )
        return Comparison(
            name,
            shape,
            "float32" if unit == U else "float64",
            elements,
            Verdict.exact if noise == 0 and times == 0 else verdict,
            "exact" if noise == 0 else rule,
            detail if failed else "",
            max_abs=4 * error,
            max_rel=error,
            ulp_max=8 * error / unit,
            ulp_p99=3 * error / unit,
            source_error=own,
            target_error=error,
            noise=noise,
            tolerance=factor * noise,
            tolerance_from=f"calibrated: {factor:g} times the noise floor",
            margin=margin,
            sign_bias=self.random.uniform(-0.02, 0.02),
            worse_side="target" if times > 4 else "neither",
            worst=Worst((0, 3, 17), (0.5).hex(), (0.5 + 4 * error).hex(), (0.5 + error / 9).hex()),
            eta=times if rule == "sums" else 0.0,
            zone="expected" if rule == "sums" else "",
        )


def bert_nodes(draw: Draw, fault_from: int | None) -> tuple[NodeEvidence, ...]:
    """Ninety nodes in execution order; from ``fault_from`` on the total error is too large."""
    places = [
        ("embedding", f"embeddings.{part}_embeddings") for part in ("word", "position", "token")
    ]
    places += [("add", "embeddings"), ("layer_norm", "embeddings.LayerNorm")]
    places += [(op, f"encoder.layer.{layer}.{part}") for layer in range(6) for op, part in LAYER]
    places += [("tanh", "pooler.activation")]
    nodes = []
    for index, (op, module) in enumerate(places):
        exact, faulty = op in MOVEMENT, index == fault_from
        noise = 4 * U * (1 + index) ** 0.5
        total = 2.5 + draw.random.uniform(-0.2, 0.2)
        total *= (
            60 / (1 + (index - fault_from) ** 0.5)
            if fault_from is not None and index >= fault_from
            else 1
        )
        local = 0.0 if exact else (900.0 if faulty else draw.random.uniform(0.3, 3.0))
        name = op if not index else f"{op}_{index}"
        wide = 0.0 if exact else (5e6 if faulty else 1.0)
        nodes.append(
            NodeEvidence(
                name,
                f"aten.{op}.{OVERLOADS.get(op, 'default')}",
                f"bert.{module}",
                f"transformers/models/bert/modeling_bert.py:{300 + 3 * index}",
                f"bert/{module.replace('.', '/')}/{name}:0",
                covered=True,
                total=draw.comparison(name, noise=noise, times=total),
                local=draw.comparison(
                    name,
                    noise=0.0 if exact else 2 * U,
                    times=local,
                    rule="sums" if op == "linear" else "local bound",
                    factor=16.0,
                ),
                certificate=draw.comparison(
                    name, noise=0.0 if exact else 4e-17, times=wide, factor=256.0, unit=2.0**-53
                ),
                magnitude=draw.random.uniform(0.5, 2.0),
            )
        )
    return tuple(nodes)


def usual(*place: object) -> float:
    """How a gradient's error stands to its noise; another machine moves it little."""
    return random.Random(repr(place)).uniform(1.5, 4.0)


def points(draw: Draw, name: str, times: float) -> Points:
    """Elements whose magnitudes span some decades."""
    magnitude = [10 ** draw.random.uniform(-4, 1) for _ in range(800)]
    error = [abs(draw.random.gauss(0, times * U * (0.3 + m))) for m in magnitude]
    return Points(name, (*magnitude, 0.0), (*error, 0.0), 24 * 4 * U)


ENVIRONMENT = Environment(
    versions={"keras": "3.15.1", "numpy": "2.4.6", "tensorflow": "2.21.0", "torch": "2.13.0+cpu"},
    python="3.11.7",
    platform="Linux-6.1-x86_64-with-glibc2.36",
    cpu="Intel(R) Xeon(R) Processor @ 2.50GHz",
    cpu_flags=("avx", "avx2", "avx512f", "fma", "sse2"),
    gpu="none",
    threads={"cpus": 2, "tensorflow: within an operator": 0, "torch: within an operator": 2},
    settings={
        "tensorflow: flush to zero": "on",
        "tensorflow: oneDNN": "on",
        "torch: flush to zero": "off",
    },
)


def bert(seed: int = 0, *, fault_from: int | None = None, uncovered: int = 0) -> Result:
    """A BERT, healthy or with a layer norm whose epsilon is wrong."""
    draw = Draw(seed)
    nodes = bert_nodes(draw, fault_from)
    nodes = tuple(
        replace(
            node, covered=False, reason="no tensor of the target stands for it",
            target="", total=None, local=None, certificate=None,
        )
        if 10 <= index < 10 + uncovered
        else node
        for index, node in enumerate(nodes)
    )  # fmt: skip
    times = 2.5 if fault_from is None else 45.0
    outputs = (
        draw.comparison("last_hidden_state", noise=4e-6, times=times),
        draw.comparison("pooler_output", noise=2e-6, times=times, shape=(2, 64)),
    )
    wide = 30.0 if fault_from is None else 8e6
    certified = tuple(
        draw.comparison(o.name, noise=5e-15, times=wide, factor=256.0, shape=o.shape, unit=2.0**-53)
        for o in outputs
    )
    same = fault_from is None
    fault = None if same else nodes[fault_from or 0]
    gradients = tuple(
        draw.comparison(
            f"encoder.layer.{layer}.{part}.{kind}",
            noise=3e-6,
            times=usual(layer, part, kind) * draw.random.uniform(0.8, 1.25) * (1 if same else 9),
            shape=(64, 64) if kind == "weight" else (64,),
        )
        for layer in range(6)
        for part in ("attention.self.query", "attention.output.dense", "output.dense")
        for kind in ("weight", "bias")
    )
    return Result(
        case="bert-base",
        source="BertModel",
        target="converted BertModel",
        source_runtime="torch eager",
        target_runtime="tf.function",
        device="cpu",
        dtype="float32",
        verdict=Verdict.rounding if same else Verdict.mismatch,
        summary="The two compute the same function; what differs is rounding, at most 16.7 % of "
        "what this model's own arithmetic explains."
        if fault is None
        else f"Not the same: {fault.op} at {fault.name} of module {fault.module} goes wrong first.",
        certificate=Certificate(
            "same function" if same else "different function",
            "in float64 both sides agree to float64's own rounding"
            if same
            else "in float64 last_hidden_state still differs by 4e-08 of its size",
            certified,
            max(c.max_rel for c in certified),
            tuple(node.name for node in nodes if not node.covered),
        ),
        outputs=outputs,
        gradients=gradients,
        nodes=nodes,
        culprit=None
        if fault is None
        else Culprit(
            fault.name, fault.op, fault.module, fault.source, "in float64 it is off by 3e5"
        ),
        points=tuple(points(draw, o.name, times) for o in outputs),
        seed=seed,
        inputs={"input_ids": "int64[2, 16]", "attention_mask": "int64[2, 16]"},
        floor={"source": 0.0, "target": 1e-7},
        seconds=12.5,
        repro="" if same else "reports/bert-base/repro",
    )


def broken() -> Result:
    """A tiny model with NaN on one side, infinities, no gradients, and uncovered nodes."""
    draw = Draw(7)
    output = replace(
        draw.comparison("logits|weird\n`name`", noise=1e-6, times=3.0, shape=(3,)),
        verdict=Verdict.mismatch,
        rule="exact",
        detail="2 of 3 elements are NaN or infinite on one side only",
        nan_mismatches=2,
        max_abs=INF,
        max_rel=NAN,
        margin=INF,
        ulp_max=INF,
        worst=Worst((), "nan", "inf", "-inf"),
    )
    nodes = (
        NodeEvidence(
            "log", "aten.log.default", "", "", "log:0", covered=True,
            total=output, local=replace(output, name="log"), magnitude=INF,
        ),
        NodeEvidence("view", "aten.view.default", "head", "", "", covered=False, reason="fused"),
        NodeEvidence("neg", "aten.neg.default", "head", "", "", covered=False, reason="fused"),
    )  # fmt: skip
    return replace(
        bert(7),
        case="tiny",
        verdict=Verdict.mismatch,
        summary="logits: 2 of 3 elements are NaN or infinite on one side only.",
        certificate=Certificate("not taken", "lgamma has no float64 kernel", (), NAN, ("lgamma",)),
        outputs=(output,),
        gradients=(),
        nodes=nodes,
        culprit=Culprit("log", "aten.log.default", "", "", "on its own it gives NaN"),
        points=(
            Points("logits", (0.0, 1.0, INF), (NAN, 0.5, 0.0), 0.0),
            Points("empty", (), (), NAN),
        ),
        floor={"source": NAN, "target": INF},
    )  # fmt: skip


def undecided() -> Result:
    """Nothing could be concluded."""
    output = replace(
        bert(3).outputs[0],
        elements=0,
        shape=(0, 4),
        verdict=Verdict.inconclusive,
        rule="structure",
        detail="the tensor has no elements, so nothing was compared",
        margin=INF,
        worst=None,
    )
    return replace(
        bert(3),
        case="empty-batch",
        verdict=Verdict.inconclusive,
        summary="Nothing was compared.",
        certificate=Certificate("not taken", "no output has elements", (), 0.0, ("all outputs",)),
        outputs=(output,),
        gradients=(),
        nodes=(),
        points=(),
    )


def crashed() -> Result:
    """One side failed to run."""
    return replace(
        undecided(),
        case="crash",
        verdict=Verdict.error,
        summary="The target failed: ResourceExhaustedError: out of memory \x1b[31m\x00 at step 3.",
        outputs=(),
        floor={},
        inputs={},
    )


def different() -> Result:
    """A registered difference, asserted to be there."""
    healthy = bert(4)
    first = replace(
        healthy.outputs[0],
        verdict=Verdict.known_difference,
        rule="registry",
        detail="TensorFlow flushes denormals to zero",
        nan_mismatches=3,
        margin=40.0,
    )
    return replace(
        healthy,
        case="denormals",
        verdict=Verdict.known_difference,
        summary="TensorFlow flushes denormals to zero, as registered.",
        outputs=(first, healthy.outputs[1]),
    )


def report_of(*results: Result) -> Report:
    """Results as a report."""
    return Report(results, ENVIRONMENT, "2026-11-21T05:00:00+00:00")


@pytest.fixture(scope="session")
def reports() -> dict[str, Report]:
    """Reports of every kind, by name."""
    kinds = {
        "healthy": (bert(),),
        "epsilon": (bert(fault_from=18),),
        "broken": (broken(),),
        "undecided": (undecided(),),
        "crashed": (crashed(),),
        "known difference": (different(),),
        "empty": (),
    }
    singles = {name: report_of(*results) for name, results in kinds.items()}
    every = [result for results in kinds.values() for result in results]
    distinct = [replace(r, case=f"{r.case}-{i}") for i, r in enumerate(every)]
    return {**singles, "many": report_of(*distinct)}


@pytest.fixture(scope="session")
def make():
    """The generators themselves, for tests that vary them."""
    return {"bert": bert, "broken": broken, "different": different, "report": report_of}
