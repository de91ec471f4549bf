"""Encoders of text."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.row import TEXT, Architecture, Draw, boxes, mask, tokens

ENCODER: Mapping[str, object] = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "max_position_embeddings": 64,
}
_TEXT_OPEN = ("batch", "length")


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = TEXT,
    open: tuple[str, ...] = (),
    refused: str = "",
) -> Architecture:
    return Architecture(name, model, config, inputs, "encoders", open=open, refused=refused)


ROWS = (
    _row("electra", "ElectraModel", {**ENCODER, "embedding_size": 16}, open=_TEXT_OPEN),
    _row(
        "deberta",
        "DebertaModel",
        {**ENCODER, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    ),
    _row(
        "deberta-v2",
        "DebertaV2Model",
        {
            **ENCODER,
            "relative_attention": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_buckets": 16,
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
            "conv_kernel_size": 3,
        },
    ),
    _row(
        "mobilebert",
        "MobileBertModel",
        {
            **ENCODER,
            "embedding_size": 16,
            "true_hidden_size": 32,
            "intra_bottleneck_size": 32,
            "hidden_size": 48,
        },
    ),
    _row(
        "funnel",
        "FunnelModel",
        {
            "vocab_size": 99,
            "d_model": 32,
            "n_head": 4,
            "d_head": 8,
            "d_inner": 37,
            "block_sizes": [1, 1],
            "num_decoder_layers": 1,
        },
    ),
    _row(
        "xlnet",
        "XLNetModel",
        {"vocab_size": 99, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 37},
    ),
    _row("mpnet", "MPNetModel", ENCODER, open=_TEXT_OPEN),
    _row(
        "layoutlm",
        "LayoutLMModel",
        {**ENCODER, "max_2d_position_embeddings": 64},
        {**TEXT, "bbox": boxes("batch", "length")},
    ),
    _row(
        "lilt",
        "LiltModel",
        {**ENCODER, "hidden_size": 24, "channel_shrink_ratio": 2, "max_2d_position_embeddings": 64},
        {**TEXT, "bbox": boxes("batch", "length")},
    ),
    _row(
        "nystromformer",
        "NystromformerModel",
        {**ENCODER, "num_landmarks": 4, "segment_means_seq_len": 8},
        {"input_ids": tokens("batch", 8)},
    ),
    _row("roformer", "RoFormerModel", {**ENCODER, "embedding_size": 16}, open=_TEXT_OPEN),
    _row(
        "squeezebert",
        "SqueezeBertModel",
        {**ENCODER, "embedding_size": 32, "intermediate_size": 64},
    ),
    _row(
        "modernbert",
        "ModernBertModel",
        {
            **ENCODER,
            "pad_token_id": 0,
            "local_attention": 4,
            "num_hidden_layers": 3,
            "global_attn_every_n_layers": 2,
        },
        open=_TEXT_OPEN,
    ),
    _row(
        "esm",
        "EsmModel",
        {**ENCODER, "pad_token_id": 1, "mask_token_id": 2, "position_embedding_type": "rotary"},
    ),
    _row("fnet", "FNetModel", ENCODER, {"input_ids": tokens("batch", "length")}),
    _row("ibert", "IBertModel", ENCODER),
    _row("xlm", "XLMModel", {"vocab_size": 99, "emb_dim": 32, "n_layers": 2, "n_heads": 4}),
    _row(
        "convbert",
        "ConvBertModel",
        {**ENCODER, "embedding_size": 16, "head_ratio": 2, "conv_kernel_size": 3},
    ),
    _row(
        "rembert",
        "RemBertModel",
        {**ENCODER, "input_embedding_size": 16, "output_embedding_size": 16},
    ),
    _row("big_bird", "BigBirdModel", {**ENCODER, "attention_type": "original_full"}),
    _row("ernie", "ErnieModel", {**ENCODER, "use_task_id": True}),
    _row("megatron-bert", "MegatronBertModel", ENCODER),
    _row("splinter", "SplinterModel", ENCODER),
    _row(
        "roc_bert",
        "RoCBertModel",
        {
            **ENCODER,
            "pronunciation_vocab_size": 40,
            "shape_vocab_size": 40,
            "pronunciation_embed_dim": 8,
            "shape_embed_dim": 8,
        },
        {
            **TEXT,
            "input_shape_ids": tokens("batch", "length", high=40),
            "input_pronunciation_ids": tokens("batch", "length", high=40),
        },
    ),
    _row(
        "xmod",
        "XmodModel",
        {**ENCODER, "languages": ["en_XX", "de_DE"], "default_language": "en_XX"},
    ),
    _row(
        "longformer",
        "LongformerModel",
        {**ENCODER, "attention_window": 4},
        {"input_ids": tokens("batch", 8), "attention_mask": mask("batch", 8)},
    ),
    _row("data2vec-text", "Data2VecTextModel", ENCODER),
    _row(
        "canine",
        "CanineModel",
        {
            **ENCODER,
            "num_hash_functions": 2,
            "num_hash_buckets": 50,
            "local_transformer_stride": 4,
            "downsampling_rate": 4,
            "upsampling_kernel_size": 4,
        },
        {"input_ids": tokens("batch", 16), "attention_mask": mask("batch", 16)},
    ),
    _row("eurobert", "EuroBertModel", {**ENCODER, "num_key_value_heads": 2, "pad_token_id": 0}),
    _row("nomic_bert", "NomicBertModel", ENCODER),
)
