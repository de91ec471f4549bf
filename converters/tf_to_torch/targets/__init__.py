"""What a converted model is saved as; the suffix of the path chooses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from converters.errors import OutputError
from converters.files import replaced_file

SUFFIXES = (".py", ".pt2", ".safetensors", ".pt", ".pth")


def require_suffix(path: str | Path, *, source: bool = True) -> None:
    """Refuse a path that nothing is saved at.

    Args:
        path: where the model is to be saved.
        source: whether it can be written as Python source.

    Raises:
        OutputError: its suffix names no format, or one that this model has not.
    """
    suffix = Path(path).suffix
    if suffix == ".py" and not source:
        raise OutputError(
            f"{path}: this model has no readable source: that is written for Keras models whose "
            "branches and loops don't depend on data. Save it as .pt2 (the program with its "
            "weights)."
        )
    if suffix not in SUFFIXES:
        raise OutputError(
            f"{path}: nothing is written as {suffix or 'a folder'}. A converted model is saved as "
            ".py (source, with its weights beside it), .pt2 (the program with its weights), "
            ".safetensors or .pt (the weights alone)."
        )


class Saver:
    """Writes a converted model."""

    def __init__(self, program: torch.export.ExportedProgram, module: Any) -> None:
        """Takes the exported program, and the module that holds the weights as they are now."""
        self._program, self._module = program, module

    def __call__(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it.

        Args:
            path: ``.pt2`` for a program that ``torch.export.load`` reads; ``.safetensors``, ``.pt``
                or ``.pth`` for the weights alone.
            force: replace what is there.

        Raises:
            OutputError: the suffix names no format, something is there already, or the disk
                refuses.
        """
        path = Path(path)
        require_suffix(path, source=False)
        state = {key: value.detach() for key, value in self._module.state_dict().items()}
        with replaced_file(path, force=force) as work:
            if path.suffix == ".pt2":
                self._with_weights(state)
                torch.export.save(self._program, work)
            elif path.suffix == ".safetensors":
                from safetensors.torch import save_file

                save_file({key: value.contiguous() for key, value in state.items()}, work)
            else:
                torch.save(state, work)
        return path

    def _with_weights(self, state: dict[str, Any]) -> None:
        """Put the module's weights, which may have been trained, into the program."""
        held = self._program.state_dict
        with torch.no_grad():
            for key, value in state.items():
                if key in held:
                    held[key].copy_(value)
