"""Rules between two checkpoints work in both directions and refuse what doesn't fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters import CheckpointError
from converters.checkpoints import NameMap, Rule, TensorInfo, convert_checkpoint, open_checkpoint
from converters.dtypes import DType

RANDOM = np.random.default_rng(0)

MAPPING = """
[[rule]]
source = "layer.{i}.dense.weight"
target = "layers/dense_{i}/vars/0"
layout = "transpose"

[[rule]]
source = "layer.{i}.dense.bias"
target = "layers/dense_{i}/vars/1"

[[rule]]
source = "conv.weight"
target = "layers/conv/vars/0"
layout = "convolution"

[[rule]]
source = "attention.in_proj_weight"
target = ["layers/q/vars/0", "layers/k/vars/0", "layers/v/vars/0"]
layout = "transpose"
axis = 1

[[rule]]
source = ["rnn.bias_ih_l0", "rnn.bias_hh_l0"]
target = "layers/gru/vars/2"
join = "stack"
axis = 0

[[rule]]
source = "rnn.weight_ih_l0"
target = "layers/gru/vars/0"
layout = "transpose"
axis = 1
blocks = [1, 0, 2]

[[rule]]
source = "position_ids"
target = "position_ids"
optional = true
"""


def write(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    import safetensors.numpy

    safetensors.numpy.save_file(arrays, path)
    return path


def weights() -> dict[str, np.ndarray]:
    shapes = {
        "layer.0.dense.weight": (3, 4),
        "layer.0.dense.bias": (3,),
        "layer.1.dense.weight": (3, 3),
        "layer.1.dense.bias": (3,),
        "conv.weight": (8, 2, 3, 5),
        "attention.in_proj_weight": (12, 4),
        "rnn.bias_ih_l0": (6,),
        "rnn.bias_hh_l0": (6,),
        "rnn.weight_ih_l0": (6, 4),
    }
    return {n: RANDOM.standard_normal(s).astype(np.float32) for n, s in shapes.items()}


def read_all(path: Path) -> dict[str, np.ndarray]:
    with open_checkpoint(path) as found:
        return {name: found.read(name) for name in found.tensors}


def test_a_mapping_file_converts_there_and_back(tmp_path):
    arrays = weights()
    source = write(tmp_path / "a.safetensors", arrays)
    (tmp_path / "map.toml").write_text(MAPPING)
    there = convert_checkpoint(source, tmp_path / "b.weights.h5", weights=tmp_path / "map.toml")
    found = read_all(there.path)
    assert np.array_equal(found["layers/dense_0/vars/0"], arrays["layer.0.dense.weight"].T)
    assert found["layers/conv/vars/0"].shape == (3, 5, 2, 8)
    assert np.array_equal(found["layers/k/vars/0"], arrays["attention.in_proj_weight"][4:8].T)
    assert np.array_equal(found["layers/gru/vars/2"][1], arrays["rnn.bias_hh_l0"])
    reset, update, new = np.split(arrays["rnn.weight_ih_l0"].T, 3, 1)
    assert np.array_equal(found["layers/gru/vars/0"], np.concatenate([update, reset, new], 1))
    back = convert_checkpoint(
        there.path, tmp_path / "c.pt", weights=tmp_path / "map.toml", reverse=True
    )
    again = read_all(back.path)
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert again[name].tobytes() == array.tobytes()


def test_tensors_may_be_left_out_on_either_side(tmp_path):
    rules = NameMap(
        (
            Rule(source="w", target="v"),
            Rule(source="steps.{i}", target=()),
            Rule(source=(), target="seed"),
        )
    )
    one, two = np.ones(2, np.float32), np.zeros(3, np.float32)
    source = write(tmp_path / "a.safetensors", {"w": one, "steps.0": two, "steps.1": two})
    there = convert_checkpoint(source, tmp_path / "b.pt", weights=rules, manifest=tmp_path / "m")
    assert read_all(there.path).keys() == {"v"}
    back = write(tmp_path / "c.safetensors", {"v": one, "seed": two})
    assert read_all(
        convert_checkpoint(back, tmp_path / "d.pt", weights=rules, reverse=True).path
    ).keys() == {"w"}
    with pytest.raises(CheckpointError, match="without a rule: more"):
        rules.moves(["w", "more"])


def test_a_written_mapping_is_read_again_and_condensed_where_numbers_count_up(tmp_path):
    rules = [
        Rule(source=f"layer.{n}.weight", target=f"layers/h_{n}/vars/0", layout="transpose")
        for n in range(12)
    ]
    rules += [Rule(source=f"layer.{n}.bias", target=f"layers/h_{n}/vars/1") for n in range(12)]
    rules += [Rule(source=f"head.{n}", target=f"other/{7 - n}") for n in range(3)]
    rules += [Rule(source=("b.1", "b.2"), target="gru", join="stack", blocks=(1, 0), block_axis=1)]
    rules += [Rule(source="q", target="k", pattern="(h k) -> h k", sizes={"h": 3}, scale=0.5)]
    rules += [Rule(source=f"steps.{n}", target=()) for n in range(3)]
    short = NameMap(tuple(rules)).condensed()
    assert [rule.source[0] for rule in short.rules] == [
        "layer.{i}.weight", "layer.{i}.bias", "head.0", "head.1", "head.2", "b.1", "q", "steps.{i}",
    ]  # fmt: skip
    (tmp_path / "map.toml").write_text(short.dumps())
    assert NameMap.load(tmp_path / "map.toml") == short
    names = [name for rule in rules for name in rule.source]
    plain, condensed = NameMap(tuple(rules)).moves(names), short.moves(names)
    assert [(m.source, m.target) for m in plain] == [(m.source, m.target) for m in condensed]


def test_every_tensor_that_does_not_fit_is_listed(tmp_path):
    arrays = weights() | {"extra": np.zeros(1, np.float32), "more": np.zeros(1, np.float32)}
    del arrays["conv.weight"]
    (tmp_path / "map.toml").write_text(MAPPING)
    with pytest.raises(
        CheckpointError, match=r"missing: conv\.weight; without a rule: extra, more"
    ):
        convert_checkpoint(
            write(tmp_path / "a.safetensors", arrays),
            tmp_path / "b.weights.h5",
            weights=tmp_path / "map.toml",
        )
    assert not (tmp_path / "b.weights.h5").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule", "no TOML"),
        ("[[rule]]\nsource = 'a'", "rule.0.target"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\nlayout = 'reshape'", "layout"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\nsqueeze = true", "squeeze"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\npattern = 'a b -> a'", "each axis once"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\npattern = 'a -> a -> a'", "two sides"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\npattern = 'a ... -> ... a'", "made of names"),
        ("[[rule]]\nsource = 'a'\ntarget = 'b'\nscale = 0.0", "other than 0"),
    ],
)
def test_a_damaged_mapping_is_refused(text, words, tmp_path):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(CheckpointError, match=words):
        NameMap.load(tmp_path / "map.toml")


RULES = {
    "same": (Rule(source="a", target="b"), [(3, 4)]),
    "transpose": (Rule(source="a", target="b", layout="transpose"), [(3, 4)]),
    "axes": (Rule(source="a", target="b", axes=(1, 2, 0)), [(2, 3, 4)]),
    "convolution": (Rule(source="a", target="b", layout="convolution"), [(2, 3, 4, 5)]),
    "concat": (Rule(source=("a", "c"), target="b", axis=1), [(2, 3), (2, 3)]),
    "stack": (Rule(source=("a", "c"), target="b", join="stack", axis=1), [(2, 3), (2, 3)]),
    "sum": (Rule(source=("a", "c"), target="b", join="sum"), [(3,), (3,)]),
    "stacked gates": (
        Rule(source=("a", "c"), target="b", join="stack", blocks=(1, 0, 2), block_axis=1),
        [(6,), (6,)],
    ),
    "tied": (Rule(source=("a", "c"), target="b", join="same"), [(3,), (3,)]),
    "split": (Rule(source="a", target=("b", "c", "d")), [(6, 2)]),
    "gates": (Rule(source="a", target="b", blocks=(2, 0, 1), layout="transpose", axis=1), [(6, 2)]),
    "dtype": (Rule(source="a", target="b", dtype="float16", source_dtype="float32"), [(3,)]),
    "heads": (
        Rule(
            source="a", target="b", layout="transpose", pattern="d (h k) -> d h k", sizes={"h": 3}
        ),
        [(12, 5)],
    ),
    "fused heads": (
        Rule(source="a", target=("q", "k", "v"), pattern="(h k) d -> d h k", sizes={"k": 2}),
        [(12, 5)],
    ),
    "flattened image": (
        Rule(source="a", target="b", pattern="o (c h w) -> (h w c) o", sizes={"h": 2, "w": 3}),
        [(4, 30)],
    ),
    "axes of one element": (
        Rule(source="a", target="b", pattern="o i k 1 -> k i o"),
        [(4, 3, 2, 1)],
    ),
    "scale": (Rule(source="a", target="b", scale=-0.5), [(3, 2)]),
}


@pytest.mark.parametrize("name", RULES)
def test_what_a_rule_announces_is_what_it_makes_and_the_way_back_undoes_it(name):
    rule, shapes = RULES[name]
    arrays = [RANDOM.integers(0, 9, s).astype(np.float32) for s in shapes]
    if name == "tied":
        arrays[1] = arrays[0]
    made = rule.forward(arrays)
    infos = [TensorInfo(a.shape, DType.float32) for a in arrays]
    assert [(i.shape, i.dtype.numpy) for i in rule.target_infos(infos)] == [
        (a.shape, a.dtype) for a in made
    ]
    back = rule.backward(made)
    known = [TensorInfo(a.shape, DType(a.dtype.name)) for a in made]
    assert [i.shape for i in rule.source_infos(known)] == [a.shape for a in back]
    if name == "sum":
        assert np.array_equal(sum(back), sum(arrays))
    else:
        assert all(np.array_equal(x, y) for x, y in zip(back, arrays, strict=True))


@pytest.mark.parametrize(
    ("rule", "shapes"),
    [
        (Rule(source="a", target=("b", "c")), [(3,)]),
        (Rule(source=("a", "c"), target="b", join="stack"), [(3,), (1,)]),
        (Rule(source=("a", "c"), target="b"), [(3, 2), (3, 1)]),
        (Rule(source="a", target="b", axes=(1, 0)), [(3,)]),
        (Rule(source="a", target="b", layout="convolution"), [(3, 3)]),
        (Rule(source="a", target="b", blocks=(1, 0)), [(3,)]),
        (Rule(source="a", target="b", pattern="(h k) d -> d h k", sizes={"h": 5}), [(12, 4)]),
        (Rule(source="a", target="b", pattern="(h k) d -> d h k"), [(12, 4)]),
        (Rule(source="a", target="b", pattern="a b -> b a"), [(12,)]),
        (Rule(source="a", target="b", pattern="a 1 -> a"), [(12, 2)]),
        (Rule(source="a", target="b", pattern="(a b) -> a b", sizes={"a": 3, "b": 5}), [(12,)]),
    ],
)
def test_nothing_is_squeezed_or_broadcast_to_fit(rule, shapes):
    arrays = [np.zeros(s, np.float32) for s in shapes]
    with pytest.raises(CheckpointError):
        rule.forward(arrays)
    with pytest.raises(CheckpointError):
        rule.target_infos([TensorInfo(a.shape, DType.float32) for a in arrays])


def test_a_number_too_long_to_be_one_is_no_number_of_a_rule(tmp_path):
    mapping = tmp_path / "map.toml"
    mapping.write_text('[[rule]]\nsource = "layer{#i}.w"\ntarget = "layers/dense{_2*i+1}/w"\n')
    name = f"layer{'1' * 5000}.w"

    with pytest.raises(CheckpointError, match="without a rule: layer111"):
        convert_checkpoint(
            write(tmp_path / "a.safetensors", {name: np.zeros(2, np.float32)}),
            tmp_path / "b.weights.h5",
            weights=mapping,
        )


def test_the_weights_of_a_conversion_move_a_checkpoint_with_tied_weights(tmp_path):
    import torch

    import converters

    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(5, 3)
            self.convolution = torch.nn.Conv2d(3, 3, 2)
            self.head = torch.nn.Linear(3, 5, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, ids, image):
            return self.head(self.embedding(ids)), self.convolution(image)

    model = Tied().eval()
    example = (torch.tensor([[0, 1]]), torch.ones(1, 3, 4, 4))
    conversion = converters.torch_to_tf(model, example)
    torch.save(model.state_dict(), tmp_path / "a.pt")
    there = convert_checkpoint(tmp_path / "a.pt", tmp_path / "b.index", weights=conversion.weights)
    with open_checkpoint(there.path) as found:
        for name, variable in conversion.model.weights.items():
            assert np.array_equal(found.read(name), variable.numpy())
    back = convert_checkpoint(
        there.path, tmp_path / "c.pt", weights=conversion.weights, reverse=True
    )
    state = torch.load(back.path, weights_only=True)
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
