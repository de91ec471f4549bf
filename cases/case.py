"""What is tried: an operator or a model, with a way to draw its inputs.

No framework is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LoweringCase:
    """One operator of a source framework.

    Attributes:
        op: its name with the overload, for example ``aten.leaky_relu.default``.
        arguments: draws its arguments by the names of its lowering: NumPy arrays, numbers, strings,
            :class:`converters.DType` and tuples of them.
        gradients: whether its result has a gradient with respect to its floating-point arguments.
        label: tells several cases of one operator apart.
        results: how many of its results count, from the front; None for all. The rest is what
            PyTorch keeps for its gradient, in shapes that depend on whether one is wanted.
        static: how many results there are, or their rank, follows from a size, so that it has to be
            known when the operator is converted.
    """

    op: str
    arguments: SearchStrategy[Arguments]
    gradients: bool = True
    label: str = ""
    results: int | None = None
    static: bool = False

    @property
    def name(self) -> str:
        """Unique among the cases."""
        return f"{self.op}[{self.label}]" if self.label else self.op


@dataclass(frozen=True, slots=True)
class ModelCase:
    """A whole model.

    Attributes:
        name: unique among the cases.
        build: makes the source module (seeded weights) and its example inputs.
        domain: the file it stands in.
        dynamic_shapes: as in ``torch.export``; a function, because dimensions are PyTorch objects.
        other_inputs: further inputs at sizes that were never traced.
        training_inputs: what it is trained on, where a step on its example inputs isn't determined
            by their numbers: many batch norms in a row of two values for each channel.
    """

    name: str
    build: Callable[[], tuple[object, object]]
    domain: str
    dynamic_shapes: Callable[[], object] | None = None
    other_inputs: Callable[[], object] | None = None
    training_inputs: Callable[[], object] | None = None
