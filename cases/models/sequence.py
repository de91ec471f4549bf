"""Transformers and recurrent networks built from PyTorch's own layers."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from cases.case import ModelCase

_WIDTH = 16


def _layer(name: str, **options: object) -> Any:
    import torch

    torch.manual_seed(0)
    return getattr(torch.nn, name)(**options).eval()


def _encoder() -> tuple[object, object]:
    import torch

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(_WIDTH, 4, 32, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval(), _sequences(
        2, 5
    )


def _sequences(batch: int, length: int) -> dict[str, object]:
    """Sequences, and which of their ends is padding."""
    import torch

    generator = torch.Generator().manual_seed(length)
    padding = torch.arange(length) >= length - torch.arange(batch)[:, None]
    return {
        "src": torch.randn(batch, length, _WIDTH, generator=generator),
        "src_key_padding_mask": padding,
    }


def _encoder_dimensions() -> object:
    from torch.export import Dim

    both = {0: Dim("batch", min=1, max=16), 1: Dim("length", min=2, max=60)}
    return {"src": both, "src_key_padding_mask": both}


def _transformer() -> tuple[object, object]:
    import torch

    torch.manual_seed(0)
    with warnings.catch_warnings():  # that norm_first rules out nested tensors
        warnings.simplefilter("ignore", UserWarning)
        model = torch.nn.Transformer(
            _WIDTH, 4, 2, 2, 32, batch_first=True, norm_first=True, activation="gelu"
        )
    return model.eval(), _sequences(2, 5) | {"tgt": torch.randn(2, 6, _WIDTH)}


def _attention() -> tuple[object, object]:
    import torch

    model = _layer(
        "MultiheadAttention", embed_dim=16, num_heads=4, kdim=8, vdim=12, batch_first=True
    )
    return model, (torch.randn(2, 5, 16), torch.randn(2, 7, 8), torch.randn(2, 7, 12))


def _recurrent(name: str, options: dict[str, object]) -> tuple[object, object]:
    module = _layer(name, input_size=6, hidden_size=8, batch_first=True, **options)
    return module, _features(2, 5)


def _features(batch: int, length: int) -> tuple[object, ...]:
    import torch

    return (torch.randn(batch, length, 6, generator=torch.Generator().manual_seed(length)),)


def _both_open() -> object:
    from torch.export import Dim

    return ({0: Dim("batch", min=1, max=16), 1: Dim("length", min=2, max=60)},)


def _tagger() -> tuple[object, object]:
    """An embedding, a bidirectional LSTM, and scores for each token."""
    import torch

    class Tagger(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(30, 8)
            self.lstm = torch.nn.LSTM(8, 6, 2, bidirectional=True, batch_first=True, dropout=0.3)
            self.output = torch.nn.Linear(12, 4)

        def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"logits": self.output(self.lstm(self.embedding(tokens))[0])}

    torch.manual_seed(0)
    return Tagger().eval(), _tokens(2, 7)


def _tokens(batch: int, length: int) -> tuple[object, ...]:
    import torch

    return (torch.randint(0, 30, (batch, length), generator=torch.Generator().manual_seed(length)),)


_RECURRENT: dict[str, tuple[str, dict[str, object]]] = {
    "lstm": ("LSTM", {"num_layers": 2, "bidirectional": True}),
    "lstm_projected": ("LSTM", {"num_layers": 2, "proj_size": 3}),
    "gru": ("GRU", {"num_layers": 2, "bidirectional": True}),
    "rnn": ("RNN", {"num_layers": 2, "nonlinearity": "relu"}),
}

CASES = (
    ModelCase(
        "transformer_encoder",
        _encoder,
        "sequence",
        dynamic_shapes=_encoder_dimensions,
        other_inputs=lambda: _sequences(3, 9),
    ),
    ModelCase("transformer", _transformer, "sequence"),
    ModelCase("multihead_attention", _attention, "sequence"),
    *(
        ModelCase(
            name,
            partial(_recurrent, *row),
            "sequence",
            dynamic_shapes=_both_open,
            other_inputs=lambda: _features(3, 12),
        )
        for name, row in _RECURRENT.items()
    ),
    ModelCase(
        "tagger",
        _tagger,
        "sequence",
        dynamic_shapes=_both_open,
        other_inputs=lambda: _tokens(3, 11),
    ),
)
