"""A checkpoint is listed without a framework, in less than a second, as the framework lists it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cases.checkpoint_specimens import SPECIMENS, write_all
from converters import CheckpointError, convert_checkpoint, list_checkpoint, open_checkpoint

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("a.safetensors", "a.pt", "a.weights.h5", "a.index", "folder", "a.weights.json", "a.dcp")
PROGRAM = """
import sys
from parity.cli import main
assert main(["checkpoint", sys.argv[1], "--inspect", "--json"]) == 0
loaded = {"torch", "tensorflow", "keras", "transformers"} & sys.modules.keys()
assert not loaded, loaded
"""


@pytest.fixture(scope="module")
def thousand(tmp_path_factory) -> Path:
    import safetensors.numpy

    folder = tmp_path_factory.mktemp("thousand")
    arrays = {f"layers.{i}.weight": np.full((2, 3), i, np.float32) for i in range(1000)}
    safetensors.numpy.save_file(arrays, folder / "a.safetensors")
    for name in NAMES[1:]:
        convert_checkpoint(folder / "a.safetensors", folder / name)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_tensors_are_listed_without_a_framework(name, thousand):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, thousand / name],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["tensors"]
    assert len(listed) == 1000
    assert listed["layers.7.weight"] == {"dtype": "float32", "shape": [2, 3], "bytes": 24}


def test_listing_takes_less_than_a_second_of_the_processor(thousand):
    """Processor time, for other programs may keep the machine busy."""
    before = time.process_time()
    for name in NAMES:
        start = time.process_time()
        assert len(list_checkpoint(thousand / name)) == 1000
        assert time.process_time() - start < 1
    assert time.process_time() > before


def test_what_is_listed_is_what_the_frameworks_read(tmp_path):
    write_all(tmp_path)
    for item in SPECIMENS:
        path = tmp_path / item.name.replace(" ", "-") / item.path
        with open_checkpoint(path) as found:
            assert list_checkpoint(path) == dict(found.tensors), item.name


def test_a_root_is_listed_alone_and_a_harmful_pickle_is_refused(tmp_path):
    import torch

    class Harm:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "mark"),))

    torch.save({"state_dict": {"w": torch.ones(2)}, "epoch": 3}, tmp_path / "a.ckpt")
    assert list(list_checkpoint(tmp_path / "a.ckpt", root="state_dict")) == ["w"]
    with pytest.raises(CheckpointError, match="its names begin with state_dict"):
        list_checkpoint(tmp_path / "a.ckpt", root="model")
    torch.save({"w": torch.ones(2), "harm": Harm()}, tmp_path / "b.ckpt")
    with pytest.raises(CheckpointError, match="is refused"):
        list_checkpoint(tmp_path / "b.ckpt")
    assert not (tmp_path / "mark").exists()
