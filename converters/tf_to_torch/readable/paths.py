"""Where the layers and variables of a Keras model are in the PyTorch model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converters.tf_to_torch.names import attribute_name, taken_names, torch_word
from converters.tf_to_torch.readable.calls import LayerCall
from converters.tf_to_torch.readable.fold import Folded


class Paths:
    """Dotted paths, given out once each.

    Attributes:
        calls: for each call of a layer its layer's path; empty for the model itself.
        layers: the same by the identity of the layer.
    """

    def __init__(self, calls: Sequence[LayerCall], folded: Folded) -> None:
        """Give every layer that is called a path, and then the layers inside them."""
        self.calls: dict[int, str] = {}
        self.layers: dict[int, str] = {}
        self._taken: set[str] = set()
        kept = {one.call.index for one in folded.kept.values()}
        for call in calls:
            if id(call.layer) not in self.layers:
                above = "" if call.parent is None else self.calls[call.parent]
                top = call.parent is None and call.index not in kept
                path = "" if top else self._free(above, attribute_name(call.layer.name))
                self.layers[id(call.layer)] = path
            self.calls[call.index] = self.layers[id(call.layer)]
        for call in calls:
            self._inside(call.layer, self.calls[call.index])

    def _free(self, above: str, name: str) -> str:
        wanted = f"{above}.{name}" if above else name
        found, number = wanted, 1
        while found in self._taken or name in taken_names():
            number += 1
            found, name = f"{wanted}_{number}", ""
        self._taken.add(found)
        return found

    def _inside(self, layer: Any, path: str) -> None:
        for part in layer._layers:
            if id(part) not in self.layers:
                self.layers[id(part)] = self._free(path, attribute_name(part.name))
                self._inside(part, self.layers[id(part)])

    def variables(self, layers: Sequence[Any], handles: Mapping[str, int]) -> dict[str, str]:
        """Where the parameters of a graph are that belong to no module of ``torch.nn``."""
        found: dict[str, str] = {}
        names = {handle: name for name, handle in handles.items()}
        for layer in layers:
            for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
                name = names.get(id(variable.value.handle))
                if name is not None and name not in found and id(layer) in self.layers:
                    word = torch_word(variable.path.split("/")[-1])
                    found[name] = self._free(self.layers[id(layer)], word)
        return found

    def other(self, name: str) -> str:
        """Where something is that no layer owns."""
        above, _, last = name.rpartition(".")
        return self._free(above, last)
