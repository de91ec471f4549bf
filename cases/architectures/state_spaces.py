"""State spaces, linear attention and other recurrences in place of attention."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.decoders import DECODER
from cases.architectures.row import TEXT, Architecture, Draw, tokens

_ONLY_TOKENS = {"input_ids": tokens("batch", "length")}


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = _ONLY_TOKENS,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs, "state_spaces", open=open)


ROWS = (
    _row(
        "mamba",
        "MambaForCausalLM",
        {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
    ),
    _row(
        "mamba2",
        "Mamba2ForCausalLM",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "state_size": 8,
            "num_heads": 8,
            "head_dim": 8,
            "n_groups": 2,
            "chunk_size": 4,
        },
    ),
    _row(
        "falcon_mamba",
        "FalconMambaForCausalLM",
        {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
    ),
    _row(
        "rwkv",
        "RwkvForCausalLM",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "attention_hidden_size": 32,
            "intermediate_size": 37,
            "context_length": 64,
        },
    ),
    _row(
        "recurrent_gemma",
        "RecurrentGemmaForCausalLM",
        {
            **DECODER,
            "num_hidden_layers": 3,
            "lru_width": 32,
            "attention_window_size": 4,
            "block_types": ["recurrent", "recurrent", "attention"],
        },
    ),
    _row(
        "jamba",
        "JambaForCausalLM",
        {
            **DECODER,
            "intermediate_size": 40,
            "num_hidden_layers": 4,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "expert_layer_period": 2,
            "expert_layer_offset": 1,
            "num_experts": 4,
            "mamba_d_state": 4,
            "mamba_dt_rank": 4,
            "use_mamba_kernels": False,
        },
        TEXT,
    ),
    _row(
        "bamba",
        "BambaForCausalLM",
        {
            **DECODER,
            "attn_layer_indices": [1],
            "mamba_n_heads": 8,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 4,
            "mamba_n_groups": 2,
        },
        TEXT,
    ),
    _row(
        "falcon_h1",
        "FalconH1ForCausalLM",
        {
            **DECODER,
            "mamba_d_ssm": 64,
            "mamba_n_heads": 8,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 4,
            "mamba_n_groups": 2,
        },
        TEXT,
    ),
    _row(
        "zamba2",
        "Zamba2ForCausalLM",
        {
            **DECODER,
            "mamba_d_state": 8,
            "mamba_headdim": 8,
            "n_mamba_heads": 8,
            "chunk_size": 4,
            "mamba_ngroups": 2,
            "layers_block_type": ["mamba", "hybrid"],
            "num_mem_blocks": 1,
            "hybrid_layer_ids": [1],
            "use_mamba_kernels": False,
            "use_mem_rope": True,
        },
        TEXT,
    ),
    _row(
        "granitemoehybrid",
        "GraniteMoeHybridForCausalLM",
        {
            **DECODER,
            "intermediate_size": 40,
            "layer_types": ["mamba", "attention"],
            "mamba_n_heads": 8,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 4,
            "mamba_n_groups": 2,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "shared_intermediate_size": 24,
        },
        TEXT,
    ),
    _row(
        "qwen3_next",
        "Qwen3NextForCausalLM",
        {
            **DECODER,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 24,
            "shared_expert_intermediate_size": 24,
        },
        TEXT,
    ),
    _row("lfm2", "Lfm2ForCausalLM", {**DECODER, "layer_types": ["conv", "full_attention"]}, TEXT),
    _row(
        "xlstm",
        "xLSTMForCausalLM",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_blocks": 2,
            "num_heads": 4,
            "chunk_size": 8,
        },
    ),
)
