"""Lowerings that a user registers for operators of his own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch

import converters
import parity

pytestmark = pytest.mark.usefixtures("own_lowerings")

X = np.linspace(-3, 3, 8, dtype=np.float32)


def _operator(name: str, schema: str, function: object, *, derivative: object = None) -> None:
    if hasattr(torch.ops.own_test, name):
        return
    own = torch.library.custom_op(f"own_test::{name}", function, mutates_args=(), schema=schema)
    own.register_fake(lambda x, *_: torch.empty_like(x))
    if derivative is not None:
        own.register_autograd(derivative, setup_context=_keep)


def _keep(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])


_operator("plain", "(Tensor x, float by=2.0) -> Tensor", lambda x, by=2.0: x * by)
_operator(
    "cube",
    "(Tensor x) -> Tensor",
    lambda x: x**3,
    derivative=lambda ctx, gradient: gradient * 3 * ctx.saved_tensors[0] ** 2,
)


def _add_one(x):
    x.add_(1)


if not hasattr(torch.ops.own_test, "in_place"):
    torch.library.custom_op(
        "own_test::in_place", _add_one, mutates_args=("x",), schema="(Tensor(a!) x) -> ()"
    )


class Cubes(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.linspace(0.5, 2, 8))

    def forward(self, x):
        return torch.ops.own_test.cube(x * self.scale) + 1


class Plain(torch.nn.Module):
    def forward(self, x):
        return torch.ops.own_test.plain(torch.tanh(x), 3.0)


@pytest.mark.parametrize("name", ["own_test::cube", "own_test::cube.default", "own_test.cube"])
def test_an_operator_of_ones_own_is_lowered_and_proved_with_its_gradients(name):
    converters.lower(name)(lambda x: x**3)
    report = parity.check(Cubes(), converters.torch_to_tf(Cubes(), (X,)), (X,))
    assert report.passes
    (result,) = report.results
    assert result.certificate.outcome == "same function"
    assert {c.name for c in result.gradients} >= {"gradient of scale", "gradient of x"}


def test_a_wrong_lowering_is_caught_and_named():
    converters.lower("own_test::cube")(lambda x: x**3 * (1 + 1e-7))
    report = parity.check(Cubes(), converters.torch_to_tf(Cubes(), (X,)), (X,))
    assert not report.passes
    assert report.results[0].culprit.op == "own_test.cube.default"
    assert "test_own_operators.py" in report.results[0].culprit.source


def test_a_wrong_gradient_is_caught():
    @tf.custom_gradient
    def cube(x):
        return x**3, lambda upstream: upstream * 2 * x**2

    converters.lower("own_test::cube")(cube)
    report = parity.check(Cubes(), converters.torch_to_tf(Cubes(), (X,)), (X,))
    assert not report.passes
    assert report.results[0].certificate.outcome == "same function"


def test_an_operator_without_a_derivative_is_checked_without_gradients():
    converters.lower("own_test::plain")(lambda x, by=2.0: x * by)
    report = parity.check(Plain(), converters.torch_to_tf(Plain(), (X,)), (X,))
    assert report.passes
    assert report.results[0].gradients == ()
    assert "own_test.plain.default has no derivative" in report.results[0].summary


@pytest.mark.parametrize(
    ("name", "function", "error", "words"),
    [
        ("own_test::none", lambda x: x, ValueError, "no operator own_test::none"),
        ("aten::relu", lambda x: x, ValueError, "has a lowering already"),
        ("own_test::plain", lambda x: x, TypeError, "the schema's arguments are"),
        ("own_test::plain", lambda x, by=1.0: x, TypeError, "the default of by is 2.0"),
        ("own_test::in_place", lambda x: x, ValueError, "changes its arguments in place"),
    ],
)
def test_what_can_not_be_registered_says_why(name, function, error, words):
    with pytest.raises(error, match=words):
        converters.lower(name)(function)


def test_a_second_registration_raises():
    converters.lower("own_test::cube")(lambda x: x**3)
    with pytest.raises(ValueError, match="has a lowering already"):
        converters.lower("own_test::cube.default")(lambda x: x**3)


class InPlace(torch.nn.Module):
    def forward(self, x):
        y = x * 2
        torch.ops.own_test.in_place(y)
        return y


def test_an_operator_that_changes_its_arguments_is_named_as_missing():
    with pytest.raises(converters.UnsupportedOpError, match=r"own_test\.in_place\.default"):
        converters.torch_to_tf(InPlace(), (X,))
