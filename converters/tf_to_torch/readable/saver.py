"""Writes a readable model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from converters.conversion import Conversion
from converters.errors import OutputError
from converters.files import replaced_file
from converters.tf_to_torch.memory import weights_in_order
from converters.tf_to_torch.readable.source import Source
from converters.tf_to_torch.targets import require_suffix


class ReadableSaver:
    """Writes a converted model as source, as a program, or its weights alone."""

    def __init__(
        self,
        model: torch.nn.Module,
        source: Source,
        examples: tuple[tuple[Any, ...], Any],
        otherwise: Callable[[Mapping[str, torch.Tensor]], Conversion],
    ) -> None:
        """Prepare.

        Args:
            model: what is written.
            source: its source.
            examples: arguments to export it with.
            otherwise: the same function operator by operator, with a state of the model; it is
                exported where a module's sizes can't stay open.
        """
        self._model, self._source, self._examples = model, source, examples
        self._otherwise = otherwise

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
        if path.suffix == ".pt2":
            with weights_in_order(self._model):
                program = self._program(path)
                if program is not None:
                    with replaced_file(path, force=force) as work:
                        torch.export.save(program, work)
            return path if program else self._otherwise(self._state()).save(path, force=force)
        with weights_in_order(self._model), replaced_file(path, force=force) as work:
            if path.suffix == ".safetensors":
                self._write_weights(work)
            else:
                torch.save(self._state(), work)
        return path

    def _state(self) -> dict[str, torch.Tensor]:
        return {k: value.detach().contiguous() for k, value in self._model.state_dict().items()}

    def _write_weights(self, path: Path) -> None:
        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in self._state().items()}, path)

    def _program(self, path: Path) -> torch.export.ExportedProgram | None:
        """The model's program; None if PyTorch would fix a size that is open."""
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
        except torch._dynamo.exc.UserError:
            return None
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise OutputError(
                f"{path}: PyTorch can't export this model: {type(error).__name__}: {reason} Save "
                "it as .py (source, with its weights beside it)."
            ) from error
        finally:
            self._model.train(training)
