"""Models of sound: from waveforms, from features, and the transforms in between."""

from __future__ import annotations

from cases.case import ModelCase
from cases.models.text import settled


def _wav2vec2() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        vocab_size=32,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=37,
        conv_dim=(16, 16, 16),
        conv_stride=(5, 2, 2),
        conv_kernel=(10, 3, 3),
        num_feat_extract_layers=3,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=4,
        layerdrop=0.0,  # the two that training draws outside of PyTorch's tensors
        apply_spec_augment=False,
    )
    model = settled(transformers.Wav2Vec2Model(config))
    return model, {"input_values": torch.randn(2, 400)}


def _whisper() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=99,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=37,
        decoder_ffn_dim=37,
        num_mel_bins=8,
        max_source_positions=20,
        max_target_positions=20,
        use_cache=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    return settled(transformers.WhisperModel(config)), _whisper_inputs(2, 5)


def _whisper_inputs(batch: int, length: int) -> dict[str, object]:
    import torch

    generator = torch.Generator().manual_seed(batch)
    return {
        "input_features": torch.randn(batch, 8, 40, generator=generator),
        "decoder_input_ids": torch.randint(3, 99, (batch, length), generator=generator),
    }


def _whisper_dimensions() -> object:
    from torch.export import Dim

    batch = Dim("batch", min=1, max=16)
    return {
        "input_features": {0: batch},
        "decoder_input_ids": {0: batch, 1: Dim("length", min=2, max=19)},
    }


def _spectral_gate() -> tuple[object, object]:
    """Analysis, a gain learnt for each frequency, and synthesis."""
    import torch

    class SpectralGate(torch.nn.Module):
        window: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.rand(33, 1))
            self.register_buffer("window", torch.hann_window(64))

        def forward(self, wave: torch.Tensor) -> dict[str, torch.Tensor]:
            spectrum = torch.stft(wave, 64, 16, window=self.window, return_complex=True)
            gated = spectrum * self.gain
            clean = torch.istft(gated, 64, 16, window=self.window, length=wave.shape[-1])
            return {"magnitude": gated.abs(), "wave": clean}

    torch.manual_seed(0)
    return SpectralGate().eval(), (torch.randn(2, 320),)


def _waves(batch: int, samples: int) -> object:
    import torch

    return (torch.randn(batch, samples, generator=torch.Generator().manual_seed(samples)),)


def _batch_dimension() -> object:
    from torch.export import Dim

    return ({0: Dim("batch", min=1, max=16)},)


CASES = (
    ModelCase("wav2vec2", _wav2vec2, "audio"),
    ModelCase(
        "whisper",
        _whisper,
        "audio",
        dynamic_shapes=_whisper_dimensions,
        other_inputs=lambda: _whisper_inputs(3, 4),
    ),
    ModelCase(
        "spectral_gate",
        _spectral_gate,
        "audio",
        dynamic_shapes=_batch_dimension,
        other_inputs=lambda: _waves(3, 320),
    ),
)
