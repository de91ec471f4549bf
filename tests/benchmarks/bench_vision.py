"""Speed of converted vision models against Keras' own, batch 1 on the CPU.

Both run in one process, one call of each in turn, so that whatever else the machine does slows both
alike.
What is printed is a ratio of medians: below 1 the converted model is the faster one.

    python tests/benchmarks/bench_vision.py [--calls 40] [--threads 1]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SIZE = 224


def resnet50() -> tuple[Any, Any]:
    """ResNet-50 of transformers, and Keras' own."""
    import keras
    from transformers import ResNetConfig, ResNetForImageClassification

    source = ResNetForImageClassification(ResNetConfig(num_labels=1000))
    return source, keras.applications.ResNet50(weights=None, classifier_activation=None)


def mobilenet_v2() -> tuple[Any, Any]:
    """MobileNetV2 of transformers, and Keras' own."""
    import keras
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    source = MobileNetV2ForImageClassification(MobileNetV2Config(num_labels=1000))
    return source, keras.applications.MobileNetV2(weights=None, classifier_activation=None)


MODELS: Mapping[str, Callable[[], tuple[Any, Any]]] = {
    "resnet50": resnet50,
    "mobilenet_v2": mobilenet_v2,
}


def functions(name: str) -> dict[str, Callable[[], object]]:
    """A call of each model on one image: converted, converted without a change of layout, Keras."""
    import tensorflow as tf
    import torch

    import converters

    source, native = MODELS[name]()
    example = {"pixel_values": torch.zeros(1, 3, SIZE, SIZE)}
    image = tf.constant(np.random.default_rng(0).standard_normal((1, SIZE, SIZE, 3), np.float32))
    planes = tf.transpose(image, (0, 3, 1, 2))
    converted = converters.torch_to_tf(source.eval(), example).model
    moved = converters.torch_to_tf(source.eval(), example, channels_last=True).model
    spec = tf.TensorSpec(image.shape, image.dtype)
    keras_call = tf.function(lambda x: native(x, training=False)).get_concrete_function(spec)
    return {
        "converted": lambda: converted(planes),
        "channels_last": lambda: moved(image),
        "keras": lambda: keras_call(image),
    }


def medians(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each call, taken in turn after three rounds of warming up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 3):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn >= 3:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    """Print one line of JSON for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("models", nargs="*", choices=[*MODELS, []], default=[])
    options = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    for name in options.models or MODELS:
        taken = medians(functions(name), options.calls)
        milliseconds = {key: float(f"{value * 1e3:.3g}") for key, value in taken.items()}
        ratios = {
            key: float(f"{taken[key] / taken['keras']:.3g}")
            for key in ("converted", "channels_last")
        }
        print(json.dumps({"model": name, "ratio_to_keras": ratios, "milliseconds": milliseconds}))


if __name__ == "__main__":
    main()
