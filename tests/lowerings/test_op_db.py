"""A spread sample of PyTorch's operator database; ``tox run -e sweep`` runs all of it."""

from __future__ import annotations

import pytest
import tensorflow as tf
import torch

from cases.known_limits import KNOWN, OTHERS
from cases.op_db import Sample, operators, samples
from cases.op_verdicts import Tally, judge, tally
from converters.torch_to_tf.lowerings import load

STRIDE = 9
SAMPLES = 3
NAMES = [name for name in sorted(operators())[::STRIDE] if name not in KNOWN]


@pytest.mark.parametrize("name", NAMES)
def test_samples_convert_and_compute_what_pytorch_computes(name: str) -> None:
    found = tally(name, limit=SAMPLES)
    assert found.verdict in ("right", "not exportable"), found.failures


def test_what_is_known_not_to_work_is_in_the_database() -> None:
    assert set(KNOWN) <= set(operators())
    assert all(reason.strip() for reason in KNOWN.values())
    for dtype, limits in OTHERS.items():
        assert set(limits) <= set(operators(dtype))
        assert all(reason.strip() for reason in limits.values())


def test_samples_are_the_same_in_every_run() -> None:
    first, second = ([str(sample) for sample in samples("nn.functional.conv2d")] for _ in range(2))
    assert first == second
    assert len(first) > 5


def test_a_random_operator_has_pytorchs_distribution() -> None:
    for name in ("bernoulli", "nn.functional.dropout2d", "randint"):
        found = tally(name, limit=2)
        assert found.verdict == "right", found.failures


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("rand_like", lambda x, dtype=None: tf.random.uniform(x.shape, 0, 0.9, x.dtype)),
        ("randn_like", lambda x, dtype=None: 1.3 * tf.random.normal(x.shape, dtype=x.dtype)),
        (
            "randn_like",
            lambda x, dtype=None: tf.zeros_like(x) + tf.random.normal([], dtype=x.dtype),
        ),
        ("randn_like", lambda x, dtype=None: tf.zeros_like(x)),
    ],
    ids=["other bounds", "another deviation", "one number for all", "no number"],
)
def test_another_distribution_is_found(monkeypatch, name, draw) -> None:
    lowering = load().get(f"aten.{name}.default")
    monkeypatch.setattr(type(lowering), "function", property(lambda _: draw))

    class Call(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return getattr(torch, name)(x)

    sample = Sample(0, Call(), (torch.zeros(20),), (False,))
    assert judge(sample, "float32").status == "wrong"


def test_memory_that_nobody_wrote_has_only_a_form() -> None:
    assert tally("empty", limit=2).verdict == "right"


def test_a_wrong_lowering_is_found(monkeypatch) -> None:
    lowering = load().get("aten.erf.default")
    monkeypatch.setattr(type(lowering), "function", property(lambda _: tf.tanh))
    found = tally("erf", limit=2)
    assert found.verdict == "wrong"
    assert found.counts["wrong"] > 0
    assert "the target is" in found.failures[0].detail


@pytest.mark.parametrize(
    ("counts", "verdict", "judged"),
    [
        ({"right": 3}, "right", 3),
        ({"right": 3, "wrong": 1}, "wrong", 4),
        ({"right": 9, "unsupported": 2, "error": 1}, "unsupported", 12),
        ({"not exportable": 2, "right": 1}, "right", 1),
        ({}, "not exportable", 0),
    ],
)
def test_one_sample_that_is_not_right_decides(counts, verdict, judged) -> None:
    found = Tally("x", "float32", counts)
    assert (found.verdict, found.judged) == (verdict, judged)
