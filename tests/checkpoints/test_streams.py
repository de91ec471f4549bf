"""Large tensors reach the file in parts, by several threads, and are the same numbers."""

from __future__ import annotations

import errno
import itertools
import os
import sys
import zlib

import numpy as np
import pytest

from converters.checkpoints import (
    NameMap,
    Rule,
    convert_checkpoint,
    open_checkpoint,
    raw,
    streams,
    transposition,
)
from converters.checkpoints.checksums import crc32, crc32c, joined
from converters.checkpoints.streams import Check, Place, pour, whole
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError

RANDOM = np.random.default_rng(0)


def numbers(*shape: int, dtype: str = "float32") -> np.ndarray:
    return RANDOM.integers(0, 255, (*shape, np.dtype(dtype).itemsize), np.uint8).view(dtype)[..., 0]


@pytest.fixture(params=["OpenCV", "NumPy"])
def turns(request, monkeypatch) -> str:
    """What turns matrices round."""
    if request.param == "NumPy":
        monkeypatch.setattr(transposition, "_opencv", lambda: None)
    else:
        pytest.importorskip("cv2")
    return request.param


VIEWS = {
    "transposed": numbers(700, 901).T,
    "convolution": numbers(96, 64, 7, 7).transpose(2, 3, 1, 0),
    "of large rows": numbers(3, 300_000).T.copy().T,
    "of few large blocks": numbers(600_000, 2, 2, dtype="uint8").transpose(1, 0, 2),
    "reversed": numbers(600_000)[::-1],
    "half": numbers(800, 1000, dtype="float16").T,
    "double": numbers(500, 400, dtype="float64").T,
    "contiguous": numbers(3, 500, 400),
    "scalar": numbers(),
    "empty": numbers(0, 4),
    "small": numbers(3, 4).T,
    "convolution back": numbers(3, 3, 96, 200).transpose(3, 2, 0, 1),
    "heads": numbers(8, 64, 700).transpose(2, 0, 1),
    "long and narrow": numbers(40_000, 6).T,
    "pairs turned": numbers(40_000, 2, 3).transpose(0, 2, 1),
    "bytes": numbers(900, 1000, dtype="uint8").T,
}


@pytest.mark.usefixtures("turns")
@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("summed", [True, False])
def test_any_view_is_written_in_c_order_with_its_checksum(name, summed, tmp_path):
    view = VIEWS[name]
    wanted = view.tobytes()
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        checksum = pour(view, file.fileno(), 5, summed=crc32 if summed else None)
        file.seek(5)
        assert file.read() == wanted
    assert checksum == (zlib.crc32(wanted) if summed else 0)
    assert whole(view).tobytes() == wanted
    assert whole(view).flags.c_contiguous


@pytest.mark.parametrize("summed", [True, False])
def test_a_place_in_a_file_is_copied_with_its_checksums(summed, tmp_path):
    wanted = numbers(700, 901)
    (tmp_path / "source").write_bytes(b"abc" + wanted.tobytes())
    found: list[int] = []
    check = Check(crc32c, found.append)
    with (
        (tmp_path / "source").open("rb") as source,
        (tmp_path / "file").open("w+b", buffering=0) as file,
    ):
        place = Place(
            tmp_path / "source", source.fileno(), 3, TensorInfo((700, 901), DType.float32), check
        )
        checksum = pour(place, file.fileno(), 0, summed=crc32 if summed else None)
        assert file.read() == wanted.tobytes()
        assert place.read().tobytes() == wanted.tobytes()
        longer = Place(
            tmp_path / "source", source.fileno(), 3, TensorInfo((701, 901), DType.float32)
        )
        with pytest.raises(CheckpointError, match="cut off"):
            pour(longer, file.fileno(), 0, summed=crc32 if summed else None)
    assert checksum == (zlib.crc32(wanted.tobytes()) if summed else 0)
    assert found[:2] == [crc32c(memoryview(wanted.tobytes()))] * 2


