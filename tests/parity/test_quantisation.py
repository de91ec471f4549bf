"""Quantised files are judged by what their own scales explain: faithful ones pass, faults don't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import parity
from converters import torch_to_tf
from parity.report import write
from parity.results import Result
from parity.verdict import Verdict


class Net(nn.Module):
    """A convolution, a layer norm and two projections, large enough to be quantised at all."""

    def __init__(self, epsilon: float = 1e-5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.LayerNorm(16, eps=epsilon)
        self.hidden = nn.Linear(16, 64)
        self.head = nn.Linear(64, 32)

    def forward(self, image: Tensor) -> Tensor:
        """Pooled features, normalised."""
        features = torch.relu(self.stem(image)).mean((2, 3))
        return self.head(torch.relu(self.hidden(self.norm(features))))


def images(seed: int, size: float = 1.0) -> Tensor:
    torch.manual_seed(seed)
    return size * torch.randn(4, 3, 8, 8)


CALIBRATION = [(images(seed),) for seed in range(8)]
INPUTS = (images(100),)


def written(
    path: Path, module: nn.Module, quantize: str, calibration: list[tuple[Tensor]] | None = None
) -> Path:
    options = {"quantize": quantize}
    if quantize == "int8":
        options["calibration"] = CALIBRATION if calibration is None else calibration  # type: ignore[assignment]
    return torch_to_tf(module.eval(), INPUTS).save(path / f"{quantize}.tflite", **options)


def checked(source: nn.Module, path: Path) -> Result:
    return parity.check(source.eval(), path, INPUTS).results[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("quantised")
    return {kind: written(folder, Net(), kind) for kind in ("dynamic", "int8")}


@pytest.mark.parametrize("kind", ["dynamic", "int8"])
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_a_faithful_quantised_file_passes(files, kind, seed):
    result = parity.check(Net().eval(), files[kind], (images(seed),)).results[0]
    assert result.verdict is Verdict.quantisation, result.summary
    assert result.certificate.outcome == "same function up to quantised weights"
    assert "what the file's own scales explain" in result.summary
    assert {c.rule for c in result.outputs} == {"quantisation"}
    float_error = np.finfo(np.float32).eps * abs(float.fromhex(result.outputs[0].worst.oracle))
    assert result.outputs[0].target_error > 100 * float_error, "it isn't quantised at all"


def swapped(net: Net) -> None:
    net.stem.weight[[0, 1]] = net.stem.weight[[1, 0]]


def permuted(net: Net) -> None:
    net.hidden.weight[:] = net.hidden.weight[torch.randperm(64)]


def shifted(net: Net) -> None:
    net.head.bias += 0.1


FAULTS: dict[str, Callable[[Net], None]] = {
    "two channels are swapped": swapped,
    "the weights of a layer are permuted": permuted,
    "a bias is off": shifted,
}


@pytest.mark.parametrize("kind", ["dynamic", "int8"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(files, kind, fault):
    other = Net()
    with torch.no_grad():
        FAULTS[fault](other)
    result = checked(other, files[kind])
    assert result.verdict is Verdict.mismatch, result.summary


@pytest.mark.parametrize("kind", ["dynamic", "int8"])
def test_a_wrong_epsilon_is_caught(files, kind):
    result = checked(Net(epsilon=0.1), files[kind])
    assert result.verdict is Verdict.mismatch, result.summary


@pytest.mark.parametrize(("size", "says"), [(30.0, "wider than"), (0.03, "")])
def test_a_calibration_set_of_another_range_is_caught(tmp_path, size, says):
    calibration = [(images(seed, size),) for seed in range(4)]
    result = checked(Net(), written(tmp_path, Net(), "int8", calibration))
    assert not result.verdict.passes, result.summary
    assert result.verdict is Verdict.mismatch
    assert says in result.summary


def test_a_calibration_set_of_one_half_of_the_range_is_not_taken_for_the_right_one(tmp_path):
    calibration = [(images(seed).abs(),) for seed in range(8)]
    result = checked(Net(), written(tmp_path, Net(), "int8", calibration))
    assert result.verdict is Verdict.mismatch, result.summary


def test_the_pages_of_a_quantised_file_say_what_quantisation_explains(files, tmp_path):
    report = parity.check(Net().eval(), files["int8"], (images(9),))
    write(report, tmp_path)
    for name in ("report.md", "report.html"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert "relative difference in floats, with the numbers that the file" in page
        assert "difference in float64" not in page
    assert "half steps of the file" in (tmp_path / "report.json").read_text(encoding="utf-8")


def test_the_padding_of_a_maximum_over_windows_does_not_stretch_the_range(tmp_path):
    """The lowest float, which pads for infinities and NaN, is no number of 8 bits."""

    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(3, 8, 3, padding=1)
            self.pool = nn.MaxPool2d(3, 2, 1)
            self.last = nn.Conv2d(8, 4, 3)

        def forward(self, image: Tensor) -> Tensor:
            return self.last(self.pool(self.first(image).relu()))

    torch.manual_seed(0)
    module = Pooled().eval()
    conversion = torch_to_tf(module, (images(0),))
    path = conversion.save(
        tmp_path / "pooled.tflite",
        quantize="int8",
        calibration=[(images(seed),) for seed in range(4)],
    )
    assert checked(module, path).verdict is Verdict.quantisation
