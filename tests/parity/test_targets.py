"""Files as targets of a check: each is run as it ships, and strangers' files are not trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn

import parity
from converters import torch_to_tf
from parity.errors import CheckError
from parity.results import Result
from parity.verdict import Verdict


class Net(nn.Module):
    """A convolution, a normalisation, an activation that fuses, and a projection."""

    def __init__(self, epsilon: float = 1e-5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.projection = nn.Linear(8, 4)
        self.norm = nn.LayerNorm(8, eps=epsilon)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Two outputs."""
        features = torch.relu(self.stem(image)).mean((2, 3))
        return {"features": features, "scores": self.projection(self.norm(features))}


IMAGE = torch.linspace(-1, 1, 2 * 3 * 7 * 6).reshape(2, 3, 7, 6).sin()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    conversion = torch_to_tf(Net().eval(), (IMAGE,))
    return {s: conversion.save(folder / f"net{s}") for s in (".pb", ".tflite")}


def checked(source: nn.Module, path: Path) -> Result:
    return parity.check(source.eval(), path, (IMAGE,)).results[0]


def test_a_frozen_graph_gets_the_float64_certificate_and_every_node(files):
    result = checked(Net(), files[".pb"])
    assert result.verdict is Verdict.rounding, result.summary
    assert result.certificate.outcome == "same function"
    assert [node.name for node in result.nodes if not node.covered] == []


def test_a_tflite_file_is_judged_in_float32_and_says_so(files):
    result = checked(Net(), files[".tflite"])
    assert result.verdict is Verdict.rounding, result.summary
    assert result.certificate.outcome == "float32 only"
    assert "no float64" in result.certificate.detail
    assert result.target_runtime.startswith("LiteRT")
    assert sum(node.covered for node in result.nodes) >= 3


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
def test_another_epsilon_is_found_where_it_is(files, suffix):
    result = checked(Net(epsilon=1e-3), files[suffix])
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.module == "norm" if suffix == ".pb" else result.culprit.module != "stem"


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
def test_swapped_channels_are_found_where_they_are(files, suffix):
    other = Net()
    with torch.no_grad():
        other.stem.weight[[0, 1]] = other.stem.weight[[1, 0]]
    result = checked(other, files[suffix])
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.node in ("conv2d", "relu")


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
@pytest.mark.parametrize("keep", [0, 3, 64, 0.5, 0.999])
def test_a_truncated_file_is_refused(files, tmp_path, suffix, keep):
    data = files[suffix].read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(CheckError, match=r"truncated|without nodes|damaged"):
        checked(Net(), path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CheckError, match="does not exist"):
        checked(Net(), tmp_path / "none.tflite")


def test_a_tflite_file_with_a_custom_operator_is_refused(files, tmp_path):
    from parity.runtimes.lite_model import CUSTOM, packed, parsed

    model = parsed(files[".tflite"].read_bytes(), "net")
    entry = model.operatorCodes[model.subgraphs[0].operators[0].opcodeIndex]
    entry.builtinCode = entry.deprecatedBuiltinCode = CUSTOM
    for code, says in ((b"Warp", "custom operator Warp"), (b"FlexReadFile", "ReadFile in Tensor")):
        entry.customCode = code
        path = tmp_path / "custom.tflite"
        path.write_bytes(packed(model))
        with pytest.raises(CheckError, match=says):
            checked(Net(), path)


def reading(image: tf.Tensor) -> tf.Tensor:
    """Reads a file while it computes."""
    secret = tf.strings.length(tf.io.read_file("/etc/hostname"))
    return tf.reduce_mean(image, (2, 3)) + tf.cast(secret, tf.float32)


def calling(image: tf.Tensor) -> tf.Tensor:
    """Calls Python while it computes."""
    return tf.ensure_shape(tf.numpy_function(lambda x: x, [image], tf.float32), image.shape)


def branching(image: tf.Tensor) -> tf.Tensor:
    """Writes a file, inside a branch."""

    def write() -> tf.Tensor:
        tf.io.write_file("/tmp/never", "x")
        return image

    return tf.cond(tf.reduce_sum(image) > 1e9, write, lambda: image)


