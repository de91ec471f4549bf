"""Architectures of transformers: a spread of them; ``tox run -e zoo`` proves them all."""

from __future__ import annotations

from collections import Counter

import pytest

from cases.architectures import architectures
from cases.models import model_cases
from cases.zoo import prove

SPREAD = ("deberta-v2", "gemma2", "mixtral", "mamba2", "levit", "wavlm")
"""Relative positions, a soft cap, experts, a state space, convolutions, a gated bias."""


@pytest.mark.parametrize("name", SPREAD)
def test_an_architecture_is_proved(name, tmp_path):
    proof = prove(name, tmp_path, gradients=False)
    assert proof.outcome == "proved", proof.detail
    assert (tmp_path / name / "report.html").is_file()


def test_an_architecture_is_proved_at_sizes_that_were_never_traced(tmp_path):
    proof = prove("clip", tmp_path, dynamic=True)
    assert proof.outcome == "proved", proof.detail
    assert proof.gradients > 0


def test_every_architecture_has_a_name_of_its_own():
    names = [row.name for row in architectures()] + [case.name for case in model_cases()]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_architecture_is_a_class_of_transformers():
    transformers = pytest.importorskip("transformers")
    assert [row.name for row in architectures() if not hasattr(transformers, row.model)] == []


def test_every_open_size_is_a_size_of_the_inputs():
    for row in architectures():
        named = {size for one in row.inputs.values() for size in one.shape if isinstance(size, str)}
        assert set(row.open) <= named, row.name
