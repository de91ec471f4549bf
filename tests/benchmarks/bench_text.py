"""How fast a converted BERT base is, over PyTorch eager on the same machine.

    python tests/benchmarks/bench_text.py [--threads N] [--batch N] [--length N] [--rounds N]

Both run in one process, in turns; the medians and their ratio are printed, for wall time and for
processor time. Processor time with one thread says the same on a machine that others use too. Exits
with 1 when the ratio of processor times is above 1.05.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

LIMIT = 1.05


def medians(
    actions: Sequence[Callable[[], object]], clock: Callable[[], float], rounds: int
) -> list[float]:
    """Seconds of each action, taken in turns after a warm-up."""
    for action in actions:
        for _ in range(3):
            action()
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for place, action in enumerate(actions):
            began = clock()
            action()
            seconds[place].append(clock() - began)
    return [statistics.median(row) for row in seconds]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)

    import tensorflow as tf
    import torch
    from transformers import BertConfig, BertModel

    from converters import torch_to_tf

    torch.set_num_threads(options.threads)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    torch.manual_seed(0)
    source = BertModel(BertConfig()).eval()
    shape = (options.batch, options.length)
    inputs = {
        "input_ids": torch.randint(0, 30000, shape),
        "attention_mask": torch.ones(shape, dtype=torch.int64),
    }
    target = torch_to_tf(source, inputs).model
    tensors = {name: tf.constant(tensor.numpy()) for name, tensor in inputs.items()}

    def run_source() -> object:
        with torch.inference_mode():
            return source(**inputs)

    def run_target() -> object:
        return target(**tensors)["last_hidden_state"].numpy()

    ratios = {}
    for name, clock in (("processor", time.process_time), ("wall", time.perf_counter)):
        torch_seconds, tf_seconds = medians((run_source, run_target), clock, options.rounds)
        ratios[name] = tf_seconds / torch_seconds
        print(
            f"{name} time: PyTorch {torch_seconds * 1e3:.3g} ms, TensorFlow {tf_seconds * 1e3:.3g} "
            "ms, "
            f"ratio {ratios[name]:.3g}"
        )
    return int(ratios["processor"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
