"""A PyTorch module of unknown origin: it can be called, and only its ends are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.errors import ProgramError
from parity.sides import as_numpy, as_torch


@dataclass(frozen=True, slots=True, eq=False)
class TorchModel:
    """A module as a program without inner tensors.

    Attributes:
        call: takes tensors by the names of the inputs, and returns tensors by those of the outputs.
        inputs: for each input name itself.
        outputs: for each output name itself.
    """

    call: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        cuts: Mapping[str, np.ndarray] | None = None,  # nothing inside is known
    ) -> list[np.ndarray]:
        """Compute outputs; see :meth:`Program.run` of ``tensorflow_program``.

        Raises:
            ProgramError: PyTorch fails while running it.
        """
        import torch

        try:
            with torch.no_grad():
                found = self.call({name: as_torch(array) for name, array in feeds.items()})
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            reason = str(error).strip().split("\n")[0]
            raise ProgramError(f"PyTorch can't run the target: {reason}") from error
        return [as_numpy(found[name]) for name in fetches]
