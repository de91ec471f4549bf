"""An interrupted conversion goes on where it stopped; several processes write what one writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from converters import OutputError, convert_checkpoint, executor, verify_checkpoint
from converters.checkpoints import NameMap, Rule, conversion

COUNT = 9
SHARD = 50_000
FORMATS = ("b.safetensors", "b.pt", "b", "b.weights.h5", "b.weights.json", "b.index", "b.dcp")
TURNED = NameMap(
    (
        Rule(source="t{i}", target="t{i}", layout="transpose"),
        Rule(source="u", target=("u/0", "u/1", "u/2")),
    )
)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """So that a small checkpoint has several of them."""
    monkeypatch.setattr(conversion, "_PIECE", 30_000)


def source(path: Path) -> Path:
    import safetensors.numpy

    generator = np.random.default_rng(0)
    arrays = {
        f"t{i}": generator.standard_normal((60, 40 + i)).astype(np.float32) for i in range(COUNT)
    }
    arrays["u"] = generator.standard_normal((6, 100)).astype(np.float32)
    safetensors.numpy.save_file(arrays, path / "a.safetensors")
    return path / "a.safetensors"


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if not p.is_dir()}


class Stopping:
    """Stands for what makes the moves, and is interrupted before one of them is written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps, self.stop, self.original = 0, None, conversion.moved
        monkeypatch.setattr(conversion, "moved", self)

    def __call__(self, *arguments, **options):
        for step in self.original(*arguments, **options):
            if self.stop == self.steps:
                raise KeyboardInterrupt
            self.steps += 1
            yield step


@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_run_goes_on_and_the_result_is_the_same_to_the_byte(
    name, manifest, tmp_path, monkeypatch
):
    given, stopping = source(tmp_path), Stopping(monkeypatch)
    options = {"weights": TURNED, "shard": SHARD}
    one = {"manifest": tmp_path / "one.json"} if manifest else {}
    two = {"manifest": tmp_path / "two.json"} if manifest else {}
    convert_checkpoint(given, tmp_path / "one" / name, **options, **one)
    for stop in (0, 3, 7):
        stopping.steps, stopping.stop = 0, stop - (3 if stop == 7 else 0)
        with pytest.raises(KeyboardInterrupt):
            convert_checkpoint(given, tmp_path / "two" / name, **options, **two)
        assert [p.name for p in (tmp_path / "two").iterdir()] == [f".{name}.partial"]
    stopping.steps, stopping.stop = 0, None
    done = convert_checkpoint(given, tmp_path / "two" / name, **options, **two)
    assert done.resumed > 0
    assert stopping.steps < COUNT
    assert bytes_below(tmp_path / "one") == bytes_below(tmp_path / "two")
    if manifest:
        assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
        assert verify_checkpoint(tmp_path / "two.json", given, done.path) == COUNT + 3


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_conversion_writes_the_same_bytes_at_another_time(name, tmp_path):
    given = source(tmp_path)
    convert_checkpoint(given, tmp_path / "one" / name, weights=TURNED, shard=SHARD)
    time.sleep(1.1)  # files that hold times hold seconds
    convert_checkpoint(given, tmp_path / "two" / name, weights=TURNED, shard=SHARD)
    assert bytes_below(tmp_path / "one") == bytes_below(tmp_path / "two")


def test_what_another_conversion_left_counts_for_nothing(tmp_path, monkeypatch):
    given, stopping = source(tmp_path), Stopping(monkeypatch)
    stopping.stop = 5
    with pytest.raises(KeyboardInterrupt):
        convert_checkpoint(given, tmp_path / "b.pt", weights=TURNED)
    stopping.stop = None
    assert convert_checkpoint(given, tmp_path / "b.pt").resumed == 0

    stopping.steps, stopping.stop = 0, 5
    with pytest.raises(KeyboardInterrupt):
        convert_checkpoint(given, tmp_path / "c.pt", weights=TURNED)
    os.utime(given, ns=(1, 1))  # the source is another one now
    stopping.stop = None
    assert convert_checkpoint(given, tmp_path / "c.pt", weights=TURNED).resumed == 0


def test_two_runs_do_not_write_the_same_target(tmp_path, monkeypatch):
    given = source(tmp_path)
    original = conversion.moved

    def nested(*arguments, **options):
        monkeypatch.setattr(conversion, "moved", original)
        with pytest.raises(OutputError, match="another process"):
            convert_checkpoint(given, tmp_path / "b.pt")
        yield from original(*arguments, **options)

    monkeypatch.setattr(conversion, "moved", nested)
    assert convert_checkpoint(given, tmp_path / "b.pt").tensors == COUNT + 1


@pytest.mark.parametrize("name", FORMATS)
def test_several_processes_write_what_one_writes(name, tmp_path):
    given = source(tmp_path)
    results = {}
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        convert_checkpoint(
            given,
            folder / name,
            weights=TURNED,
            shard=SHARD,
            workers=workers,
            manifest=tmp_path / f"{workers}.json",
        )
        results[workers] = bytes_below(folder)
    assert results[1] == results[2]
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_a_ray_cluster_writes_what_one_process_writes(tmp_path):
    given = source(tmp_path)
    with executor("ray", 2):  # one cluster for all
        for name in ("b.safetensors", "b.index", "b.dcp"):
            convert_checkpoint(given, tmp_path / "1" / name, weights=TURNED)
            convert_checkpoint(given, tmp_path / "2" / name, weights=TURNED, workers=2, place="ray")
    assert bytes_below(tmp_path / "1") == bytes_below(tmp_path / "2")


def test_templates_are_filled_by_one_process_and_no_workers_do_nothing(tmp_path):
    given = source(tmp_path)
    with pytest.raises(OutputError, match="do nothing"):
        convert_checkpoint(given, tmp_path / "b.pt", workers=0)
    there = convert_checkpoint(given, tmp_path / "b.pt").path
    with pytest.raises(OutputError, match="one process"):
        convert_checkpoint(given, tmp_path / "c.pt", template=there, workers=2)


PROGRAM = """
import signal, sys, time
from converters import convert_checkpoint
from converters.checkpoints import conversion, store

original = conversion.moved
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it would be ignored

def slow(*arguments, **options):
    for number, step in enumerate(original(*arguments, **options)):
        if number == 4:
            print("begun", flush=True)
            time.sleep(60)
        yield step

conversion.moved = slow
convert_checkpoint(sys.argv[1], sys.argv[2])
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_killed_run_goes_on_and_nothing_is_under_the_final_name_before(number, tmp_path):
    given = source(tmp_path)
    two = tmp_path / "two" / "b.weights.h5"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, given, two],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"begun\n"
        program.send_signal(number)
        program.wait(30)
    assert not two.exists()
    assert convert_checkpoint(given, two).resumed == 4
    convert_checkpoint(given, tmp_path / "one" / "b.weights.h5")
    assert bytes_below(tmp_path / "one") == bytes_below(tmp_path / "two")
