"""TorchScript files and checkpoints on the command line."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import tensorflow as tf
import torch

from parity.report import read


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_file_is_converted_with_an_open_dimension(cli, tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())
    torch.jit.script(module).save(str(tmp_path / "model.pt"))
    outcome = cli(
        "convert", tmp_path / "model.pt", tmp_path / "out", "--input", "2x4", "--no-gradients",
        "--dynamic", "input:0=2..8",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert read(tmp_path / "out-report").passes
    model = tf.saved_model.load(str(tmp_path / "out"))
    assert model(np.ones((5, 4), np.float32)).shape == (5, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="input has the size"):
        model(np.ones((9, 4), np.float32))


def test_weights_are_loaded_into_the_module_of_a_callable(cli, tmp_path):
    shapes = {"first.weight": (16, 8), "first.bias": (16,), "second.weight": (4, 16)}
    state = {f"model.{name}": torch.zeros(shape) for name, shape in shapes.items()}
    state["model.second.bias"] = torch.arange(4.0)
    torch.save({"epoch": 1, "state_dict": state}, tmp_path / "last.ckpt")
    outcome = cli(
        "convert", "specimens:net", tmp_path / "out", "--weights", tmp_path / "last.ckpt",
        "--no-gradients",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    np.testing.assert_array_equal(loaded(np.ones((3, 8), np.float32)), [range(4)] * 3)


class Command:
    """Would run something."""

    def __reduce__(self):
        return print, ("ran",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Command()), "last.ckpt"),
        (b"", "can't be read as a checkpoint"),
    ],
)
def test_a_checkpoint_that_is_no_data_is_refused_in_one_sentence(cli, tmp_path, content, words):
    (tmp_path / "last.ckpt").write_bytes(content)
    outcome = cli("convert", "specimens:net", tmp_path / "o", "--weights", tmp_path / "last.ckpt")
    assert outcome.code != 0
    assert words in outcome.message
    assert "Traceback" not in outcome.err
    assert "ran" not in outcome.out.split()
    assert not (tmp_path / "o").exists()
