"""Texts that name inputs."""

from __future__ import annotations

import numpy as np
import pytest

from converters import DType
from parity.cli.inputs import InputSpec, draw, drawn, parse_input


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("scalar", InputSpec("", ())),
        ("7", InputSpec("", (7,))),
        ("0x3", InputSpec("", (0, 3))),
        ("mask=2x2:bool", InputSpec("mask", (2, 2), DType.bool)),
        ("x=3:float64:-1e-3..2.5", InputSpec("x", (3,), DType.float64, -1e-3, 2.5)),
        ("3:int8:-4..-2", InputSpec("", (3,), DType.int8, -4, -2)),
    ],
)
def test_a_spec_is_read(text, spec):
    assert parse_input(text) == spec


@pytest.mark.parametrize("dtype", list(DType))
def test_every_element_type_can_be_drawn(dtype):
    array = draw(InputSpec("", (4, 5), dtype), seed=1)
    assert array.dtype == dtype.numpy
    assert array.shape == (4, 5)


@pytest.mark.parametrize("dtype", [DType.int8, DType.uint8, DType.int64, DType.float32])
def test_what_is_drawn_stays_in_its_range(dtype):
    array = draw(InputSpec("", (1000,), dtype, 3, 7), seed=1)
    assert array.min() >= 3
    assert array.max() <= 7


def test_a_seed_repeats_and_another_does_not():
    (first,), _ = drawn(["100"], 5)
    (again,), _ = drawn(["100"], 5)
    (other,), _ = drawn(["100"], 6)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_two_inputs_of_one_shape_differ():
    (first, second), _ = drawn(["10", "10"], 0)
    assert (first != second).any()
