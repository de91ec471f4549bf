"""What TensorFlow models come as, and what is refused with one clear error."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2 as frozen,
)

import converters

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


class Counting(tf.Module):
    """A product, and how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(np.arange(90, dtype=np.float32).reshape(3, 30) / 90, name="w")
        self.calls = tf.Variable(0.0, trainable=False, name="calls")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def __call__(self, x):
        self.calls.assign_add(1.0)
        return {"product": tf.nn.relu(x @ self.w), "calls": self.calls + 0.0}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], name="x")])
    def product(self, x):
        return x @ self.w


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting()


def test_a_module_keeps_its_state(counting):
    conversion = converters.tf_to_torch(counting)
    result = conversion.model(torch.from_numpy(X))
    np.testing.assert_allclose(
        result["product"].detach().numpy(), np.maximum(X @ counting.w.numpy(), 0), atol=1e-6
    )
    assert conversion.model(torch.from_numpy(X))["calls"] == 2.0
    assert conversion.model.state_dict()["calls"] == 2.0
    assert conversion.model.state_dict()["w"].shape == (30, 3)


def test_a_concrete_function_a_python_function_and_a_frozen_graph(counting, tmp_path):
    concrete = counting.product.get_concrete_function()
    path = tmp_path / "frozen.pb"
    path.write_bytes(frozen(concrete).graph.as_graph_def().SerializeToString())
    expected = X @ counting.w.numpy()
    for source in (concrete, lambda x: x @ counting.w, path):
        result = converters.tf_to_torch(source, (X,)).model(torch.from_numpy(X))
        (result,) = result.values() if isinstance(result, dict) else [result]
        np.testing.assert_allclose(result.detach().numpy(), expected, atol=1e-5)


def test_a_saved_model_and_its_signatures(counting, tmp_path):
    one = counting.product.get_concrete_function()
    other = counting.__call__.get_concrete_function()
    tf.saved_model.save(counting, tmp_path / "saved", signatures={"one": one, "other": other})
    with pytest.raises(converters.CaptureError, match=r"it has: one, other\. Pass signature="):
        converters.tf_to_torch(tmp_path / "saved")
    conversion = converters.tf_to_torch(tmp_path / "saved", signature="one")
    (result,) = conversion.model(torch.from_numpy(X)).values()
    np.testing.assert_allclose(result.detach().numpy(), X @ counting.w.numpy(), atol=1e-5)
    assert "w" in conversion.model.state_dict()
    values = tmp_path / "saved" / "variables" / "variables.data-00000-of-00001"
    values.write_bytes(values.read_bytes()[:50])
    with pytest.raises(converters.CheckpointError, match="may be damaged"):
        converters.tf_to_torch(tmp_path / "saved", signature="one")


class Doubled(layers.Layer):
    """A class that no file brings along."""

    def call(self, x):
        return x * 2


def saved(path: Path, *parts: keras.Layer) -> Path:
    keras.Sequential([layers.Input((3,)), *parts]).save(path)
    return path


def test_a_custom_class_is_taken_from_the_caller_only(tmp_path):
    path = saved(tmp_path / "own.keras", Doubled())
    with pytest.raises(converters.CheckpointError, match="custom_objects"):
        converters.tf_to_torch(path)
    conversion = converters.tf_to_torch(path, custom_objects={"Doubled": Doubled})
    np.testing.assert_array_equal(conversion.model(torch.from_numpy(X)).numpy(), 2 * X)


def test_code_in_a_file_is_never_run(tmp_path):
    path = saved(tmp_path / "code.keras", layers.Lambda(lambda x: x * 2))
    with pytest.raises(converters.CheckpointError, match="code from a file is never run"):
        converters.tf_to_torch(path)


def test_an_h5_file_and_one_with_weights_alone(tmp_path):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2, name="head")])
    model.save(tmp_path / "model.h5")
    conversion = converters.tf_to_torch(tmp_path / "model.h5")
    np.testing.assert_array_equal(
        conversion.model.state_dict()["head.weight"].numpy(), model.layers[0].kernel.numpy().T
    )
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(converters.CheckpointError, match="weights but no model"):
        converters.tf_to_torch(tmp_path / "model.weights.h5")


def test_files_that_are_no_models_are_refused(tmp_path):
    (tmp_path / "text.pb").write_bytes(b"hello world")
    with pytest.raises(converters.CheckpointError, match="is no GraphDef"):
        converters.tf_to_torch(tmp_path / "text.pb")
    (tmp_path / "empty").mkdir()
    with pytest.raises(converters.CaptureError, match="is no SavedModel"):
        converters.tf_to_torch(tmp_path / "empty")
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04")
    with pytest.raises(converters.CheckpointError, match="damaged"):
        converters.tf_to_torch(tmp_path / "cut.keras")


def test_a_custom_operator_is_refused_by_name(tmp_path, counting):
    definition = frozen(counting.product.get_concrete_function()).graph.as_graph_def()
    next(node for node in definition.node if node.op == "MatMul").op = "MyProduct"
    path = tmp_path / "custom.pb"
    path.write_bytes(definition.SerializeToString())
    with pytest.raises(converters.CaptureError, match="MyProduct"):
        converters.tf_to_torch(path)


@tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
def lengths(text):
    return tf.strings.length(text)


@tf.function(input_signature=[tf.RaggedTensorSpec([None, None])])
def dense(rows):
    return rows.to_tensor()


def test_strings_ragged_tensors_and_tables_are_refused_by_name():
    with pytest.raises(converters.CaptureError, match="computes with string"):
        converters.tf_to_torch(lengths)
    with pytest.raises(converters.CaptureError, match="ragged tensor"):
        converters.tf_to_torch(dense)
    lookup = keras.Sequential(
        [layers.Input((3,), dtype="int64"), layers.IntegerLookup(vocabulary=[1, 2, 3])]
    )
    with pytest.raises(converters.CaptureError, match="lookup table"):
        converters.tf_to_torch(lookup)


@tf.function(input_signature=[tf.TensorSpec([3, 3])])
def rare(x):
    return tf.math.betainc(x, x, x) + tf.math.special.bessel_j0(x)


def test_all_operators_without_a_lowering_are_listed_at_once():
    with pytest.raises(converters.UnsupportedOpError) as caught:
        converters.tf_to_torch(rare)
    assert {item.op for item in caught.value.missing} == {"tf.BesselJ0", "tf.Betainc"}


def test_a_source_of_another_kind_is_refused():
    with pytest.raises(converters.CaptureError, match="int is no source"):
        converters.tf_to_torch(3)
    with pytest.raises(converters.CaptureError, match="Pass example_inputs"):
        converters.tf_to_torch(tf.function(lambda x: x))
