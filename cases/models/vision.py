"""Models of images: classifiers of transformers, and a U-Net, a generator and a detector's head."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from cases.case import ModelCase
from cases.models.text import settled


def lived(module: object) -> object:
    """The module as if it had been trained.

    Running statistics and affine weights that are not trivial.
    """
    import torch

    generator = torch.Generator().manual_seed(1)

    def fill(tensor: torch.Tensor, low: float, high: float) -> None:
        with torch.no_grad():
            tensor.copy_(low + (high - low) * torch.rand(tensor.shape, generator=generator))

    for buffer in module.buffers():  # type: ignore[attr-defined]
        if buffer.is_floating_point() and buffer.dim() > 1 and not buffer.any():
            fill(buffer, -1.0, 1.0)  # a table that training would have filled
    for part in module.modules():  # type: ignore[attr-defined]
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            fill(part.running_mean, -0.3, 0.3)  # type: ignore[arg-type]
            fill(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
            fill(part.weight, 0.5, 1.5)
            fill(part.bias, -0.2, 0.2)
    return settled(module)


def _pixels(batch: int, height: int, width: int, channels: int = 3) -> dict[str, object]:
    import torch

    generator = torch.Generator().manual_seed(height)
    return {"pixel_values": torch.randn(batch, channels, height, width, generator=generator)}


def _open_batch(name: str) -> Callable[[], object]:
    def shapes() -> object:
        import torch

        return {name: {0: torch.export.Dim("batch", min=1, max=64)}}

    return shapes


def _open_batch_and_size(name: str, multiple: int) -> Callable[[], object]:
    def shapes() -> object:
        import torch

        height, width = (multiple * torch.export.Dim(axis, min=2, max=64) for axis in ("h", "w"))
        return {name: {0: torch.export.Dim("batch", min=1, max=64), 2: height, 3: width}}

    return shapes


def _resnet() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16], depths=[1, 2, 1], num_labels=5
    )
    return lived(transformers.ResNetForImageClassification(config)), _pixels(2, 32, 32)


def _mobilenet_v2() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.MobileNetV2Config(
        depth_multiplier=0.25, min_depth=4, depth_divisible_by=4, num_labels=5, tf_padding=False
    )
    return lived(transformers.MobileNetV2ForImageClassification(config)), _pixels(2, 32, 32)


def _efficientnet() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.EfficientNetConfig(
        image_size=32,
        width_coefficient=0.25,
        depth_coefficient=0.4,
        in_channels=[32, 16, 24],
        out_channels=[16, 24, 40],
        kernel_sizes=[3, 3, 5],
        strides=[1, 2, 2],
        num_block_repeats=[1, 2, 2],
        expand_ratios=[1, 6, 6],
        depthwise_padding=[],
        hidden_dim=320,
        num_labels=5,
    )
    return lived(transformers.EfficientNetForImageClassification(config)), _pixels(2, 32, 32)


def _regnet() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.RegNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], groups_width=4, num_labels=5
    )
    return lived(transformers.RegNetForImageClassification(config)), _pixels(2, 32, 32)


def _convnext() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.ConvNextConfig(
        hidden_sizes=[8, 16, 16, 24], depths=[1, 1, 2, 1], num_labels=5, layer_scale_init_value=0.5
    )
    return settled(transformers.ConvNextForImageClassification(config)), _pixels(2, 64, 64)


def _swin() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.SwinConfig(
        image_size=32,
        patch_size=2,
        embed_dim=8,
        depths=[2, 2],
        num_heads=[2, 4],
        window_size=4,
        num_labels=5,
    )
    return settled(transformers.SwinForImageClassification(config)), _pixels(2, 32, 32)


def _segformer() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        num_labels=5,
    )
    return lived(transformers.SegformerForSemanticSegmentation(config)), _pixels(2, 32, 32)


def _vit() -> tuple[object, object]:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=37,
        image_size=32,
        patch_size=8,
        num_labels=5,
    )
    return settled(transformers.ViTForImageClassification(config)), _pixels(2, 32, 32)


def _unet() -> tuple[object, object]:
    """Bilinear on one level, a transposed convolution on the other, joined by concatenation."""
    import torch
    from torch import nn
    from torch.nn import functional

    def block(before: int, after: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(4, after), nn.SiLU(inplace=True)
        )

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = block(3, 8), block(8, 16), block(16, 16)
            self.up = nn.ConvTranspose2d(24, 8, 2, stride=2)
            self.middle, self.last = block(32, 24), block(16, 8)
            self.head = nn.Conv2d(8, 2, 1)

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            first = self.first(pixel_values)
            second = self.second(functional.max_pool2d(first, 2))
            third = self.third(functional.avg_pool2d(second, 2))
            up = functional.interpolate(
                third, scale_factor=2.0, mode="bilinear", align_corners=False
            )
            middle = self.middle(torch.cat([second, up], 1))
            return self.head(self.last(torch.cat([first, self.up(middle)], 1)))

    torch.manual_seed(0)
    return settled(UNet()), _pixels(2, 16, 24)


def _generator() -> tuple[object, object]:
    """The generator of a DCGAN."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers: list[nn.Module] = []
    channels = [12, 16, 8, 3]
    for place, (before, after) in enumerate(itertools.pairwise(channels)):
        stride, padding = (1, 0) if place == 0 else (2, 1)
        layers += [
            nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(True),
        ]
    model = nn.Sequential(*layers[:-2], nn.Tanh())
    return lived(model), (torch.randn(2, 12, 1, 1),)


