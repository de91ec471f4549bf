"""Files that are damaged, hostile or not whole: one error names what is wrong, and no code runs."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

import converters


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([layers.Input((3,)), layers.Dense(2, "relu", name="head")])


@pytest.fixture
def archive(model, tmp_path) -> Path:
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def rewritten(path: Path, change=None, extra: dict[str, bytes] | None = None) -> Path:
    """The archive with another configuration, and with further files."""
    with zipfile.ZipFile(path) as found:
        members = {name: found.read(name) for name in found.namelist()}
    if change is not None:
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as written:
        for name, data in {**members, **(extra or {})}.items():
            written.writestr(name, data)
    return path


def refused(path: Path, kind: type[Exception] = converters.CheckpointError, **options) -> str:
    with pytest.raises(kind) as caught:
        converters.tf_to_torch(path, **options)
    text = str(caught.value)
    assert str(path) in text
    return text


def dense(config: dict) -> dict:
    return next(item for item in config["config"]["layers"] if item["class_name"] == "Dense")


def test_a_plain_archive_is_read(archive):
    rewritten(archive)
    assert "head.weight" in converters.tf_to_torch(archive).model.state_dict()


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/evil.txt", "assets/../../evil", "C:evil"])
def test_a_member_outside_of_the_archive_is_refused(archive, name):
    assert name in refused(rewritten(archive, extra={name: b"x"}))
    assert not (archive.parent.parent / "evil.txt").exists()


class Evil:
    """Would write a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_pickled_members_are_refused_and_not_loaded(archive, tmp_path):
    mark = tmp_path / "ran"
    extra = {"state.pkl": pickle.dumps(Evil(mark))}
    assert "state.pkl" in refused(rewritten(archive, extra=extra))
    stream = io.BytesIO()
    np.savez(stream, kernel=np.array([Evil(mark)], dtype=object))
    text = refused(rewritten(archive, extra={"model.weights.npz": stream.getvalue()}))
    assert "nothing is unpickled" in text
    assert not mark.exists()


@pytest.mark.parametrize(
    "activation",
    [
        {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"},
        {
            "class_name": "function",
            "module": "keras.utils",
            "config": "get_file",
            "registered_name": "get_file",
        },
        {"class_name": "Popen", "module": "subprocess", "config": {"args": ["true"]}},
    ],
    ids=lambda item: f"{item['module']}.{item['config']}"[:20],
)
def test_what_a_configuration_names_is_not_imported(archive, activation):
    def change(config: dict) -> None:
        dense(config)["config"]["activation"] = activation

    assert activation["module"] in refused(rewritten(archive, change))


def test_code_in_a_configuration_is_named(archive):
    def change(config: dict) -> None:
        code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
        dense(config)["config"]["activation"] = code

    assert "code from a file is never run" in refused(rewritten(archive, change))


def test_a_lambda_in_an_old_h5_file_is_refused(tmp_path, model):
    keras.Sequential([layers.Input((3,)), layers.Lambda(lambda x: x * 2, name="twice")]).save(
        tmp_path / "code.h5"
    )
    text = refused(tmp_path / "code.h5")
    assert "twice" in text
    assert "code from a file is never run" in text


def test_truncated_archives_and_h5_files_are_called_damaged(archive, model):
    whole = archive.read_bytes()
    for size in (4, 100, len(whole) // 2, len(whole) - 10):
        archive.write_bytes(whole[:size])
        assert "damaged" in refused(archive)
    path = archive.with_suffix(".h5")
    model.save(path)
    path.write_bytes(path.read_bytes()[:3000])
    assert "damaged" in refused(path)


def test_a_flipped_bit_in_an_archive_is_found(archive):
    whole = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as found:
        start = found.getinfo("model.weights.h5").header_offset + 200
    whole[start] ^= 255
    archive.write_bytes(bytes(whole))
    assert "damaged" in refused(archive)


def test_archives_without_a_model_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as written:
        written.writestr("metadata.json", "{}")
    assert "no config.json" in refused(tmp_path / "empty.keras")
    with zipfile.ZipFile(tmp_path / "list.keras", "w") as written:
        written.writestr("config.json", "[" * 100_000)
    assert "damaged" in refused(tmp_path / "list.keras")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["kernel"] = np.ones(3)
    assert "weights but no model" in refused(tmp_path / "weights.h5")


class Lookup(tf.Module):
    """A number for a word."""

    def __init__(self) -> None:
        super().__init__()
        start = tf.lookup.KeyValueTensorInitializer([1, 2], [10, 20])
        self.table = tf.lookup.StaticHashTable(start, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="key")])
    def __call__(self, key):
        return self.table.lookup(key)


