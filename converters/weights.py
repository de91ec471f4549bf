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
        block: from where to where along each axis of the source the rule speaks of; None for all of
            it. Several rules together move a tensor whose blocks have places of their own.
        grouped: the block's shape in the target, where that joins axes.
        row: where the block begins along the target's first axis; None if it is all of the target.
    """

    source: str
    target: str
    shape: tuple[int, ...]
    axes: Axes
    aliases: tuple[str, ...] = ()
    block: tuple[tuple[int, int], ...] | None = None
    grouped: tuple[int, ...] | None = None
    row: int | None = None

    @property
    def part(self) -> tuple[slice, ...]:
        """The block as an index of the source."""
        bounds = self.block or [(0, size) for size in self.shape]
        return tuple(slice(start, stop) for start, stop in bounds)

    @property
    def moved(self) -> tuple[int, ...]:
        """The block's shape with its axes in the target's order."""
        sizes = [part.stop - part.start for part in self.part]
        return tuple(sizes[axis] for axis in self.axes)

    @property
    def rows(self) -> slice:
        """Where the block is along the target's first axis."""
        start = self.row or 0
        return slice(start, start + (self.grouped or self.moved or (1,))[0])

    def to_target(self, array: np.ndarray) -> np.ndarray:
        """The block of the array in the target's axis order.

        Raises:
            CheckpointError: the array doesn't have the rule's shape. Nothing is squeezed or
                reshaped to fit.
        """
        self._require(array, self.shape, self.source)
        block = array[self.part].transpose(self.axes)
        return block if self.grouped is None else block.reshape(self.grouped)

    def to_source(self, array: np.ndarray) -> np.ndarray:
        """The block in the source's axis order.

        Raises:
            CheckpointError: the array doesn't have the shape that the rule gives the target.
        """
        block = array if self.row is None else array[self.rows]
        self._require(block, self.grouped or self.moved, self.target)
        return block.reshape(self.moved).transpose(inverse(self.axes))

    @staticmethod
    def _require(array: np.ndarray, shape: tuple[int, ...], name: str) -> None:
        if array.shape != shape:
            raise CheckpointError(f"{name} has shape {array.shape}, but {shape} is wanted.")


@dataclass(frozen=True, slots=True)
class WeightMap:
    """The rules of one model, in the order of its parameters.

    Attributes:
        rules: in order.
        own: what only the target holds: a count of batches, a bias that is always zero.
    """

    rules: tuple[WeightRule, ...]
    own: tuple[str, ...] = ()

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
        result: dict[str, np.ndarray] = {}
        blocks: dict[str, list[tuple[int, np.ndarray]]] = {}
        for rule in self.rules:
            block = rule.to_target(np.asarray(state[rule.source]))
            if rule.row is None:
                result[rule.target] = block
            else:
                blocks.setdefault(rule.target, []).append((rule.row, block))
        for name, found in blocks.items():
            ordered = sorted(found, key=lambda item: item[0])
            result[name] = np.concatenate([block for _, block in ordered])
        return result

    def to_source(self, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A target's state, in the source's names and axis orders.

        Tied weights stand under each of their names.

        Raises:
            CheckpointError: tensors are missing, unexpected or of another shape; all of them are
                listed.
        """
        names = {rule.target for rule in self.rules}
        self._complete(names, names | set(self.own), set(state))
        result: dict[str, np.ndarray] = {}
        for rule in self.rules:
            array = rule.to_source(np.asarray(state[rule.target]))
            if rule.block is not None:
                whole = result.setdefault(rule.source, np.empty(rule.shape, array.dtype))
                whole[rule.part] = array
                array = whole
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
