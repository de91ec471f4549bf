"""``parity convert`` and ``check`` from TensorFlow and Keras to PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2 as frozen,
)

from parity.report import read

X = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)


class Pair(tf.Module):
    """Two functions of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 6, name="w")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def product(self, x):
        return {"product": tf.tanh(x @ self.w)}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], name="y")])
    def back(self, y):
        return {"back": tf.matmul(y, self.w, transpose_b=True)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder, pair = tmp_path_factory.mktemp("pair") / "saved", Pair()
    functions = {name: getattr(pair, name).get_concrete_function() for name in ("product", "back")}
    tf.saved_model.save(pair, folder, signatures=functions)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("keras") / "net.keras"
    inputs = [layers.Input((3,), name="x"), layers.Dense(4, "tanh", name="hidden")]
    keras.Sequential([*inputs, layers.Dense(2, name="head")]).save(path)
    return path


def test_a_converted_file_is_proven_as_it_was_written_and_again_by_check(cli, model, tmp_path):
    out = tmp_path / "net.pt2"
    outcome = cli("convert", model, out)
    assert outcome.code == 0, outcome.err
    report = read(tmp_path / "net.pt2-report")
    assert [r.target_runtime for r in report.results] == ["torch eager", "torch eager"]
    assert [r.certificate.outcome for r in report.results] == ["same function"] * 2
    assert cli("check", model, out, "--report", tmp_path / "again").code == 0


def test_a_changed_weight_is_found_by_check(cli, model, tmp_path):
    out = tmp_path / "net.pt2"
    assert cli("convert", model, out, "--no-check").code == 0
    program = torch.export.load(out)
    with torch.no_grad():
        program.state_dict["head.weight"][0] *= 1.001
    torch.export.save(program, tmp_path / "other.pt2")
    outcome = cli("check", model, tmp_path / "other.pt2", "--report", tmp_path / "report")
    assert outcome.code == 1
    assert "different function" in outcome.out


def test_weights_alone_and_other_formats_of_sources(cli, model, saved, tmp_path):
    outcome = cli("convert", model, tmp_path / "w.safetensors", "--no-gradients")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "w.safetensors").is_file()
    pair = tf.saved_model.load(str(saved))
    graph = frozen(pair.signatures["product"]).graph.as_graph_def()
    (tmp_path / "frozen.pb").write_bytes(graph.SerializeToString())
    outcome = cli("convert", tmp_path / "frozen.pb", tmp_path / "frozen.pt2", "--no-gradients")
    assert outcome.code == 0, outcome.err
    loaded = keras.saving.load_model(model)
    loaded.save(tmp_path / "net.h5")
    outcome = cli("convert", tmp_path / "net.h5", tmp_path / "h5.pt", "--no-gradients")
    assert outcome.code == 0, outcome.err
    assert "hidden.weight" in torch.load(tmp_path / "h5.pt", weights_only=True)


def test_a_signature_is_chosen_and_a_wrong_one_refused(cli, saved, tmp_path):
    outcome = cli("convert", saved, tmp_path / "out.pt2")
    assert outcome.code == 2
    assert "it has: back, product" in outcome.message
    assert "--signature" in outcome.message
    outcome = cli("convert", saved, tmp_path / "out.pt2", "--signature", "back")
    assert outcome.code == 0, outcome.err
    assert read(tmp_path / "out.pt2-report").results[0].inputs == {"y": "float32[2, 2]"}
    outcome = cli("check", saved, tmp_path / "out.pt2", "--signature", "middle")
    assert outcome.code == 2
    assert "no signature middle" in outcome.message


def test_custom_objects_come_from_the_users_own_code_only(cli, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "specimens")
    own = __import__("my_layers").Doubled
    keras.Sequential([layers.Input((3,)), own()]).save(tmp_path / "own.keras")
    outcome = cli("convert", tmp_path / "own.keras", tmp_path / "out.pt2")
    assert outcome.code == 2
    assert "--custom-objects my_layers:Doubled" in outcome.message
    options = ("--custom-objects", "my_layers:Doubled")
    outcome = cli("convert", tmp_path / "own.keras", tmp_path / "out.pt2", *options)
    assert outcome.code == 0, outcome.err
    module = torch.export.load(tmp_path / "out.pt2").module()
    np.testing.assert_array_equal(module(torch.from_numpy(X)).numpy(), 2 * X)
    sys.modules.pop("my_layers", None)


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        ("specimens:net", ["--signature", "one"], "--signature is for files of TensorFlow's"),
        ("specimens:net", ["--custom-objects", "a:B"], "--custom-objects is for files"),
    ],
)
def test_options_of_tensorflow_are_refused_for_pytorch(cli, tmp_path, source, options, says):
    outcome = cli("convert", source, tmp_path / "out", *options)
    assert outcome.code == 2
    assert says in outcome.message


def test_a_custom_object_that_is_not_there_is_named(cli, model, tmp_path):
    for text in ("my_layers:Tripled", "my_layers", "no_such_module:Doubled"):
        outcome = cli("convert", model, tmp_path / "out.pt2", "--custom-objects", text)
        assert outcome.code == 2
        assert text in outcome.message


def test_source_is_written_that_stands_alone_and_a_model_as_it_trains(cli, model, saved, tmp_path):
    keras.utils.set_random_seed(0)
    inputs = [layers.Input((3,), name="x"), layers.Dense(4), layers.BatchNormalization(name="norm")]
    keras.Sequential([*inputs, layers.Dense(2)]).save(tmp_path / "norm.keras")
    out = tmp_path / "norm.py"
    outcome = cli("convert", tmp_path / "norm.keras", out, "--training", "--input", "8x3")
    assert outcome.code == 0, outcome.err
    assert "self.norm.running_mean.copy_(" in out.read_text()
    assert out.with_suffix(".safetensors").is_file()
    trained = read(tmp_path / "norm.py-report").results[0]
    assert trained.certificate.outcome == "same function"
    outcome = cli("convert", saved, tmp_path / "out.pt2", "--signature", "back", "--training")
    assert outcome.code == 2
    assert "only a Keras model says how it trains" in outcome.message
    outcome = cli("convert", model, tmp_path / "other.pt2", "--channels-last")
    assert outcome.code == 2
    assert "--channels-last is for conversions to TensorFlow" in outcome.message
