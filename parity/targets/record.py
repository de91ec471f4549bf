"""The record that a converted file carries: which tensor stands for which node of its source."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from converters import Value
from parity.targets import Axes, Place


def places_of(record: Mapping[str, Any], known: Container[str]) -> dict[Value, Place]:
    """The places of a record whose tensors exist.

    Args:
        record: as the converter wrote it.
        known: the names of the operations or tensors that the file has.
    """
    places = {}
    for name, outputs in record["nodes"].items():
        for index, entry in enumerate(outputs):
            tensor = entry["tensor"]
            if tensor is not None and (tensor in known or tensor.split(":")[0] in known):
                places[Value(name, index)] = Place(tensor, axes_of(entry["axes"]))
    return places


def axes_of(entry: Any) -> Axes | None:
    """An axis order as JSON holds it."""
    return None if entry is None else tuple(entry)
