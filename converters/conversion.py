"""What a conversion gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.graph import Graph
from converters.weights import WeightMap


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A converted model.

    Attributes:
        model: the target framework's own kind of module: callable, trainable, with gradients.
        weights: one two-way rule per parameter.
        provenance: for each node of the source graph, the target's tensors that stand for its
            outputs.
        source: the captured graph, in the source's words and axis orders.
        graph: the same graph as it was lowered, with the target's axis orders.
        save: writes the model; the format follows the suffix.
        promoted: builds the same conversion in float64, for the certificate.
        capture: captures a source with given inputs exactly as this conversion's source was
            captured, so that two captures of one model have the same nodes.
        training: whether it is the model as it trains.
        given: the model with its random numbers given: called with a dict of what each draw of
            ``graph`` (a node of random numbers, see ``with_draws_given``) is to be, in the target's
            axis order, and then with the model's own arguments. Uses and updates ``model``'s
            variables.
    """

    model: Any
    weights: WeightMap
    provenance: Mapping[str, tuple[str | None, ...]]
    source: Graph
    graph: Graph
    save: Callable[..., Path]
    promoted: Callable[[], Conversion]
    capture: Callable[[Any, Any], Graph]
    training: bool
    given: Callable[..., Any]
