"""Keras models as PyTorch modules: proven, named, saved and loaded where only PyTorch is."""

from __future__ import annotations

import copy
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from keras import layers
from safetensors.numpy import load_file

import converters
import parity
from parity.cli import main

RNG = np.random.default_rng(7)
IMAGES = RNG.random((3, 9, 10, 3)).astype(np.float32)


def seeded(model: keras.Model) -> keras.Model:
    """The model with weights whose outputs aren't trivial."""
    rng = np.random.default_rng(1)
    for variable in model.variables:
        name, shape = variable.path.split("/")[-1], variable.shape
        if name in ("moving_variance", "gamma"):
            variable.assign(rng.uniform(0.5, 1.5, shape))
        elif name in ("beta", "bias", "moving_mean"):
            variable.assign(rng.normal(0, 0.3, shape))
    return model


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return seeded(
        keras.Sequential(
            [
                layers.Input((9, 10, 3), name="image"),
                layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv"),
                layers.BatchNormalization(name="norm"),
                layers.DepthwiseConv2D(3, padding="same", name="depthwise"),
                layers.MaxPooling2D(2, padding="same"),
                layers.AveragePooling2D(2, padding="same"),
                layers.Flatten(),
                layers.Dense(5, activation="softmax", name="head"),
            ],
            name="network",
        )
    )


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return network()


@pytest.fixture(scope="module")
def conversion(model) -> converters.Conversion:
    return converters.tf_to_torch(model)


def test_a_keras_network_becomes_pytorch_with_the_certificate(model, conversion):
    report = parity.assert_parity(model, conversion, (IMAGES,), runs=2)
    (result,) = report.results
    assert result.certificate.outcome == "same function"
    assert (result.source_runtime, result.target_runtime) == ("TensorFlow eager", "torch eager")
    assert len(result.gradients) == 2 * len([*conversion.model.parameters(), IMAGES])
    judged = {n.op for n in result.nodes if n.local is not None}
    assert judged >= {"tf.BiasAdd", "tf.MaxPool", "tf.FusedBatchNormV3"}


def test_a_wrong_weight_is_found_and_named(model):
    wrong = converters.tf_to_torch(model)
    with torch.no_grad():
        wrong.model.get_parameter("depthwise.weight")[2] *= 1.01
    (result,) = parity.check(model, wrong, (IMAGES,), runs=2, gradients=False).results
    assert not result.verdict.passes
    assert result.culprit is not None
    assert result.culprit.op == "tf.BiasAdd"
    assert "depthwise" in result.culprit.node


def test_parameters_have_the_names_shapes_and_roles_of_torch_nn(model, conversion):
    state = conversion.model.state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "conv.weight": (4, 3, 3, 3),
        "conv.bias": (4,),
        "norm.weight": (4,),
        "norm.bias": (4,),
        "norm.running_mean": (4,),
        "norm.running_var": (4,),
        "norm.num_batches_tracked": (),
        "depthwise.weight": (4, 1, 3, 3),
        "depthwise.bias": (4,),
        "head.weight": (5, 16),
        "head.bias": (5,),
    }
    buffers = dict(conversion.model.named_buffers())
    assert set(buffers) == {
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    }
    kernel = model.get_layer("conv").kernel.numpy()
    np.testing.assert_array_equal(state["conv.weight"].numpy(), kernel.transpose(3, 2, 0, 1))


def test_any_batch_is_taken_and_the_module_trains(model, conversion):
    alone = conversion.model(torch.from_numpy(IMAGES[:1]))
    np.testing.assert_allclose(alone.detach().numpy(), model(IMAGES[:1]).numpy(), atol=1e-6)
    own = converters.tf_to_torch(model).model
    optimizer = torch.optim.SGD(own.parameters(), lr=0.5)
    losses = []
    for _ in range(5):
        loss = -own(torch.from_numpy(IMAGES))[:, 0].log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_weights_move_either_way_with_the_map(model, conversion):
    state = {name: value.numpy() for name, value in conversion.model.state_dict().items()}
    back = conversion.weights.to_source(state)
    np.testing.assert_array_equal(back["conv.weight"], model.get_layer("conv").kernel.numpy())


ALONE = """
import sys
for name in ("tensorflow", "keras", "converters", "parity"):
    sys.modules[name] = None
import numpy as np, torch
module = torch.export.load(sys.argv[1]).module()
data = np.load(sys.argv[2])
np.testing.assert_array_equal(module(torch.from_numpy(data["x"])).detach().numpy(), data["y"])
"""


def test_a_saved_program_loads_where_only_pytorch_is(conversion, tmp_path):
    model = copy.deepcopy(conversion.model)
    for weight in model.parameters():  # as they lie in a file: products may sum in another order
        weight.data = weight.data.contiguous()
    result = model(torch.from_numpy(IMAGES)).detach().numpy()
    np.savez(tmp_path / "data.npz", x=IMAGES, y=result)
    path = conversion.save(tmp_path / "model.pt2")
    (tmp_path / "alone.py").write_text(ALONE)
    command = [sys.executable, "alone.py", str(path), "data.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_weights_alone_are_saved_by_the_same_names(conversion, tmp_path):
    path = conversion.save(tmp_path / "weights.safetensors")
    state = conversion.model.state_dict()
    saved = load_file(path)
    assert set(saved) == set(state)
    np.testing.assert_array_equal(saved["head.weight"], state["head.weight"].numpy())
    with pytest.raises(converters.OutputError, match=r"nothing is written as \.onnx"):
        conversion.save(tmp_path / "model.onnx")


def test_the_command_line_converts_a_keras_file(model, tmp_path, capsys):
    model.save(tmp_path / "model.keras")
    out = tmp_path / "out.pt2"
    assert main(["convert", str(tmp_path / "model.keras"), str(out)]) == 0, capsys.readouterr()
    assert "same function" in capsys.readouterr().out
    assert (tmp_path / "out.pt2-report" / "report.json").is_file()
    assert torch.export.load(out).module()(torch.from_numpy(IMAGES)).shape == (3, 5)


def test_kernels_lie_as_the_images_do_and_files_hold_them_plainly(conversion, tmp_path):
    kernel = conversion.model.get_parameter("conv.weight")
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    conversion.save(tmp_path / "model.pt2")
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    held = torch.export.load(tmp_path / "model.pt2").state_dict["conv.weight"]
    assert held.is_contiguous()
    assert torch.equal(held, kernel)


def test_a_factor_of_one_is_left_out():
    """``silu`` is written with one."""
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2, "silu")])
    found = [node.op for node in converters.tf_graph(model).nodes]
    assert found.count("tf.Mul") == 1