@pytest.mark.parametrize(
    ("function", "op"),
    [(reading, "ReadFile"), (calling, "PyFunc"), (branching, "WriteFile")],
)
@pytest.mark.parametrize("kind", ["graph", "saved model"])
def test_a_graph_that_reaches_out_is_refused_before_it_is_loaded(tmp_path, function, op, kind):
    spec = tf.TensorSpec(IMAGE.shape, tf.float32, name="image")
    module = tf.Module()
    module.serve = tf.function(function, input_signature=[spec], autograph=False)
    concrete = module.serve.get_concrete_function()
    path = tmp_path / "evil.pb"
    if kind == "graph":
        path.write_bytes(concrete.graph.as_graph_def().SerializeToString())
    else:
        path = tmp_path / "evil"
        tf.saved_model.save(module, str(path), signatures=concrete)
    with pytest.raises(CheckError, match=rf"{op}, which can reach files"):
        checked(Net(), path)


def test_a_stranger_s_graph_is_matched_by_name_or_by_order(tmp_path):
    function = tf.function(lambda image: (tf.reduce_mean(image, (2, 3)), 2 * image))
    graph = function.get_concrete_function(tf.TensorSpec(IMAGE.shape)).graph
    path = tmp_path / "mean.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())

    class Mean(nn.Module):
        def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
            return image.mean((2, 3)), 2 * image

    assert checked(Mean(), path).verdict.passes
    with pytest.raises(CheckError, match="has the outputs"):
        checked(nn.Flatten(), path)


def test_a_damaged_record_of_origin_is_refused(files, tmp_path):
    definition = tf.compat.v1.GraphDef.FromString(files[".pb"].read_bytes())
    record = next(node for node in definition.node if node.name == "conversion/record")
    text = json.dumps({"nodes": 3, "skeleton": []})
    record.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))
    path = tmp_path / "odd.pb"
    path.write_bytes(definition.SerializeToString())
    with pytest.raises(CheckError, match="record of its origin is damaged"):
        checked(Net(), path)


def test_inputs_that_the_file_does_not_take_are_refused(files):
    with pytest.raises(CheckError, match="LiteRT can't run the target"):
        parity.check(Net().eval(), files[".tflite"], (torch.zeros(2, 3, 9, 9),))


@pytest.mark.parametrize("scale", [2.0, 1.3])
def test_the_sizes_of_an_enlarged_image_are_no_matter_of_rounding(tmp_path, scale):
    """13 is 10 times 1.3, but not 10 times what float32 might make of it."""

    class Enlarged(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return nn.functional.interpolate(image, scale_factor=scale, mode="bilinear") + 0.1

    module, image = Enlarged(), torch.randn(1, 2, 10, 10)
    path = torch_to_tf(module, (image,)).save(tmp_path / "enlarged.pb")
    assert parity.check(module, path, (image,)).passes


@pytest.fixture(scope="module")
def smooth(tmp_path_factory) -> tuple[nn.Module, Path]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.GELU()).eval()
    path = tmp_path_factory.mktemp("smooth") / "net.pb"
    return module, torch_to_tf(module, (IMAGE,)).save(path)


def test_a_number_of_a_lowering_that_a_file_holds_in_float32_is_explained(smooth):
    """The square root of 1/2 in gelu, which is no argument of PyTorch's operator."""
    result = checked(*smooth)
    assert result.verdict is Verdict.rounding, result.summary
    assert result.certificate.outcome == "same function up to float32 constants"


def test_a_number_of_a_lowering_that_is_off_by_more_than_that_is_found(smooth, tmp_path):
    module, path = smooth
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    changed = 0
    for node in definition.node:
        if node.op == "Const" and node.attr["dtype"].type == tf.float32.as_datatype_enum:
            array = tf.make_ndarray(node.attr["value"].tensor)
            if array.size == 1 and abs(array.item() - 0.5**0.5) < 1e-6:
                value = tf.make_tensor_proto(array * (1 + 1e-6), shape=array.shape)
                node.attr["value"].tensor.CopyFrom(value)
                changed += 1
    assert changed == 1
    other = tmp_path / "other.pb"
    other.write_bytes(definition.SerializeToString())
    assert checked(module, other).certificate.outcome == "different function"
