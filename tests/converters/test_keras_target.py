"""``.keras`` files: what they are made of, that they train on their own, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

import parity
from converters import OutputError, torch_to_tf
from parity.cli import main
from parity.errors import CheckError
from parity.results import Result

# Keras 3.15.1 saves variables through an __array__ without ``copy`` (NumPy 2.4, November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FRESH = """
import sys
for name in ("torch", "converters", "parity", "cases"):
    sys.modules[name] = None  # an import of them would fail
import keras, numpy as np, tensorflow as tf
model = keras.models.load_model(sys.argv[1])
given = np.load(sys.argv[2])
inputs = {tensor.name: given[tensor.name] for tensor in model.inputs}
inputs = inputs if len(inputs) > 1 else next(iter(inputs.values()))
before = model.predict(inputs, verbose=0)
np.savez(sys.argv[3], *tf.nest.flatten(before))
with tf.GradientTape() as tape:
    outputs = tf.nest.flatten(model(inputs))
    loss = sum(tf.reduce_sum(tf.sin(3 * output)) for output in outputs)
gradients = tape.gradient(loss, model.trainable_variables)
for variable, gradient in zip(model.trainable_variables, gradients):
    assert gradient is not None, variable.path
    if "/key/bias" not in variable.path:  # it moves all scores alike, and softmax not at all
        assert np.abs(tf.convert_to_tensor(gradient).numpy()).max() > 0, variable.path
