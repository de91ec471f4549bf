"""Writes a readable model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from converters.errors import OutputError
from converters.files import replaced_file
from converters.tf_to_torch.memory import kernels_in_order
from converters.tf_to_torch.readable.source import Source
from converters.tf_to_torch.targets import require_suffix


class ReadableSaver:
    """Writes a converted model as source, as a program, or its weights alone."""

    def __init__(
        self, model: torch.nn.Module, source: Source, examples: tuple[tuple[Any, ...], Any]
    ) -> None:
        """Takes the model, its source, and arguments to export it with."""
        self._model, self._source, self._examples = model, source, examples

    def __call__(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it.

        Args:
            path: ``.py`` for source with its weights in a ``.safetensors`` file beside it;
                ``.pt2`` for a program that ``torch.export.load`` reads; ``.safetensors``, ``.pt``
                or ``.pth`` for the weights alone.
            force: replace what is there.

        Raises:
            OutputError: the suffix names no format, something is there already, or the disk
                refuses.
        """
        path = Path(path)
        require_suffix(path, source=True)
        if path.suffix == ".py":
            weights = path.with_suffix(".safetensors")
            with (
                replaced_file(path, force=force) as work,
                replaced_file(weights, force=force) as work_weights,
            ):
                work.write_text(self._source.text(weights.name), encoding="utf-8")
                self._write_weights(work_weights)
            return path
        with kernels_in_order(self._model), replaced_file(path, force=force) as work:
            program = self._program(path) if path.suffix == ".pt2" else None
            if program is not None:
                torch.export.save(program, work)
            elif path.suffix == ".safetensors":
                self._write_weights(work)
            else:
                torch.save(self._state(), work)
        return path

    def _state(self) -> dict[str, torch.Tensor]:
        return {k: value.detach().contiguous() for k, value in self._model.state_dict().items()}

    def _write_weights(self, path: Path) -> None:
        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in self._state().items()}, path)

    def _program(self, path: Path) -> torch.export.ExportedProgram:
        arguments, shapes = self._examples
        training = self._model.training
        self._model.eval()
        try:
            with warnings.catch_warnings():
                # PyTorch 2.13 warns of the flat weights of recurrent modules, which it handles.
                warnings.filterwarnings("ignore", "The tensor attributes? self", UserWarning)
                return torch.export.export(
                    self._model, arguments, dynamic_shapes=shapes, strict=False
                )
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise OutputError(
                f"{path}: PyTorch can't export this model: {type(error).__name__}: {reason} "
                "Recurrent modules are exported for a fixed length only. Convert it with that "
                "length fixed, or save it as .py (source, with its weights beside it)."
            ) from error
        finally:
            self._model.train(training)
