"""Steps over few channels: both frameworks' own gradients of such kernels overwrite memory.

With steps between windows of one place, channels last and fewer than 16 of them, oneDNN writes
beyond its memory (its issue 6035): PyTorch 2.13 and TensorFlow 2.21 both crash on processors with
registers of 512 bits. What is converted takes the steps first, which is the same function.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

import converters
import parity


def _image(channels: int, *, first: bool) -> np.ndarray:
    shape = (2, channels, 60, 60) if first else (2, 60, 60, channels)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("sizes", [60, None])
def test_keras_models_train_in_pytorch(sizes: int | None, tmp_path: Path) -> None:
    layer = keras.layers.Conv2D(16, 1, strides=2, padding="same", name="shortcut")
    model = keras.Sequential([keras.Input((sizes, sizes, 8)), layer])
    inputs = (_image(8, first=False),)

    conversion = converters.tf_to_torch(model, inputs)
    report = parity.check(model, conversion, inputs, gradients=True)

    assert report.passes
    assert "gradient of shortcut.weight" in gradients_of(report)
    conversion.save(tmp_path / "out.py")
    assert "[:, :, ::2]" in (tmp_path / "out.py").read_text()


@pytest.mark.parametrize("padding", ["VALID", "SAME", [[0, 0], [1, 2], [0, 1], [0, 0]]])
def test_plain_tensorflow_trains_in_pytorch(padding: str | list[list[int]]) -> None:
    class Shortcut(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            generator = np.random.default_rng(1)
            kernel = generator.standard_normal((1, 1, 8, 16)).astype(np.float32)
            self.kernel = tf.Variable(kernel, name="kernel")

        @tf.function
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return tf.nn.conv2d(x, self.kernel, (2, 3), padding)

    module, inputs = Shortcut(), (_image(8, first=False),)

    conversion = converters.tf_to_torch(module, inputs)
    report = parity.check(module, conversion, inputs, gradients=True)

    assert report.passes
    assert len(gradients_of(report)) > 1


@pytest.mark.parametrize("padding", [0, (1, 2)])
def test_pytorch_models_train_in_tensorflow(padding: int | tuple[int, int]) -> None:
    layer = torch.nn.Conv2d(8, 16, 1, stride=(2, 3), padding=padding)
    module = torch.nn.Sequential(layer).eval()
    inputs = (torch.from_numpy(_image(8, first=True)),)

    conversion = converters.torch_to_tf(module, inputs)
    report = parity.check(module, conversion, inputs, gradients=True)

    assert report.passes
    assert "gradient of 0.weight" in gradients_of(report)


def gradients_of(report: parity.Report) -> list[str]:
    """The gradients of the only result, by name."""
    (result,) = report.results
    return [gradient.name for gradient in result.gradients]
