"""What the lowering of a whole module is given besides the module's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A module that is lowered whole: its weights, and the module for its configuration.

    Attributes:
        weights: target tensors of its parameters and buffers, by their names in the module, for
            example ``linear.weight``; in the source's axis orders.
        module: the source's module for reading attributes, such as ``module.eps`` or
            ``module.training``. Its parameters and buffers have shapes and types but no values.
    """

    weights: Mapping[str, Any]
    module: Any