def _detector() -> tuple[object, object]:
    """A pyramid of pools, a concatenation across scales, and boxes decoded on a grid."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(
                nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU(inplace=True)
            )
            self.down = nn.Sequential(
                nn.Conv2d(16, 16, 3, 2, 1, groups=4), nn.BatchNorm2d(16), nn.SiLU(inplace=True)
            )
            self.pyramid = nn.Conv2d(64, 16, 1)
            self.pool = nn.MaxPool2d(5, 1, 2)
            self.boxes = nn.ModuleList([nn.Conv2d(32, 8, 1), nn.Conv2d(16, 8, 1)])

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            fine = self.stem(pixel_values)
            pools = [self.down(fine)]
            for _ in range(3):
                pools.append(self.pool(pools[-1]))
            coarse = self.pyramid(torch.cat(pools, 1))
            near = functional.interpolate(coarse, scale_factor=2, mode="nearest")
            scales = [torch.cat([near, fine], 1), coarse]
            decoded = [
                self.decode(head(scale), stride)
                for head, scale, stride in zip(self.boxes, scales, (2, 4), strict=True)
            ]
            return torch.cat(decoded, 1)

        def decode(self, raw: torch.Tensor, stride: int) -> torch.Tensor:
            batch, _, height, width = raw.shape
            x = raw.view(batch, 2, 4, height, width).permute(0, 1, 3, 4, 2)
            rows, columns = torch.arange(height), torch.arange(width)
            grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).to(raw.dtype)
            centre = (x[..., :2].sigmoid() * 2 - 0.5 + grid) * stride
            size = (x[..., 2:].sigmoid() * 2) ** 2 * stride
            return torch.cat([centre, size], -1).reshape(batch, -1, 4)

    torch.manual_seed(0)
    return lived(Detector()), _pixels(2, 16, 24)


CASES: tuple[ModelCase, ...] = (
    ModelCase(
        "resnet",
        _resnet,
        "vision",
        _open_batch_and_size("pixel_values", 16),
        lambda: _pixels(3, 48, 32),
    ),
    ModelCase(
        "mobilenet_v2",
        _mobilenet_v2,
        "vision",
        _open_batch("pixel_values"),
        lambda: _pixels(3, 32, 32),
        training_inputs=lambda: _pixels(4, 64, 64),
    ),
    ModelCase(
        "efficientnet",
        _efficientnet,
        "vision",
        _open_batch("pixel_values"),
        lambda: _pixels(3, 32, 32),
    ),
    ModelCase(
        "regnet",
        _regnet,
        "vision",
        _open_batch_and_size("pixel_values", 16),
        lambda: _pixels(3, 48, 32),
    ),
    ModelCase(
        "convnext",
        _convnext,
        "vision",
        _open_batch_and_size("pixel_values", 32),
        lambda: _pixels(3, 96, 64),
    ),
    ModelCase("swin", _swin, "vision", _open_batch("pixel_values"), lambda: _pixels(3, 32, 32)),
    ModelCase(
        "segformer", _segformer, "vision", _open_batch("pixel_values"), lambda: _pixels(3, 32, 32)
    ),
    ModelCase("vit", _vit, "vision", _open_batch("pixel_values"), lambda: _pixels(3, 32, 32)),
    ModelCase(
        "unet",
        _unet,
        "vision",
        _open_batch_and_size("pixel_values", 4),
        lambda: _pixels(3, 32, 20),
    ),
    ModelCase("dcgan_generator", _generator, "vision"),
    ModelCase(
        "detector",
        _detector,
        "vision",
        _open_batch_and_size("pixel_values", 4),
        lambda: _pixels(3, 32, 20),
    ),
)
