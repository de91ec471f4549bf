"""Modules that are converted whole, by a lowering of the user's own."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn

import converters
import parity

pytestmark = pytest.mark.usefixtures("own_lowerings")


class Norm(nn.Module):
    """Casts inside, as such modules do; a keyword input; several results."""

    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.linspace(0.5, 1.5, width))
        self.project = nn.Linear(width, width)
        self.register_buffer("shift", torch.full((width,), 0.1))

    def forward(self, x, scale: float = 1.0, *, mask=None):
        h = x.float()
        h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight
        h = self.project(h.type_as(x)) * scale + self.shift
        if mask is not None:
            h = h * mask
        return h, {"mean": h.mean(-1), "none": None}


def lowered_norm(leaf, x, scale=1.0, *, mask=None):
    weights = leaf.weights
    square = tf.reduce_mean(x * x, -1, keepdims=True)
    h = x * tf.math.rsqrt(square + leaf.module.eps) * weights["weight"]
    h = tf.matmul(h, weights["project.weight"], transpose_b=True) + weights["project.bias"]
    h = h * scale + weights["shift"]
    if mask is not None:
        h = h * mask
    return h, {"mean": tf.reduce_mean(h, -1), "none": None}


class Model(nn.Module):
    """Two instances, one of them called twice, among ordinary modules."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = Norm(8)
        self.second = Norm(8, eps=1e-3)
        self.again = self.first
        self.linear = nn.Linear(8, 8)

    def forward(self, x):
        h, _ = self.first(x)
        h, more = self.second(torch.relu(h), mask=torch.sigmoid(h))
        h, _ = self.again(self.linear(h), 2.0)
        return {"out": h, "mean": more["mean"]}


X = np.random.default_rng(0).standard_normal((4, 5, 8)).astype(np.float32)
OPEN = ({0: torch.export.Dim("batch")},)


def test_every_instance_of_a_class_is_one_node_and_is_proved_with_its_gradients():
    converters.lower(Norm)(lowered_norm)
    model = Model()
    conversion = converters.torch_to_tf(model, (X,), dynamic_shapes=OPEN)
    leaves = [node for node in conversion.source.nodes if node.op.startswith("module.")]
    assert [node.module for node in leaves] == ["first", "second", "again"]
    assert "self.second(torch.relu(h)" in leaves[1].source
    report = parity.check(model, conversion, (X,))
    assert report.passes
    (result,) = report.results
    assert result.certificate.outcome == "same function"
    assert {n.op for n in result.nodes if n.covered} >= {leaves[0].op}
    names = {c.name for c in result.gradients}
    assert {"gradient of first.weight", "gradient of second.project.bias"} <= names
    other = np.concatenate([X, X])
    here = conversion.model(tf.constant(other))["out"].numpy()
    there = model(torch.from_numpy(other))["out"].detach().numpy()
    np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6)


def test_the_weights_of_a_leaf_are_variables_with_the_sources_names():
    converters.lower(Norm)(lowered_norm)
    conversion = converters.torch_to_tf(Model(), (X,))
    weights = conversion.model.weights
    assert {"first.weight", "first.project.bias", "second.shift"} <= set(weights)
    assert weights["first.weight"].trainable
    assert not weights["first.shift"].trainable


def test_a_wrong_lowering_of_a_module_is_caught_and_named(tmp_path):
    def wrong(leaf, x, scale=1.0, *, mask=None):
        h, more = lowered_norm(leaf, x, scale, mask=mask)
        return h + (1e-7 if leaf.module.eps == 1e-3 else 0), more

    converters.lower(Norm)(wrong)
    model = Model()
    conversion = converters.torch_to_tf(model, (X,))
    report = parity.check(model, conversion, (X,), repro=tmp_path / "repro")
    assert not report.passes
    culprit = report.results[0].culprit
    assert (culprit.module, culprit.op.rsplit(".", 1)[-1]) == ("second", "Norm")
    run = [sys.executable, str(tmp_path / "repro" / "repro.py")]
    assert "max |target - source| = " in subprocess.run(
        run, check=True, capture_output=True, text=True
    ).stdout  # fmt: skip


def test_a_bfloat16_round_trip_in_a_lowering_is_caught():
    def coarse(leaf, x, scale=1.0, *, mask=None):
        x = tf.cast(tf.cast(x, tf.bfloat16), x.dtype)
        return lowered_norm(leaf, x, scale, mask=mask)

    converters.lower(Norm)(coarse)
    report = parity.check(Model(), converters.torch_to_tf(Model(), (X,)), (X,))
    assert report.results[0].culprit.module == "first"


def test_a_saved_model_with_a_leaf_is_checked(tmp_path):
    converters.lower(Norm)(lowered_norm)
    model = Model()
    path = converters.torch_to_tf(model, (X,)).save(tmp_path / "saved")
    assert parity.check(model, path, (X,)).passes


