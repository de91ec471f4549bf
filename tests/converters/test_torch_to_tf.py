"""What a user of ``torch_to_tf`` relies on: names, structures, tied weights, open sizes, files,
errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import Tensor, nn

from converters import CaptureError, OutputError, UnsupportedOpError, torch_to_tf


class Pair(NamedTuple):
    """A named tuple, which TensorFlow gets as a dict."""

    first: Tensor
    second: Tensor


class Nested(nn.Module):
    """Takes and returns nested containers."""

    def forward(
        self, x: Tensor, more: dict[str, tuple[Tensor, Tensor]], scale: float = 2.0
    ) -> tuple[dict[str, Tensor], list[object]]:
        """Sums and products."""
        left, right = more["sides"]
        return {"sum": x + left, "product": x * right}, [Pair(x * scale, x - left), None]


class Tied(nn.Module):
    """An embedding whose weight is the output projection's too."""

    def __init__(self) -> None:
        """Seven tokens."""
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("offset", torch.arange(7.0))

    def forward(self, ids: Tensor) -> Tensor:
        """Shapes: ids (batch, time) -> (batch, time, 7)."""
        return self.head(self.embed(ids)) + self.offset


class Convolutions(nn.Module):
    """A small convolutional network with a batch norm that is not trivial."""

    def __init__(self) -> None:
        """Seeded."""
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 5)
        nn.init.uniform_(self.norm.running_var, 0.5, 2.0)
        nn.init.normal_(self.norm.running_mean)

    def forward(self, image: Tensor) -> Tensor:
        """Shapes: image (batch, 3, height, width) -> (batch, 5)."""
        return self.head(torch.relu(self.norm(self.stem(image))).mean((2, 3)))


def images(*shape: int) -> Tensor:
    """Seeded noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def test_nested_inputs_and_outputs_keep_their_nesting_and_names() -> None:
    """Dicts, tuples, lists, named tuples (as dicts), None and numbers."""
    x, left, right = images(3, 2, 4).unbind(0)
    module = Nested()
    conversion = torch_to_tf(module, (x, {"sides": (left, right)}))
    tensors = [tf.constant(t.numpy()) for t in (x, left, right)]
    named, (pair, nothing) = conversion.model(tensors[0], {"sides": (tensors[1], tensors[2])})
    assert set(named) == {"sum", "product"}
    assert set(pair) == {"first", "second"}
    assert nothing is None
    np.testing.assert_array_equal(named["sum"], (x + left).numpy())
    np.testing.assert_array_equal(pair["second"], (x - left).numpy())


def test_inputs_may_be_named_and_constants_are_kept() -> None:
    """As forward takes them."""
    x, left, right = images(3, 2).unbind(0)
    conversion = torch_to_tf(Nested(), {"x": x, "more": {"sides": (left, right)}, "scale": 3.0})
    result = conversion.model(
        x=tf.constant(x.numpy()), more={"sides": (left.numpy(), right.numpy())}
    )
    np.testing.assert_allclose(result[1][0]["first"], 3 * x.numpy())


def test_tied_weights_are_one_variable_and_buffers_are_not_trainable() -> None:
    """Named as in PyTorch."""
    module = Tied()
    conversion = torch_to_tf(module, (torch.tensor([[1, 2, 3]]),))
    model = conversion.model
    assert [v.name.removesuffix(":0") for v in model.trainable_variables] == ["embed.weight"]
    assert {v.name.removesuffix(":0") for v in model.variables} == {"embed.weight", "offset"}
    assert set(
        conversion.weights.to_source({k: v.numpy() for k, v in model.weights.items()})
    ) == set(module.state_dict())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant([[1, 2, 3]], tf.int64)) ** 2)
    assert (
        float(tf.norm(tf.convert_to_tensor(tape.gradient(loss, model.trainable_variables[0])))) > 0
    )


def test_open_dimensions_run_at_sizes_never_traced() -> None:
    """And are None in the signature."""
    batch, side = torch.export.Dim("batch"), torch.export.Dim("side", min=8, max=64)
    module = Convolutions().eval()
    conversion = torch_to_tf(
        module, (images(2, 3, 16, 16),), dynamic_shapes={"image": {0: batch, 2: side, 3: side}}
    )
    function = conversion.model.__call__.get_concrete_function()
    assert function.inputs[0].shape.as_list() == [None, 3, None, None]
    other = images(5, 3, 26, 26)
    with torch.no_grad():
        np.testing.assert_allclose(
            conversion.model(other.numpy()), module(other).numpy(), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_only_transposes_are_at_the_ends(channels_last: bool) -> None:
    """None at all where the caller passes channels last."""
    module = Convolutions().eval()
    conversion = torch_to_tf(module, (images(2, 3, 16, 16),), channels_last=channels_last)
    operations = conversion.model.__call__.get_concrete_function().graph.get_operations()
    assert sum(o.type == "Transpose" for o in operations) == (0 if channels_last else 1)
    array = images(2, 3, 16, 16).numpy()
    given = array.transpose(0, 2, 3, 1) if channels_last else array
    with torch.no_grad():
        expected = module(torch.from_numpy(array)).numpy()
    np.testing.assert_allclose(conversion.model(given), expected, rtol=1e-4, atol=1e-5)


def test_a_saved_model_runs_where_there_is_no_torch_and_none_of_this_project(
    tmp_path: Path,
) -> None:
    """In a fresh process that refuses to import either."""
    module = Convolutions().eval()
    image = images(2, 3, 16, 16)
    folder = torch_to_tf(module, (image,)).save(tmp_path / "model")
    np.save(tmp_path / "image.npy", image.numpy())
    program = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "converters", "parity", "cases"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import numpy as np, tensorflow as tf
model = tf.saved_model.load({str(folder)!r})
image = np.load({str(tmp_path / "image.npy")!r})
serve = model.signatures["serving_default"]
assert list(serve.structured_input_signature[1]) == ["image"], serve.structured_input_signature
result = serve(image=tf.constant(image))
assert list(result) == ["output"], list(result)
np.save({str(tmp_path / "result.npy")!r}, result["output"].numpy())
assert np.array_equal(model(tf.constant(image)).numpy(), result["output"].numpy())
assert model.weights["stem.weight"].shape == (3, 3, 3, 8)
"""
    subprocess.run([sys.executable, "-I", "-c", program], check=True, cwd=tmp_path)
    with torch.no_grad():
        expected = module(image).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "result.npy"), expected, rtol=1e-4, atol=1e-5)


