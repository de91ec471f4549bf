"""``parity map`` on the command line."""

from __future__ import annotations

import json

import keras
import torch


def test_a_mapping_is_written_once_it_is_proven(cli, tmp_path):
    given = keras.Input((8,))
    x = keras.layers.Dense(16, activation="tanh", name="one")(given)
    keras.Model(given, keras.layers.Dense(4, name="two")(x)).save(tmp_path / "model.keras")
    outcome = cli(
        "map", "specimens:net", tmp_path / "model.keras", tmp_path / "map.toml", "--json",
        "--input", "3x8",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    facts = json.loads(outcome.out)
    assert facts["decided"] == {"shape": 4}
    text = (tmp_path / "map.toml").read_text()
    assert 'source = "first.weight"\ntarget = "layers/dense/vars/0"\nlayout = "transpose"' in text
    torch.save({"first.weight": torch.ones(16, 8)}, tmp_path / "part.pt")
    outcome = cli(
        "checkpoint", tmp_path / "part.pt", tmp_path / "out.weights.h5", "--map",
        tmp_path / "map.toml",
    )  # fmt: skip
    assert outcome.code == 2
    assert "missing: first.bias" in outcome.message


def test_a_target_without_names_is_refused(cli, tmp_path):
    (tmp_path / "model.pb").write_bytes(b"")
    outcome = cli("map", "specimens:net", tmp_path / "model.pb", tmp_path / "m.toml")
    assert outcome.code == 2
    assert "has no weights that can be told apart by name" in outcome.message
    assert not (tmp_path / "m.toml").exists()
