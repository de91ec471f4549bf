"""MTCNN: the face detector's three networks, trained, in PyTorch and independently in Keras.

Architecture: Zhang et al., arXiv:1604.02878. The PyTorch weights are facenet-pytorch's, the Keras
weights mtcnn's; both were ported from the authors' model, so the two compute the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cases.trained.files import joblib_arrays, packaged_file

if TYPE_CHECKING:
    import torch

NETWORKS = ("pnet", "rnet", "onet")


@dataclass(frozen=True, slots=True)
class Network:
    """One of the three networks.

    Attributes:
        convolutions: for each, its output channels and kernel size.
        pools: for each convolution the window of the max pooling after it, or None; the stride is
            always 2.
        dense: width of the hidden dense layer; None for the fully convolutional network.
        flat: number of features that enter it.
        heads: in the order of the outputs, layer name in PyTorch and number of features.
    """

    convolutions: tuple[tuple[int, int], ...]
    pools: tuple[int | None, ...]
    dense: int | None
    flat: int
    heads: tuple[tuple[str, int], ...]


SPECS = {
    "pnet": Network(
        ((10, 3), (16, 3), (32, 3)), (2, None, None), None, 0, (("conv4_2", 4), ("conv4_1", 2))
    ),
    "rnet": Network(
        ((28, 3), (48, 3), (64, 2)), (3, 3, None), 128, 576, (("dense5_2", 4), ("dense5_1", 2))
    ),
    "onet": Network(
        ((32, 3), (64, 3), (64, 3), (128, 2)),
        (3, 3, 2, None),
        256,
        1152,
        (("dense6_2", 4), ("dense6_3", 10), ("dense6_1", 2)),
    ),
}
SIZES = {"pnet": 40, "rnet": 24, "onet": 48}
"""Side of a square input; the first network takes any size."""


def torch_network(name: str) -> torch.nn.Module:
    """A network in PyTorch with facenet-pytorch's weights, in evaluation mode.

    Shapes: (B, 3, H, W) -> box (B, 4), landmarks (B, 10) for ``onet``, probability (B, 2); ``pnet``
    keeps two spatial dimensions in each.

    Raises:
        MissingModelError: facenet-pytorch is not installed.
    """
    import torch

    path = packaged_file("facenet-pytorch", f"facenet_pytorch/data/{name}.pt")
    model = _torch_model(SPECS[name])
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def _torch_model(spec: Network) -> torch.nn.Module:
    import torch
    from torch import nn

    class MTCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            channels = 3
            self.trunk: list[str] = []
            for place, ((width, size), pool) in enumerate(
                zip(spec.convolutions, spec.pools, strict=True), start=1
            ):
                self._then(f"conv{place}", nn.Conv2d(channels, width, size))
                self._then(f"prelu{place}", nn.PReLU(width))
                if pool:
                    self._then(f"pool{place}", nn.MaxPool2d(pool, 2, ceil_mode=True))
                channels = width
            self.hidden: list[str] = []
            after = len(spec.convolutions) + 1
            if spec.dense:
                self.add_module(f"dense{after}", nn.Linear(spec.flat, spec.dense))
                self.add_module(f"prelu{after}", nn.PReLU(spec.dense))
                self.hidden = [f"dense{after}", f"prelu{after}"]
            for head, width in spec.heads:
                layer = (
                    nn.Linear(spec.dense, width) if spec.dense else nn.Conv2d(channels, width, 1)
                )
                self.add_module(head, layer)

        def _then(self, name: str, layer: nn.Module) -> None:
            self.add_module(name, layer)
            self.trunk.append(name)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            for name in self.trunk:
                x = getattr(self, name)(x)
            if self.hidden:
                x = x.permute(0, 3, 2, 1).flatten(1)
            for name in self.hidden:
                x = getattr(self, name)(x)
            *boxes, probability = (getattr(self, head)(x) for head, _ in spec.heads)
            return (*boxes, torch.softmax(probability, dim=1))

    return MTCNN()


def keras_network(name: str) -> Any:
    """The same network in Keras, channels last, with the weights of the package mtcnn.

    Shapes: (B, H, W, 3) -> the outputs of :func:`torch_network`, channels last.

    Raises:
        MissingModelError: mtcnn is not installed.
    """
    import lz4.frame

    path = packaged_file("mtcnn", f"mtcnn/assets/weights/{name}.lz4")
    model = {"pnet": _keras_pnet, "rnet": _keras_rnet, "onet": _keras_onet}[name]()
    model.set_weights(joblib_arrays(lz4.frame.decompress(path.read_bytes())))
    return model


def _keras_pnet() -> Any:
    import keras

    image = keras.Input((None, None, 3))
    x = _keras_block(image, 10, 3, (2, "same"))
    x = _keras_block(x, 16, 3)
    x = _keras_block(x, 32, 3)
    box = keras.layers.Conv2D(4, 1, name="conv4-1")(x)
    probability = keras.layers.Conv2D(2, 1, activation="softmax", name="conv4-2")(x)
    return keras.Model(image, [box, probability], name="pnet")


def _keras_rnet() -> Any:
    import keras

    image = keras.Input((24, 24, 3))
    x = _keras_block(image, 28, 3, (3, "same"))
    x = _keras_block(x, 48, 3, (3, "valid"))
    x = _keras_block(x, 64, 2)
    return keras.Model(image, _keras_heads(x, 128, (4, 2), "fc5"), name="rnet")


def _keras_onet() -> Any:
    import keras

    image = keras.Input((48, 48, 3))
    x = _keras_block(image, 32, 3, (3, "same"))
    x = _keras_block(x, 64, 3, (3, "valid"))
    x = _keras_block(x, 64, 3, (2, "same"))
    x = _keras_block(x, 128, 2)
    return keras.Model(image, _keras_heads(x, 256, (4, 10, 2), "fc6"), name="onet")


def _keras_block(x: Any, width: int, size: int, pool: tuple[int, str] | None = None) -> Any:
    from keras import layers

    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(width, size)(x))
    return layers.MaxPooling2D(pool[0], 2, padding=pool[1])(x) if pool else x


def _keras_heads(x: Any, hidden: int, widths: Sequence[int], name: str) -> list[Any]:
    from keras import layers

    x = layers.Flatten()(layers.Permute((2, 1, 3))(x))
    x = layers.PReLU()(layers.Dense(hidden)(x))
    last = len(widths) - 1
    return [
        layers.Dense(width, activation="softmax" if i == last else None, name=f"{name}-{i + 1}")(x)
        for i, width in enumerate(widths)
    ]
