"""The script that a failed check leaves behind runs by itself."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

import converters
import parity
from converters.torch_to_tf.lowerings import load

X = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)


@pytest.mark.usefixtures("own_lowerings")
def test_the_repro_of_a_wrong_operator_shows_the_difference(tmp_path, monkeypatch):
    registry = load()
    right = registry.get("aten.sigmoid.default")
    wrong = dataclasses.replace(right, function=lambda x: right.function(x) + 0.25)
    registry._lowerings[right.op] = wrong
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Sigmoid())
    report = parity.check(model, converters.torch_to_tf(model, (X,)), (X,), repro=tmp_path / "r")
    assert report.results[0].culprit.op == right.op
    monkeypatch.delenv("PYTHONPATH", raising=False)  # nothing of this project is needed
    done = subprocess.run(
        [sys.executable, "repro.py"], cwd=tmp_path / "r", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "max |target - source| = 0.25" in done.stdout
