"""A spread sample of PyTorch's operator database; ``tox run -e sweep`` runs all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cases.known_limits import KNOWN
from cases.op_db import Outcome, Tally, operators, samples, tally
from cases.sweep import fingerprint, keep, kept

STRIDE = 9
SAMPLES = 3
NAMES = [name for name in sorted(operators())[::STRIDE] if name not in KNOWN]


@pytest.mark.parametrize("name", NAMES)
def test_samples_convert_and_compute_what_pytorch_computes(name: str) -> None:
    found = tally(name, limit=SAMPLES)
    assert found.verdict in ("right", "random", "not exportable"), found.failures


def test_what_is_known_not_to_work_is_in_the_database() -> None:
    assert set(KNOWN) <= set(operators())
    assert all(reason.strip() for reason in KNOWN.values())


def test_samples_are_the_same_in_every_run() -> None:
    first, second = ([str(sample) for sample in samples("nn.functional.conv2d")] for _ in range(2))
    assert first == second
    assert len(first) > 5


def test_a_wrong_lowering_is_found(monkeypatch) -> None:
    import tensorflow as tf

    from converters.torch_to_tf.lowerings import load

    lowering = load().get("aten.erf.default")
    monkeypatch.setattr(type(lowering), "function", property(lambda _: tf.tanh))
    found = tally("erf", limit=2)
    assert found.verdict == "wrong"
    assert found.counts["wrong"] > 0
    assert "the target is" in found.failures[0].detail


def test_results_are_kept_for_the_same_code_only(tmp_path: Path) -> None:
    result = Tally("add", "float32", {"right": 3, "wrong": 1}, (Outcome("0", "wrong", "off"),), 1.5)
    keep(tmp_path, fingerprint(), result)
    assert kept(tmp_path, fingerprint()) == {"add": result}
    assert kept(tmp_path, "another") == {}
    assert json.loads((tmp_path / "add.json").read_text())["operator"] == "add"


@pytest.mark.parametrize(
    ("counts", "verdict", "judged"),
    [
        ({"right": 3}, "right", 3),
        ({"right": 3, "wrong": 1}, "wrong", 4),
        ({"right": 9, "unsupported": 2, "error": 1}, "unsupported", 12),
        ({"random": 2}, "random", 0),
        ({"not exportable": 2, "right": 1}, "right", 1),
        ({}, "not exportable", 0),
    ],
)
def test_one_sample_that_is_not_right_decides(counts, verdict, judged) -> None:
    found = Tally("x", "float32", counts)
    assert (found.verdict, found.judged) == (verdict, judged)
