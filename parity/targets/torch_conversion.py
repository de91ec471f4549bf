"""A conversion to PyTorch as a target: its places are known, and it can be built in float64."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from converters import Conversion, Skeleton, TensorSpec, Value
from parity.targets import Place, Target


def open_torch_conversion(conversion: Conversion) -> Target:
    """Open a conversion."""
    from parity.runtimes.torch_program import TorchProgram

    laid = conversion.graph
    specs = laid.specs

    def opened(one: Conversion) -> tuple[TorchProgram, dict[Value, Place]]:
        program = TorchProgram.of(one.model, laid.signature.values(), laid.result)
        return program, _places(one.provenance, specs)

    program, places = opened(conversion)
    promoted = functools.cache(conversion.promoted)
    return Target(
        program,
        lambda: opened(promoted()),
        constants_rounded=False,
        places=places,
        skeleton=Skeleton.of(conversion.source),
        inputs={item.name: item.spec.axes for item in laid.inputs},
        outputs={
            item.name: spec.axes
            for item in laid.outputs
            if isinstance(item.value, Value) and isinstance(spec := specs[item.value], TensorSpec)
        },
        conversions=(lambda: conversion, promoted),
        label="GraphModule (PyTorch, converted)",
        runtime="torch.export",
    )


def _places(
    provenance: Mapping[str, tuple[str | None, ...]], specs: Mapping[Value, object]
) -> dict[Value, Place]:
    return {
        Value(name, index): Place(tensor, spec.axes)
        for name, tensors in provenance.items()
        for index, tensor in enumerate(tensors)
        if tensor is not None and isinstance(spec := specs.get(Value(name, index)), TensorSpec)
    }
