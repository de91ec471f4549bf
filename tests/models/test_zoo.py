"""Every model of ``cases/models``: converted, certified in float64, and run at sizes never
traced."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import parity
from cases.case import ModelCase
from cases.models import model_cases
from cases.substance import flipped, trivial_outputs
from converters import Conversion, torch_to_tf
from parity.results import Result

CASES = [pytest.param(case, id=case.name) for case in model_cases()]


def converted(case: ModelCase) -> tuple[object, object, Conversion]:
    """The source, its inputs, and what became of it."""
    module, inputs = case.build()
    shapes = case.dynamic_shapes() if case.dynamic_shapes else None
    return module, inputs, torch_to_tf(module, inputs, dynamic_shapes=shapes)  # type: ignore[arg-type]


def require_proof(result: Result) -> None:
    """The certificate covers every node, and everything is rounding."""
    assert result.certificate.outcome == "same function", result.summary
    assert [node.name for node in result.nodes if not node.covered] == []
    assert result.verdict.passes, result.summary


@pytest.mark.parametrize("case", CASES)
def test_a_model_converts_and_gets_its_certificate(case: ModelCase) -> None:
    """At the sizes it was traced with, and at others where it has open dimensions."""
    module, inputs, conversion = converted(case)
    assert trivial_outputs(module, inputs, flipped(inputs)) == {}
    for variable in conversion.model.variables:
        assert variable.name.removesuffix(":0") in conversion.model.weights
    report = parity.check(module, conversion, inputs, case=case.name)
    require_proof(report.results[0])
    if case.other_inputs is not None:
        other = case.other_inputs()
        assert shapes_of(other) != shapes_of(inputs)
        require_proof(parity.check(module, conversion, other, gradients=False).results[0])


def shapes_of(inputs: object) -> list[tuple[int, ...]]:
    """The shapes of all arrays in some nested inputs."""
    if isinstance(inputs, Mapping):
        inputs = tuple(inputs.values())
    if isinstance(inputs, tuple | list):
        return [shape for item in inputs for shape in shapes_of(item)]
    return [tuple(getattr(inputs, "shape", ()))]
