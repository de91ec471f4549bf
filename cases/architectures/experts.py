"""Mixtures of experts."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.decoders import DECODER
from cases.architectures.row import SENTENCES, TEXT, Architecture, Draw

_EXPERTS: Mapping[str, object] = {
    **DECODER,
    "intermediate_size": 40,
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
}
_LOCAL: Mapping[str, object] = {
    **DECODER,
    "intermediate_size": 40,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}
_DEEPSEEK: Mapping[str, object] = {
    **{name: value for name, value in DECODER.items() if name != "head_dim"},
    "num_key_value_heads": 4,
    "moe_intermediate_size": 24,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 2,
    "topk_group": 1,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 8,
    "q_lora_rank": 12,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 8,
}


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = TEXT,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs, "experts", open=open)


ROWS = (
    _row("mixtral", "MixtralForCausalLM", _LOCAL, open=("batch", "length")),
    _row("qwen2_moe", "Qwen2MoeForCausalLM", {**_EXPERTS, "shared_expert_intermediate_size": 24}),
    _row("qwen3_moe", "Qwen3MoeForCausalLM", _EXPERTS),
    _row("olmoe", "OlmoeForCausalLM", _EXPERTS),
    _row("phimoe", "PhimoeForCausalLM", _LOCAL),
    _row("granitemoe", "GraniteMoeForCausalLM", _LOCAL),
    _row("gpt_oss", "GptOssForCausalLM", {**_LOCAL, "sliding_window": 4}),
    _row("deepseek_v2", "DeepseekV2ForCausalLM", _DEEPSEEK),
    _row("deepseek_v3", "DeepseekV3ForCausalLM", _DEEPSEEK),
    _row("glm4_moe", "Glm4MoeForCausalLM", {**_DEEPSEEK, "head_dim": 8}),
    _row(
        "jetmoe",
        "JetMoeForCausalLM",
        {
            **DECODER,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "kv_channels": 8,
            "num_key_value_heads": 2,
        },
    ),
    _row(
        "switch_transformers",
        "SwitchTransformersModel",
        {
            "vocab_size": 99,
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 37,
            "num_layers": 2,
            "num_heads": 4,
            "num_experts": 4,
            "num_sparse_encoder_layers": 1,
            "num_sparse_decoder_layers": 1,
            "num_decoder_layers": 2,
            "expert_capacity": 64,
            "decoder_start_token_id": 0,
        },
        SENTENCES,
    ),
    _row(
        "nllb-moe",
        "NllbMoeModel",
        {
            "vocab_size": 99,
            "d_model": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 37,
            "decoder_ffn_dim": 37,
            "num_experts": 4,
            "expert_capacity": 64,
            "encoder_sparse_step": 2,
            "decoder_sparse_step": 2,
            "max_position_embeddings": 64,
        },
        SENTENCES,
    ),
)
