"""A conversion as a target: its places are known, and it can be built again in float64."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from converters import Conversion, Skeleton, TensorSpec, Value, flat_names
from parity.targets import Place, Target


def open_conversion(conversion: Conversion) -> Target:
    """Open a conversion."""
    from parity.runtimes.tensorflow_program import Program

    laid = conversion.graph
    specs = laid.specs

    def opened(one: Conversion) -> tuple[Program, dict[Value, Place]]:
        function = one.model.__call__.get_concrete_function()
        program = Program.of(
            function,
            flat_names(laid.signature.values()),
            flat_names([laid.result], constants=True),
        )
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
        label=f"{type(conversion.model).__name__} (TensorFlow, converted)",
        runtime="tf.function",
    )


def _places(
    provenance: Mapping[str, tuple[str | None, ...]], specs: Mapping[Value, object]
) -> dict[Value, Place]:
    places = {}
    for name, tensors in provenance.items():
        for index, tensor in enumerate(tensors):
            spec = specs.get(Value(name, index))
            if tensor is not None and isinstance(spec, TensorSpec):
                places[Value(name, index)] = Place(tensor, spec.axes)
    return places
