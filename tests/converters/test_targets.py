"""The formats a conversion is written in: the suffix chooses, and what can't be is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from converters import Conversion, OutputError, require_writable, torch_to_tf


@pytest.fixture(scope="module")
def linear() -> Conversion:
    return torch_to_tf(torch.nn.Linear(3, 2).eval(), (torch.ones(1, 3),))


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "model.h5", "model.TXT", "a.b.wrong"])
def test_an_unknown_suffix_is_refused_with_what_can_be_written(linear, tmp_path, name):
    with pytest.raises(OutputError, match=r"can't be written from PyTorch.*SavedModel"):
        linear.save(tmp_path / name)
    with pytest.raises(OutputError, match=r"can't be written from PyTorch"):
        require_writable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_version_number_is_no_suffix(linear, tmp_path):
    assert (linear.save(tmp_path / "net-1.5") / "saved_model.pb").is_file()


def test_an_option_that_a_format_does_not_know_is_refused_by_name(linear, tmp_path: Path):
    with pytest.raises(OutputError, match=r"SavedModel.*knows no option quantise"):
        linear.save(tmp_path / "model", quantise="int8")
    assert list(tmp_path.iterdir()) == []
