"""TorchScript files and checkpoints: read, converted, proved; strangers' code is not run."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import parity
from converters import CaptureError, CheckpointError, load_source, load_weights, torch_to_tf

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Net(nn.Module):
    """A branch on values, a loop, a buffer, and an argument with a default."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.head, self.other = nn.Linear(4, 2), nn.Linear(2, 2)
        self.other.bias.requires_grad_(False)
        self.register_buffer("scale", torch.full((2,), 1.5))

    def forward(self, image: Tensor, twice: bool = True) -> Tensor:
        """Shapes: image (batch, 3, height, width) -> (batch, 2)."""
        y = self.head(torch.relu(self.norm(self.stem(image))).mean((2, 3))) * self.scale
        y = self.other(y) if y.sum() > 0 else y - 1
        for i in range(3):
            y = y + i
        return y * 2 if twice else y


def images(*shape: int) -> Tensor:
    """Seeded noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TorchScript file."""
    path = tmp_path_factory.mktemp("script") / "net.pt"
    torch.jit.script(Net().eval()).save(str(path))
    return path


def test_a_torchscript_file_is_a_source_and_keeps_its_branch(scripted: Path) -> None:
    """Names, what is trained, open sizes; both sides of the branch are there."""
    x = images(2, 3, 8, 8)
    batch = torch.export.Dim("batch")
    conversion = torch_to_tf(scripted, (x,), dynamic_shapes=({0: batch}, None))
    model, source = conversion.model, Net().eval()
    assert {v.name.removesuffix(":0") for v in model.trainable_variables} == {
        name for name, p in source.named_parameters() if p.requires_grad
    }
    assert "higher_order.cond" in {node.op for node in conversion.source.nodes}
    for given in (x, -5 * images(5, 3, 8, 8).abs(), 5 * images(5, 3, 8, 8).abs()):
        with torch.no_grad():
            np.testing.assert_allclose(model(given.numpy()), source(given), rtol=1e-4, atol=1e-5)
    (result,) = parity.check(scripted, conversion, (x,)).results
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function"


def test_a_script_module_is_a_source_and_stays_as_it_was() -> None:
    """Named inputs, and an argument that isn't a tensor."""
    script = torch.jit.script(Net())
    x = images(2, 3, 8, 8)
    conversion = torch_to_tf(script, {"image": x, "twice": False})
    assert script.training
    with torch.no_grad():
        expected = Net().eval()(x, twice=False)
    np.testing.assert_allclose(conversion.model(image=x.numpy()), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(CaptureError, match=r"don't fit Net.forward\(image, twice\)"):
        torch_to_tf(script, {"picture": x})


class Writing(nn.Module):
    """Writes a file when it is called."""

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        torch.save(x, "written-by-a-model")
        return x


class Loading(nn.Module):
    """Has code that runs when it is read."""

    def __init__(self) -> None:
        """A number."""
        super().__init__()
        self.number = 1

    @torch.jit.export
    def __getstate__(self) -> tuple[int, bool]:
        """What is kept."""
        return self.number, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[int, bool]) -> None:
        """Runs at loading."""
        self.number = state[0]
        self.training = state[1]

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return x + self.number


