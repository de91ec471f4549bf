"""Built-in mappings of ResNet and EfficientNet: every depth, and both models compute the same."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub as hub
import numpy as np
import pytest
import torch
import transformers
from keras.src.applications.efficientnet import EfficientNet
from keras.src.applications.resnet import ResNet, stack_residual_blocks_v1

import parity
from converters import CheckpointError, NameMap, convert_checkpoint
from converters.checkpoints.names import choices, template, with_parameters

IMAGE = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


class Features(torch.nn.Module):
    """What a model makes of an image, channels last."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.model(image)[0].permute(0, 2, 3, 1)


class KerasFeatures:
    """The same of a Keras model, given channels first."""

    def __init__(self, model: Any, scale: float = 1.0) -> None:
        self.model, self.scale, self.variables = model, scale, model.variables

    def __call__(self, image: Any) -> Any:
        return self.model(keras.ops.transpose(image, (0, 2, 3, 1)) * self.scale)


def drawn(model: Any) -> Any:
    """A model with weights and statistics far from where training begins."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():  # a variance isn't negative
                tensor.add_(torch.rand_like(tensor) / (10 if "running_var" in name else 30))
    return model.eval()


def resnet(depths, kind, sizes, **more):
    config = transformers.ResNetConfig(
        embedding_size=sizes[0] // (4 if kind == "bottleneck" else 1), hidden_sizes=sizes,
        depths=depths, layer_type=kind, **more,
    )  # fmt: skip
    return transformers.ResNetModel(config)


def hub_resnet(depths, kind, sizes):
    return hub.models.ResNetBackbone(
        input_conv_filters=[sizes[0]],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=sizes,
        stackwise_num_blocks=depths,
        stackwise_num_strides=[1, 2, 2, 2],
        block_type=f"{kind}_block",
        image_shape=(32, 32, 3),
    )


def bottleneck():
    depths = [1, 2, 1, 1]
    source = resnet(depths, "bottleneck", [256, 16, 16, 16])
    numbers = dict(zip(("first", "second", "third", "fourth"), depths, strict=True))
    target = hub_resnet(depths, "bottleneck", [64, 4, 4, 4])
    return source, target, NameMap.load("resnet_bottleneck", **numbers), {}


def basic():
    depths = [1, 2, 1, 1]
    source, target = (make(depths, "basic", [64, 8, 8, 8]) for make in (resnet, hub_resnet))
    numbers = dict(zip(("first", "second", "third", "fourth"), depths, strict=True))
    return source, target, NameMap.load("resnet_basic", **numbers), {}


STAGES = {
    "kernel_sizes": [3, 5, 3],
    "in_channels": [32, 16, 24],
    "out_channels": [16, 24, 40],
    "strides": [1, 2, 2],
    "num_block_repeats": [2, 1, 2],
    "expand_ratios": [1, 2, 2],
}


def efficientnet(**more):
    config = transformers.EfficientNetConfig(
        width_coefficient=0.25, depth_coefficient=1.0, hidden_dim=320, image_size=32,
        **STAGES, **more,
    )  # fmt: skip
    return transformers.EfficientNetModel(config)


def keras_efficientnet():
    names = {
        "kernel_size": "kernel_sizes",
        "filters_in": "in_channels",
        "filters_out": "out_channels",
        "strides": "strides",
        "repeats": "num_block_repeats",
        "expand_ratio": "expand_ratios",
    }
    blocks = [
        {own: STAGES[name][n] for own, name in names.items()} | {"se_ratio": 0.25, "id_skip": True}
        for n in range(3)
    ]
    target = EfficientNet(
        0.25, 1.0, 32, blocks_args=blocks, include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    names = NameMap.load("efficientnet", first=2, blocks=5)
    return efficientnet(), target, names, {"scale": 255.0}


def hub_efficientnet():
    target = hub.models.EfficientNetBackbone(
        stackwise_kernel_sizes=STAGES["kernel_sizes"],
        stackwise_num_repeats=STAGES["num_block_repeats"],
        stackwise_input_filters=STAGES["in_channels"],
        stackwise_output_filters=STAGES["out_channels"],
        stackwise_expansion_ratios=STAGES["expand_ratios"],
        stackwise_squeeze_and_excite_ratios=[0.25] * 3,
        stackwise_strides=STAGES["strides"],
        stackwise_block_types=["v1"] * 3,
        width_coefficient=0.25,
        depth_coefficient=1.0,
        include_stem_padding=False,
        stem_conv_padding="same",
        batch_norm_epsilon=1e-3,
        use_depth_divisor_as_min_depth=True,
        cap_round_filter_decrease=True,
        input_shape=(32, 32, 3),
    )
    source = efficientnet(depthwise_padding=list(range(5)))
    return source, target, NameMap.load("efficientnet", first=2, blocks=5), {}


BUILDERS = {
    make.__name__: make for make in (bottleneck, basic, keras_efficientnet, hub_efficientnet)
}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_weights_cross_there_and_back_and_the_models_compute_the_same(name, tmp_path):
    torch.manual_seed(0)
    source, target, names, options = BUILDERS[name]()
    drawn(source)
    torch.save(source.state_dict(), tmp_path / "a.pt")
    target.save_weights(tmp_path / "template.weights.h5")
    there = tmp_path / "b.weights.h5"
    convert_checkpoint(
        tmp_path / "a.pt", there, weights=names, template=tmp_path / "template.weights.h5"
    )
    target.load_weights(there)
    report = parity.check(
        Features(source), KerasFeatures(target, **options), (IMAGE,), gradients=False
    )
    assert report.passes, report.results[0].summary

    convert_checkpoint(there, tmp_path / "c.pt", weights=names, reverse=True)
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    assert all(torch.equal(tensor, source.state_dict()[key]) for key, tensor in state.items())
    source.load_state_dict(state)


def keras_resnet(depths, filters):
    def stages(x):
        for stage, (depth, width) in enumerate(zip(depths, filters, strict=True)):
            x = stack_residual_blocks_v1(x, width, depth, 2 if stage else 1, f"conv{stage + 2}")
        return x

    return ResNet(stages, False, True, include_top=False, weights=None, input_shape=(32, 32, 3))


def test_a_resnet_of_keras_applications_crosses_with_its_biases(tmp_path):
    torch.manual_seed(0)
    depths, generator = [1, 2, 1, 1], np.random.default_rng(0)
    config = transformers.ResNetConfig(
        embedding_size=64, hidden_sizes=[16] * 4, depths=depths, downsample_in_bottleneck=True
    )
    source, target = transformers.ResNetModel(config).eval(), keras_resnet(depths, [4] * 4)
    for module in source.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1.001e-5
    for variable in target.variables:
        if variable.ndim == 1:  # binary fractions: a mean less a bias is exact
            variable.assign(variable + generator.integers(1, 32, variable.shape) / 256)
    numbers = dict(zip(("first", "second", "third", "fourth"), depths, strict=True))
    names = NameMap.load("keras_resnet", **numbers)
    target.save_weights(tmp_path / "a.weights.h5")
    convert_checkpoint(tmp_path / "a.weights.h5", tmp_path / "b.pt", weights=names)
    source.load_state_dict(torch.load(tmp_path / "b.pt", weights_only=True))
    report = parity.check(Features(source), KerasFeatures(target), (IMAGE,), gradients=False)
    assert report.passes, report.results[0].summary

    convert_checkpoint(tmp_path / "b.pt", tmp_path / "c.weights.h5", weights=names, reverse=True)
    convert_checkpoint(tmp_path / "c.weights.h5", tmp_path / "d.pt", weights=names)
    first, second = (torch.load(tmp_path / f"{n}.pt", weights_only=True) for n in "bd")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    target.load_weights(tmp_path / "c.weights.h5")


SIZES = {
    "resnet18": ([2, 2, 2, 2], "basic"),
    "resnet34": ([3, 4, 6, 3], "basic"),
    "resnet50": ([3, 4, 6, 3], "bottleneck"),
    "resnet101": ([3, 4, 23, 3], "bottleneck"),
    "resnet152": ([3, 8, 36, 3], "bottleneck"),
}
WIDTHS = (1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0)
DEPTHS = (1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1)


def published(name):
    """A model of transformers of a published size, without numbers."""
    if name in SIZES:
        depths, kind = SIZES[name]
        sizes = [256, 512, 1024, 2048] if kind == "bottleneck" else [64, 128, 256, 512]
        return resnet(depths, kind, sizes)
    width, depth = WIDTHS[int(name[-1])], DEPTHS[int(name[-1])]
    config = transformers.EfficientNetConfig(
        width_coefficient=width, depth_coefficient=depth, hidden_dim=int(1280 * width) // 8 * 8
    )
    return transformers.EfficientNetModel(config)


@pytest.mark.parametrize("name", [*SIZES, *(f"efficientnet_b{n}" for n in range(8))])
def test_every_tensor_of_a_published_size_has_its_own_place(name):
    with torch.device("meta"):
        held = list(published(name).state_dict())
    names = NameMap.load(name)
    moves = names.moves(held)
    there = [move.target[0] for move in moves]
    assert sorted(m.source[0] for m in moves) == sorted(n for n in held if "num_batches" not in n)
    assert len(set(there)) == len(there)
    back = names.moves(there, reverse=True)
    assert {(m.source, m.target) for m in back} == {(m.source, m.target) for m in moves}
    for layer in ("conv2d", "batch_normalization"):  # numbered without gaps
        found = {n.split("/")[1] for n in there if n.startswith(f"layers/{layer}")}
        assert found == {layer, *(f"{layer}_{n}" for n in range(1, len(found)))}


def test_numbers_in_names_are_counted_from_others():
    place = template("conv{_3*b+5 for 1<=b<3}")
    assert [place.filled({"b": str(b)}) for b in range(4)] == [None, "conv_8", "conv_11", None]
    assert [place.match(f"conv_{n}") for n in (8, 11)] == [{"b": "1"}, {"b": "2"}]
    assert not any(place.match(f"conv_{n}") for n in (5, 9, 14))
    assert template("block{#b+1}_conv").filled({"b": "0"}) == "block1_conv"
    assert with_parameters("c{_2*first-2}", {"first": 1}) == "c"
    assert template("c{_b for 1<=b<1}").empty
    assert choices("{{a|b}}") == ("{{a|b}}",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c{_3*b+first}", "counts from first"),
        ("c{b+1}", r"write \{#b\+1\}"),
        ("c{_3-b}", "doesn't count up with b"),
    ],
)
def test_a_place_that_cannot_count_is_refused(text, said):
    with pytest.raises(CheckpointError, match=said):
        template(text)


def test_numbers_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="comes to -1"):
        with_parameters("c{_first-2}", {"first": 1})
    (tmp_path / "a.toml").write_text('[[rule]]\nsource = "a.{w|b}"\ntarget = "b/{0|1|2}"\n')
    with pytest.raises(CheckpointError, match="don't have as many alternatives each"):
        NameMap.load(tmp_path / "a.toml")
