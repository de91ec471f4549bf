"""How fast checkpoints move, over a copy of the same bytes, and how much memory that takes.

Usage: python tests/benchmarks/bench_checkpoints.py [GIGABYTES ...]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from converters import convert_checkpoint
from converters.checkpoints import NameMap, Rule, TensorInfo
from converters.checkpoints.safetensors_file import create_safetensors
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
import converters.checkpoints as c
import {modules}

def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

before = peak()
c.convert_checkpoint(sys.argv[1], sys.argv[2], force=True)
print(peak() - before)
"""


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
    with create_safetensors(path, tensors) as write:
        for name in tensors:
            write(name, arrays[name.rpartition(".")[2]])
    return path.stat().st_size


def seconds(function, *arguments, **options) -> float:
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def main() -> None:
    for size in map(float, sys.argv[1:] or ["1"]):
        with tempfile.TemporaryDirectory() as folder:
            source, copy = Path(folder) / "a.safetensors", Path(folder) / "copy"
            count = synthetic(source, size)
            print(f"{count / 1e9:.3g} GB")
            plain = min(seconds(shutil.copyfile, source, copy) for _ in range(3))
            print(f"  cp                         {count / plain / 1e9:.2f} GB/s")
            for suffix in (".safetensors", ".pt", ".index"):
                target = Path(folder) / f"b{suffix}"
                for words, weights in (("same layout", None), ("transposed", TRANSPOSED)):
                    took = min(
                        seconds(convert_checkpoint, source, target, weights=weights, force=True)
                        for _ in range(2)
                    )
                    print(f"  {suffix:13} {words:12} {plain / took:.2f} of cp")
                modules = {".pt": "torch", ".index": "tensorflow"}.get(suffix, "numpy")
                code = CHILD.format(modules=modules)
                done = subprocess.run(
                    [sys.executable, "-c", code, source, target],
                    capture_output=True, text=True, check=True,
                )  # fmt: skip
                largest = max(TensorInfo(s, DType.float32).bytes for s in SHAPES.values()) / 1e6
                print(
                    f"  {suffix:13} peak memory {int(done.stdout) / 1e3:.0f} MB above the imports; "
                    f"the largest tensor has {largest:.0f} MB"
                )
                for item in Path(folder).glob("b*"):
                    item.unlink()


if __name__ == "__main__":
    main()
