"""Decoders of text."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.encoders import ENCODER
from cases.architectures.row import TEXT, Architecture, Draw

DECODER: Mapping[str, object] = {
    **ENCODER,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_OPEN = ("batch", "length")


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = TEXT,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs, "decoders", open=open)


ROWS = (
    _row(
        "bloom",
        "BloomForCausalLM",
        {"vocab_size": 99, "hidden_size": 32, "n_layer": 2, "n_head": 4},
        open=_OPEN,
    ),
    _row("gpt_neox", "GPTNeoXForCausalLM", DECODER),
    _row(
        "gptj",
        "GPTJForCausalLM",
        {
            "vocab_size": 99,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "rotary_dim": 4,
            "n_positions": 64,
        },
    ),
    _row(
        "gpt_neo",
        "GPTNeoForCausalLM",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 4,
            "window_size": 4,
            "max_position_embeddings": 64,
            "attention_types": [[["global", "local"], 1]],
        },
        open=_OPEN,
    ),
    _row(
        "codegen",
        "CodeGenForCausalLM",
        {
            "vocab_size": 99,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "rotary_dim": 4,
            "n_positions": 64,
        },
    ),
    _row(
        "falcon",
        "FalconForCausalLM",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "alibi": False,
            "multi_query": True,
        },
    ),
    _row("phi", "PhiForCausalLM", DECODER),
    _row("phi3", "Phi3ForCausalLM", DECODER),
    _row("gemma", "GemmaForCausalLM", DECODER),
    _row("gemma2", "Gemma2ForCausalLM", {**DECODER, "sliding_window": 4}, open=_OPEN),
    _row(
        "gemma3_text",
        "Gemma3ForCausalLM",
        {**DECODER, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    _row("qwen3", "Qwen3ForCausalLM", DECODER, open=_OPEN),
    _row("stablelm", "StableLmForCausalLM", DECODER),
    _row("starcoder2", "Starcoder2ForCausalLM", DECODER),
    _row("olmo", "OlmoForCausalLM", DECODER),
    _row("olmo2", "Olmo2ForCausalLM", DECODER),
    _row("cohere", "CohereForCausalLM", {**DECODER, "use_qk_norm": True}),
    _row("cohere2", "Cohere2ForCausalLM", {**DECODER, "sliding_window": 4}),
    _row(
        "granite",
        "GraniteForCausalLM",
        {**DECODER, "embedding_multiplier": 2.0, "residual_multiplier": 0.5},
    ),
    _row("nemotron", "NemotronForCausalLM", DECODER),
    _row("persimmon", "PersimmonForCausalLM", DECODER),
    _row(
        "mpt",
        "MptForCausalLM",
        {"vocab_size": 99, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 64},
    ),
    _row(
        "gpt_bigcode",
        "GPTBigCodeForCausalLM",
        {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    ),
    _row("biogpt", "BioGptForCausalLM", DECODER),
    _row(
        "ctrl",
        "CTRLLMHeadModel",
        {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "dff": 37, "n_positions": 64},
    ),
    _row(
        "xglm",
        "XGLMForCausalLM",
        {
            "vocab_size": 99,
            "d_model": 32,
            "ffn_dim": 37,
            "num_layers": 2,
            "attention_heads": 4,
            "max_position_embeddings": 64,
        },
    ),
    _row("helium", "HeliumForCausalLM", DECODER),
    _row("glm4", "Glm4ForCausalLM", DECODER),
    _row("smollm3", "SmolLM3ForCausalLM", DECODER),
    _row("diffllama", "DiffLlamaForCausalLM", DECODER),
    _row("exaone4", "Exaone4ForCausalLM", {**DECODER, "sliding_window": 4}),
    _row(
        "openai-gpt",
        "OpenAIGPTLMHeadModel",
        {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    ),
)
