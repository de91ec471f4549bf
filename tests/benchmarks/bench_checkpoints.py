"""How fast checkpoints move, over a copy of the same bytes, and how much memory that takes.

Usage: python tests/benchmarks/bench_checkpoints.py [GIGABYTES ...] [--to SUFFIX ...] [--rounds N]

Every round copies with ``cp`` and converts, one after the other, to where nothing is: removing
a file takes longer than copying it. What is printed compares the quickest copy with the quickest
conversion, for all that a machine does besides only ever adds: a virtual one gets memory that it
gave back from its host at four times the cost of the copy. Times are those until the program ends,
and those until the system has written all to the disk. The process has converted before; what
starting costs is said beside. The medians of the rounds' ratios stand in brackets.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from converters import convert_checkpoint
from converters.checkpoints import NameMap, Rule, TensorInfo
from converters.checkpoints.huggingface import create_sharded
from converters.checkpoints.safetensors_file import create_safetensors
from converters.checkpoints.store import Output
from converters.dtypes import DType

HIDDEN, WIDE = 2048, 5632
SHAPES = {"q": (HIDDEN, HIDDEN), "gate": (WIDE, HIDDEN), "down": (HIDDEN, WIDE), "norm": (HIDDEN,)}
TRANSPOSED = NameMap(
    (
        Rule(source="layers.{i}.norm", target="layers.{i}.norm"),
        *(
            Rule(source=f"layers.{{i}}.{name}", target=f"layers.{{i}}.{name}", layout="transpose")
            for name in ("q", "gate", "down")
        ),
    )
)
CHILD = """
import sys
import {modules}
import converters.checkpoints as c
from bench_checkpoints import TRANSPOSED

def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

before = peak()
c.convert_checkpoint(sys.argv[1], sys.argv[2], force=True, weights=TRANSPOSED)
print(peak() - before)
"""
MODULES = {
    ".safetensors": "safetensors",
    ".weights.h5": "h5py",
    ".pt": "torch",
    ".index": "tensorflow",
    ".dcp": "torch.distributed.checkpoint",
    "": "safetensors",
}
"""What a format's file is written with; "" is a Hugging Face folder, from another one."""
LAYOUTS = {"same layout": None, "transposed": TRANSPOSED}


def synthetic(path: Path, gigabytes: float) -> int:
    """A file or folder of safetensors shaped like a Llama of so many bytes."""
    layer = sum(TensorInfo(shape, DType.float32).bytes for shape in SHAPES.values())
    count = max(round(gigabytes * 1e9 / layer), 1)
    tensors = {
        f"layers.{i}.{name}": TensorInfo(shape, DType.float32)
        for i in range(count)
        for name, shape in SHAPES.items()
    }
    generator = np.random.default_rng(0)
    arrays = {name: generator.standard_normal(shape, np.float32) for name, shape in SHAPES.items()}
    create = create_safetensors if path.suffix else create_sharded
    with create(Output(path, tensors)) as write:
        for name in tensors:
            write(name, arrays[name.rpartition(".")[2]])
    return sum(info.bytes for info in tensors.values())


def spent(function, *arguments, **options) -> np.ndarray:
    """Seconds until it ends, until the disk has all, and of processors."""
    os.sync()
    start, before = time.perf_counter(), os.times()
    function(*arguments, **options)
    took, after = time.perf_counter() - start, os.times()
    os.sync()
    return np.array([took, time.perf_counter() - start, sum(after[:4]) - sum(before[:4])])


def copied(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-r", source, target], check=True)


def removed(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def ratios(source: Path, name: str, weights: NameMap | None, rounds: int) -> np.ndarray:
    """A copy's seconds over a conversion's, as of :func:`spent`: the quickest, and the median."""
    folder, found = source.with_name("made"), []
    for _ in range(rounds):
        plain = spent(copied, source, removed(folder) / "copy")
        ours = spent(convert_checkpoint, source, removed(folder) / name, weights=weights)
        found.append((plain, ours))
    removed(folder)
    plain, ours = np.array(found).swapaxes(0, 1)
    return np.array([plain.min(0) / ours.min(0), np.median(plain / ours, 0)])


def in_a_process(source: Path, name: str, modules: str) -> tuple[float, float]:
    """Megabytes above the imported libraries, and seconds, of a conversion with transposes."""
    start = time.perf_counter()
    target = removed(source.with_name("made")) / name
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(modules=modules), source, target],
        capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    took = time.perf_counter() - start
    removed(source.with_name("made"))
    return int(done.stdout.split()[-1]) / 1e3, took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=float, default=[1.0])
    parser.add_argument("--to", nargs="*", default=list(MODULES), choices=list(MODULES))
    parser.add_argument("--layouts", nargs="*", default=list(LAYOUTS), choices=list(LAYOUTS))
    parser.add_argument("--rounds", type=int, default=5, help="0 measures memory alone")
    parser.add_argument("--folder", type=Path, help="on the disk that is meant")
    options = parser.parse_args()
    largest = max(TensorInfo(s, DType.float32).bytes for s in SHAPES.values()) / 1e6
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for suffix in options.to:
            name, source = f"b{suffix}", Path(folder) / f"a{'.safetensors' if suffix else ''}"
            synthetic(source, 0.01)
            _, took = in_a_process(source, name, MODULES[suffix])
            convert_checkpoint(source, removed(source.with_name("made")) / name, weights=TRANSPOSED)
            print(f"  {suffix or 'folder':13} a small one  {took:.1f} s from start to end")
            for size in options.sizes:
                shutil.rmtree(source) if source.is_dir() else source.unlink()
                count = synthetic(source, size)
                words = f"  {suffix or 'folder':13} {count / 1e9:.3g} GB"
                for layout in options.layouts if options.rounds else ():
                    best, usual = ratios(source, name, LAYOUTS[layout], options.rounds)
                    print(f"{words} {layout:12} {best[0]:.2f} ({usual[0]:.2f}) of cp's speed, "
                          f"{best[1]:.2f} ({usual[1]:.2f}) to the disk, "
                          f"{1 / best[2]:.1f} times its processor time", flush=True)  # fmt: skip
                if "transposed" in options.layouts:
                    memory, _ = in_a_process(source, name, MODULES[suffix])
                    print(f"{words} transposed   {memory:.0f} MB above the imported libraries; "
                          f"the largest tensor has {largest:.0f} MB", flush=True)  # fmt: skip
            shutil.rmtree(source) if source.is_dir() else source.unlink()


if __name__ == "__main__":
    main()
