"""Models with trained weights: what is true of random weights may not be true of these."""

from __future__ import annotations

from functools import partial

import numpy as np

from cases.case import ModelCase
from cases.trained import crepe, minilm, mtcnn


def _minilm() -> tuple[object, object]:
    return minilm.torch_minilm(), minilm.encode(minilm.SENTENCES)


def _minilm_dimensions() -> object:
    from torch.export import Dim

    batch, length = Dim("batch", min=1, max=64), Dim("length", min=2, max=512)
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: {0: batch, 1: length} for name in names}


def _network(name: str) -> tuple[object, object]:
    side = mtcnn.SIZES[name]
    return mtcnn.torch_network(name), (images(2, side, side, seed=1),)


def _square_images(name: str) -> object:
    side = mtcnn.SIZES[name]
    return (images(5, side, side, seed=2),)


def _pnet_dimensions() -> object:
    from torch.export import Dim

    return ({0: Dim("batch", min=1, max=64), 2: Dim.AUTO, 3: Dim.AUTO},)


def _crepe() -> tuple[object, object]:
    return crepe.torch_crepe(), (audio(3, seed=1),)


def _batch_dimension() -> object:
    from torch.export import Dim

    return ({0: Dim("batch", min=1, max=1024)},)


def images(batch: int, height: int, width: int, *, seed: int) -> np.ndarray:
    """Smooth coloured noise, from -1 to 1 as the networks expect it: (B, 3, H, W) float32.

    >>> images(1, 4, 6, seed=0).shape
    (1, 3, 4, 6)
    """
    generator = np.random.default_rng(seed)
    image = generator.standard_normal((batch, 3, height, width))
    for axis in (2, 3):
        image = image + np.roll(image, 1, axis) + np.roll(image, 2, axis)
    return (image / np.abs(image).max()).astype(np.float32)


def audio(frames: int, *, seed: int) -> np.ndarray:
    """Normalised frames of a harmonic tone in noise, as CREPE expects them: (B, 1024) float32.

    >>> audio(2, seed=0).shape
    (2, 1024)
    """
    generator = np.random.default_rng(seed)
    time = np.arange(frames * crepe.FRAME) / 16000
    pitch = generator.uniform(80, 400)
    tone = sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 6))
    wave = (tone + 0.05 * generator.standard_normal(time.size)).reshape(frames, crepe.FRAME)
    wave = wave - wave.mean(1, keepdims=True)
    return (wave / wave.std(1, keepdims=True)).astype(np.float32)


CASES = (
    ModelCase(
        "minilm",
        _minilm,
        "real",
        dynamic_shapes=_minilm_dimensions,
        other_inputs=lambda: minilm.encode(minilm.SENTENCES[:1]),
    ),
    ModelCase(
        "mtcnn_pnet",
        partial(_network, "pnet"),
        "real",
        dynamic_shapes=_pnet_dimensions,
        other_inputs=lambda: (images(1, 57, 76, seed=2),),
    ),
    *(
        ModelCase(
            f"mtcnn_{name}",
            partial(_network, name),
            "real",
            dynamic_shapes=_batch_dimension,
            other_inputs=partial(_square_images, name),
        )
        for name in ("rnet", "onet")
    ),
    ModelCase(
        "crepe_tiny",
        _crepe,
        "real",
        dynamic_shapes=_batch_dimension,
        other_inputs=lambda: (audio(7, seed=2),),
    ),
)
