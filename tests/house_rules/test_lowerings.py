"""Registered means tested, and documented."""

from __future__ import annotations

import inspect

import pytest

from cases.lowerings import lowering_cases
from converters.torch_to_tf.lowerings import load

REGISTRY = load()
OWN = ("layout.", "check.")
"""Operators that this project's own passes put into a graph; PyTorch has no counterpart."""


def lowerings() -> list[str]:
    return [lowering.op for lowering in REGISTRY if not lowering.op.startswith(OWN)]


def test_every_lowering_has_a_case():
    tried = {case.op for case in lowering_cases()}
    assert sorted(set(lowerings()) - tried) == []


def test_every_case_has_a_lowering():
    assert sorted({case.op for case in lowering_cases()} - set(lowerings())) == []


def test_the_names_of_the_cases_are_unique():
    names = [case.name for case in lowering_cases()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("op", lowerings())
def test_a_lowering_is_a_documented_function_with_a_name(op: str):
    function = inspect.unwrap(REGISTRY.get(op).function)
    assert function.__doc__
    assert not function.__name__.startswith("_")