@pytest.mark.parametrize(("module", "word"), [(Writing, "save"), (Loading, "__setstate__")])
def test_script_that_does_more_than_compute_is_refused(
    module: Callable[[], nn.Module], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name; nothing was written."""
    monkeypatch.chdir(tmp_path)
    torch.jit.script(module()).save("model.pt")
    with pytest.raises(CaptureError, match=f"refused, because it holds code that uses {word}"):
        torch_to_tf("model.pt", (torch.ones(2),))
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


class Command:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        """The command."""
        return os.system, ("touch ran",)


def rewritten(path: Path, to: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The archive with its members changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return to


@pytest.mark.parametrize("member", ["data.pkl", "constants.pkl"])
def test_a_pickle_in_a_torchscript_file_is_not_run(
    scripted: Path, member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch's own reader knows no Python function."""
    monkeypatch.chdir(tmp_path)

    def planted(name: str, content: bytes) -> bytes:
        return pickle.dumps(Command(), 2) if name.endswith(f"/{member}") else content

    with pytest.raises(CaptureError, match=r"can't be read as TorchScript: .*posix.system"):
        load_source(rewritten(scripted, tmp_path / "model.pt", planted))
    assert not (tmp_path / "ran").exists()


def test_two_members_of_one_name_are_refused(scripted: Path, tmp_path: Path) -> None:
    """What is looked through has to be what is read."""
    path = rewritten(scripted, tmp_path / "model.pt", lambda _, content: content)
    with zipfile.ZipFile(path, "a") as archive:
        code = next(name for name in archive.namelist() if name.endswith(".py"))
        archive.writestr(code.upper(), "")
    with pytest.raises(CaptureError, match="two members called"):
        load_source(path)


def test_damaged_and_foreign_files_are_refused_in_a_sentence(
    scripted: Path, tmp_path: Path
) -> None:
    """Cut off, no code, no archive, not there."""
    cut = tmp_path / "cut.pt"
    cut.write_bytes(scripted.read_bytes()[:2000])
    state = tmp_path / "state.pt"
    torch.save(Net().state_dict(), state)
    empty = rewritten(scripted, tmp_path / "empty.pt", lambda n, c: b"" if "data.pkl" in n else c)
    for path in (cut, state, empty, tmp_path / "missing.pt"):
        with pytest.raises(CaptureError) as caught:
            torch_to_tf(path, (images(1, 3, 8, 8),))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


# --- weights ------------------------------------------------------------------------------------


def trained() -> nn.Module:
    """The network with other weights."""
    module = Plain()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    return module


class Plain(nn.Module):
    """Two layers, one tied to a second name."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.again = self.second

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (batch, 3) -> (batch, 3)."""
        return self.again(self.second(self.first(x)))


def under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names with a prefix."""
    return OrderedDict((f"{prefix}{name}", tensor) for name, tensor in state.items())


def lightning(state: dict[str, Tensor]) -> dict[str, Any]:
    """What Lightning writes, in short: the module is called ``model``, beside a loss's weights."""
    return {
        "epoch": 3,
        "global_step": 12,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": under("model.", state) | {"loss.weight": torch.ones(2)},
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": 0.1}]}],
        "hyper_parameters": {"lr": 0.1},
    }


def in_shards(state: dict[str, Tensor], path: Path) -> None:
    """A folder as transformers writes it."""
    path.mkdir()
    places = {name: f"{number}.safetensors" for number, name in enumerate(state)}
    for name, file in places.items():
        save_file({name: state[name].clone()}, path / file)
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


FORMATS: dict[str, Callable[[dict[str, Tensor], Path], None]] = {
    "last.ckpt": lambda state, path: torch.save(lightning(state), path),
    "state.pt": torch.save,
    "parallel.pth": lambda state, path: torch.save(under("module.", state), path),
    "tutorial.pt": lambda state, path: torch.save({"epoch": 1, "model_state_dict": state}, path),
    "folder": in_shards,
    "weights.safetensors": lambda state, path: save_file(
        {k: v.contiguous() for k, v in state.items() if not k.startswith("again")}, path
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_weights_are_loaded_before_the_conversion(name: str, tmp_path: Path) -> None:
    """Into the module, which stays what the conversion is checked against."""
    FORMATS[name](trained().state_dict(), tmp_path / name)
    module, x = Plain(), torch.ones(2, 3)
    conversion = torch_to_tf(module, (x,), weights=tmp_path / name)
    with torch.no_grad():
        np.testing.assert_allclose(conversion.model(tf.ones((2, 3))), trained()(x), rtol=1e-5)
        torch.testing.assert_close(module(x), trained()(x))


def test_weights_of_another_model_are_refused_with_a_list_and_nothing_is_loaded(
    tmp_path: Path,
) -> None:
    """Missing, unexpected and mis-shaped ones at once."""
    state = trained().state_dict()
    del state["first.bias"]
    state["third.weight"] = torch.ones(1)
    state["second.weight"] = torch.ones(3, 4)
    torch.save(under("net.", state), tmp_path / "other.ckpt")
    module = Plain()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        load_weights(module, tmp_path / "other.ckpt")
    message = str(caught.value)
    assert "missing: first.bias;" in message
    assert "unexpected: third.weight;" in message
    assert "second.weight has the shape (3, 4), not (3, 3)" in message
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, before[name])


def test_a_file_with_the_weights_twice_is_refused(tmp_path: Path) -> None:
    """A running average beside the model: which one is meant can't be told."""
    state = trained().state_dict()
    torch.save(under("model.", state) | under("average.", state), tmp_path / "two.ckpt")
    with pytest.raises(CheckpointError, match=r"2 times, under average\., model\."):
        load_weights(Plain(), tmp_path / "two.ckpt")


def test_a_pickle_that_would_run_something_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named in one sentence; nothing ran."""
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": trained().state_dict(), "callbacks": Command()}, "evil.ckpt")
    with pytest.raises(CheckpointError, match=r"refused, because it holds \S*system"):
        load_weights(Plain(), "evil.ckpt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["cut.ckpt", "cut.safetensors", "text.pt", "empty.pth", "none.pt"])
def test_a_damaged_checkpoint_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    """Cut off, not a checkpoint, empty, not there."""
    path = tmp_path / name
    if path.suffix == ".safetensors":
        FORMATS["weights.safetensors"](trained().state_dict(), path)
        path.write_bytes(path.read_bytes()[:-50])
    elif name == "cut.ckpt":
        torch.save(lightning(trained().state_dict()), path)
        path.write_bytes(path.read_bytes()[:1500])
    elif name != "none.pt":
        path.write_text("weights" if name == "text.pt" else "")
    with pytest.raises(CheckpointError) as caught:
        load_weights(Plain(), path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [{"state_dict": {}}, {"epoch": 3}, [1, 2], {"a": {"b": 1}}])
def test_a_file_without_weights_says_what_it_holds(content: object, tmp_path: Path) -> None:
    """And how to write one."""
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(CheckpointError, match="holds no weights"):
        load_weights(Plain(), tmp_path / "file.pt")
