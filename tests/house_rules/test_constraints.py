"""The environments with older TensorFlows differ from the pinned one in nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "2.19": {"numpy", "protobuf", "tensorboard", "tensorflow-cpu", "tensorflow-io-gcs-filesystem"},
    "2.20": {"tensorboard", "tensorflow-cpu"},
}
"""What TensorFlow asks for in other versions than the newest one does, and itself."""

OF_TENSORBOARD = {"markdown", "tensorboard-data-server", "werkzeug"}
"""Which the newest TensorFlow doesn't need."""


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name.lower()): version for name, version in pairs}


@pytest.mark.parametrize("release", NEEDED)
def test_an_older_tensorflow_runs_with_the_versions_that_the_newest_runs_with(release):
    newest, older = pins("constraints.txt"), pins(f"constraints-tf{release.replace('.', '')}.txt")
    others = {name for name, version in older.items() if newest.get(name) != version}
    assert others == NEEDED[release] | OF_TENSORBOARD
    assert older["tensorflow-cpu"].startswith(f"{release}.")
    assert {"torch", "keras", "hypothesis", "mpmath", "ml-dtypes"} <= set(older) - others
