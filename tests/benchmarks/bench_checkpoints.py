"""How fast checkpoints move, over a copy of the same bytes, and how much memory that takes.

Usage: python tests/benchmarks/bench_checkpoints.py [GIGABYTES ...] [--rounds N]

Every round copies with ``cp`` and converts, one after the other; the medians of the rounds' ratios
are printed. Where other programs keep the machine busy, processor time says more than time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from converters import convert_checkpoint
from converters.checkpoints import NameMap, Rule, TensorInfo
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
    ".pt": "torch",
    ".weights.h5": "h5py",
    ".index": "tensorflow",
}


def synthetic(path: Path, gigabytes: float) -> int:
    """A safetensors file shaped like a Llama of so many bytes."""
    layer = sum(TensorInfo(shape, DType.float32).bytes for shape in SHAPES.values())
    count = max(round(gigabytes * 1e9 / layer), 1)
    tensors = {
        f"layers.{i}.{name}": TensorInfo(shape, DType.float32)
        for i in range(count)
        for name, shape in SHAPES.items()
    }
    generator = np.random.default_rng(0)
    arrays = {name: generator.standard_normal(shape, np.float32) for name, shape in SHAPES.items()}
    with create_safetensors(Output(path, tensors)) as write:
        for name in tensors:
            write(name, arrays[name.rpartition(".")[2]])
    return path.stat().st_size


def spent(function, *arguments, **options) -> tuple[float, float]:
    """Seconds that pass, and seconds of processors in this process and its children."""
    start, before = time.perf_counter(), os.times()
    function(*arguments, **options)
    took, after = time.perf_counter() - start, os.times()
    return took, sum(after[:4]) - sum(before[:4])


def copied(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    subprocess.run(["cp", source, target], check=True)


def ratios(source: Path, target: Path, weights: NameMap | None, rounds: int) -> tuple[float, float]:
    """Medians of how much longer a conversion takes than a copy, and how much more it computes."""
    pairs = []
    for _ in range(rounds):
        plain = spent(copied, source, source.with_name("copy"))
        ours = spent(convert_checkpoint, source, target, weights=weights, force=True)
        pairs.append((plain[0] / ours[0], ours[1] / plain[1]))
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=float, default=[1.0])
    parser.add_argument("--rounds", type=int, default=5, help="0 measures memory alone")
    parser.add_argument("--folder", type=Path, help="on the disk that is meant")
    options = parser.parse_args()
    largest = max(TensorInfo(s, DType.float32).bytes for s in SHAPES.values()) / 1e6
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            source = Path(folder) / "a.safetensors"
            count = synthetic(source, size)
            print(f"{count / 1e9:.3g} GB of tensors of at most {largest:.0f} MB")
            for suffix, modules in MODULES.items():
                target = Path(folder) / f"b{suffix}"
                for words, weights in (("same layout", None), ("transposed", TRANSPOSED)):
                    if options.rounds:
                        speed, cost = ratios(source, target, weights, options.rounds)
                        print(f"  {suffix:13} {words:12} {speed:.2f} of cp's speed, "
                              f"{cost:.1f} times its processor time", flush=True)  # fmt: skip
                done = subprocess.run(
                    [sys.executable, "-c", CHILD.format(modules=modules), source, target],
                    capture_output=True, text=True, check=True,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                )  # fmt: skip
                print(f"  {suffix:13} transposed   {int(done.stdout) / 1e3:.0f} MB "
                      "above the imported libraries", flush=True)  # fmt: skip
                for item in Path(folder).glob("b*"):
                    item.unlink()


if __name__ == "__main__":
    main()
