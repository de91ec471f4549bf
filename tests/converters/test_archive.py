"""``.pt2`` files come from strangers: reading one runs nothing that stands in it."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from converters import CaptureError, load_pt2


class Bomb:
    """A pickle that makes a file where it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


class Net(torch.nn.Module):
    """Sizes, constants, buffers and a slice whose end is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 3)
        self.register_buffer("shift", torch.ones(3))
        self.constant = torch.ones(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x) + self.shift * self.constant
        return y.reshape(x.shape[0] * 3)[: x.shape[0] * 2 - 1]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A good file with an open dimension."""
    open_batch = ({0: torch.export.Dim("batch", min=2, max=64)},)
    program = torch.export.export(Net(), (torch.randn(4, 3),), dynamic_shapes=open_batch)
    torch.export.save(program, tmp_path / "good.pt2")
    return tmp_path / "good.pt2"


def rewritten(archive: Path, change: Callable[[str, bytes], bytes], extra: str = "") -> Path:
    """A copy with changed members, and one more of the name ``extra``."""
    copy = archive.with_name("bad.pt2")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        if extra:
            new.writestr(extra, b"\x7fELF")
    return copy


def test_a_good_file_is_read(archive: Path) -> None:
    module = load_pt2(archive).module()
    assert module(torch.ones(5, 3)).shape == (9,)


def test_a_pickle_among_the_sample_inputs_is_not_run(archive: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    buffer = io.BytesIO()
    torch.save(((torch.ones(4, 3),), {"x": Bomb(mark)}), buffer)
    bad = rewritten(
        archive, lambda name, old: buffer.getvalue() if "sample_inputs" in name else old
    )
    with pytest.raises(CaptureError, match=r"bad\.pt2"):
        load_pt2(bad)
    assert not mark.exists()


def test_a_pickled_weight_is_not_run(archive: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    bad = rewritten(
        archive, lambda name, old: pickle.dumps(Bomb(mark)) if "weight_0" in name else old
    )
    with pytest.raises(CaptureError, match="bad"):
        load_pt2(bad)
    assert not mark.exists()


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('pathlib').Path('MARK').touch()",
        'Max(\'__import__("pathlib").Path("MARK").touch()\')',
        "Symbol('s0').__class__",
        "Pow(Integer(9), Pow(Integer(9), Integer(9)))",
        "9**9**9",
        "[c for c in ().__class__.__base__.__subclasses__()]",
        "lambda: 0",
    ],
)
def test_an_expression_that_is_more_than_arithmetic_is_refused(
    archive: Path, tmp_path: Path, expression: str
) -> None:
    mark = tmp_path / "was-run"
    planted = json.dumps(expression.replace("MARK", str(mark))).encode()

    def change(name: str, old: bytes) -> bytes:
        if "/models/" not in name:
            return old
        document = json.loads(old)
        found = json.dumps(document).encode()
        first = found.index(b'"expr_str": ') + len(b'"expr_str": ')
        _, end = json.JSONDecoder().raw_decode(found[first:].decode())
        return found[:first] + planted + found[first + end :]

    with pytest.raises(CaptureError, match="more than arithmetic"):
        load_pt2(rewritten(archive, change))
    assert not mark.exists()


@pytest.mark.parametrize(
    "target",
    ["torch.os.system", "torch.hub.load", "torch.load", "torch.ops.aten.from_file.default"],
)
def test_a_call_of_something_that_does_not_compute_is_refused(archive: Path, target: str) -> None:
    bad = rewritten(
        archive,
        lambda _, old: old.replace(b"torch.ops.aten.linear.default", target.encode()),
    )
    with pytest.raises(CaptureError, match=f"a call of '{target}'"):
        load_pt2(bad)


@pytest.mark.parametrize(
    "member",
    [
        "good/data/aotinductor/model/wrapper.so",
        "good/data/constants/opaque_obj_0",
        "good/data/constants/custom_obj_0",
        "../outside",
    ],
)
def test_compiled_code_and_pickled_objects_are_refused(archive: Path, member: str) -> None:
    with pytest.raises(CaptureError, match="compiled code or a pickle"):
        load_pt2(rewritten(archive, lambda _, old: old, member))


def test_the_switch_of_the_environment_is_put_back(archive: Path, monkeypatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "0")
    load_pt2(archive)
    assert os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "0"


def test_two_members_of_one_name_are_refused(archive: Path) -> None:
    """The one that is looked through need not be the one that is read."""
    model = next(n for n in zipfile.ZipFile(archive).namelist() if "/models/" in n)
    with pytest.raises(CaptureError, match="two members called"):
        load_pt2(rewritten(archive, lambda _, old: old, model.upper()))
