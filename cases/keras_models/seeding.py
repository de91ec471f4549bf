"""Weights and statistics as training leaves them, so that no output is trivial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

_SCALES = frozenset({"gamma", "scale"})
_SHIFTS = frozenset({"beta", "bias"})


def seeded(model: Any, batch: Any = None, *, settled: bool = False) -> Any:
    """The model with scales about 1, shifts about 0, and statistics near those of a batch.

    Args:
        model: a built Keras model.
        batch: inputs, as it is called with. Batch normalisations keep statistics that are theirs
            within a factor, so that signals neither die out nor grow in a deep network. Without it
            they are drawn.
        settled: keep exactly the batch's statistics, without dropout.

    Returns:
        The same model, changed.
    """
    import keras

    generator = np.random.default_rng(1)
    norms = [n for n in model._flatten_layers() if isinstance(n, keras.layers.BatchNormalization)]
    for variable in model.variables:
        name, shape = variable.path.split("/")[-1], variable.shape
        if name in _SCALES:
            variable.assign(generator.uniform(0.5, 1.5, shape))
        elif name in _SHIFTS:
            variable.assign(generator.normal(0, 0.2 if norms else 0.05, shape))
        elif name == "embeddings":
            variable.assign(generator.normal(0, 1, shape))
        elif name == "kernel" and not norms:
            variable.assign(np.asarray(variable) * np.sqrt(2.0))  # as He: signals don't die out
    if batch is not None and norms:
        drops = [d for d in model._flatten_layers() if isinstance(d, keras.layers.Dropout)]
        with _set(norms, "momentum", 0.0), _set(drops if settled else (), "rate", 0.0):
            model(batch, training=True)
    for norm in () if settled else norms:
        spread = np.asarray(norm.moving_variance)
        shift = generator.normal(0, 0.1, spread.shape) * np.sqrt(spread)
        norm.moving_mean.assign(np.asarray(norm.moving_mean) + shift)
        norm.moving_variance.assign(spread * generator.uniform(0.6, 1.6, spread.shape))
    return model


@contextmanager
def _set(layers: Sequence[Any], name: str, value: float) -> Iterator[None]:
    before = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, value)
    yield
    for layer, old in zip(layers, before, strict=True):
        setattr(layer, name, old)


def images(
    batch: int, size: int, *, seed: int = 0, high: float = 1.0, width: int | None = None
) -> np.ndarray:
    """Smooth coloured noise, channels last: (batch, size, width or size, 3) float32.

    Args:
        batch: how many.
        size: their height.
        seed: of the noise.
        high: 1 for numbers from -1 to 1, 255 for numbers from 0 to 255.
        width: their width where it is another.

    >>> bool(images(1, 4, high=255).min() >= 0)
    True
    """
    generator = np.random.default_rng(seed)
    image = generator.standard_normal((batch, size, width or size, 3))
    for axis in (1, 2):
        image = image + np.roll(image, 1, axis)
    image /= np.abs(image).max()
    return (image if high == 1.0 else (image + 1) * high / 2).astype(np.float32)
