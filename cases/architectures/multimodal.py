"""Text with pictures, and time series."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.encoders import ENCODER
from cases.architectures.row import TEXT, Architecture, Draw, boxes, image, normal, tokens
from cases.architectures.vision import VIT

_CLIP_TEXT: Mapping[str, object] = {**ENCODER, "bos_token_id": 1, "eos_token_id": 2}
_BOTH = {**TEXT, **image()}
_BLIP_TEXT: Mapping[str, object] = {
    **ENCODER,
    "encoder_hidden_size": 32,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
    "pad_token_id": 0,
    "use_cache": False,
}


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] = _BOTH,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs, "multimodal", open=open)


ROWS = (
    _row(
        "clip",
        "CLIPModel",
        {"text_config": _CLIP_TEXT, "vision_config": VIT, "projection_dim": 16},
        open=("batch", "length"),
    ),
    _row("siglip", "SiglipModel", {"text_config": _CLIP_TEXT, "vision_config": VIT}),
    _row(
        "chinese_clip",
        "ChineseCLIPModel",
        {"text_config": ENCODER, "vision_config": VIT, "projection_dim": 16},
    ),
    _row(
        "altclip",
        "AltCLIPModel",
        {
            "text_config": {**ENCODER, "project_dim": 24, "max_position_embeddings": 70},
            "vision_config": VIT,
            "projection_dim": 16,
        },
    ),
    _row(
        "align",
        "AlignModel",
        {
            "text_config": ENCODER,
            "projection_dim": 16,
            "vision_config": {
                "image_size": 32,
                "width_coefficient": 0.25,
                "depth_coefficient": 0.4,
                "in_channels": [32, 16, 24],
                "out_channels": [16, 24, 40],
                "kernel_sizes": [3, 3, 5],
                "strides": [1, 2, 2],
                "num_block_repeats": [1, 2, 2],
                "expand_ratios": [1, 6, 6],
                "depthwise_padding": [],
                "hidden_dim": 16,
            },
        },
    ),
    _row(
        "blip", "BlipModel", {"text_config": _BLIP_TEXT, "vision_config": VIT, "projection_dim": 16}
    ),
    _row(
        "blip-itm",
        "BlipForImageTextRetrieval",
        {"text_config": _BLIP_TEXT, "vision_config": VIT, "projection_dim": 16},
    ),
    _row(
        "groupvit",
        "GroupViTModel",
        {
            "text_config": _CLIP_TEXT,
            "projection_dim": 16,
            "projection_intermediate_dim": 24,
            "vision_config": {
                **VIT,
                "depths": [1, 1],
                "num_group_tokens": [4, 0],
                "num_output_groups": [4, 4],
            },
        },
    ),
    _row(
        "clipseg",
        "CLIPSegModel",
        {"text_config": _CLIP_TEXT, "vision_config": VIT, "projection_dim": 16},
    ),
    _row(
        "owlvit",
        "OwlViTModel",
        {"text_config": _CLIP_TEXT, "vision_config": VIT, "projection_dim": 16},
    ),
    _row(
        "x-clip",
        "XCLIPModel",
        {
            "text_config": _CLIP_TEXT,
            "projection_dim": 32,
            "mit_hidden_size": 32,
            "mit_intermediate_size": 37,
            "mit_num_hidden_layers": 1,
            "mit_num_attention_heads": 4,
            "prompt_layers": 1,
            "prompt_num_attention_heads": 4,
            "vision_config": {
                **VIT,
                "num_frames": 2,
                "mit_hidden_size": 32,
                "mit_intermediate_size": 37,
                "mit_num_hidden_layers": 1,
                "mit_num_attention_heads": 4,
            },
        },
        {**TEXT, "pixel_values": normal("batch", 2, 3, 32, 32)},
    ),
    _row("vilt", "ViltModel", {**ENCODER, "image_size": 32, "patch_size": 8}),
    _row(
        "flava",
        "FlavaModel",
        {
            "text_config": ENCODER,
            "image_config": {**VIT, "vocab_size": 99},
            "multimodal_config": {
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 4,
                "intermediate_size": 37,
            },
            "hidden_size": 32,
            "projection_dim": 16,
        },
    ),
    _row(
        "lxmert",
        "LxmertModel",
        {**ENCODER, "l_layers": 1, "x_layers": 1, "r_layers": 1, "visual_feat_dim": 12},
        {**TEXT, "visual_feats": normal("batch", 4, 12), "visual_pos": normal("batch", 4, 4)},
    ),
    _row(
        "visual_bert",
        "VisualBertModel",
        {**ENCODER, "visual_embedding_dim": 12},
        {**TEXT, "visual_embeds": normal("batch", 4, 12)},
    ),
    _row(
        "layoutlmv3",
        "LayoutLMv3Model",
        {
            **ENCODER,
            "coordinate_size": 4,
            "shape_size": 8,
            "input_size": 32,
            "patch_size": 8,
            "max_2d_position_embeddings": 64,
            "max_rel_2d_pos": 16,
            "rel_2d_pos_bins": 8,
            "rel_pos_bins": 8,
            "max_rel_pos": 16,
        },
        {**_BOTH, "bbox": boxes("batch", "length")},
    ),
    _row(
        "bridgetower",
        "BridgeTowerModel",
        {
            "text_config": {**ENCODER, "hidden_size": 64, "max_position_embeddings": 70},
            "hidden_size": 64,
            "num_attention_heads": 4,
            "num_hidden_layers": 1,
            "vision_config": {
                "hidden_size": 64,
                "num_hidden_layers": 2,
                "patch_size": 8,
                "image_size": 32,
            },
        },
    ),
    _row("git", "GitModel", {**ENCODER, "num_hidden_layers": 2, "vision_config": VIT}),
    _row(
        "perceiver",
        "PerceiverModel",
        {
            "d_model": 16,
            "d_latents": 24,
            "num_latents": 5,
            "num_self_attends_per_block": 1,
            "num_self_attention_heads": 2,
            "num_cross_attention_heads": 2,
        },
        {"inputs": normal("batch", "length", 16)},
    ),
    _row(
        "patchtst",
        "PatchTSTModel",
        {
            "num_input_channels": 2,
            "context_length": 32,
            "patch_length": 8,
            "patch_stride": 4,
            "d_model": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 24,
        },
        {"past_values": normal("batch", 32, 2)},
    ),
    _row(
        "patchtsmixer",
        "PatchTSMixerModel",
        {
            "num_input_channels": 2,
            "context_length": 32,
            "patch_length": 8,
            "patch_stride": 8,
            "d_model": 16,
            "num_layers": 2,
        },
        {"past_values": normal("batch", 32, 2)},
    ),
    _row(
        "decision_transformer",
        "DecisionTransformerModel",
        {
            "state_dim": 5,
            "act_dim": 3,
            "hidden_size": 32,
            "n_layer": 2,
            "n_head": 4,
            "max_ep_len": 64,
            "n_positions": 64,
        },
        {
            "states": normal("batch", "length", 5),
            "actions": normal("batch", "length", 3),
            "rewards": normal("batch", "length", 1),
            "returns_to_go": normal("batch", "length", 1),
            "timesteps": tokens("batch", "length", high=60),
        },
    ),
)