class Outer(nn.Module):
    """Holds a module of a class that is kept whole itself."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norm = Norm(8)

    def forward(self, pair):
        return self.norm(pair["a"])[0] + pair["b"][0]


class Nest(nn.Module):
    def __init__(self):
        super().__init__()
        self.outer, self.norm = Outer(), Norm(8)

    def forward(self, x):
        return self.outer({"a": self.norm(x)[0], "b": [x, None]})


def test_of_nested_leaves_the_outermost_is_the_node():
    converters.lower(Norm)(lowered_norm)

    @converters.lower(Outer)
    def outer(leaf, pair):
        h = pair["a"]
        norm = leaf.module.norm
        inner = converters.Leaf({k[5:]: w for k, w in leaf.weights.items()}, norm)
        return lowered_norm(inner, h)[0] + pair["b"][0]

    conversion = converters.torch_to_tf(Nest(), (X,))
    names = [node.op.rsplit(".", 1)[-1] for node in conversion.source.nodes]
    assert names == ["Norm", "Outer"]
    assert parity.check(Nest(), conversion, (X,)).passes


class Recurrent(nn.Module):
    """PyTorch's own module, which keeps its weights in a list besides."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.rnn = nn.RNN(8, 4, batch_first=True)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.rnn.weight_hh_l0

    def forward(self, x, length: int):
        return self.tied(self.rnn(x[:, :length])[0])


def test_a_module_of_pytorch_with_a_size_and_tied_weights_is_kept_whole():
    @converters.lower(Recurrent)
    def recurrent(leaf, x, length):
        w = leaf.weights
        state, outputs = tf.zeros([tf.shape(x)[0], 4], x.dtype), []
        assert w["tied.weight"] is w["rnn.weight_hh_l0"]
        for step in tf.unstack(x[:, :length], axis=1):
            state = tf.tanh(
                tf.matmul(step, w["rnn.weight_ih_l0"], transpose_b=True)
                + w["rnn.bias_ih_l0"]
                + tf.matmul(state, w["rnn.weight_hh_l0"], transpose_b=True)
                + w["rnn.bias_hh_l0"]
            )
            outputs.append(state)
        return tf.matmul(tf.stack(outputs, 1), w["tied.weight"], transpose_b=True) + w["tied.bias"]

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Recurrent()

        def forward(self, x):
            return self.part(x, length=3)

    conversion = converters.torch_to_tf(Wrapped(), (X,))
    assert [len(node.args["inputs"]) for node in conversion.source.nodes] == [2]
    assert parity.check(Wrapped(), conversion, (X,)).passes


def test_the_model_is_left_untouched_by_success_and_failure():
    converters.lower(Norm)(lowered_norm)
    model = Model()
    before = [dict(vars(part)) for part in model.modules()]
    converters.torch_to_tf(model, (X,))
    with pytest.raises(converters.ConversionError):
        converters.torch_to_tf(Failing(model), (X,))
    assert [dict(vars(part)) for part in model.modules()] == before


class Failing(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        h = self.inner(x)["out"]
        return h if h.sum() > 0 else -h


def test_one_model_is_converted_in_threads_at_once():
    converters.lower(Norm)(lowered_norm)
    model, results = Model(), []

    def convert():
        results.append(converters.torch_to_tf(model, (X,)).model(X)["out"].numpy())

    workers = [threading.Thread(target=convert) for _ in range(3)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert len(results) == 3
    np.testing.assert_array_equal(results[0], results[2])


class Own(Norm):
    """A subclass with a forward of its own is another module."""

    def forward(self, x):
        return x * self.weight


class Same(Norm):
    """A subclass with the same forward is the same."""


def test_a_subclass_is_meant_unless_it_has_a_forward_of_its_own():
    converters.lower(Norm)(lowered_norm)
    graph = converters.torch_graph(nn.Sequential(Own(8), Same(8)), (X,))
    assert [node.op.split(".")[0] for node in graph.nodes] == ["aten", "module"]


class Sloppy(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how
        self.norm = nn.BatchNorm1d(5)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        if self.how == "buffer":
            self.calls.add_(1)
        if self.how == "input":
            x[0].add_(1)
        return x.shape if self.how == "size" else self.norm(x)


@pytest.mark.parametrize(
    ("how", "training", "words"),
    [
        ("buffer", False, "changes calls in place"),
        ("input", False, "changes an input in place"),
        ("", True, r"changes norm\.num_batches_tracked in place"),
        ("size", False, "returns a SymInt"),
    ],
)
def test_what_a_node_can_not_hold_is_refused(how, training, words):
    converters.lower(Sloppy)(lambda leaf, x: x)
    model = nn.Sequential(nn.Identity(), Sloppy(how))
    shapes = OPEN if how == "size" else None
    with pytest.raises(converters.CaptureError, match=words):
        converters.torch_to_tf(model, (X,), dynamic_shapes=shapes, training=training)


def test_a_lowering_that_returns_another_structure_is_told_the_right_one():
    converters.lower(Norm)(lambda leaf, x, scale=1.0, *, mask=None: x)
    with pytest.raises(converters.LoweringError, match=r"'mean': 'tensor', 'none': None"):
        converters.torch_to_tf(Model(), (X,))


@pytest.mark.parametrize(
    ("target", "function", "error", "words"),
    [
        (Norm, lambda leaf, x: x, TypeError, r"leaf and \(x, scale=1.0, \*, mask=None\)"),
        (Norm, lambda: 0, TypeError, "needs a first parameter for the leaf"),
        (int, lambda leaf: leaf, TypeError, "neither an operator's name nor a class"),
    ],
)
def test_what_can_not_stand_for_a_module_says_why(target, function, error, words):
    with pytest.raises(error, match=words):
        converters.lower(target)(function)


def test_a_class_has_one_lowering():
    converters.lower(Norm)(lowered_norm)
    with pytest.raises(ValueError, match="has a lowering already"):
        converters.lower(Norm)(lowered_norm)
