"""Vectors of factorisations, which are defined up to a sign or a phase, by what they are for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
import torch

from cases.op_verdicts import tally
from converters import torch_graph
from converters.torch_to_tf.lowerings import factorization, load, spectrum, triangular
from parity.operators import agrees, check_graph
from parity.sides import bind

DTYPES = (np.float64, np.complex128)
SHAPES = ((1, 1), (4, 4), (5, 3), (3, 5), (2, 4, 3), (0, 0), (0, 3), (3, 0))


def draw(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    generator = np.random.default_rng(1)
    array = generator.standard_normal(shape)
    if np.issubdtype(dtype, np.complexfloating):
        array = array + 1j * generator.standard_normal(shape)
    return array.astype(dtype)


def symmetric(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    array = draw(shape, dtype)
    return array + array.conj().swapaxes(-1, -2)


def adjoint(array: np.ndarray) -> np.ndarray:
    return array.conj().swapaxes(-1, -2)


def assert_orthonormal_columns(array: np.ndarray) -> None:
    gram = adjoint(array) @ array
    assert np.abs(gram - np.eye(gram.shape[-1])).max(initial=0) < 1e-13


class Calls(torch.nn.Module):
    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> object:
        return self.function(x)


def assert_same(function: Callable[..., object], array: np.ndarray) -> None:
    """Converted and compared, with gradients."""
    inputs = (torch.from_numpy(array),)
    graph = torch_graph(torch.export.export(Calls(function), inputs, strict=False))
    found = check_graph(graph, bind(graph, inputs, {}))
    assert found
    assert [c.name for c in found if not agrees(c)] == []


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_singular_vectors_are_orthonormal_and_give_the_matrix_back(shape, dtype, full) -> None:
    array = draw(shape, dtype)
    u, s, vh = (t.numpy() for t in spectrum.linalg_svd(tf.constant(array), full))
    expected = torch.linalg.svd(torch.from_numpy(array), full_matrices=full)
    assert [x.shape for x in (u, s, vh)] == [tuple(x.shape) for x in expected]
    assert_orthonormal_columns(u)
    assert_orthonormal_columns(adjoint(vh))
    k = s.shape[-1]
    back = (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]
    assert np.abs(back - array).max(initial=0) < 1e-13


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)])
def test_what_depends_on_no_phase_of_singular_vectors_has_pytorchs_gradient(shape, dtype) -> None:
    def phaseless(x: torch.Tensor) -> object:
        u, s, vh = torch.linalg.svd(x, full_matrices=False)
        return u @ vh, s, u.abs(), vh.abs()

    assert_same(phaseless, draw(shape, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_of_several_results_has_a_gradient_where_the_others_have_none(dtype) -> None:
    repeated = np.diag([2.0, 2.0, 1.0]).astype(dtype)
    assert_same(lambda x: torch.linalg.svd(x)[1].sum(), repeated)
    assert_same(lambda x: torch.linalg.eigh(x)[0].sum(), repeated)
    assert_same(lambda x: torch.linalg.svd(x, full_matrices=False)[0].abs(), draw((4, 3), dtype))


@pytest.mark.parametrize("triangle", ["L", "U"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_eigenvectors_of_hermitian_matrices_are_orthonormal(dtype, triangle) -> None:
    array = symmetric((2, 4, 4), dtype)
    read = np.tril(array) if triangle == "L" else np.triu(array)
    values, vectors = (t.numpy() for t in spectrum.linalg_eigh(tf.constant(read), triangle))
    assert_orthonormal_columns(vectors)
    assert np.abs(array @ vectors - vectors * values[..., None, :]).max() < 1e-13

    def phaseless(x: torch.Tensor) -> object:
        values, vectors = torch.linalg.eigh(x)
        return values, vectors.abs()

    assert_same(phaseless, array)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (2, 4, 4), (0, 0)])
def test_eigenvectors_have_length_one_and_only_their_order_is_free(shape, dtype) -> None:
    array = draw(shape, dtype)
    values, vectors = (t.numpy() for t in spectrum.linalg_eig(tf.constant(array)))
    assert np.abs(array @ vectors - vectors * values[..., None, :]).max(initial=0) < 1e-13
    assert np.allclose(np.linalg.norm(vectors, axis=-2), 1)
    expected = torch.linalg.eigvals(torch.from_numpy(array)).numpy()
    assert values.shape == expected.shape
    if not array.size:
        return
    for one, other in zip(np.atleast_2d(values), np.atleast_2d(expected), strict=True):
        distance = np.abs(one[:, None] - other)
        assert sorted(distance.argmin(0)) == list(range(len(one)))
        assert distance.min(0).max() < 1e-13

    def free(x: torch.Tensor) -> object:
        values, vectors = torch.linalg.eig(x)
        return (values**2).sum(-1), (vectors.abs() ** 3).sum((-1, -2))

    assert_same(free, array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_a_singular_determinant_is_zero(dtype) -> None:
    array = np.stack([np.ones((2, 2)), np.eye(2) * 2]).astype(dtype)
    assert_same(torch.linalg.det, array)


def test_a_singular_matrix_among_others_is_reported_and_harms_no_other() -> None:
    array = np.stack([np.eye(2), np.array([[1.0, 2], [2, 4]]), np.zeros((2, 2))])
    for op, own in (
        (torch.linalg.inv_ex, factorization.linalg_inv_ex),
        (lambda a: torch.linalg.solve_ex(a, a), lambda a: factorization.linalg_solve_ex(a, a)),
    ):
        result, info = own(tf.constant(array))
        expected, places = op(torch.from_numpy(array))
        assert info.numpy().tolist() == places.tolist() == [0, 2, 1]
        assert np.array_equal(result[0], expected[0])
        assert not np.isfinite(result[1:]).any()


@pytest.mark.parametrize("upper", [False, True])
def test_the_first_minor_that_is_not_positive_is_named(upper) -> None:
    array = np.stack([np.diag([1.0, 1, 1]), np.diag([1.0, 2, -1]), np.diag([1.0, 0, 1])])
    array[:, 0, 1] = array[:, 1, 0] = 0.5
    factor, info = triangular.linalg_cholesky_ex(tf.constant(array), upper)
    expected, places = torch.linalg.cholesky_ex(torch.from_numpy(array), upper=upper)
    assert info.numpy().tolist() == places.tolist() == [0, 3, 2]
    assert np.allclose(factor[0], expected[0])


def test_a_singular_matrix_is_an_error_where_errors_are_checked() -> None:
    singular = tf.zeros([2, 2], tf.float64)
    for run in (
        lambda: factorization.linalg_inv_ex(singular, check_errors=True),
        lambda: triangular.linalg_cholesky_ex(singular, check_errors=True),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            run()


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda values: values[..., ::-1], "right"),
        (lambda values: values * (1 + 1e-9), "wrong"),
        (lambda values: tf.math.conj(values) + 1e-9j, "wrong"),
    ],
    ids=["another order", "other values", "shifted conjugates"],
)
def test_eigenvalues_may_come_in_any_order_but_must_be_the_same(
    monkeypatch, change, verdict
) -> None:
    op = "aten.linalg_eigvals.default"
    changed = replace(load().get(op), function=lambda x: change(spectrum.linalg_eigvals(x)))
    monkeypatch.setitem(load()._lowerings, op, changed)
    assert tally("linalg.eigvals", limit=1).verdict == verdict


def test_eigenvectors_stay_with_their_eigenvalues(monkeypatch) -> None:
    op = "aten.linalg_eig.default"

    def exchanged(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values, vectors = spectrum.linalg_eig(x)
        return values[..., ::-1], vectors

    monkeypatch.setitem(load()._lowerings, op, replace(load().get(op), function=exchanged))
    assert tally("linalg.eig", limit=1).verdict == "wrong"
