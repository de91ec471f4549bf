"""A ``.keras`` file: a functional model of Keras 3 that needs nothing of this package."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from converters.graph import Graph, Value
from converters.skeleton import Skeleton
from converters.torch_to_tf.targets.traced import Traced

if TYPE_CHECKING:
    from converters.torch_to_tf.targets.keras_model.emission import Built

RECORD = "provenance.json"


def write(traced: Traced, path: Path) -> None:
    """Write a ``.keras`` file.

    Raises:
        OutputError: Keras has nothing for some operators; all are listed.
    """
    from converters.torch_to_tf.lowerings import load
    from converters.torch_to_tf.targets.keras_model.emission import build

    built = build(traced.graph, load(), path.stem)
    built.model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(RECORD, json.dumps(_record(traced.source, traced.graph, built)))


def keras_record(source: Graph) -> dict[str, object]:
    """What the tensors of a Keras model that was converted from a graph stand for.

    Names and numbers of operations follow from the graph alone, so that a model in memory, which
    carries no record, has the one that is made here.

    Args:
        source: the captured graph.

    Raises:
        OutputError: Keras has nothing for some operators.
    """
    from converters.torch_to_tf import laid_out
    from converters.torch_to_tf.lowerings import load
    from converters.torch_to_tf.targets.keras_model.emission import build

    graph = laid_out(source)
    return _record(source, graph, build(graph, load(), "model"))


def _record(source: Graph, graph: Graph, built: Built) -> dict[str, object]:
    specs = graph.specs

    def axes(value: object) -> object:
        return getattr(specs.get(value), "axes", None) if isinstance(value, Value) else None

    nodes = {
        name: [
            {
                "operation": None if place is None else list(place),
                "axes": axes(Value(name, index)),
            }
            for index, place in enumerate(places)
        ]
        for name, places in built.places.items()
    }
    return {
        "version": 1,
        "nodes": nodes,
        "merged": [list(group) for group in built.merged],
        "skeleton": Skeleton.of(source).to_json(),
        "inputs": {item.name: item.spec.axes for item in graph.inputs},
        "outputs": {item.name: axes(item.value) for item in graph.outputs},
    }
