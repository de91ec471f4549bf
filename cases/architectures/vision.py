"""Pictures and films: transformers, convolutions, detectors and segmentations."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.row import Architecture, Draw, image, normal

VIT: Mapping[str, object] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "image_size": 32,
    "patch_size": 8,
}
_FOUR: Mapping[str, object] = {
    "hidden_sizes": [8, 16, 16, 24],
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 2, 2, 4],
}
_RESNET: Mapping[str, object] = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 16, 24],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage4"],
}
_DETR: Mapping[str, object] = {
    "use_timm_backbone": False,
    "use_pretrained_backbone": False,
    "backbone": None,
    "backbone_config": _RESNET,
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 37,
    "decoder_ffn_dim": 37,
    "num_queries": 5,
    "num_labels": 4,
}
_FILM = {"pixel_values": normal("batch", 2, 3, 16, 16)}
_VIDEO: Mapping[str, object] = {**VIT, "image_size": 16, "num_frames": 2, "tubelet_size": 2}


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] | None = None,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs or image(), "vision", open=open)


ROWS = (
    _row("deit", "DeiTModel", VIT, open=("batch",)),
    _row(
        "beit",
        "BeitModel",
        {
            **VIT,
            "vocab_size": 99,
            "use_relative_position_bias": True,
            "layer_scale_init_value": 0.5,
        },
    ),
    _row(
        "data2vec-vision", "Data2VecVisionModel", {**VIT, "use_shared_relative_position_bias": True}
    ),
    _row("dinov2", "Dinov2Model", VIT, {"pixel_values": normal("batch", 3, 40, 24)}),
    _row("dinov2_with_registers", "Dinov2WithRegistersModel", VIT),
    _row("dinov3_vit", "DINOv3ViTModel", {**VIT, "num_register_tokens": 2}),
    _row("ijepa", "IJepaModel", VIT),
    _row("vit_msn", "ViTMSNModel", VIT),
    _row(
        "vitdet",
        "VitDetModel",
        {
            **VIT,
            "num_attention_heads": 2,
            "mlp_ratio": 2,
            "window_block_indices": [0],
            "window_size": 3,
            "pretrain_image_size": 32,
            "use_relative_position_embeddings": True,
        },
    ),
    _row("aimv2", "Aimv2VisionModel", VIT),
    _row(
        "swinv2",
        "Swinv2Model",
        {
            "image_size": 32,
            "patch_size": 2,
            "embed_dim": 8,
            "depths": [2, 1],
            "num_heads": [2, 4],
            "window_size": 4,
        },
        open=("batch",),
    ),
    _row(
        "swin2sr",
        "Swin2SRForImageSuperResolution",
        {
            "image_size": 16,
            "embed_dim": 12,
            "depths": [1, 1],
            "num_heads": [2, 2],
            "window_size": 4,
            "upscale": 2,
            "num_channels": 3,
        },
        image(16),
    ),
    _row(
        "convnextv2",
        "ConvNextV2Model",
        {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2, "image_size": 32},
    ),
    _row(
        "dinov3_convnext",
        "DINOv3ConvNextModel",
        {"hidden_sizes": [8, 16, 16, 24], "depths": [1, 1, 1, 1]},
    ),
    _row(
        "poolformer", "PoolFormerModel", {"hidden_sizes": [8, 16, 16, 24], "depths": [1, 1, 1, 1]}
    ),
    _row("pvt", "PvtModel", {**_FOUR, "image_size": 32}),
    _row("pvt_v2", "PvtV2Model", {**_FOUR, "image_size": 32}),
    _row("glpn", "GLPNForDepthEstimation", {**_FOUR, "decoder_hidden_size": 8}, image(64)),
    _row(
        "cvt",
        "CvtModel",
        {"embed_dim": [8, 16, 24], "num_heads": [1, 2, 3], "depth": [1, 2, 3]},
        image(64),
    ),
    _row(
        "levit",
        "LevitModel",
        {
            "hidden_sizes": [16, 24, 32],
            "num_attention_heads": [2, 3, 4],
            "depths": [1, 1, 1],
            "key_dim": [8, 8, 8],
            "image_size": 64,
        },
        image(64),
    ),
    _row(
        "mobilevit",
        "MobileViTModel",
        {
            "hidden_sizes": [16, 24, 24],
            "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 32],
            "image_size": 64,
            "num_attention_heads": 4,
        },
        image(64),
    ),
    _row(
        "mobilevitv2", "MobileViTV2Model", {"image_size": 64, "width_multiplier": 0.25}, image(64)
    ),
    _row("mobilenet_v1", "MobileNetV1Model", {"depth_multiplier": 0.25, "min_depth": 4}, image(64)),
    _row(
        "bit",
        "BitModel",
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "num_groups": 4},
    ),
    _row(
        "hiera",
        "HieraModel",
        {
            "embed_dim": 8,
            "image_size": [32, 32],
            "patch_stride": [4, 4],
            "patch_size": [7, 7],
            "depths": [1, 1],
            "num_heads": [1, 2],
            "masked_unit_size": [4, 4],
            "query_stride": [2, 2],
            "num_query_pool": 1,
            "masked_unit_attention": [True, False],
        },
    ),
    _row(
        "focalnet",
        "FocalNetModel",
        {
            "image_size": 32,
            "embed_dim": 8,
            "depths": [1, 1],
            "hidden_sizes": [8, 16],
            "focal_levels": [2, 2],
            "focal_windows": [3, 3],
        },
    ),
    _row(
        "swiftformer",
        "SwiftFormerModel",
        {"image_size": 64, "depths": [1, 1, 1, 1], "embed_dims": [8, 16, 16, 24]},
        image(64),
    ),
    _row(
        "hgnet_v2",
        "HGNetV2ForImageClassification",
        {
            "stem_channels": [3, 8, 8],
            "embedding_size": 8,
            "hidden_sizes": [8, 16, 16, 24],
            "stage_in_channels": [8, 8, 16, 16],
            "stage_mid_channels": [8, 8, 8, 8],
            "stage_out_channels": [8, 16, 16, 24],
            "stage_num_blocks": [1, 1, 1, 1],
            "stage_numb_of_layers": [1, 1, 1, 1],
            "depths": [1, 1, 1, 1],
            "num_labels": 5,
        },
        image(64),
    ),
    _row(
        "textnet",
        "TextNetModel",
        {
            "stem_out_channels": 8,
            "hidden_sizes": [8, 8, 16, 16, 24],
            "conv_layer_kernel_sizes": [[[3, 3]], [[3, 1]], [[1, 3]], [[3, 3]]],
            "conv_layer_strides": [[2], [2], [1], [2]],
        },
        image(64),
    ),
    _row(
        "dpt",
        "DPTForDepthEstimation",
        {
            **VIT,
            "num_hidden_layers": 4,
            "backbone_out_indices": [0, 1, 2, 3],
            "neck_hidden_sizes": [8, 8, 8, 8],
            "fusion_hidden_size": 8,
        },
    ),
    _row(
        "yolos",
        "YolosForObjectDetection",
        {**VIT, "image_size": [32, 32], "num_detection_tokens": 4, "num_labels": 4},
    ),
    _row("detr", "DetrForObjectDetection", _DETR, image(64)),
    _row("conditional_detr", "ConditionalDetrForObjectDetection", _DETR, image(64)),
    _row(
        "deformable_detr",
        "DeformableDetrForObjectDetection",
        {
            **_DETR,
            "decoder_layers": 2,
            "num_feature_levels": 2,
            "encoder_n_points": 2,
            "decoder_n_points": 2,
            "backbone_config": {**_RESNET, "out_features": ["stage3", "stage4"]},
        },
        image(64),
    ),
    _row("table-transformer", "TableTransformerForObjectDetection", _DETR, image(64)),
    _row(
        "maskformer",
        "MaskFormerForInstanceSegmentation",
        {
            "fpn_feature_size": 32,
            "mask_feature_size": 32,
            "num_labels": 4,
            "backbone_config": {
                "model_type": "swin",
                "image_size": 64,
                "patch_size": 4,
                "embed_dim": 8,
                "depths": [1, 1, 1, 1],
                "num_heads": [1, 2, 2, 4],
                "window_size": 4,
                "out_features": ["stage1", "stage2", "stage3", "stage4"],
            },
            "decoder_config": {"model_type": "detr", **_DETR},
        },
        image(64),
    ),
    _row(
        "upernet",
        "UperNetForSemanticSegmentation",
        {
            "hidden_size": 16,
            "use_auxiliary_head": False,
            "num_labels": 4,
            "backbone_config": {
                "model_type": "convnext",
                "hidden_sizes": [8, 16, 16, 24],
                "depths": [1, 1, 1, 1],
                "out_features": ["stage1", "stage2", "stage3", "stage4"],
            },
        },
        image(64),
    ),
    _row(
        "depth_anything",
        "DepthAnythingForDepthEstimation",
        {
            "backbone_config": {
                "model_type": "dinov2",
                **VIT,
                "num_hidden_layers": 4,
                "out_features": ["stage1", "stage2", "stage3", "stage4"],
                "reshape_hidden_states": False,
            },
            "reassemble_hidden_size": 32,
            "patch_size": 8,
            "neck_hidden_sizes": [8, 8, 8, 8],
            "fusion_hidden_size": 8,
            "head_hidden_size": 8,
            "depth_estimation_type": "metric",
        },
    ),
    _row("timesformer", "TimesformerModel", {**VIT, "image_size": 16, "num_frames": 2}, _FILM),
    _row("videomae", "VideoMAEModel", _VIDEO, _FILM),
    _row("vivit", "VivitModel", {**_VIDEO, "tubelet_size": [2, 8, 8]}, _FILM),
)
