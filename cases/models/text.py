"""Language models in small configurations, with the structure of the large ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cases.case import ModelCase

_ENCODER = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "max_position_embeddings": 64,
}
_DECODER = _ENCODER | {"num_key_value_heads": 2, "use_cache": False}

_CONFIGS: dict[str, tuple[str, str, Mapping[str, object]]] = {
    "bert": ("BertModel", "BertConfig", _ENCODER),
    "bert_masked_lm": ("BertForMaskedLM", "BertConfig", _ENCODER),
    "distilbert": (
        "DistilBertModel",
        "DistilBertConfig",
        {
            "vocab_size": 99,
            "dim": 32,
            "n_layers": 2,
            "n_heads": 4,
            "hidden_dim": 37,
            "max_position_embeddings": 64,
        },
    ),
    "roberta": ("RobertaModel", "RobertaConfig", _ENCODER | {"max_position_embeddings": 70}),
    "albert": ("AlbertModel", "AlbertConfig", _ENCODER | {"embedding_size": 16}),
    "gpt2": (
        "GPT2LMHeadModel",
        "GPT2Config",
        {
            "vocab_size": 99,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "n_positions": 64,
            "use_cache": False,
            "bos_token_id": 1,
            "eos_token_id": 2,
        },
    ),
    "opt": (
        "OPTForCausalLM",
        "OPTConfig",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 37,
            "max_position_embeddings": 64,
            "word_embed_proj_dim": 32,
            "use_cache": False,
        },
    ),
    "llama": ("LlamaForCausalLM", "LlamaConfig", _DECODER),
    "mistral": ("MistralForCausalLM", "MistralConfig", _DECODER | {"sliding_window": 4}),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", _DECODER),
    "clip_text": (
        "CLIPTextModel",
        "CLIPTextConfig",
        _ENCODER | {"projection_dim": 16, "bos_token_id": 1, "eos_token_id": 2},
    ),
    "t5": (
        "T5ForConditionalGeneration",
        "T5Config",
        {
            "vocab_size": 99,
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 37,
            "num_layers": 2,
            "num_heads": 4,
            "use_cache": False,
            "decoder_start_token_id": 0,
        },
    ),
}


def settled(model: Any) -> Any:
    """Evaluation mode, with random weights large enough that every part of the model matters."""
    import torch

    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.copy_(noise * (1.5 / parameter[0].numel() ** 0.5))
            else:
                parameter.add_(0.1 * noise)
    return model.eval()


def _build(name: str) -> tuple[object, object]:
    import torch
    import transformers

    model, config, sizes = _CONFIGS[name]
    torch.manual_seed(0)
    module = getattr(transformers, model)(getattr(transformers, config)(**sizes))
    return settled(module), _inputs(name, 2, 7)


def _inputs(name: str, batch: int, length: int) -> dict[str, object]:
    """Token numbers, with the ends of all sequences but the first masked."""
    import torch

    generator = torch.Generator().manual_seed(length)
    ids = torch.randint(3, 90, (batch, length), generator=generator)
    mask = torch.ones(batch, length, dtype=torch.int64)
    for row in range(1, batch):
        mask[row, length - row :] = 0
    inputs: dict[str, object] = {"input_ids": ids, "attention_mask": mask}
    if name == "t5":
        inputs["decoder_input_ids"] = torch.randint(3, 90, (batch, length - 2), generator=generator)
    return inputs


def _dimensions(name: str) -> object:
    from torch.export import Dim

    batch = Dim("batch", min=1, max=16)
    both = {0: batch, 1: Dim("length", min=2, max=60)}
    shapes = {"input_ids": both, "attention_mask": both}
    if name == "t5":
        shapes["decoder_input_ids"] = {0: batch, 1: Dim("target_length", min=2, max=60)}
    return shapes


def _character_cnn() -> tuple[object, object]:
    """Convolutions of several widths over characters, and the maximum over time (Kim, 2014)."""
    import torch

    class CharacterCNN(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(30, 8)
            self.convolutions = torch.nn.ModuleList(torch.nn.Conv1d(8, 6, k) for k in (2, 3, 4))
            self.output = torch.nn.Linear(18, 4)

        def forward(self, characters: torch.Tensor) -> torch.Tensor:
            hidden = self.embedding(characters).transpose(1, 2)
            widths = [torch.relu(convolution(hidden)).amax(-1) for convolution in self.convolutions]
            return self.output(torch.cat(widths, 1))

    torch.manual_seed(0)
    return CharacterCNN().eval(), _characters(2, 9)


def _characters(batch: int, length: int) -> object:
    import torch

    return (torch.randint(0, 30, (batch, length), generator=torch.Generator().manual_seed(length)),)


def _character_dimensions() -> object:
    from torch.export import Dim

    return ({0: Dim("batch", min=1, max=16), 1: Dim("length", min=5, max=60)},)


def _row(name: str) -> ModelCase:
    other: Callable[[], object] = partial(_inputs, name, 3, 11)
    return ModelCase(
        name,
        partial(_build, name),
        "text",
        dynamic_shapes=partial(_dimensions, name),
        other_inputs=other,
    )


CASES = (
    *(_row(name) for name in _CONFIGS),
    ModelCase(
        "character_cnn",
        _character_cnn,
        "text",
        dynamic_shapes=_character_dimensions,
        other_inputs=lambda: _characters(3, 14),
    ),
)