def test_a_pt2_file_is_a_source(tmp_path: Path) -> None:
    """Captured before, converted later."""
    module = Convolutions().eval()
    image = images(2, 3, 16, 16)
    torch.export.save(torch.export.export(module, (image,)), tmp_path / "m.pt2")
    conversion = torch_to_tf(tmp_path / "m.pt2")
    with torch.no_grad():
        np.testing.assert_allclose(
            conversion.model(image.numpy()), module(image), rtol=1e-4, atol=1e-5
        )


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    """Unless asked."""
    conversion = torch_to_tf(Tied(), (torch.tensor([[1]]),))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "precious").write_text("x")
    with pytest.raises(OutputError, match="--force"):
        conversion.save(tmp_path / "model")
    assert (tmp_path / "model" / "precious").read_text() == "x"
    conversion.save(tmp_path / "model", force=True)
    assert not (tmp_path / "model" / "precious").exists()


class Unsupported(nn.Module):
    """Calls two custom operators that nobody has lowered."""

    def forward(self, x: Tensor) -> Tensor:
        """Twice the one, once the other."""
        return torch.ops.spine_test.one(torch.ops.spine_test.one(x)) + torch.ops.spine_test.other(x)


@pytest.fixture(scope="module")
def custom_operators() -> object:
    """Defined once."""
    library = torch.library.Library("spine_test", "DEF")
    for name in ("one", "other"):
        library.define(f"{name}(Tensor x) -> Tensor")
        library.impl(name, lambda x: x * 2, "CompositeExplicitAutograd")
    return library


def test_every_missing_operator_is_listed_at_once(custom_operators: object) -> None:
    """With its count and where it is called."""
    with pytest.raises(UnsupportedOpError) as caught:
        torch_to_tf(Unsupported(), (torch.ones(3),))
    assert [(m.op, m.count) for m in caught.value.missing] == [
        ("spine_test.one.default", 2),
        ("spine_test.other.default", 1),
    ]
    assert "test_torch_to_tf.py" in str(caught.value)


class Branching(nn.Module):
    """Branches on a value, which can't be exported."""

    def forward(self, x: Tensor) -> Tensor:
        """Either way."""
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("module", "inputs", "words"),
    [
        (Branching(), (torch.ones(2),), "torch.export can't capture Branching"),
        (Convolutions(), (images(1, 3, 8, 8), images(1)), "too many positional arguments"),
        (Convolutions(), {"picture": images(1, 3, 8, 8)}, "picture"),
        (
            Convolutions(),
            (images(1, 4, 8, 8),),
            r"fails on the example inputs \(float32\[1, 4, 8, 8\]\)",
        ),
        (Convolutions(), (images(1, 3, 8, 8).double(),), r"float64\[1, 3, 8, 8\]"),
        (Convolutions(), None, "needs example inputs"),
        ("missing.pt2", None, "does not exist"),
        (__file__, None, "neither a .pt2 archive nor"),
    ],
)
def test_a_mistake_gets_one_clear_sentence(
    module: nn.Module | str, inputs: object, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """And PyTorch's own chatter stays away."""
    with pytest.raises(CaptureError, match=words) as caught:
        torch_to_tf(module, inputs)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 900
    assert capfd.readouterr().out == ""


def test_the_callers_module_and_inputs_are_left_as_they_were() -> None:
    """Training flags, parameters and inputs."""
    module = Convolutions()
    module.stem.eval()
    image = images(2, 3, 16, 16)
    before = image.clone(), {k: v.clone() for k, v in module.state_dict().items()}
    torch_to_tf(module, (image,))
    assert module.training
    assert not module.stem.training
    assert torch.equal(image, before[0])
    assert all(torch.equal(v, before[1][k]) for k, v in module.state_dict().items())