@pytest.mark.usefixtures("turns")
@pytest.mark.parametrize("shape", [(700, 901), (96, 64, 7, 7), (40_000, 6), (3, 4), (0, 4), ()])
@pytest.mark.parametrize("dtype", [DType.float32, DType.bfloat16, DType.uint8])
def test_a_place_is_read_in_any_order_of_its_axes_with_its_checksum(shape, dtype, tmp_path):
    stored = numbers(*shape, dtype=f"uint{8 * dtype.itemsize}")
    (tmp_path / "source").write_bytes(b"abc" + stored.tobytes())
    with (tmp_path / "source").open("rb") as source:
        for axes in itertools.permutations(range(len(shape))):
            found: list[int] = []
            place = Place(
                tmp_path / "source",
                source.fileno(),
                3,
                TensorInfo(shape, dtype),
                Check(crc32, found.append),
            )
            wanted = stored.transpose(axes)
            turned = place.turned(axes)
            assert (turned.shape, turned.dtype) == (wanted.shape, dtype.numpy)
            read = turned.read()
            assert (read.shape, read.dtype) == (wanted.shape, dtype.numpy)
            assert read.flags.c_contiguous
            assert read.tobytes() == wanted.tobytes()
            with (tmp_path / "file").open("w+b", buffering=0) as file:
                checksum = pour(turned, file.fileno(), 1, summed=crc32c)
                assert file.read() == b"\0"[: stored.size] + wanted.tobytes()
            assert checksum == crc32c(memoryview(wanted.tobytes()))
            assert found == [zlib.crc32(stored.tobytes())] * 2
        if stored.size:
            longer = Place(tmp_path / "source", source.fileno(), 3, TensorInfo((2, *shape), dtype))
            with pytest.raises(CheckpointError, match="cut off"):
                longer.turned(tuple(reversed(range(len(shape) + 1)))).read()


def test_where_the_system_does_not_promise_a_mapping_bytes_are_read(tmp_path, monkeypatch):
    stored = numbers(700, 901)
    (tmp_path / "source").write_bytes(b"abc" + stored.tobytes())
    for advice in (raw._POPULATE, 10**6):  # no kernel knows the second one
        monkeypatch.setattr(raw, "_POPULATE", advice)
        with (tmp_path / "source").open("rb") as source:
            known = raw.mapped(source.fileno(), 3, stored.nbytes)
            assert (known is None) == (advice == 10**6) or not sys.platform.startswith("linux")
            info = TensorInfo(stored.shape, DType.float32)
            place = Place(tmp_path / "source", source.fileno(), 3, info).turned((1, 0))
            assert place.read().tobytes() == stored.T.tobytes()


def test_a_file_that_was_cut_off_is_not_mapped(tmp_path):
    """To touch what isn't there would end the process."""
    (tmp_path / "source").write_bytes(bytes(10_000))
    with (tmp_path / "source").open("r+b") as source:
        assert len(raw.mapped(source.fileno(), 5_000, 5_000)) == 5_000
        assert raw.mapped(source.fileno(), 5_000, 5_001) is None
        assert raw.mapped(source.fileno(), 20_000, 1) is None


def test_matrices_are_turned_by_opencv_and_others_are_left(monkeypatch):
    used = [
        name
        for name, view in VIEWS.items()
        if transposition.transpose(view, np.empty(view.shape, view.dtype))
    ]
    assert used == ["transposed", "convolution", "half", "double", "convolution back", "heads",
                    "bytes"]  # fmt: skip
    view = numbers(700, 901, dtype="float64").T
    view[0, :3] = np.array([0x7FF0000000000001, 0xFFF8000000000123, 1], np.uint64).view(float)
    into = np.zeros((1000, 1000))
    assert transposition.transpose(view, into[5:906, 7:707])
    assert into[5:906, 7:707].tobytes() == view.tobytes()
    into[5:906, 7:707] = 0
    assert not into.any()
    monkeypatch.setattr(transposition, "_opencv", lambda: None)
    assert not transposition.transpose(view, into[5:906, 7:707])


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, None])
def test_where_the_system_does_not_copy_bytes_are_read_and_written(number, tmp_path, monkeypatch):
    def refuses(*_: int) -> int:
        raise OSError(number, "not here")

    if number is None:
        monkeypatch.delattr(os, "copy_file_range")
    else:
        monkeypatch.setattr(os, "copy_file_range", refuses)
    (tmp_path / "source").write_bytes(bytes(range(256)) * 200_000)
    with (tmp_path / "source").open("rb") as source, (tmp_path / "copy").open("w+b") as copy:
        place = Place(tmp_path, source.fileno(), 1, TensorInfo((51_000_001,), DType.uint8))
        pour(place, copy.fileno(), 2)
        assert copy.read() == b"\0\0" + (tmp_path / "source").read_bytes()[1:51_000_002]


