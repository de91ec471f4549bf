"""Keras models as the modules that a person would have written."""

from __future__ import annotations

import gc
import inspect
import linecache
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
import parity

IMAGES = np.random.default_rng(7).standard_normal((3, 9, 10, 3)).astype(np.float32)


def residual(name: str, width: int) -> keras.Model:
    x = inputs = layers.Input((None, None, width))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(inputs, layers.ReLU(name="relu")(x + inputs), name=name)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = image = layers.Input((9, 10, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="gelu", name="stem")(x)
    x = residual("block_1", 4)(x)
    x = residual("block_2", 4)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(5, activation="softmax", name="head")(x)
    return keras.Model(image, x, name="small_net")


@pytest.fixture(scope="module")
def conversion(model) -> converters.Conversion:
    return converters.tf_to_torch(model)


def test_layers_are_modules_nested_as_in_keras(conversion):
    kinds = {name: type(part).__name__ for name, part in conversion.model.named_modules()}
    assert kinds == {
        "": "SmallNet",
        "stem": "Conv2d",
        "block_1": "Block",
        "block_1.conv": "Conv2d",
        "block_1.norm": "BatchNorm2d",
        "block_1.dropout": "Dropout",
        "block_1.relu": "ReLU",
        "block_2": "Block",  # the same code: one class
        "block_2.conv": "Conv2d",
        "block_2.norm": "BatchNorm2d",
        "block_2.dropout": "Dropout",
        "block_2.relu": "ReLU",
        "pool": "AdaptiveAvgPool2d",
        "head": "Linear",
    }
    assert conversion.model.block_1.norm.momentum == 0.01
    assert conversion.model.block_1.conv.bias is None


def test_the_module_that_ships_has_the_certificate(model, conversion):
    (result,) = parity.assert_parity(model, conversion, (IMAGES,), runs=2).results
    assert result.certificate.outcome == "same function"
    assert result.target_runtime == "torch eager"
    assert {c.name for c in result.gradients} >= {"gradient of conv.weight (float64)"}
    assert sum(node.local is not None for node in result.nodes) > 10


def test_a_wrong_module_is_found_and_named(model):
    wrong = converters.tf_to_torch(model)
    wrong.model.block_2.norm.eps = 0.002
    (result,) = parity.check(model, wrong, (IMAGES,), runs=2, gradients=False).results
    assert not result.verdict.passes
    assert result.culprit is not None
    assert "block_2" in result.culprit.node
    assert "norm" in result.culprit.node


ALONE = """
import sys
for name in ("tensorflow", "keras", "converters", "parity", "cases"):
    sys.modules[name] = None
import numpy as np, torch
data = np.load("data.npz")
import small
found = small.load()
assert not found.training
y = found(torch.from_numpy(data["x"])).detach().numpy()
np.testing.assert_array_equal(y, data["y"])
from safetensors.torch import load_file
small.SmallNet().load_state_dict(load_file("weights.safetensors"))
program = torch.export.load("small.pt2").module()
np.testing.assert_allclose(program(torch.from_numpy(data["x"])).detach().numpy(), y, rtol=1e-6)
"""


def test_everything_that_is_saved_loads_where_only_pytorch_is(conversion, tmp_path):
    result = conversion.model(torch.from_numpy(IMAGES)).detach().numpy()
    np.savez(tmp_path / "data.npz", x=IMAGES, y=result)
    for name in ("small.py", "small.pt2", "weights.safetensors"):
        conversion.save(tmp_path / name)
    (tmp_path / "alone.py").write_text(ALONE)
    command = [sys.executable, "alone.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_source_is_formatted(conversion, tmp_path):
    path = conversion.save(tmp_path / "small.py")
    command = [sys.executable, "-m", "ruff", "format", "--diff", "--line-length", "100", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_module_compiles_exports_and_changes_its_mode(conversion):
    module, x = conversion.model, torch.from_numpy(IMAGES)
    exported = torch.export.export(module, (x,)).module()
    torch.testing.assert_close(exported(x), module(x))
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), module(x))
    module.train()
    assert not torch.equal(module(x), module(x))  # dropout
    module.eval()
    assert torch.equal(module(x), module(x))


def test_matrices_lie_as_tensorflow_has_them_and_files_hold_them_plainly(tmp_path):
    rows = keras.Input((6,))
    model = keras.Model(rows, layers.Dense(9, name="wide")(layers.Dense(4, name="narrow")(rows)))
    conversion = converters.tf_to_torch(model)
    module = conversion.model
    assert module.narrow.weight.t().is_contiguous()
    assert module.wide.weight.is_contiguous()
    conversion.save(tmp_path / "model.pt2")
    assert module.narrow.weight.t().is_contiguous()
    held = torch.export.load(tmp_path / "model.pt2").state_dict["narrow.weight"]
    assert held.is_contiguous()
    assert torch.equal(held, module.narrow.weight)
    module(torch.ones(2, 6)).sum().backward()
    torch.optim.SGD(module.parameters(), 0.1).step()
    assert not torch.equal(held, module.narrow.weight)


def test_the_source_of_a_converted_class_can_be_looked_at(conversion):
    kind = type(conversion.model)
    assert inspect.getsource(kind).startswith(f"class {kind.__name__}(nn.Module):")
    assert inspect.getsource(kind.forward).lstrip().startswith("def forward(self")
    assert inspect.getsourcefile(kind) == inspect.getfile(kind)


def test_the_source_of_a_class_goes_when_the_class_does():
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    module = converters.tf_to_torch(model).model
    name, path = type(module).__module__, inspect.getfile(type(module))
    assert name in sys.modules
    assert path in linecache.cache
    del module
    gc.collect()
    assert name not in sys.modules
    assert path not in linecache.cache
