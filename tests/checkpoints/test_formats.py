"""Every format holds what was written, bit for bit, and every pair converts there and back."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from converters import CheckpointError, OutputError
from converters.checkpoints import NameMap, Rule, convert_checkpoint, open_checkpoint

ONE_PROCESS = pytest.mark.filterwarnings("ignore:torch.distributed is disabled:UserWarning")
RANDOM = np.random.default_rng(0)
ARRAYS = {
    "encoder/dense/kernel": RANDOM.standard_normal((3, 4)).astype(np.float32),
    "encoder/dense/bias": RANDOM.standard_normal(4).astype(ml_dtypes.bfloat16),
    "encoder/steps": np.asarray(2**40 + 1),
    "empty": np.zeros((0, 3), np.float16),
    "mask": np.array([True, False]),
    "special": np.array([-0.0, np.inf, np.nan, 5e-324]),
    "phase": (RANDOM.standard_normal(4) + 1j).astype(np.complex64),
}
FORMATS = ("a.safetensors", "b.pt", "folder", "c.weights.h5", "d.index", "e.weights.json", "f.dcp")


def first(path: Path) -> Path:
    import safetensors.numpy

    safetensors.numpy.save_file(dict(ARRAYS), path / "first.safetensors")
    return path / "first.safetensors"


def assert_holds_all(path: Path) -> None:
    with open_checkpoint(path) as found:
        assert found.tensors.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            read = found.read(name)
            assert (read.dtype, read.shape) == (array.dtype, array.shape)
            assert (found.tensors[name].dtype.numpy, found.tensors[name].shape) == (
                array.dtype,
                array.shape,
            )
            assert read.tobytes() == array.tobytes()


@pytest.mark.parametrize(("one", "other"), list(itertools.product(FORMATS, FORMATS)))
def test_a_pair_of_formats_converts_there_and_back_bit_for_bit(one, other, tmp_path):
    source = convert_checkpoint(first(tmp_path), tmp_path / "1" / one).path
    there = convert_checkpoint(source, tmp_path / "2" / other).path
    back = convert_checkpoint(there, tmp_path / "3" / one)
    assert (back.tensors, back.bytes) == (len(ARRAYS), sum(a.nbytes for a in ARRAYS.values()))
    for path in (source, there, back.path):
        assert_holds_all(path)


def test_pytorch_reads_what_is_written_and_its_checksums_are_right(tmp_path):
    import torch

    path = convert_checkpoint(first(tmp_path), tmp_path / "b.pt").path
    state = torch.load(path, weights_only=True)
    assert torch.equal(
        state["encoder/dense/kernel"], torch.from_numpy(ARRAYS["encoder/dense/kernel"])
    )
    assert zipfile.ZipFile(path).testzip() is None


@ONE_PROCESS
def test_pytorch_loads_a_distributed_checkpoint_that_is_written(tmp_path):
    import torch
    import torch.distributed.checkpoint as dcp

    path = convert_checkpoint(first(tmp_path), tmp_path / "f.dcp").path
    state = {
        "encoder/dense/kernel": torch.zeros(3, 4),
        "encoder/dense/bias": torch.zeros(4).bfloat16(),
    }
    dcp.load(state, checkpoint_id=path, no_dist=True)
    assert np.array_equal(state["encoder/dense/kernel"], ARRAYS["encoder/dense/kernel"])
    assert state["encoder/dense/bias"].view(torch.int16).numpy().tobytes() == (
        ARRAYS["encoder/dense/bias"].tobytes()
    )


@ONE_PROCESS
def test_a_distributed_checkpoint_of_pytorch_is_read_also_in_pieces(tmp_path):
    import pickle

    import torch
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint import metadata as m

    base = torch.arange(24.0).reshape(4, 6)
    state = {"model": {"top": base[:2].clone(), "bottom": base[2:].clone()}, "epoch": 3}
    dcp.save(state, checkpoint_id=tmp_path / "folder", no_dist=True)
    with open_checkpoint(tmp_path / "folder") as found:
        assert sorted(found.tensors) == ["model.bottom", "model.top"]
        assert np.array_equal(found.read("model.bottom"), base[2:])

    # the same two pieces as those of one tensor, as two processes write them
    file = tmp_path / "folder" / ".metadata"
    record = pickle.loads(file.read_bytes())
    offsets = {"model.top": (0, 0), "model.bottom": (2, 0)}
    whole = record.state_dict_metadata["model.top"]
    chunks = [m.ChunkStorageMetadata(torch.Size(o), torch.Size((2, 6))) for o in offsets.values()]
    whole = m.TensorStorageMetadata(whole.properties, torch.Size((4, 6)), chunks)
    places = {
        m.MetadataIndex("w", torch.Size(offsets[index.fqn])): place
        for index, place in record.storage_data.items()
        if index.fqn in offsets
    }
    file.write_bytes(pickle.dumps(m.Metadata({"w": whole}, {}, places)))
    with open_checkpoint(tmp_path / "folder") as found:
        assert np.array_equal(found.read("w"), base)
    short = m.TensorStorageMetadata(whole.properties, torch.Size((4, 6)), chunks[:1])
    file.write_bytes(pickle.dumps(m.Metadata({"w": short}, {}, places)))
    with (
        pytest.raises(CheckpointError, match="don't make up"),
        open_checkpoint(tmp_path / "folder"),
    ):
        pass


@ONE_PROCESS
def test_a_distributed_checkpoint_is_read_whichever_way_a_python_writes_enums(
    tmp_path, monkeypatch
):
    import torch
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.metadata import _MEM_FORMAT_ENCODING as ENCODING

    def by_name(member: object, _: int) -> tuple[object, ...]:
        return getattr, (type(member), member.name)

    monkeypatch.setattr(ENCODING, "__reduce_ex__", by_name)  # as Python 3.11.2 does
    dcp.save({"w": torch.arange(6.0)}, checkpoint_id=tmp_path / "folder", no_dist=True)
    assert b"getattr" in (tmp_path / "folder" / ".metadata").read_bytes()
    with open_checkpoint(tmp_path / "folder") as found:
        assert np.array_equal(found.read("w"), torch.arange(6.0))


def test_tensorflow_restores_an_object_checkpoint_into_attributes(tmp_path):
    import tensorflow as tf

    path = convert_checkpoint(first(tmp_path), tmp_path / "d.index").path
    root, root.encoder = tf.Module(), tf.Module()
    root.encoder.dense = tf.Module()
    root.encoder.dense.kernel = tf.Variable(tf.zeros((3, 4)))
    status = tf.train.Checkpoint(root).restore(str(path.with_suffix("")))
    status.expect_partial()
    assert np.array_equal(root.encoder.dense.kernel, ARRAYS["encoder/dense/kernel"])


def test_tensorflow_1_restores_a_checkpoint_by_the_names_of_its_variables(tmp_path):
    import tensorflow as tf

    path = convert_checkpoint(first(tmp_path), tmp_path / "model.ckpt.index").path
    assert_holds_all(path)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        kernel = tf.compat.v1.get_variable("encoder/dense/kernel", (3, 4), use_resource=False)
        steps = tf.compat.v1.get_variable("encoder/steps", (), tf.int64)
        tf.compat.v1.train.Saver().restore(session, str(path.with_suffix("")))
        read, count = session.run([kernel, steps])
    assert np.array_equal(read, ARRAYS["encoder/dense/kernel"])
    assert count == ARRAYS["encoder/steps"]
    back = convert_checkpoint(path, tmp_path / "back.safetensors")
    assert_holds_all(back.path)


def keras_model():
    import keras

    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="dense")])


def test_keras_models_are_filled_from_a_template(tmp_path):
    import keras

    model, other = keras_model(), keras_model()
    model.save_weights(tmp_path / "w.weights.h5")
    other.save(tmp_path / "other.keras")
    path = convert_checkpoint(
        tmp_path / "w.weights.h5", tmp_path / "new.keras", template=tmp_path / "other.keras"
    ).path
    loaded = keras.models.load_model(path)
    for one, two in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, two)


def test_saved_models_are_filled_from_a_template(tmp_path):
    import tensorflow as tf

    model, other = keras_model(), keras_model()
    for one, name in ((model, "one"), (other, "two")):
        tf.saved_model.save(one, tmp_path / name)
    path = convert_checkpoint(tmp_path / "one", tmp_path / "three", template=tmp_path / "two").path
    loaded = tf.saved_model.load(path)
    x = tf.ones((2, 4))
    assert np.array_equal(loaded.signatures["serving_default"](x)["output_0"], model(x))


def test_sharded_files_that_pytorch_wrote_are_read(tmp_path):
    import json

    import torch

    for number in (1, 2):
        torch.save({f"w{number}": torch.full((2,), float(number))}, tmp_path / f"{number}.bin")
    index = {"weight_map": {"w1": "1.bin", "w2": "2.bin"}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with open_checkpoint(tmp_path) as found:
        assert [found.read(name)[0] for name in found.tensors] == [1.0, 2.0]


def test_views_and_old_files_of_pytorch_are_read(tmp_path):
    import torch

    base = torch.arange(12.0).reshape(3, 4)
    state = {"turned": base.t(), "part": base[1:, ::2], "nested": {"list": [base.clone()]}}
    torch.save(state, tmp_path / "zip.pt")
    torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("zip.pt", "old.pt"):
        with open_checkpoint(tmp_path / name) as found:
            assert list(found.tensors) == ["turned", "part", "nested.list.0"]
            assert np.array_equal(found.read("turned"), base.t())
            assert np.array_equal(found.read("part"), base[1:, ::2])


@pytest.mark.parametrize("zipped", [True, False])
def test_conjugated_and_negated_views_of_pytorch_are_read_as_what_they_stand_for(zipped, tmp_path):
    import torch

    z = torch.tensor([1 + 2j, -3 - 4j])
    state = {"conjugated": z.conj(), "negated": z.clone().conj().imag}
    torch.save(state, tmp_path / "views.pt", _use_new_zipfile_serialization=zipped)
    with open_checkpoint(tmp_path / "views.pt") as found:
        assert np.array_equal(found.read("conjugated"), np.array([1 - 2j, -3 + 4j], np.complex64))
        assert np.array_equal(found.read("negated"), np.array([-2, 4], np.float32))


def test_what_pytorch_alone_has_is_refused_by_name(tmp_path):
    import torch

    w = torch.ones(2)
    for state, words in (
        ({"w": w.to_sparse()}, "w .* is sparse"),
        ({"w": w.to(torch.float8_e4m3fn)}, "w .* is float8_e4m3fn"),
        ({"a.w": w, "a": {"w": w}}, "two tensors that are called a.w"),
    ):
        torch.save(state, tmp_path / "w.pt")
        with pytest.raises(CheckpointError, match=words), open_checkpoint(tmp_path / "w.pt"):
            pass


def test_what_lies_below_a_root_is_taken_alone(tmp_path):
    import torch

    torch.save({"state_dict": {"w": torch.ones(2)}, "epoch": 3}, tmp_path / "last.ckpt")
    path = convert_checkpoint(
        tmp_path / "last.ckpt", tmp_path / "w.safetensors", root="state_dict"
    ).path
    with open_checkpoint(path) as found:
        assert list(found.tensors) == ["w"]
    with (
        pytest.raises(CheckpointError, match="its names begin with state_dict"),
        open_checkpoint(tmp_path / "last.ckpt", root="model"),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.keras", "template"),
        ("out.xyz", "no checkpoint's suffix"),
        ("first.safetensors", "exists already"),
    ],
)
def test_a_target_that_can_not_be_written_is_refused(name, words, tmp_path):
    with pytest.raises(OutputError, match=words):
        convert_checkpoint(first(tmp_path), tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first.safetensors"]


@pytest.fixture(scope="module")
def specimens(tmp_path_factory):
    from cases.checkpoint_specimens import write_all

    folder = tmp_path_factory.mktemp("specimens")
    write_all(folder)
    return folder


TEMPLATES = ("Lightning", "Keras .keras", "Keras 2 .h5", "TensorFlow objects, data",
             "TensorFlow 1, data", "SavedModel, variables")  # fmt: skip


@pytest.mark.parametrize("name", [*TEMPLATES, "PyTorch, one pickle", "PyTorch distributed, data"])
def test_what_its_own_library_wrote_goes_into_every_format_and_back(name, specimens, tmp_path):
    from cases.checkpoint_specimens import specimen

    item = specimen(name)
    path = specimens / name.replace(" ", "-") / item.path
    with open_checkpoint(path) as found:
        wanted = {key: found.read(key) for key in found.tensors}
    for number, other in enumerate((*FORMATS, "model.ckpt.index")):
        there = convert_checkpoint(path, tmp_path / f"{number}" / other).path
        template = path if name in TEMPLATES else None
        ending = item.path if name in TEMPLATES else FORMATS[number % len(FORMATS)]
        back = convert_checkpoint(there, tmp_path / f"{number}-back" / ending, template=template)
        for result in (there, back.path):
            with open_checkpoint(result) as found:
                assert found.tensors.keys() == wanted.keys()
                for key, array in wanted.items():
                    read = found.read(key)
                    assert (read.dtype, read.shape) == (array.dtype, array.shape)
                    assert read.tobytes() == array.tobytes()


def test_a_lightning_checkpoint_that_is_filled_keeps_what_is_no_tensor(specimens, tmp_path):
    import torch

    path = specimens / "Lightning" / "x.ckpt"
    rules = NameMap((Rule(source="dense.{part}", target="state_dict.dense.{part}"),
                     Rule(source=(), target="state_dict.steps")))  # fmt: skip
    numbers = {"dense.weight": np.full((16, 16), 7, np.float32), "dense.bias": np.zeros(16, "f4")}
    import safetensors.numpy

    safetensors.numpy.save_file(numbers, tmp_path / "a.safetensors")
    done = convert_checkpoint(
        tmp_path / "a.safetensors", tmp_path / "b.ckpt", weights=rules, template=path
    )
    found = torch.load(done.path, weights_only=True)
    assert (found["epoch"], found["hyper_parameters"]) == (3, {"lr": 0.1})
    assert int(found["state_dict"]["steps"]) == 2**40 + 1
    assert torch.equal(found["state_dict"]["dense.weight"], torch.full((16, 16), 7.0))
    assert zipfile.ZipFile(done.path).testzip() is None
