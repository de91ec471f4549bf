"""Names of a stranger's layers, inputs and outputs are names in the source, and nothing else."""

from __future__ import annotations

import importlib.util

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
from converters.tf_to_torch.readable.table import plain

X = np.random.default_rng(7).standard_normal((2, 6)).astype(np.float32)
HOSTILE = 'out"]; import pathlib; pathlib.Path("written").touch(); ["'


def converted(model: keras.Model, path) -> tuple[torch.nn.Module, torch.nn.Module]:
    conversion = converters.tf_to_torch(model)
    conversion.save(path)
    spec = importlib.util.spec_from_file_location("converted_source", path)
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    return conversion.model, source.load()


@pytest.mark.parametrize(
    "name", ["train", "training", "load_state_dict", "_parameters", "__init__", "self", "torch"]
)
def test_a_layer_may_be_called_as_a_part_of_every_module(name, tmp_path):
    named = layers.Input((6,), name=name)
    model = keras.Model(named, layers.Dense(3, name="last")(layers.Dense(4)(named)), name="Path")
    check(model, tmp_path / "input.py")
    inputs = layers.Input((6,))
    outputs = layers.Dense(3, name="last")(layers.ReLU(name=name)(layers.Dense(4)(inputs)))
    check(keras.Model(inputs, outputs), tmp_path / "layer.py")


def check(model: keras.Model, path) -> None:
    expected = model(X).numpy()
    for module in converted(model, path):
        found = module.eval()(torch.from_numpy(X)).detach().numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_name_that_looks_like_code_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inputs = layers.Input((6,), name='in"""put')
    model = keras.Model(inputs, {HOSTILE: layers.Dense(3, name="d")(inputs)})
    for module in converted(model, tmp_path / "net.py"):
        assert list(module(torch.from_numpy(X))) == [HOSTILE]
    assert not (tmp_path / "written").exists()


def test_words_of_a_docstring_can_not_end_it():
    assert plain('net""" + "\\') == "net___ + __"
