"""Where PyTorch itself is wrong or fails, so that a row leaves it out.

Each test shows that the fault is still there, and that what is converted doesn't have it. A release
of PyTorch that mends one fails here: the row can then be widened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
import torch

from converters import laid_out, lowered, replay, single_node

X = np.arange(1.0, 13.0).reshape(1, 1, 4, 3)


def pytorch(op: str, arguments: dict[str, object], *wanted: str) -> tuple[np.ndarray, ...]:
    """The result, and the gradients of its sum."""
    graph, inputs = single_node(op, arguments)
    values = {name: torch.from_numpy(array) for name, array in inputs.items()}
    for name in wanted:
        values[name].requires_grad_()
    (result, *_), _ = replay(graph, values)
    gradients = [
        torch.autograd.grad(result.sum(), values[name], retain_graph=True)[0] for name in wanted
    ]
    return (result.detach().numpy(), *(g.numpy() for g in gradients))


def converted(op: str, arguments: dict[str, object], *wanted: str) -> tuple[np.ndarray, ...]:
    """The same of the lowering."""
    graph, inputs = single_node(op, arguments)
    values = {name: tf.constant(array) for name, array in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(values.values()))
        (result, *_), _ = lowered(laid_out(graph), values)
    gradients = tape.gradient(result, [values[name] for name in wanted])
    return (result.numpy(), *(tf.convert_to_tensor(g).numpy() for g in gradients))


def slopes(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Central differences of the sum of a function of float64 numbers."""
    result, step = np.zeros(x.shape), 1e-5
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        result[place] = (function(up).sum() - function(down).sum()) / (2 * step)
    return result


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_one_column_of_another_height_is_antialiased_as_one_row_is(kind):
    op, turned = f"aten._upsample_{kind}2d_aa.default", X.swapaxes(2, 3).copy()
    column = {"x": X, "output_size": (2, 1), "align_corners": False}
    row = {"x": turned, "output_size": (1, 2), "align_corners": False}
    assert not np.allclose(pytorch(op, column)[0], pytorch(op, row)[0].swapaxes(2, 3))
    assert np.allclose(converted(op, column)[0], converted(op, row)[0].swapaxes(2, 3))
    assert np.allclose(converted(op, row)[0], pytorch(op, row)[0])


def test_the_gradient_of_ldexp_for_a_negative_integer_is_not_zero():
    arguments = {"x": np.ones(3), "other": np.array([-1, -2, 3], np.int32)}
    assert np.array_equal(pytorch("aten.ldexp.Tensor", arguments, "x")[1], [0, 0, 8])
    assert np.array_equal(converted("aten.ldexp.Tensor", arguments, "x")[1], [0.5, 0.25, 8])


def test_the_gradient_of_as_strided_scatter_is_that_of_what_is_kept():
    x, src = np.arange(6.0), np.array([10.0, 20.0])
    arguments = {"x": x, "src": src, "size": (2,), "stride": (2,), "storage_offset": 1}
    op = "aten.as_strided_scatter.default"
    expected = slopes(lambda a: pytorch(op, arguments | {"x": a})[0], x)
    assert not np.allclose(pytorch(op, arguments, "x")[1], expected)
    assert np.allclose(converted(op, arguments, "x")[1], expected)


def test_the_gradient_of_polar_has_the_sign_of_the_length():
    length, angle = torch.tensor([-2.0, 2.0]), torch.tensor([0.3, 0.3])
    length.requires_grad_()
    torch.polar(length, angle).real.sum().backward()
    assert np.allclose(length.grad.numpy(), [-np.cos(0.3), np.cos(0.3)])  # cos(0.3) for both


def test_the_gradient_of_exp2_overflows_in_float16_before_the_result_does():
    x = np.array([15.9], np.float16)
    result, gradient = pytorch("aten.exp2.default", {"x": x}, "x")
    assert np.isfinite(result).all()
    assert np.isfinite(gradient).all() == (np.log(2.0) * float(result[0]) < 65504)


FAILING = {
    "clamp of a number by an array": lambda x: torch.clamp(
        x.sum(), torch.ones(1, dtype=x.dtype).requires_grad_(), x.sum()
    ),
    "group norm with a bias and no weight": lambda x: torch.nn.functional.group_norm(
        x.reshape(1, 3), 1, None, torch.ones(3, dtype=x.dtype).requires_grad_()
    ),
    "the distance of order 0 of operands that broadcast": lambda x: torch.dist(
        x, torch.zeros(2, 3, dtype=x.dtype).requires_grad_(), 0
    ),
    "scattering from a larger source": lambda x: x.scatter(
        0, torch.tensor([1]), torch.ones(3, dtype=x.dtype).requires_grad_()
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_the_gradient_fails(name):
    x = torch.arange(3, dtype=torch.float64).requires_grad_()
    with pytest.raises(RuntimeError):
        FAILING[name](x).sum().backward()


def test_the_variance_along_no_axis_has_the_gradient_of_another_function():
    x = np.arange(6.0).reshape(2, 3)
    arguments = {"x": x, "dim": (), "unbiased": False}
    op = "aten.var.dim"
    expected = slopes(lambda a: pytorch(op, arguments | {"x": a})[0], x)
    assert not np.allclose(pytorch(op, arguments, "x")[1], expected)


def test_the_mean_over_volumes_wants_an_input_no_smaller_than_its_window():
    x = torch.ones(1, 1, 2, 2, 2)
    assert torch.nn.functional.avg_pool2d(x[0], 3, padding=1).numel() == 2
    with pytest.raises(RuntimeError):
        torch.nn.functional.avg_pool3d(x, 3, padding=1)


def test_tensorflows_gradient_of_bessel_i1_at_zero_is_one_and_here_a_half():
    x = tf.constant([0.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = tf.math.bessel_i1(x)
    assert tape.gradient(result, x).numpy() == 1.0
    arguments = {"x": np.zeros(1)}
    assert converted("aten.special_i1.default", arguments, "x")[1] == 0.5


def test_trigamma_has_numbers_at_its_poles():
    """As 1 / sin(pi x)**2, whose sine is rounded."""
    poles = {"n": 1, "x": np.array([-1.0, -2.0])}
    (own,) = pytorch("aten.polygamma.default", poles)
    assert np.isfinite(own).all()
    assert np.isposinf(converted("aten.polygamma.default", poles)[0]).all()
