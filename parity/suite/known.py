"""What known differences explain of a row's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.known_differences import KnownDifference, known_differences
from parity.results import Comparison
from parity.suite.case import Arguments
from parity.suite.judge import Explained
from parity.suite.subjects import Outcome
from parity.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Known:
    """The differences that concern one call of a row in one runtime.

    Attributes:
        row: the row's name.
        arguments: of the call.
        directions: the cotangents of its outputs.
        entries: the registry.
        runtime: which runtime is judged.
        device: where it ran.
    """

    row: str
    arguments: Arguments
    directions: Mapping[str, np.ndarray]
    entries: Sequence[KnownDifference]
    runtime: str
    device: str

    def _of(self, result: str) -> list[KnownDifference]:
        name = {"tensorflow": "eager", "keras": "eager"}.get(self.runtime, self.runtime)
        return known_differences(
            self.entries, self.row, self.arguments, result=result, runtime=name, device=self.device
        )

    def explained(self, result: str, pytorch: Outcome, tensorflow: Outcome) -> Explained | None:
        """The elements of a result that are explained; None for none."""
        if result not in pytorch.results or result not in tensorflow.results:
            return None
        sides = pytorch.results[result], tensorflow.results[result]
        cotangent = next(iter(self.directions.values()), None)
        places, names = np.zeros((), bool), []
        for entry in self._of(result):
            found = entry.explains(self.arguments, *sides, cotangent)
            if found.any():
                places = places | found
                names.append(entry.name)
        return Explained(places, tuple(names)) if names else None

    def refusal(
        self, pytorch: Outcome, tensorflow: Outcome, result: str = "output"
    ) -> Comparison | None:
        """A refusal by one side alone that is known; None if it isn't."""
        if bool(pytorch.error) == bool(tensorflow.error):
            return None
        nothing = np.zeros(())
        sides = pytorch.error or nothing, tensorflow.error or nothing
        for entry in self._of(result):
            if entry.explains(self.arguments, *sides).any():
                detail = f"{entry.name}: PyTorch {entry.gives[0]}, TensorFlow {entry.gives[1]}"
                known = Verdict.known_difference
                return Comparison("refusal", (), "", 0, known, "structure", detail)
        return None
