"""What a conversion costs, as ratios within one run.

    python tests/benchmarks/bench_convert.py

- ResNet-50 from module to SavedModel on disk, over ``torch.export.export`` plus
``tf.saved_model.save`` of an equal graph.
- Peak memory while converting BERT base, over the model's parameters, above the imported
frameworks.
- Seconds per node of chains of 10 to 10,000 nodes.
- ``import parity`` and ``parity --help``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def timed(action: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def resnet50() -> object:
    """The real size, from its configuration."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(0)
    return ResNetForImageClassification(ResNetConfig(num_labels=1000)).eval()


def conversion_ratio(rounds: int = 3) -> float:
    """The conversion over its two unavoidable parts, medians of interleaved runs."""
    import tensorflow as tf
    import torch

    from converters import torch_to_tf

    module, image = resnet50(), (torch.randn(1, 3, 224, 224),)
    twin = torch_to_tf(module, image).model
    ours, parts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            mine = timed(
                lambda turn=turn: torch_to_tf(module, image).save(Path(folder) / f"a{turn}")
            )
            export = timed(lambda: torch.export.export(module, image, strict=False))
            save = timed(
                lambda turn=turn: tf.saved_model.save(twin, str(Path(folder) / f"b{turn}"))
            )
            if turn:
                ours.append(mine)
                parts.append(export + save)
            print(f"  convert and save {mine:.3g} s, export {export:.3g} s + save {save:.3g} s")
    return statistics.median(ours) / statistics.median(parts)


_MEMORY = """
import os, resource, sys, threading, time
import psutil, torch, tensorflow as tf
from transformers import BertConfig, BertModel
from converters import torch_to_tf
from converters.torch_to_tf.lowerings import load
load()
torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),))
process, peak, done = psutil.Process(), [0], []
def watch():
    while not done:
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.005)
base = process.memory_info().rss
thread = threading.Thread(target=watch)
thread.start()
model = BertModel(BertConfig()).eval()
size = sum(p.numel() * p.element_size() for p in model.parameters())
torch_to_tf(model, {"input_ids": torch.ones(1, 128, dtype=torch.long)}).save(sys.argv[1])
done.append(1)
thread.join()
print((peak[0] - base) / size)
"""


def memory_ratio() -> float:
    """Peak resident memory above the imported frameworks, the module itself included, over its
    parameters."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _MEMORY, f"{folder}/model"]
        return float(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
        )


def seconds_per_node() -> dict[int, float]:
    """Chains of multiplications and convolutions of growing length."""
    import torch
    from torch import nn

    from converters import convert, torch_graph

    class Chain(nn.Module):
        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length
            self.conv = nn.Conv2d(2, 2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for place in range(self.length):
                x = self.conv(x) if place % 4 == 0 else x * 1.01
            return x

    result = {}
    for length in (10, 100, 1000, 10000):
        graph = torch_graph(Chain(length), (torch.randn(1, 2, 4, 4),))
        result[length] = timed(lambda graph=graph: convert(graph)) / length
    return result


def start_seconds(*command: str) -> float:
    """The median of five starts of a process, less that of an empty Python."""

    def median(*words: str) -> float:
        return statistics.median(
            timed(lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True))
            for _ in range(5)
        )

    return median(*command) - median("-c", "pass")


def main() -> None:
    """Print every figure."""
    print(f"import parity: {start_seconds('-c', 'import parity'):.3g} s (wanted: under 0.5)")
    help_ = "from parity.cli import main; main(['--help'])"
    print(f"parity --help: {start_seconds('-c', help_):.3g} s (wanted: under 0.5)")
    print(f"ResNet-50, over export + save: {conversion_ratio():.3g} (wanted: at most 3)")
    print(f"BERT base, peak memory over parameters: {memory_ratio():.3g} (wanted: at most 3)")
    for length, seconds in seconds_per_node().items():
        print(f"chain of {length} nodes: {1e3 * seconds:.3g} ms a node")


if __name__ == "__main__":
    main()
