"""Speech and other sound."""

from __future__ import annotations

from collections.abc import Mapping

from cases.architectures.row import Architecture, Draw, normal, tokens, wave

_WAVE: Mapping[str, object] = {
    "vocab_size": 32,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "num_feat_extract_layers": 2,
    "conv_dim": (16, 16),
    "conv_stride": (5, 2),
    "conv_kernel": (10, 3),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}
_SPEECHT5: Mapping[str, object] = {
    **_WAVE,
    "vocab_size": 81,
    "encoder_layers": 2,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 37,
    "decoder_layers": 2,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 37,
}


def _row(
    name: str,
    model: str,
    config: Mapping[str, object],
    inputs: Mapping[str, Draw] | None = None,
    open: tuple[str, ...] = (),
) -> Architecture:
    return Architecture(name, model, config, inputs or wave(), "speech", open=open)


ROWS = (
    _row("hubert", "HubertModel", _WAVE, open=("batch",)),
    _row("wavlm", "WavLMModel", {**_WAVE, "num_buckets": 16, "max_bucket_distance": 40}),
    _row("sew", "SEWModel", _WAVE),
    _row(
        "sew-d",
        "SEWDModel",
        {
            **_WAVE,
            "position_buckets": 16,
            "max_position_embeddings": 64,
            "share_att_key": True,
            "squeeze_factor": 2,
        },
    ),
    _row("unispeech", "UniSpeechModel", _WAVE),
    _row("unispeech-sat", "UniSpeechSatModel", _WAVE),
    _row("data2vec-audio", "Data2VecAudioModel", {**_WAVE, "conv_pos_kernel_size": 3}),
    _row(
        "wav2vec2-conformer",
        "Wav2Vec2ConformerModel",
        {**_WAVE, "position_embeddings_type": "relative", "conv_depthwise_kernel_size": 5},
    ),
    _row(
        "wav2vec2-bert",
        "Wav2Vec2BertModel",
        {
            **_WAVE,
            "feature_projection_input_dim": 16,
            "conv_depthwise_kernel_size": 5,
            "left_max_position_embeddings": 6,
            "right_max_position_embeddings": 3,
        },
        {"input_features": normal("batch", "length", 16)},
    ),
    _row(
        "audio-spectrogram-transformer",
        "ASTModel",
        {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 37,
            "patch_size": 4,
            "frequency_stride": 3,
            "time_stride": 3,
            "max_length": 20,
            "num_mel_bins": 16,
        },
        {"input_values": normal("batch", 20, 16)},
    ),
    _row(
        "speech_to_text",
        "Speech2TextModel",
        {
            "vocab_size": 99,
            "d_model": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 37,
            "decoder_ffn_dim": 37,
            "input_feat_per_channel": 8,
            "input_channels": 1,
            "conv_channels": 16,
            "max_source_positions": 64,
            "max_target_positions": 64,
        },
        {"input_features": normal("batch", 24, 8), "decoder_input_ids": tokens("batch", "target")},
    ),
    _row(
        "speecht5",
        "SpeechT5ForSpeechToText",
        _SPEECHT5,
        {
            "input_values": normal("batch", 400),
            "decoder_input_ids": tokens("batch", "target", high=80),
        },
    ),
    _row(
        "hifigan",
        "SpeechT5HifiGan",
        {
            "model_in_dim": 8,
            "upsample_initial_channel": 16,
            "upsample_rates": [4, 2],
            "upsample_kernel_sizes": [8, 4],
            "resblock_kernel_sizes": [3, 5],
            "resblock_dilation_sizes": [[1, 3], [1, 3]],
            "normalize_before": False,
        },
        {"spectrogram": normal("batch", "length", 8)},
    ),
    _row(
        "moonshine",
        "MoonshineModel",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "intermediate_size": 37,
            "encoder_num_hidden_layers": 2,
            "decoder_num_hidden_layers": 2,
            "encoder_num_attention_heads": 4,
            "decoder_num_attention_heads": 4,
            "encoder_num_key_value_heads": 4,
            "decoder_num_key_value_heads": 4,
        },
        {"input_values": normal("batch", 1600), "decoder_input_ids": tokens("batch", "target")},
    ),
    _row(
        "seamless_m4t",
        "SeamlessM4TForSpeechToText",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "speech_encoder_layers": 1,
            "speech_encoder_attention_heads": 4,
            "speech_encoder_intermediate_size": 37,
            "encoder_layers": 1,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 37,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 37,
            "feature_projection_input_dim": 16,
            "conv_depthwise_kernel_size": 5,
            "max_position_embeddings": 64,
            "num_adapter_layers": 1,
            "adaptor_kernel_size": 4,
            "adaptor_stride": 4,
            "pad_token_id": 0,
        },
        {"input_features": normal("batch", 12, 16), "decoder_input_ids": tokens("batch", "target")},
    ),
    _row(
        "encodec",
        "EncodecModel",
        {
            "hidden_size": 16,
            "num_filters": 4,
            "num_residual_layers": 1,
            "upsampling_ratios": [4, 2],
            "codebook_size": 16,
            "codebook_dim": 16,
            "target_bandwidths": [12.0],
            "num_lstm_layers": 1,
        },
        {"input_values": normal("batch", 1, 200)},
    ),
    _row(
        "clap",
        "ClapTextModelWithProjection",
        {
            "vocab_size": 99,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 37,
            "max_position_embeddings": 64,
            "projection_dim": 16,
        },
        {"input_ids": tokens("batch", "length")},
    ),
)
