"""What a user may get wrong: one paragraph, the exit code, no traceback, nothing left behind."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch


def test_a_module_that_cannot_be_exported(cli, tmp_path):
    outcome = cli("convert", "specimens:branching", tmp_path / "out")
    assert outcome.code == 2
    assert "torch.export can't capture Branching" in outcome.message
    assert "branch on shapes, not on values" in outcome.message


def test_unsupported_operators_are_all_listed(cli, tmp_path):
    outcome = cli("convert", "specimens:exotic", tmp_path / "out")
    assert outcome.code == 3
    assert "specimens.first.default (2x" in outcome.message
    assert "specimens.second.default (1x" in outcome.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--input", "3x9"], "cannot be multiplied"),
        (["--input", "3x8:int64"], "dtype"),
        (["--input", "x=3x8", "--input", "y=3"], "don't fit Net.forward(x)"),
        (["--input", "3x8", "--input", "3x8"], "don't fit Net.forward(x)"),
        (["--input", "3y8"], "--input 3y8 can't be read"),
        (["--input", "3x8:float12"], "'float12' is not a valid DType"),
        (["--input", "3:int64:5..1"], "empty range"),
        (["--input", "x=3x8", "--input", "x=3x8"], "names x twice"),
        (["--dynamic", "z:0"], "no tensor input is called z"),
        (["--dynamic", "x:5"], "x has 2 axes"),
        (["--dynamic", "x"], "--dynamic x can't be read"),
        (["--inputs", "missing.npz"], "missing.npz can't be read"),
        (["--inputs", "specimens.py"], "specimens.py can't be read"),
        (["--inputs", "a.npz", "--input", "3x8"], "exclude each other"),
    ],
)
def test_inputs_that_do_not_fit(cli, tmp_path, options, says):
    outcome = cli("convert", "specimens:net", tmp_path / "out", *options)
    assert outcome.code == 2
    assert says in outcome.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("missing.pt2", "missing.pt2 does not exist"),
        ("missing", "missing does not exist"),
        ("nowhere:net", "nowhere can't be imported: ModuleNotFoundError"),
        ("specimens:nothing", "no callable called nothing"),
        ("specimens:np", "no callable called np"),
        ("specimens:broken", "raised ValueError: no luck"),
        ("specimens:number", "returned an object of type int"),
        ("specimens:bare", "comes without example inputs"),
        ("specimens.py", "no kind of model known here"),
        (".", "a folder without a config.json"),
    ],
)
def test_sources_that_are_none(cli, tmp_path, source, says):
    outcome = cli("convert", source, tmp_path / "out")
    assert outcome.code == 2
    assert says in outcome.message
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.pt", "model.bin", "model.safetensors"])
def test_a_checkpoint_is_told_from_a_model(cli, tmp_path, name):
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / name)
    outcome = cli("convert", tmp_path / name, tmp_path / "out")
    assert outcome.code == 2
    assert "holds weights, but not the code that uses them" in outcome.message


@pytest.mark.parametrize("content", [b"", b"not an archive", "zip"])
def test_a_pt2_file_that_is_something_else(cli, tmp_path, content):
    path = tmp_path / "model.pt2"
    if content == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("hello.txt", "hello")
    else:
        path.write_bytes(content)
    outcome = cli("convert", path, tmp_path / "out")
    assert outcome.code == 2
    assert ".pt2 archive" in outcome.message


def test_an_npz_with_a_pickle_inside_is_refused(cli, tmp_path):
    np.savez(tmp_path / "inputs.npz", x=np.array([{}], dtype=object))
    outcome = cli("convert", "specimens:net", tmp_path / "out", "--inputs", tmp_path / "inputs.npz")
    assert outcome.code == 2
    assert "can't be read" in outcome.message


@pytest.mark.parametrize("name", ["out", "out-report"])
def test_an_output_that_exists_needs_force(cli, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "precious.txt").write_text("precious")
    outcome = cli("convert", "specimens:net", tmp_path / "out")
    assert outcome.code == 2
    assert "exists already" in outcome.message
    assert "--force" in outcome.message
    assert (tmp_path / name / "precious.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("missing", "missing does not exist"),
        (".", "without a saved_model.pb"),
        ("specimens.py", "is no kind of target"),
        ("specimens:number", "has to return a Keras model"),
        ("specimens:two_outputs", "returns 2 tensors, the source 1"),
    ],
)
def test_targets_that_are_none(cli, tmp_path, target, says):
    outcome = cli("check", "specimens:net", target, "--report", tmp_path / "report")
    assert outcome.code == 2
    assert says in outcome.message


def test_a_damaged_saved_model(cli, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"damaged")
    outcome = cli("check", "specimens:net", tmp_path / "model", "--report", tmp_path / "report")
    assert outcome.code == 2
    assert "can't be loaded as a SavedModel" in outcome.message


@pytest.mark.parametrize("arguments", [["nonsense"], ["convert"], ["check", "a"], ["--nonsense"]])
def test_wrong_usage(cli, arguments):
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert "Usage: parity" in outcome.err


def test_a_failed_conversion_leaves_the_replaced_model_alone(cli, tmp_path):
    out = Path(tmp_path / "out")
    out.mkdir()
    (out / "precious.txt").write_text("precious")
    outcome = cli("convert", "specimens:exotic", out, "--force", "--no-check")
    assert outcome.code == 3
    assert (out / "precious.txt").read_text() == "precious"
    assert list(tmp_path.iterdir()) == [out]
