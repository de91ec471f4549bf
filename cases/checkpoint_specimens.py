"""A small checkpoint in every format that is read, each written as its own library writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Specimen:
    """One of a format.

    Attributes:
        name: of the format, in words.
        path: of the checkpoint in its folder.
        file: which of its files is meant.
        checksum: whether the format has a checksum of that file's numbers.
        write: writes the checkpoint at a path.
    """

    name: str
    path: str
    file: str
    checksum: bool
    write: Callable[[Path], object]


def arrays() -> dict[str, np.ndarray]:
    """Weights of a small model, the same at each call."""
    generator = np.random.default_rng(0)
    return {
        "dense.weight": generator.standard_normal((16, 16)).astype(np.float32),
        "dense.bias": generator.standard_normal(16).astype(np.float32),
        "steps": np.asarray(2**40 + 1),
    }


def _tensors() -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(array)) for name, array in arrays().items()}


def _safetensors(path: Path) -> None:
    import safetensors.numpy

    safetensors.numpy.save_file(arrays(), path)


def _torch(path: Path) -> None:
    import torch

    torch.save(_tensors(), path)


def _old_torch(path: Path) -> None:
    import torch

    torch.save(_tensors(), path, _use_new_zipfile_serialization=False)


def _lightning(path: Path) -> None:
    import torch

    held = {"state_dict": _tensors(), "epoch": 3, "hyper_parameters": {"lr": 0.1}}
    torch.save({**held, "pytorch-lightning_version": "2.5.0", "optimizer_states": []}, path)


def _huggingface(path: Path) -> None:
    import safetensors.numpy

    path.mkdir()
    places = {}
    for number, (name, array) in enumerate(arrays().items(), start=1):
        places[name] = f"model-{number:05d}-of-00003.safetensors"
        safetensors.numpy.save_file({name: array}, path / places[name])
    index = {"metadata": {}, "weight_map": places}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))


def _distributed(path: Path) -> None:
    import warnings

    from torch.distributed.checkpoint.state_dict_saver import save

    with warnings.catch_warnings(action="ignore"):  # that there is one process
        save(_tensors(), checkpoint_id=path, no_dist=True)


def _keras_model() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(16), keras.layers.Dense(3)])


def _keras_weights(path: Path) -> None:
    _keras_model().save_weights(path)


def _keras(path: Path) -> None:
    _keras_model().save(path)


def _keras_shards(path: Path) -> None:
    _keras_model().save_weights(path, max_shard_size=6e-7)


def _keras_2(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.15.0"
        group = file.create_group("dense/dense")
        group.parent.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        group["kernel:0"] = arrays()["dense.weight"]
        group["bias:0"] = arrays()["dense.bias"]


def _objects(path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.dense = tf.Module()
    module.dense.kernel = tf.Variable(arrays()["dense.weight"])
    module.steps = tf.Variable(arrays()["steps"])
    tf.train.Checkpoint(module).write(str(path.with_suffix("")))


def _by_name(path: Path) -> None:
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, array in arrays().items():
            tf.compat.v1.get_variable(name.replace(".", "/"), initializer=array)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(
            session, str(path.with_suffix("")), write_meta_graph=False, write_state=False
        )


def _saved_model(path: Path) -> None:
    import tensorflow as tf

    class Dense(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = tf.Variable(arrays()["dense.weight"])

        @tf.function(input_signature=[tf.TensorSpec((None, 16), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x @ self.kernel

    tf.saved_model.save(Dense(), str(path))


_DATA = "data-00000-of-00001"
SPECIMENS: tuple[Specimen, ...] = (
    Specimen("safetensors", "x.safetensors", "x.safetensors", False, _safetensors),
    Specimen("PyTorch, zip", "x.pt", "x.pt", True, _torch),
    Specimen("PyTorch, one pickle", "old.pt", "old.pt", False, _old_torch),
    Specimen("Lightning", "x.ckpt", "x.ckpt", True, _lightning),
    Specimen(
        "Hugging Face, index", "folder", "folder/model.safetensors.index.json", False, _huggingface
    ),
    Specimen(
        "Hugging Face, shard",
        "folder",
        "folder/model-00001-of-00003.safetensors",
        False,
        _huggingface,
    ),
    Specimen("PyTorch distributed, data", "dcp", "dcp/__0_0.distcp", True, _distributed),
    Specimen("PyTorch distributed, metadata", "dcp", "dcp/.metadata", False, _distributed),
    Specimen("Keras .weights.h5", "x.weights.h5", "x.weights.h5", False, _keras_weights),
    Specimen("Keras 2 .h5", "two.h5", "two.h5", False, _keras_2),
    Specimen("Keras .keras", "x.keras", "x.keras", True, _keras),
    Specimen("Keras shards, index", "s.weights.json", "s.weights.json", False, _keras_shards),
    Specimen("Keras shards, shard", "s.weights.json", "s_00000.weights.h5", False, _keras_shards),
    Specimen("TensorFlow objects, index", "o.index", "o.index", True, _objects),
    Specimen("TensorFlow objects, data", "o.index", f"o.{_DATA}", True, _objects),
    Specimen("TensorFlow 1, index", "n.index", "n.index", True, _by_name),
    Specimen("TensorFlow 1, data", "n.index", f"n.{_DATA}", True, _by_name),
    Specimen(
        "SavedModel, variables", "saved", f"saved/variables/variables.{_DATA}", True, _saved_model
    ),
)


def specimen(name: str) -> Specimen:
    """The one of a name."""
    return next(item for item in SPECIMENS if item.name == name)


def write_all(folder: Path) -> None:
    """Write every specimen, each in a folder of its own."""
    made: dict[Callable[[Path], object], Path] = {}
    for item in SPECIMENS:
        place = folder / item.name.replace(" ", "-")
        if item.write in made:
            shutil.copytree(made[item.write], place)
            continue
        place.mkdir(parents=True)
        item.write(place / item.path)
        made[item.write] = place
