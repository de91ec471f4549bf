"""The formats a conversion is written in: the suffix chooses, and what can't be is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn

from converters import Conversion, OutputError, require_writable, torch_to_tf


class Pair(nn.Module):
    """Two inputs, two outputs of equal shape, one of them named like an input."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, wave: Tensor, gain: Tensor) -> dict[str, Tensor]:
        """Distinguishable results."""
        return {"wave": self.inner(wave) * gain, "again": wave - gain}


class Image(nn.Module):
    """What TensorFlow's TFLite converter does not take as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.up = nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1, output_padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Explicit padding in pooling and in a transposed convolution; a roll."""
        return torch.roll(self.up(self.pool(image)), (3, -7), (2, 3))


def seeded(build: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return build().eval()


@pytest.fixture(scope="module")
def linear() -> Conversion:
    return torch_to_tf(torch.nn.Linear(3, 2).eval(), (torch.ones(1, 3),))


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "model.h5", "model.TXT", "a.b.wrong"])
def test_an_unknown_suffix_is_refused_with_what_can_be_written(linear, tmp_path, name):
    with pytest.raises(OutputError, match=r"can't be written from PyTorch.*SavedModel.*\.tflite"):
        linear.save(tmp_path / name)
    with pytest.raises(OutputError, match=r"can't be written from PyTorch"):
        require_writable(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_version_number_is_no_suffix(linear, tmp_path):
    assert (linear.save(tmp_path / "net-1.5") / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("name", "says"),
    [("model", "SavedModel"), ("model.pb", "frozen graph"), ("m.keras", None), ("m.tflite", None)],
)
def test_an_option_that_a_format_does_not_know_is_refused_by_name(
    linear, tmp_path: Path, name, says
):
    with pytest.raises(OutputError, match=rf"{says or ''}.*"):
        linear.save(tmp_path / name, quantise="int8")
    if says:
        with pytest.raises(OutputError, match=r"quantize. It is for .*\.tflite"):
            linear.save(tmp_path / name, quantize="int8")
    assert list(tmp_path.iterdir()) == []


def ran(path: Path, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a file computes, without any of this project."""
    if path.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter

        runner = Interpreter(str(path)).get_signature_runner()
        return dict(runner(**feeds))
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, name="")
        names = ["wave/output", "again"] if "gain" in feeds else ["output"]
        with tf.compat.v1.Session(graph=graph) as session:
            given = {f"{name}:0": array for name, array in feeds.items()}
            found = session.run([f"{name}:0" for name in names], given)
    return dict(zip((name.split("/")[0] for name in names), found, strict=True))


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
def test_a_file_names_its_ends_like_the_source(tmp_path, suffix):
    """Also where an output is named like an input."""
    module, inputs = seeded(Pair), (torch.randn(2, 4), torch.rand(2, 4))
    path = torch_to_tf(module, inputs).save(tmp_path / f"pair{suffix}")
    found = ran(path, {"wave": inputs[0].numpy(), "gain": inputs[1].numpy()})
    with torch.no_grad():
        expected = module(*inputs)
    assert sorted(found) == ["again", "wave"]
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("open_axes", [None, {"image": {0: torch.export.Dim("batch")}}])
def test_operators_that_tflite_lacks_are_written_as_others(tmp_path, open_axes):
    module, image = seeded(Image), torch.randn(2, 3, 9, 9)
    conversion = torch_to_tf(module, (image,), dynamic_shapes=open_axes)
    found = ran(conversion.save(tmp_path / "image.tflite"), {"image": image.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found["output"], module(image), rtol=1e-4, atol=1e-5)


class Spectrum(nn.Module):
    """Complex numbers within."""

    def forward(self, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:
        """Transforms of every kind, of even and odd lengths, longer and shorter than the input."""
        half = torch.fft.rfft(x, n=9)
        whole = torch.fft.fft(torch.complex(x, z), norm="ortho")
        back = torch.fft.ifft(whole * half.sum(-1, keepdim=True)) / (whole + 3)
        return (
            torch.fft.irfft(half * 2j, n=7),
            torch.fft.irfft(half.conj(), n=12),
            whole.abs(),
            back.angle(),
            torch.view_as_real(back),
            torch.fft.irfft(torch.fft.rfft(x[0])),
        )


def test_complex_numbers_become_pairs_for_tflite(tmp_path):
    module, inputs = Spectrum(), (torch.randn(4, 8), torch.randn(4, 8))
    path = torch_to_tf(module, inputs).save(tmp_path / "x.tflite")
    found = ran(path, dict(zip("xz", (t.numpy() for t in inputs), strict=True)))
    for place, expected in enumerate(module(*inputs)):
        actual = found[f"output_{place}"]
        np.testing.assert_allclose(actual, expected.numpy(), rtol=2e-5, atol=2e-6)


def test_a_modulus_does_not_overflow_in_tflite(tmp_path):
    class Modulus(nn.Module):
        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return torch.complex(x, z).abs()

    inputs = (torch.tensor([3e30, 3e-30, 0.0]), torch.tensor([4e30, 4e-30, 0.0]))
    path = torch_to_tf(Modulus(), inputs).save(tmp_path / "x.tflite")
    found = ran(path, dict(zip("xz", (t.numpy() for t in inputs), strict=True)))
    np.testing.assert_allclose(found["output"], [5e30, 5e-30, 0], rtol=1e-6)


def test_a_transform_along_an_open_dimension_is_refused_for_tflite(tmp_path):
    class Power(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.rfft(x).abs()

    shapes = {"x": {1: torch.export.Dim("time", min=4, max=64)}}
    conversion = torch_to_tf(Power(), (torch.randn(4, 8),), dynamic_shapes=shapes)
    with pytest.raises(OutputError, match=r"RFFT along an open dimension.*Fix that dimension"):
        conversion.save(tmp_path / "x.tflite")


class Eigenvalues(nn.Module):
    """An operator that TFLite lacks."""

    def forward(self, x: Tensor) -> Tensor:
        """Of a symmetric matrix."""
        return torch.linalg.eigvalsh(x)


def test_what_tflite_can_not_compute_is_named(tmp_path):
    conversion = torch_to_tf(Eigenvalues(), (torch.eye(4),))
    with pytest.raises(OutputError, match=r"no TFLite kernel.*SavedModel or a \.pb"):
        conversion.save(tmp_path / "x.tflite")
    assert list(tmp_path.iterdir()) == []
    conversion.save(tmp_path / "x.pb")


class Counter(nn.Module):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """One more."""
        self.calls += 1
        return x + self.calls


@pytest.mark.parametrize("suffix", [".pb", ".tflite"])
def test_a_model_that_changes_its_buffers_is_not_frozen(tmp_path, suffix):
    conversion = torch_to_tf(Counter(), (torch.ones(2),))
    with pytest.raises(OutputError, match="updates calls while it runs"):
        conversion.save(tmp_path / f"counter{suffix}")


SAMPLE = np.zeros((1, 3), np.float32)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quantize": "int4"}, "'int4' is unknown"),
        ({"quantize": "int8"}, "needs a calibration set"),
        ({"quantize": "dynamic", "calibration": [SAMPLE]}, "for quantize='int8' only"),
        ({"calibration": [SAMPLE]}, "for quantize='int8' only"),
        ({"quantize": "int8", "calibration": []}, "is empty"),
        ({"quantize": "int8", "calibration": SAMPLE}, "a list of inputs"),
        ({"quantize": "int8", "calibration": {"input": SAMPLE}}, "a list of inputs"),
        ({"quantize": "int8", "calibration": [SAMPLE[:, :2]]}, "has the shape 1x2.*takes 1x3"),
        ({"quantize": "int8", "calibration": [SAMPLE, SAMPLE[0]]}, "input 2 .* has the shape 3"),
        ({"quantize": "int8", "calibration": [SAMPLE.astype(int)]}, "is int64"),
        ({"quantize": "int8", "calibration": [{"y": SAMPLE}]}, "lacks input"),
        ({"quantize": "int8", "calibration": [SAMPLE * np.nan]}, "holds NaN"),
    ],
)
def test_unusable_quantisation_is_refused_in_one_sentence(linear, tmp_path, options, says):
    with pytest.raises(OutputError, match=says):
        linear.save(tmp_path / "model.tflite", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_loop_is_not_calibrated(tmp_path):
    conversion = torch_to_tf(nn.LSTM(3, 2).eval(), (torch.ones(4, 1, 3),))
    with pytest.raises(OutputError, match=r"loops.*Use quantize='dynamic'"):
        conversion.save(
            tmp_path / "x.tflite", quantize="int8", calibration=[(torch.ones(4, 1, 3),)]
        )