assert model.trainable_variables
model.compile("adam", loss="mse")
losses = model.fit(inputs, tf.nest.map_structure(tf.zeros_like, before), epochs=4, verbose=0)
assert losses.history["loss"][-1] < losses.history["loss"][0], losses.history
model.save(sys.argv[1] + ".again.keras")
keras.models.load_model(sys.argv[1] + ".again.keras")
"""


class Mixed(nn.Module):
    """Convolutions, a bare parameter, a shared layer, an attention, a recurrent layer."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        )
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.shared = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.drop = nn.Dropout(0.25)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.lstm = nn.LSTM(8, 5, batch_first=True, bidirectional=True)
        self.head = nn.Linear(10, 4)
        with torch.no_grad():
            self.stem[1].running_mean.uniform_(-0.5, 0.5)
            self.stem[1].running_var.uniform_(0.5, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Shapes: pixels (batch, 3, 8, 8) -> (batch, 17, 4)."""
        x = self.depthwise(self.stem(pixels)).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        x = self.norm(self.shared(nn.functional.gelu(self.shared(x))))
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(self.drop(self.lstm(x)[0]))


class Words(nn.Module):
    """A table that is the weight of the last product too; a mask from an open length."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(11, 8)
        self.places = nn.Parameter(torch.randn(16, 8))
        self.out = nn.Linear(8, 11)
        self.out.weight = self.table.weight

    def forward(self, ids: Tensor, keep: Tensor) -> dict[str, Tensor]:
        """Shapes: ids, keep (batch, time) -> logits (batch, time, 11)."""
        length = ids.shape[1]
        x = self.table(ids) + self.places[:length]
        heads = x.view(*ids.shape, 2, 4).transpose(1, 2)
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        mask = causal & keep.bool()[:, None, None, :]
        x = nn.functional.scaled_dot_product_attention(heads, heads, heads, attn_mask=mask)
        return {"logits": self.out(x.transpose(1, 2).reshape(*ids.shape, 8))}


def words(batch: int, length: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(length)
    keep = torch.ones(batch, length, dtype=torch.int64)
    keep[0, -1] = 0
    return {"ids": torch.randint(0, 11, (batch, length), generator=generator), "keep": keep}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> tuple[nn.Module, Tensor, Path]:
    module, pixels = Mixed().eval(), torch.randn(2, 3, 8, 8)
    shapes = ({0: Dim("batch", min=1, max=64)},)
    path = tmp_path_factory.mktemp("keras") / "mixed.keras"
    return module, pixels, torch_to_tf(module, (pixels,), dynamic_shapes=shapes).save(path)


@pytest.fixture(scope="module")
def tied(tmp_path_factory) -> tuple[nn.Module, Path]:
    module = Words().eval()
    both = {0: Dim("batch", min=1, max=64), 1: Dim("time", min=2, max=16)}
    path = tmp_path_factory.mktemp("keras") / "words.keras"
    shapes = {"ids": both, "keep": both}
    return module, torch_to_tf(module, words(2, 5), dynamic_shapes=shapes).save(path)


def proven(module: nn.Module, target: object, inputs: object) -> Result:
    result = parity.check(module, target, inputs).results[0]
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function", result.summary
    return result


def test_a_file_is_certified_with_its_nodes_and_at_another_batch_size(mixed):
    module, pixels, path = mixed
    result = proven(module, path, (pixels,))
    covered = {node.module for node in result.nodes if node.covered}
    assert {"stem.0", "stem.1", "stem.2", "depthwise", "norm", "head"} <= covered
    proven(module, path, (torch.randn(5, 3, 8, 8),))


def test_a_loaded_model_is_certified_like_its_file(mixed):
    module, pixels, path = mixed
    proven(module, keras.models.load_model(path), (pixels,))


def test_open_lengths_stay_open_through_masks_and_slices(tied):
    module, path = tied
    for batch, length in ((2, 5), (3, 9), (1, 2)):
        proven(module, path, words(batch, length))


def test_layers_are_those_of_keras_and_are_named_after_the_modules(mixed):
    model = keras.models.load_model(mixed[2])
    kinds = {layer.name: type(layer).__name__ for layer in model.layers}
    expected = {
        "stem.0": "Conv2D",
        "stem.1": "BatchNormalization",
        "stem.2": "ReLU",
        "depthwise": "DepthwiseConv2D",
        "token": "Embedding",
        "shared": "Dense",
        "norm": "LayerNormalization",
        "drop": "Dropout",
        "attention": "MultiHeadAttention",
        "lstm": "Bidirectional",
        "head": "Dense",
    }
    assert {name: kinds.get(name) for name in expected} == expected
    assert model.get_layer("stem.1").momentum == pytest.approx(0.9)


def test_a_tied_table_is_one_layer(tied):
    model = keras.models.load_model(tied[1])
    assert type(model.get_layer("table")).__name__ == "ReversibleEmbedding"
    assert sum(weight.shape == (11, 8) for weight in model.weights) == 1


def test_a_frozen_parameter_stays_frozen(tmp_path):
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).eval()
    module[0].requires_grad_(requires_grad=False)
    path = torch_to_tf(module, (torch.ones(2, 3),)).save(tmp_path / "frozen.keras")
    model = keras.models.load_model(path)
    assert [weight.path.split("/")[0] for weight in model.trainable_weights] == ["1", "1"]


@pytest.mark.parametrize("name", ["mixed", "tied"])
def test_a_file_loads_predicts_and_trains_where_nothing_of_this_project_is(
    name, mixed, tied, tmp_path
):
    module, path = (mixed[0], mixed[2]) if name == "mixed" else tied
    inputs = {"pixels": mixed[1]} if name == "mixed" else words(2, 5)
    np.savez(tmp_path / "in.npz", **{key: value.numpy() for key, value in inputs.items()})
    arguments = [path, tmp_path / "in.npz", tmp_path / "out.npz"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", FRESH, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = module(**inputs)
    expected = expected["logits"] if isinstance(expected, dict) else expected
    found = np.load(tmp_path / "out.npz")["arr_0"]
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5)


def test_a_file_holds_no_code(mixed):
    with zipfile.ZipFile(mixed[2]) as archive:
        config = archive.read("config.json").decode()
    assert "Lambda" not in config
    modules = {layer["module"].split(".")[0] for layer in json.loads(config)["config"]["layers"]}
    assert modules == {"keras"}


def test_a_changed_weight_is_found_in_its_layer(mixed, tmp_path):
    module, pixels, path = mixed
    model = keras.models.load_model(path)
    variable = model.get_layer("norm").weights[0]
    variable.assign(variable * np.float32(1.001))
    changed = tmp_path / "changed.keras"
    model.save(changed)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("provenance.json", whole.read("provenance.json"))
    result = parity.check(module, changed, (pixels,)).results[0]
    assert not result.verdict.passes
    assert result.culprit is not None
    assert result.culprit.module == "norm"


def test_what_keras_has_nothing_for_is_refused_with_everything_in_one_list(tmp_path):
    class Exotic(nn.Module):
        """Two operators that Keras lacks, one of them twice."""

        def forward(self, x: Tensor) -> Tensor:
            """Shapes: (3, 3) -> (3, 3)."""
            x = torch.lgamma(x) + torch.lgamma(x + 1)
            return torch.digamma(x)

    conversion = torch_to_tf(Exotic().eval(), (torch.rand(3, 3),))
    with pytest.raises(OutputError) as caught:
        conversion.save(tmp_path / "exotic.keras")
    text = str(caught.value)
    assert "aten.lgamma.default (2x" in text
    assert "aten.digamma.default (1x" in text
    assert "SavedModel" in text
    assert list(tmp_path.iterdir()) == []


def test_a_model_converted_for_training_is_told_to_be_converted_for_inference(tmp_path):
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    conversion = torch_to_tf(module, (torch.randn(5, 3),), training=True)
    with pytest.raises(OutputError, match="training=False"):
        conversion.save(tmp_path / "training.keras")


def test_a_file_that_is_no_keras_model_is_refused(tmp_path):
    (tmp_path / "wrong.keras").write_bytes(b"no archive")
    with pytest.raises(CheckError, match=r"can't be loaded as a Keras model"):
        parity.check(nn.Linear(3, 2).eval(), tmp_path / "wrong.keras", (torch.ones(1, 3),))


def test_a_sum_whose_second_operand_looks_like_a_bias_is_added_where_it_belongs(tmp_path):
    """``keras.ops.add`` adds (1, 1, 1, 2, 1) to (2, 2, 4, 1, 1) along axis 1 (Keras 3.15.1)."""

    class Sum(nn.Module):
        """Broadcasts both ways."""

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            """Shapes: (2, 2, 4, 1, 1), (1, 1, 1, 2, 1) -> (2, 2, 4, 2, 1)."""
            return x + y

    inputs = (torch.randn(2, 2, 4, 1, 1), torch.randn(1, 1, 1, 2, 1))
    path = torch_to_tf(Sum().eval(), inputs).save(tmp_path / "sum.keras")
    proven(Sum().eval(), path, inputs)


def test_the_command_line_proves_the_file_that_it_writes(tmp_path, monkeypatch, capsys):
    (tmp_path / "keras_specimen.py").write_text(
        "import torch\n"
        "def net():\n"
        "    torch.manual_seed(0)\n"
        "    return torch.nn.Linear(4, 3).eval(), (torch.randn(2, 4),)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["convert", "keras_specimen:net", "net.keras"]) == 0
    assert main(["check", "keras_specimen:net", "net.keras"]) == 0
    assert capsys.readouterr().out.count("certificate: same function") == 3


def test_an_independent_keras_model_with_a_layer_of_the_same_name_is_no_conversion():
    """Its layers compute what they like: nothing says which tensor stands for which node."""
    import keras

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = torch.nn.Conv1d(2, 3, 3)
            self.head = torch.nn.Linear(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.relu(self.conv1(x)).mean(-1))

    torch.manual_seed(0)
    net = Net().eval()
    x = keras.Input((2, 8), batch_size=2, name="x")
    y = keras.layers.Conv1D(3, 3, activation="relu", name="conv1")(keras.layers.Permute((2, 1))(x))
    y = keras.layers.GlobalAveragePooling1D()(y)
    model = keras.Model(x, keras.layers.Dense(4, name="other")(y))
    weights = [p.detach().numpy() for p in net.parameters()]
    model.set_weights([weights[0].transpose(2, 1, 0), weights[1], weights[2].T, weights[3]])
    result = parity.check(net, model, (torch.randn(2, 2, 8),)).results[0]
    assert result.verdict.passes
    assert not any(node.covered for node in result.nodes)