def test_a_saved_model_with_a_lookup_table_is_refused_by_name(tmp_path):
    tf.saved_model.save(Lookup(), tmp_path / "saved")
    with pytest.raises(converters.CaptureError, match="lookup table"):
        converters.tf_to_torch(tmp_path / "saved")


class Plain(tf.Module):
    """A product."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2), name="w")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def __call__(self, x):
        return tf.matmul(x, self.w)


def edited(folder: Path, change) -> Path:
    """The SavedModel with another ``saved_model.pb``."""
    proto, path = SavedModel(), folder / "saved_model.pb"
    proto.ParseFromString(path.read_bytes())
    change(proto.meta_graphs[0])
    path.write_bytes(proto.SerializeToString())
    return folder


def test_a_saved_model_with_a_custom_operator_is_refused_by_name(tmp_path):
    def change(meta) -> None:
        nodes = [n for f in meta.graph_def.library.function for n in f.node_def]
        for node in nodes:
            if node.op == "MatMul":
                node.op = "OwnProduct"

    tf.saved_model.save(Plain(), tmp_path / "saved")
    folder = edited(tmp_path / "saved", change)
    assert "OwnProduct" in refused(folder, converters.CaptureError)


def test_an_optimizer_of_keras_2_does_not_stand_in_the_way(tmp_path):
    """What it keeps for each variable can't be loaded by TensorFlow alone, and isn't needed."""

    def change(meta) -> None:
        nodes = meta.object_graph_def.nodes
        places = {node.variable.name: i for i, node in enumerate(nodes) if node.variable.name}
        optimizer = nodes.add()
        optimizer.user_object.identifier = "optimizer"
        optimizer.user_object.version.producer = 1
        optimizer.user_object.version.min_consumer = 1
        slot = optimizer.slot_variables.add()
        slot.original_variable_node_id, slot.slot_variable_node_id = places["w"], places["m"]
        slot.slot_name = "m"
        child = nodes[0].children.add()
        child.local_name, child.node_id = "optimizer", len(nodes) - 1

    plain = Plain()
    plain.m = tf.Variable(tf.zeros([3, 2]), name="m")
    tf.saved_model.save(plain, tmp_path / "saved")
    folder = edited(tmp_path / "saved", change)
    with pytest.raises(AttributeError, match="add_slot"):
        tf.saved_model.load(str(folder))
    (result,) = converters.tf_to_torch(folder).model(torch.ones(2, 3)).values()
    np.testing.assert_allclose(result.detach(), plain(tf.ones([2, 3])))


def test_missing_and_truncated_files_of_a_saved_model_are_named(tmp_path):
    tf.saved_model.save(Plain(), tmp_path / "saved")
    index = tmp_path / "saved" / "variables" / "variables.index"
    whole = index.read_bytes()
    index.write_bytes(whole[:40])
    assert "may be damaged" in refused(tmp_path / "saved")
    index.unlink()
    assert "may be damaged" in refused(tmp_path / "saved")
    index.write_bytes(whole)
    path = tmp_path / "saved" / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:300])
    assert "damaged" in refused(tmp_path / "saved")
    path.write_bytes(b"")
    assert "holds no graph" in refused(tmp_path / "saved")


def test_a_pb_that_is_no_graph_is_refused(tmp_path):
    for data in (b"", b"hello", bytes(range(256)), b"\x00" * 64):
        (tmp_path / "graph.pb").write_bytes(data)
        assert "no GraphDef" in refused(tmp_path / "graph.pb")
    tf.saved_model.save(Plain(), tmp_path / "saved")
    with pytest.raises(converters.ConversionError, match="name the folder"):
        converters.tf_to_torch(tmp_path / "saved" / "saved_model.pb")


def test_a_file_that_is_not_there_is_named(tmp_path):
    for name in ("a.keras", "a.h5", "a.pb", "folder"):
        with pytest.raises(converters.CaptureError, match="does not exist"):
            converters.tf_to_torch(tmp_path / name)


def test_a_size_that_the_model_fixes_is_named_with_a_way_out():
    @tf.function
    def fixed(x):
        return tf.reshape(x, [2, 6])

    with pytest.raises(converters.ConversionError, match=r"x has 4 along axis 0.*input_signature"):
        converters.tf_to_torch(fixed, (np.ones((4, 3), np.float32),))
    closed = tf.function(fixed, input_signature=[tf.TensorSpec([4, 3], name="x")])
    model = converters.tf_to_torch(closed).model
    assert model(torch.ones(4, 3)).shape == (2, 6)
