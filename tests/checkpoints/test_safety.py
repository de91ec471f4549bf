"""Files come from strangers: nothing in them runs, nothing outside is read or written, nothing is
half-written, and what was altered is noticed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from converters import (
    CheckpointError,
    NameMap,
    Rule,
    convert_checkpoint,
    open_checkpoint,
    verify_checkpoint,
)


def written(path: Path, name: str) -> Path:
    import safetensors.numpy

    generator = np.random.default_rng(0)
    arrays = {
        "a/weight": generator.standard_normal((16, 16)).astype(np.float32),
        "a/bias": generator.standard_normal(16).astype(np.float32),
    }
    first = path / f"of-{name}.safetensors"
    safetensors.numpy.save_file(arrays, first)
    return convert_checkpoint(first, path / name).path


def read_all(path: Path) -> dict[str, bytes]:
    with open_checkpoint(path) as found:
        return {name: found.read(name).tobytes() for name in found.tensors}


class Harm:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("kind", ["zip", "old", "plain pickle"])
def test_a_pickle_that_calls_something_is_refused_and_not_run(kind, tmp_path):
    import torch

    mark, path = tmp_path / "mark", tmp_path / "harm.pt"
    if kind == "plain pickle":
        path.write_bytes(pickle.dumps({"w": Harm(mark)}))
    else:
        harm = {"w": Harm(mark), "v": torch.ones(2)}
        torch.save(harm, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(CheckpointError, match=r"refused|can't be read"), open_checkpoint(path):
        pass
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "/etc/passwd", "sub/x.safetensors", ".."]
)
@pytest.mark.parametrize("kind", ["huggingface", "keras"])
def test_an_index_that_names_a_file_elsewhere_is_refused(kind, name, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    written(tmp_path, "secret.safetensors")
    if kind == "huggingface":
        path = folder / "model.safetensors.index.json"
        path.write_text(json.dumps({"weight_map": {"a/bias": name}}))
    else:
        path = folder / "x.weights.json"
        path.write_text(json.dumps({"weight_map": {"/a": [name]}}))
    with pytest.raises(CheckpointError, match="folder"), open_checkpoint(path):
        pass


def header(path: Path, entries: dict[str, object], data: bytes) -> Path:
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "entries",
    [
        {"a": entry([2], 0, 8), "b": entry([2], 4, 12)},  # they overlap
        {"a": entry([2], 0, 8), "b": entry([1], 8, 2**40)},  # beyond the end
        {"a": entry([4], 0, 8), "b": entry([1], 8, 12)},  # the shape is larger than the place
        {"a": entry([2], 0, 8)},  # bytes that belong to nothing
        {"a": entry([-1], 0, 12)},
        {"a": entry([2**62, 4], 0, 12)},
        {"a": entry([3], 0, 12, "X9")},
        {"a": "no entry"},
    ],
)
def test_a_header_that_lies_is_refused(entries, tmp_path):
    path = header(tmp_path / "x.safetensors", entries, bytes(12))
    with pytest.raises(CheckpointError, match="no sound safetensors"), open_checkpoint(path):
        pass


def test_a_header_that_claims_to_be_huge_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes((2**60).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="no sound safetensors"), open_checkpoint(path):
        pass


@pytest.mark.parametrize("kind", ["external link", "soft link", "external storage", "virtual"])
def test_an_h5_file_that_refers_to_another_is_refused(kind, tmp_path):
    import h5py

    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["w"] = np.ones(4, np.float32)
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        if kind == "external link":
            file["w"] = h5py.ExternalLink(str(secret), "w")
        elif kind == "soft link":
            file["w"] = h5py.SoftLink("/elsewhere")
        elif kind == "external storage":
            file.create_dataset("w", (4,), "f4", external=[(str(secret), 0, 16)])
        else:
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(str(secret), "w", (4,))
            file.create_virtual_dataset("w", layout)
    with pytest.raises(CheckpointError, match="another file"), open_checkpoint(path):
        pass


@pytest.mark.parametrize("kind", ["a call", "a file elsewhere", "another place", "an alteration"])
def test_a_distributed_checkpoint_that_means_harm_is_refused(kind, tmp_path):
    import torch

    mark, path = tmp_path / "mark", written(tmp_path, "x.dcp")
    file = path / ".metadata"
    record = pickle.loads(file.read_bytes())
    place = next(iter(record.storage_data.values()))
    if kind == "a call":
        file.write_bytes(pickle.dumps({"w": Harm(mark)}))
    elif kind == "a file elsewhere":
        torch.save(torch.ones(16), tmp_path / "secret")
        place.relative_path = "../secret"
    elif kind == "another place":
        place.length = 2**40
    else:
        data = bytearray((path / "__0_0.distcp").read_bytes())
        at = data.index(np.random.default_rng(0).standard_normal((16, 16)).astype("f4").tobytes())
        data[at + 5] ^= 1
        (path / "__0_0.distcp").write_bytes(data)
    if kind in ("a file elsewhere", "another place"):
        file.write_bytes(pickle.dumps(record))
    with pytest.raises(CheckpointError, match=r"can't be read|not in its folder|cut off|checksum"):
        read_all(path)
    assert not mark.exists()


FILES = ("x.safetensors", "x.pt", "x.weights.h5", "x.index")


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(name, tmp_path):
    path = written(tmp_path, name)
    data = path.with_name("x.data-00000-of-00001") if name == "x.index" else path
    whole = data.read_bytes()
    for part in (0, 1, len(whole) // 2, len(whole) - 1):
        data.write_bytes(whole[:part])
        with pytest.raises(CheckpointError):
            read_all(path)


def test_a_changed_tensor_is_found_by_the_manifest(tmp_path):
    source = written(tmp_path, "a.safetensors")
    target = convert_checkpoint(
        source, tmp_path / "b.weights.h5", manifest=tmp_path / "m.json"
    ).path
    assert verify_checkpoint(tmp_path / "m.json", source, target) == 2
    import h5py

    with h5py.File(target, "r+") as file:
        file["a/bias"][3] += 1
    with pytest.raises(CheckpointError, match="a/bias has changed"):
        verify_checkpoint(tmp_path / "m.json", source, target)


FULL = """
import resource, sys
import h5py, safetensors, tensorflow, torch
import torch.distributed.checkpoint
from pathlib import Path
from converters import OutputError, convert_checkpoint

folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
for name in ("b.safetensors", "b.pt", "b", "b.weights.h5", "b.weights.json", "b.dcp", "b.index"):
    try:
        convert_checkpoint(folder / "a.safetensors", folder / "out" / name)
    except OutputError as error:
        print(name, error)
    assert list((folder / "out").iterdir()) == [], name
"""


def test_a_disk_that_takes_no_more_is_reported_in_every_format_and_nothing_is_left(tmp_path):
    import safetensors.numpy

    safetensors.numpy.save_file({"w": np.ones(2**17, np.float32)}, tmp_path / "a.safetensors")
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all("can't be written: File too large" in line for line in lines)


@pytest.mark.parametrize("name", ["b.pt", "b.weights.h5", "b.index"])
def test_numbers_that_are_none_keep_their_bits(name, tmp_path):
    import safetensors.numpy

    bits = np.arange(0x7F800001, 0x7F800001 + 30 * 40, dtype=np.uint32).reshape(30, 40)
    quiet = (bits | 0x400000).view(np.float32)
    safetensors.numpy.save_file({"w": quiet}, tmp_path / "a.safetensors")
    turned = NameMap((Rule(source="w", target="w", layout="transpose"),))
    path = convert_checkpoint(tmp_path / "a.safetensors", tmp_path / name, weights=turned).path
    assert read_all(path) == {"w": quiet.T.tobytes()}


def test_a_zip_file_with_paths_that_leave_is_refused(tmp_path):
    path = written(tmp_path, "x.pt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../outside.txt", "harm")
    with pytest.raises(CheckpointError, match="can't be read"), open_checkpoint(path):
        pass
    assert not (tmp_path.parent.parent / "outside.txt").exists()


@pytest.mark.parametrize("data", [b"", b"hello"], ids=["empty", "text"])
def test_a_file_that_is_none_of_pytorchs_is_said_to_be_none(data, tmp_path):
    (tmp_path / "a.pt").write_bytes(data)
    with (
        pytest.raises(CheckpointError, match="damaged, or no file of PyTorch's"),
        open_checkpoint(tmp_path / "a.pt"),
    ):
        pass
