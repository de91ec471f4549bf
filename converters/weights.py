"""Two-way rules between the parameters of a source and of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from converters.errors import CheckpointError
from converters.graph import Parameter
from converters.layout import Axes, identity_axes, inverse


@dataclass(frozen=True, slots=True)
class WeightRule:
    """How one tensor crosses.

    Attributes:
        source: its name in the source.
        target: its name in the target.
        shape: its shape in the source.
        axes: the target's axis ``i`` is the source's ``axes[i]``.
        aliases: further names that the source has for it.
    """

    source: str
    target: str
    shape: tuple[int, ...]
    axes: Axes
    aliases: tuple[str, ...] = ()

    def to_target(self, array: np.ndarray) -> np.ndarray:
        """The array in the target's axis order.

        Raises:
            CheckpointError: the array doesn't have the rule's shape. Nothing is squeezed or
                reshaped to fit.
        """
        self._require(array, self.shape, self.source)
        return array.transpose(self.axes)

    def to_source(self, array: np.ndarray) -> np.ndarray:
        """The array in the source's axis order.

        Raises:
            CheckpointError: the array doesn't have the shape that the rule gives the target.
        """
        self._require(array, tuple(self.shape[axis] for axis in self.axes), self.target)
        return array.transpose(inverse(self.axes))

    @staticmethod
    def _require(array: np.ndarray, shape: tuple[int, ...], name: str) -> None:
        if array.shape != shape:
            raise CheckpointError(f"{name} has shape {array.shape}, but {shape} is wanted.")


@dataclass(frozen=True, slots=True)
class WeightMap:
    """The rules of one model, in the order of its parameters."""

    rules: tuple[WeightRule, ...]

    def __iter__(self) -> Iterator[WeightRule]:
        """Every rule."""
        return iter(self.rules)

    def __len__(self) -> int:
        """Number of tensors."""
        return len(self.rules)

    @classmethod
    def of(cls, parameters: tuple[Parameter, ...]) -> WeightMap:
        """The map of a converted model, whose variables are named as the source's parameters."""
        return cls(
            tuple(
                WeightRule(
                    p.name,
                    p.name,
                    tuple(p.value.shape),
                    p.spec.axes or identity_axes(p.spec.rank),
                    p.aliases,
                )
                for p in parameters
            )
        )

    def to_target(self, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A source's state, in the target's names and axis orders.

        Raises:
            CheckpointError: tensors are missing, unexpected or of another shape; all of them are
                listed.
        """
        known = {name for rule in self.rules for name in (rule.source, *rule.aliases)}
        self._complete({rule.source for rule in self.rules}, known, set(state))
        return {rule.target: rule.to_target(np.asarray(state[rule.source])) for rule in self.rules}

    def to_source(self, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A target's state, in the source's names and axis orders.

        Tied weights stand under each of their names.

        Raises:
            CheckpointError: tensors are missing, unexpected or of another shape; all of them are
                listed.
        """
        names = {rule.target for rule in self.rules}
        self._complete(names, names, set(state))
        result = {}
        for rule in self.rules:
            array = rule.to_source(np.asarray(state[rule.target]))
            result.update(dict.fromkeys((rule.source, *rule.aliases), array))
        return result

    @staticmethod
    def _complete(wanted: set[str], known: set[str], given: set[str]) -> None:
        missing, unexpected = sorted(wanted - given), sorted(given - known)
        if missing or unexpected:
            parts = [f"missing: {', '.join(missing)}"] if missing else []
            parts += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
            raise CheckpointError(
                f"the checkpoint doesn't belong to this model; {'; '.join(parts)}."
            )