def test_a_full_disk_is_no_reason_to_copy_in_another_way(tmp_path, monkeypatch):
    def full(*_: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full)
    (tmp_path / "source").write_bytes(bytes(100))
    with (tmp_path / "source").open("rb") as source, (tmp_path / "copy").open("w+b") as copy:
        place = Place(tmp_path, source.fileno(), 0, TensorInfo((100,), DType.uint8))
        with pytest.raises(OSError, match="space"):
            pour(place, copy.fileno(), 0)
        assert copy.read() == b""


@pytest.mark.parametrize("checksum", [crc32, crc32c])
@pytest.mark.parametrize("count", [0, 1, 7, 2**20])
def test_checksums_of_two_pieces_join(checksum, count):
    pieces = (
        numbers(1001, dtype="uint8").tobytes(),
        (bytes(range(256)) * (count // 256 + 1))[:count],
    )
    first, second = (checksum(memoryview(piece)) for piece in pieces)
    assert joined(checksum, first, second, count) == checksum(memoryview(b"".join(pieces)))
    assert joined(checksum, 0, second, count) == second


def test_checksums_are_those_of_their_names():
    assert crc32(memoryview(b"123456789")) == zlib.crc32(b"123456789") == 0xCBF43926
    assert crc32c(memoryview(b"123456789")) == 0xE3069283  # of RFC 3720


@pytest.mark.parametrize("name", ["b.safetensors", "b.pt", "b.weights.h5", "b.index"])
def test_many_tensors_in_turn_keep_their_own_numbers(name, tmp_path, monkeypatch):
    """Memory is used again for the tensor after the next one."""
    import safetensors.numpy

    for size in ("_PART", "_COPIED", "_SMALL"):  # so that small tensors have parts as well
        monkeypatch.setattr(streams, size, 2**12)
    arrays = {f"t{i}": numbers(40 + 13 * (i % 5), 60 + i) for i in range(12)}
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors")
    turned = NameMap(
        (
            *(Rule(source=n, target=n, layout="transpose") for n in list(arrays)[::2]),
            *(Rule(source=n, target=n) for n in list(arrays)[1::2]),
        )
    )
    there = convert_checkpoint(tmp_path / "a.safetensors", tmp_path / name, weights=turned)
    back = convert_checkpoint(there.path, tmp_path / "c.pt", weights=turned, reverse=True)
    with open_checkpoint(there.path) as found, open_checkpoint(back.path) as again:
        for number, (tensor, array) in enumerate(arrays.items()):
            wanted = array if number % 2 else array.T
            assert found.read(tensor).tobytes() == wanted.tobytes()
            assert again.read(tensor).tobytes() == array.tobytes()


def test_an_altered_file_with_checksums_is_noticed_where_its_tensors_stay_as_they_are(tmp_path):
    import torch

    torch.save({"w": torch.zeros(300_000)}, tmp_path / "a.pt")
    whole_file = bytearray((tmp_path / "a.pt").read_bytes())
    whole_file[len(whole_file) // 2] ^= 1
    (tmp_path / "a.pt").write_bytes(whole_file)
    with pytest.raises(CheckpointError, match="checksum"):
        convert_checkpoint(tmp_path / "a.pt", tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()
