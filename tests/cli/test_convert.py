"""``parity convert`` from every kind of source."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
import torch

from parity.report import read


def test_a_callable_is_converted_saved_and_proven(cli, tmp_path):
    outcome = cli("convert", "specimens:net", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    x = np.ones((3, 8), np.float32)
    assert tf.saved_model.load(str(tmp_path / "out"))(x).shape == (3, 4)
    report = read(tmp_path / "out-report")
    assert report.passes
    assert report.results[0].gradients
    assert "same function" in outcome.out


def test_json_alone_is_on_stdout(cli, tmp_path):
    outcome = cli(
        "convert", "specimens:net", tmp_path / "out", "--json", "--report", tmp_path / "proof"
    )
    summary = json.loads(outcome.out)
    assert summary["passes"] is True
    assert summary["output"] == str(tmp_path / "out")
    assert summary["report"] == str(tmp_path / "proof")
    assert (tmp_path / "proof" / "report.html").is_file()


def test_an_exported_program_brings_its_inputs(cli, tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())
    program = torch.export.export(module, (torch.ones(2, 4),))
    torch.export.save(program, tmp_path / "model.pt2")
    outcome = cli("convert", tmp_path / "model.pt2", tmp_path / "out", "--no-gradients")
    assert outcome.code == 0, outcome.err
    assert not read(tmp_path / "out-report").results[0].gradients


def test_inputs_from_a_file(cli, tmp_path):
    np.savez(tmp_path / "inputs.npz", x=np.ones((5, 8), np.float32))
    outcome = cli(
        "convert", "specimens:bare", tmp_path / "out", "--inputs", tmp_path / "inputs.npz"
    )
    assert outcome.code == 0, outcome.err
    assert read(tmp_path / "out-report").results[0].inputs == {"x": "float32[5, 8]"}


def test_an_open_dimension_takes_other_sizes(cli, tmp_path):
    outcome = cli(
        "convert", "specimens:net", tmp_path / "out", "--dynamic", "x:0=1..64", "--no-check"
    )
    assert outcome.code == 0, outcome.err
    assert "not checked" in outcome.out
    model = tf.saved_model.load(str(tmp_path / "out"))
    assert model(np.ones((17, 8), np.float32)).shape == (17, 4)


def test_force_replaces_what_is_there(cli, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    outcome = cli("convert", "specimens:net", tmp_path / "out", "--force", "--no-check")
    assert outcome.code == 0, outcome.err
    assert not (tmp_path / "out" / "old.txt").exists()


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_hugging_face_folder_with_inputs_of_its_own(cli, tmp_path, attention):
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        attn_implementation=attention,
    )
    BertModel(config).save_pretrained(tmp_path / "bert")
    outcome = cli("convert", tmp_path / "bert", tmp_path / "out", "--no-gradients")
    assert outcome.code == 0, outcome.err
    assert set(read(tmp_path / "out-report").results[0].inputs) == {"input_ids", "attention_mask"}


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
def test_a_file_is_proven_as_it_was_written_besides_the_conversion(cli, tmp_path, suffix):
    out = tmp_path / f"net{suffix}"
    outcome = cli("convert", "specimens:net", out, "--no-gradients", "--json")
    assert outcome.code == 0, outcome.err
    report = read(tmp_path / f"net{suffix}-report" / "report.json")
    assert [result.target_runtime.split()[0] for result in report.results] == [
        "tf.function",
        "frozen" if suffix == ".pb" else "LiteRT",
    ]
    outcome = cli("check", "specimens:net", out, "--report", tmp_path / "again")
    assert outcome.code == 0, outcome.err


def test_a_calibration_set_is_read_from_a_file(cli, tmp_path):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((4, 3, 8)).astype(np.float32)
    np.savez(tmp_path / "calibration.npz", x=x)
    options = ("--quantize", "int8", "--calibration", tmp_path / "calibration.npz")
    outcome = cli("convert", "specimens:net", tmp_path / "net.tflite", *options, "--no-gradients")
    assert outcome.code == 0, outcome.err
    report = read(tmp_path / "net.tflite-report" / "report.json")
    assert [str(result.verdict) for result in report.results] == ["rounding", "quantisation"]
    page = (tmp_path / "net.tflite-report" / "report.html").read_text()
    assert "same function up to quantised weights" in page
    assert "quantisation" in (tmp_path / "net.tflite-report" / "report.md").read_text()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("net.tflite", ["--quantize", "int8"], "needs a calibration set"),
        ("net.pb", ["--quantize", "dynamic"], "knows no option quantize"),
        ("net.onnx", [], "What can be written"),
        ("net.tflite", ["--quantize", "int8", "--calibration", "ragged.npz"], "same number"),
        ("net.tflite", ["--quantize", "int8", "--calibration", "wide.npz"], "has the shape 3x9"),
    ],
)
def test_unusable_formats_and_calibration_sets(cli, tmp_path, monkeypatch, name, options, says):
    np.savez(tmp_path / "ragged.npz", x=np.ones((2, 3, 8), np.float32), y=np.ones((3, 1)))
    np.savez(tmp_path / "wide.npz", x=np.ones((2, 3, 9), np.float32))
    given = [tmp_path / o if str(o).endswith(".npz") else o for o in options]
    outcome = cli("convert", "specimens:net", tmp_path / name, *given)
    assert outcome.code == 2
    assert says in outcome.message
    assert not (tmp_path / name).exists()
