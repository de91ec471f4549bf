"""Encoders with decoders of text."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.row import SENTENCES, Architecture, Draw, mask, tokens

_BART: Mapping[str, object] = {
    "vocab_size": 99,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 37,
    "decoder_ffn_dim": 37,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "forced_eos_token_id": 2,
}
_T5: Mapping[str, object] = {
    "vocab_size": 99,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 37,
    "num_layers": 2,
    "num_heads": 4,
    "decoder_start_token_id": 0,
}
_OPEN = ("batch", "length", "target")


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = SENTENCES,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs, "translators", open=open)


ROWS = (
    _row("bart", "BartModel", _BART, open=_OPEN),
    _row("mbart", "MBartForConditionalGeneration", _BART),
    _row("pegasus", "PegasusForConditionalGeneration", _BART),
    _row(
        "pegasus_x",
        "PegasusXModel",
        {**_BART, "block_size": 4, "num_global_tokens": 3},
        {
            "input_ids": tokens("batch", 8),
            "attention_mask": mask("batch", 8),
            "decoder_input_ids": tokens("batch", "target"),
        },
    ),
    _row("marian", "MarianMTModel", _BART),
    _row("m2m_100", "M2M100ForConditionalGeneration", _BART),
    _row("blenderbot", "BlenderbotModel", _BART),
    _row("blenderbot-small", "BlenderbotSmallModel", _BART),
    _row("plbart", "PLBartModel", _BART),
    _row("mvp", "MvpModel", _BART),
    _row(
        "led",
        "LEDModel",
        {
            **_BART,
            "attention_window": 4,
            "max_encoder_position_embeddings": 64,
            "max_decoder_position_embeddings": 64,
        },
        {
            "input_ids": tokens("batch", 8),
            "attention_mask": mask("batch", 8),
            "decoder_input_ids": tokens("batch", "target"),
        },
    ),
    _row(
        "prophetnet",
        "ProphetNetModel",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_encoder_layers": 2,
            "num_decoder_layers": 2,
            "num_encoder_attention_heads": 4,
            "num_decoder_attention_heads": 4,
            "encoder_ffn_dim": 37,
            "decoder_ffn_dim": 37,
            "max_position_embeddings": 64,
        },
    ),
    _row("longt5", "LongT5Model", {**_T5, "local_radius": 3, "encoder_attention_type": "local"}),
    _row("umt5", "UMT5Model", _T5),
    _row("mt5", "MT5Model", _T5),
    _row(
        "fsmt",
        "FSMTModel",
        {**_BART, "langs": ["en", "de"], "src_vocab_size": 99, "tgt_vocab_size": 99},
    ),
    _row(
        "bert-generation",
        "BertGenerationDecoder",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 37,
            "max_position_embeddings": 64,
            "is_decoder": True,
        },
        {"input_ids": tokens("batch", "length"), "attention_mask": mask("batch", "length")},
    ),
)
