"""Built-in mappings: a model of transformers becomes KerasHub's, and both compute the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub as hub
import numpy as np
import pytest
import torch
import transformers

import parity
from converters import CheckpointError, NameMap, convert_checkpoint
from converters.checkpoints.mapping import FAMILIES

SIZES = {"vocabulary_size": 50, "num_layers": 2, "num_heads": 3, "hidden_dim": 12}
WIDE = {"intermediate_dim": 20, "max_sequence_length": 16}
IDS = torch.randint(1, 50, (2, 10), generator=torch.Generator().manual_seed(0))
MASK = torch.ones(2, 10, dtype=torch.int64)
IMAGE = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
SOUND = torch.randn(2, 8, 32, generator=torch.Generator().manual_seed(2))


class Outputs(torch.nn.Module):
    """A model that returns some of its outputs."""

    def __init__(self, model: Any, call: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.call(self.model, *inputs)


class Hub:
    """A backbone that is called like the PyTorch model."""

    def __init__(self, model: Any, call: Callable[..., Any]) -> None:
        self.model, self.call, self.variables = model, call, model.variables

    def __call__(self, *inputs: Any) -> Any:
        return self.call(self.model, *inputs)


def bert():
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=20, max_position_embeddings=16, hidden_act="gelu_new",
        attn_implementation="eager",
    )  # fmt: skip
    return (
        transformers.BertModel(config),
        hub.models.BertBackbone(**SIZES, **WIDE),
        (IDS, MASK, IDS % 2),
        lambda m, *x: tuple(m(*x)[:2]),
        lambda m, ids, mask, types: tuple(
            m({"token_ids": ids, "padding_mask": mask, "segment_ids": types})[name]
            for name in ("sequence_output", "pooled_output")
        ),
        {"heads": 3},
    )


def gpt2():
    config = transformers.GPT2Config(
        vocab_size=50, n_embd=12, n_layer=2, n_head=3, n_positions=16, n_inner=20,
        bos_token_id=1, eos_token_id=1, attn_implementation="eager",
    )  # fmt: skip
    return (
        transformers.GPT2Model(config),
        hub.models.GPT2Backbone(**SIZES, **WIDE),
        (IDS, MASK),
        lambda m, ids, mask: m(ids, attention_mask=mask, use_cache=False)[0],
        lambda m, ids, mask: m({"token_ids": ids, "padding_mask": mask}),
        {"heads": 3},
    )


def t5(*, gated: bool = False):
    config = transformers.T5Config(
        vocab_size=50, d_model=12, num_layers=2, num_heads=3, d_kv=4, d_ff=20, dropout_rate=0.0,
        feed_forward_proj="gated-gelu" if gated else "relu", decoder_start_token_id=0,
    )  # fmt: skip
    backbone = hub.models.T5Backbone(
        **SIZES,
        intermediate_dim=20,
        key_value_dim=4,
        use_gated_activation=gated,
        activation=(lambda x: keras.activations.gelu(x, approximate=True)) if gated else "relu",
    )
    keys = (
        "encoder_token_ids",
        "encoder_padding_mask",
        "decoder_token_ids",
        "decoder_padding_mask",
    )

    def both(m, *x):
        names = ("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask")
        found = m(**dict(zip(names, x, strict=True)), use_cache=False)
        return found.encoder_last_hidden_state, found.last_hidden_state

    def both_of_hub(m, *x):
        found = m(dict(zip(keys, x, strict=True)))
        return found["encoder_sequence_output"], found["decoder_sequence_output"]

    inputs = (IDS, MASK, IDS[:, :6], MASK[:, :6])
    return transformers.T5Model(config), backbone, inputs, both, both_of_hub, {"layers": 2}


def t5_gated():
    return t5(gated=True)


def vit():
    config = transformers.ViTConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
        image_size=16, patch_size=4, layer_norm_eps=1e-6, attn_implementation="eager",
    )  # fmt: skip
    backbone = hub.models.ViTBackbone(
        image_shape=(16, 16, 3), patch_size=4, num_layers=2, num_heads=3, hidden_dim=12, mlp_dim=20
    )
    return (
        transformers.ViTModel(config, add_pooling_layer=False),
        backbone,
        (IMAGE,),
        lambda m, x: m(x)[0],
        lambda m, x: m(keras.ops.transpose(x, (0, 2, 3, 1))),
        {"heads": 3},
    )


def whisper():
    config = transformers.WhisperConfig(
        vocab_size=50, d_model=12, encoder_layers=2, decoder_layers=2, encoder_attention_heads=3,
        decoder_attention_heads=3, encoder_ffn_dim=20, decoder_ffn_dim=20, num_mel_bins=8,
        max_source_positions=16, max_target_positions=10, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, decoder_start_token_id=1, attn_implementation="eager",
    )  # fmt: skip
    backbone = hub.models.WhisperBackbone(
        **SIZES,
        intermediate_dim=20,
        num_mels=8,
        max_encoder_sequence_length=32,
        max_decoder_sequence_length=10,
    )

    def both(m, sound, ids):
        found = m(sound, decoder_input_ids=ids, use_cache=False)
        return found.encoder_last_hidden_state, found.last_hidden_state

    def both_of_hub(m, sound, ids):
        found = m(
            {
                "encoder_features": keras.ops.transpose(sound, (0, 2, 1)),
                "decoder_token_ids": ids,
                "decoder_padding_mask": keras.ops.ones_like(ids),
            }
        )
        return found["encoder_sequence_output"], found["decoder_sequence_output"]

    model = transformers.WhisperModel(config)
    return model, backbone, (SOUND, IDS[:, :6]), both, both_of_hub, {"heads": 3}


BUILDERS = {
    "bert": bert,
    "gpt2": gpt2,
    "t5": t5,
    "t5_gated": t5_gated,
    "vit": vit,
    "whisper": whisper,
}


def test_every_built_in_mapping_is_proven():
    images = {"resnet_basic", "resnet_bottleneck", "keras_resnet", "efficientnet"}
    assert {path.stem for path in FAMILIES.glob("*.toml")} == {*BUILDERS, *images}


@pytest.mark.filterwarnings("ignore:Layer '.*_attention'.*mask:UserWarning")  # KerasHub's own
@pytest.mark.parametrize("name", BUILDERS)
def test_the_weights_cross_there_and_back_and_the_models_compute_the_same(name, tmp_path):
    torch.manual_seed(0)
    model, backbone, inputs, call, call_hub, parameters = BUILDERS[name]()
    model.eval()
    with torch.no_grad():
        for tensor in model.parameters():  # far from where training begins
            tensor.mul_(3) if tensor.ndim > 1 else tensor.add_(torch.randn_like(tensor) / 5)
    model.save_pretrained(tmp_path)
    names = NameMap.load(Path(name), **parameters)
    source, there = tmp_path / "model.safetensors", tmp_path / "b.weights.h5"
    convert_checkpoint(source, there, weights=names)
    backbone.load_weights(there)
    report = parity.check(Outputs(model, call), Hub(backbone, call_hub), inputs, gradients=False)
    assert report.passes, report.results[0].summary

    back = convert_checkpoint(there, tmp_path / "back" / "c.pt", weights=names, reverse=True)
    state = torch.load(back.path, weights_only=True)
    import safetensors.torch

    saved = safetensors.torch.load_file(source)
    assert state.keys() >= saved.keys()
    assert all(torch.equal(state[key], tensor) for key, tensor in saved.items())


def test_a_built_in_mapping_asks_for_its_numbers():
    with pytest.raises(CheckpointError, match=r"asks for heads \(attention heads\)"):
        NameMap.load(Path("bert"))
    with pytest.raises(CheckpointError, match="has no layers"):
        NameMap.load(Path("bert"), heads=3, layers=2)
    with pytest.raises(CheckpointError, match=r"built-in mapping\. These are bert"):
        NameMap.load(Path("resnext"))


def test_numbers_as_keras_appends_them_count_from_where_a_rule_says():
    names = NameMap.load(Path("t5"), layers=2)
    here = [f"decoder.block.{i}.layer.0.SelfAttention.q.weight" for i in range(2)]
    rules = [r for r in names.rules if "SelfAttention.q" in r.source[0]]
    moves = NameMap(tuple(rules)).moves([*here, *(n.replace("decoder", "encoder") for n in here)])
    there = [move.target[0].split("/")[1] for move in moves]
    assert sorted(there) == [
        "t5_transformer_layer",
        *(f"t5_transformer_layer_{i}" for i in (1, 2, 3)),
    ]
    back = NameMap(tuple(rules)).moves([move.target[0] for move in moves], reverse=True)
    assert sorted(m.source for m in back) == sorted(m.source for m in moves)
    assert np.all([len(move.source) == 1 for move in back])
